//! One request at a time, with patience: bounded retries, timeouts, and a bill.
//!
//! | what happens               | then                                                         |
//! |----------------------------|--------------------------------------------------------------|
//! | 429, 502, 503, 504         | again after `Retry-After`, else 0.5 s doubling; 4 times      |
//! | 401                        | credentials are loaded afresh, once a scan                   |
//! | the connection breaks off  | again, twice                                                 |
//! | no byte for a read timeout | again, once                                                  |
//!
//! Bodies and headers are never logged: both may hold secrets.

use std::{
    fmt,
    num::NonZeroUsize,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use assay_model::{Cause, resource::Kind, snapshot::Cost};
use bytes::{Bytes, BytesMut};
use http::{
    HeaderMap, Method, Request,
    header::{ACCEPT, CONTENT_TYPE, DATE, RETRY_AFTER},
};
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use kube::{
    Client,
    client::{AuthError, Body},
};
use serde::Deserialize;
use tokio::{
    sync::{RwLock, Semaphore},
    time::{sleep, timeout},
};

use crate::{Connection, encoding::Encoding, error::cause, proto};

/// How often a busy server is asked again.
const BUSY_RETRIES: u32 = 4;
/// How often a connection that broke off is made again.
const BROKEN_RETRIES: u32 = 2;
/// How often a server that stays silent is asked again.
const SILENT_RETRIES: u32 = 1;
/// The first pause; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(500);
/// The longest pause that a server may ask for.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// `Accept` for plain JSON.
pub(crate) const JSON: &str = "application/json";

/// What a request asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'a> {
    /// Path and query, relative to the server's URL.
    pub(crate) path: &'a str,
    /// Media types that are understood, the best first.
    pub(crate) accept: &'static str,
    /// JSON to POST; a GET without.
    pub(crate) post: Option<&'a str>,
    /// Whether to renew credentials and connections; the very first request does not, for what is
    /// wrong then stays wrong.
    pub(crate) persist: bool,
}

impl<'a> Ask<'a> {
    /// A GET of JSON.
    pub(crate) fn json(path: &'a str) -> Self {
        Ask { path, accept: JSON, post: None, persist: true }
    }

    /// A GET of a list: protobuf for built-in kinds, if the server has it.
    pub(crate) fn list(path: &'a str, kind: Kind) -> Self {
        let accept = if kind.built_in { Encoding::ACCEPT } else { JSON };
        Ask { accept, ..Ask::json(path) }
    }
}

/// What becomes of an answer's body while it comes.
pub(crate) struct Growing<'a> {
    /// Where it goes: one that held a body before has room already.
    pub(crate) buffer: BytesMut,
    /// Sees the body of a good answer each time that more of it is there, and all of it so far.
    pub(crate) watch: &'a mut (dyn FnMut(Encoding, &[u8]) + Send),
    /// Takes the pieces of a good answer, which are then not kept.
    pub(crate) take: Option<Take<'a>>,
}

impl<'a> Growing<'a> {
    /// A body that is kept whole, in a new buffer.
    pub(crate) fn new(watch: &'a mut (dyn FnMut(Encoding, &[u8]) + Send)) -> Self {
        Growing { buffer: BytesMut::new(), watch, take: None }
    }
}

/// A whole answer with a status of 2xx.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The server's clock; `None` when it does not tell.
    pub(crate) date: Option<Timestamp>,
    /// How the body is written.
    pub(crate) encoding: Encoding,
    pub(crate) body: Bytes,
}

/// Why there is no such answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Another status.
    Status(Refusal),
    /// Silence, for this long.
    Timeout(Duration),
    /// The body broke off.
    Cut,
    /// The request could not be sent, or was not answered.
    Connection(kube::Error),
}

/// An answer with a status other than 2xx.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: u16,
    /// What the server says; empty when it is no API server that answers.
    pub(crate) message: String,
    /// With 410: where to go on, at the price of a list that is of no one point in time.
    pub(crate) continue_token: Option<String>,
    /// Whether the body is a Kubernetes `Status`.
    pub(crate) is_status: bool,
}

impl Refusal {
    pub(crate) fn new(code: u16, encoding: Encoding, body: &[u8]) -> Self {
        let status = match encoding {
            Encoding::Json => Self::status(body),
            Encoding::Protobuf => proto::Status::read(body),
        };
        let is_status = status.is_some();
        let proto::Status { message, continue_token } = status.unwrap_or_default();
        Refusal { code, message, continue_token, is_status }
    }

    fn status(body: &[u8]) -> Option<proto::Status> {
        #[derive(Deserialize)]
        struct Status {
            kind: String,
            #[serde(default)]
            message: String,
            #[serde(default)]
            metadata: Metadata,
        }
        #[derive(Default, Deserialize)]
        struct Metadata {
            #[serde(default, rename = "continue")]
            token: String,
        }
        let status =
            serde_json::from_slice::<Status>(body).ok().filter(|it| it.kind == "Status")?;
        let continue_token = Some(status.metadata.token).filter(|it| !it.is_empty());
        Some(proto::Status { message: status.message, continue_token })
    }
}

impl Failure {
    /// What a gap says of it.
    pub(crate) fn cause(&self) -> Cause {
        match self {
            Failure::Status(Refusal { code: 401, .. }) => Cause::Unauthorized,
            Failure::Status(Refusal { code: 403, .. }) => Cause::Forbidden,
            Failure::Status(Refusal { code: 410, .. }) => Cause::Inconsistent,
            Failure::Status(_) | Failure::Connection(_) => Cause::Unavailable,
            Failure::Timeout(_) => Cause::Timeout,
            Failure::Cut => Cause::Truncated,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Status(it) if matches!(it.code, 401 | 403) && !it.message.is_empty() => {
                f.write_str(&it.message)
            }
            Failure::Status(it) if it.message.is_empty() => {
                write!(f, "the server answered {}", it.code)
            }
            Failure::Status(it) => write!(f, "the server answered {}: {}", it.code, it.message),
            Failure::Timeout(after) => {
                write!(f, "no answer for {} seconds", after.as_secs_f64())
            }
            Failure::Cut => f.write_str("the answer broke off each time"),
            Failure::Connection(error) if cause::<AuthError>(error).is_some() => {
                // It may quote what an exec plugin wrote, token and all.
                f.write_str("the credentials could not be loaded afresh")
            }
            Failure::Connection(error) => {
                let mut root: &dyn std::error::Error = error;
                while let Some(cause) = root.source() {
                    root = cause;
                }
                write!(f, "the connection failed: {root}")
            }
        }
    }
}

/// What reading one resource costs, while it is read.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    cost: Mutex<Cost>,
    began: OnceLock<Instant>,
}

impl Meter {
    /// The bill so far.
    pub(crate) fn cost(&self) -> Cost {
        self.locked().clone()
    }

    pub(crate) fn count_objects(&self, objects: u64) {
        self.locked().objects += objects;
    }

    /// Nothing that was counted is there any more; it was paid for all the same.
    pub(crate) fn forget_objects(&self) {
        self.locked().objects = 0;
    }

    pub(crate) fn count_retry(&self) {
        self.locked().retries += 1;
    }

    fn count_request(&self) {
        self.began.get_or_init(Instant::now);
        self.locked().requests += 1;
    }

    fn count_bytes(&self, bytes: usize) {
        let mut cost = self.locked();
        cost.bytes += bytes as u64;
        cost.seconds = self.began.get().map_or(0.0, |it| it.elapsed().as_secs_f64());
    }

    fn locked(&self) -> MutexGuard<'_, Cost> {
        self.cost.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A client, and how patient it is.
pub(crate) struct Api {
    client: RwLock<Credentialed>,
    /// Where fresh credentials come from; `None` where there are none.
    renewal: Option<Connection>,
    /// One for each request that may be in flight, over all kinds.
    permits: Semaphore,
    /// Longest silence, before the head of an answer and between two pieces of its body.
    read_timeout: Duration,
    /// Longest time for a request from its start to its last byte.
    request_timeout: Option<Duration>,
}

struct Credentialed {
    client: Client,
    /// How often the credentials were loaded afresh.
    renewals: u32,
}

impl Api {
    pub(crate) fn new(
        connection: &Connection,
        read_timeout: Duration,
        concurrency: NonZeroUsize,
    ) -> Self {
        Api {
            renewal: Some(connection.clone()),
            request_timeout: connection.request_timeout,
            ..Self::of(connection.client.clone(), read_timeout, concurrency)
        }
    }

    /// Without a way to renew credentials.
    pub(crate) fn of(client: Client, read_timeout: Duration, concurrency: NonZeroUsize) -> Self {
        Api {
            client: RwLock::new(Credentialed { client, renewals: 0 }),
            renewal: None,
            permits: Semaphore::new(concurrency.get()),
            read_timeout,
            request_timeout: None,
        }
    }

    /// Asks until there is an answer, or no use in asking again.
    pub(crate) async fn ask(&self, ask: Ask<'_>, meter: &Meter) -> Result<Answer, Failure> {
        let mut unwatched = |_: Encoding, _: &[u8]| {};
        let mut growing = Growing::new(&mut unwatched);
        self.ask_into(ask, meter, &mut growing).await
    }

    /// As [`Api::ask`], while somebody watches the answer come.
    pub(crate) async fn ask_into(
        &self,
        ask: Ask<'_>,
        meter: &Meter,
        growing: &mut Growing<'_>,
    ) -> Result<Answer, Failure> {
        let (mut busy, mut broken, mut silent) = (0, 0, 0);
        loop {
            let (client, renewals) = {
                let current = self.client.read().await;
                (current.client.clone(), current.renewals)
            };
            let raw = match self.once_into(&client, ask, meter, growing).await {
                Ok(raw) => raw,
                Err(failure) => {
                    let (count, most) = match failure {
                        Failure::Timeout(_) => (&mut silent, SILENT_RETRIES),
                        _ => (&mut broken, BROKEN_RETRIES),
                    };
                    *count += 1;
                    if *count > most || !ask.persist {
                        return Err(failure);
                    }
                    meter.count_retry();
                    sleep(pause(*count)).await;
                    continue;
                }
            };
            match raw.status {
                200..=299 => {
                    let RawAnswer { date, encoding, body, .. } = raw;
                    return Ok(Answer { date, encoding, body });
                }
                401 if ask.persist && self.renew(renewals).await => meter.count_retry(),
                429 | 502..=504 if busy < BUSY_RETRIES => {
                    busy += 1;
                    meter.count_retry();
                    sleep(raw.retry_after.unwrap_or_else(|| pause(busy)).min(LONGEST_PAUSE)).await;
                }
                code => return Err(Failure::Status(Refusal::new(code, raw.encoding, &raw.body))),
            }
        }
    }

    /// Asks once, by whatever client, and takes any status for an answer.
    pub(crate) async fn once(
        &self,
        client: &Client,
        ask: Ask<'_>,
        meter: &Meter,
    ) -> Result<RawAnswer, Failure> {
        let mut unwatched = |_: Encoding, _: &[u8]| {};
        let mut growing = Growing::new(&mut unwatched);
        self.once_into(client, ask, meter, &mut growing).await
    }

    /// Asks once, by our own client or another, and hands the body over piece by piece: it may be larger
    /// than anything that should be held.
    pub(crate) async fn stream(
        &self,
        client: Option<&Client>,
        ask: Ask<'_>,
        meter: &Meter,
        take: Take<'_>,
    ) -> Result<(), Failure> {
        let own = self.client.read().await.client.clone();
        let mut unwatched = |_: Encoding, _: &[u8]| {};
        let mut growing = Growing { take: Some(take), ..Growing::new(&mut unwatched) };
        let answer = self.once_into(client.unwrap_or(&own), ask, meter, &mut growing).await?;
        match answer.status {
            200..=299 => Ok(()),
            code => Err(Failure::Status(Refusal::new(code, answer.encoding, &answer.body))),
        }
    }

    async fn once_into(
        &self,
        client: &Client,
        ask: Ask<'_>,
        meter: &Meter,
        growing: &mut Growing<'_>,
    ) -> Result<RawAnswer, Failure> {
        let permit = self.permits.acquire().await.expect("the semaphore is never closed");
        meter.count_request();
        let whole = send(client, ask, self.read_timeout, meter, growing);
        let answer = match self.request_timeout {
            Some(limit) => timeout(limit, whole).await.unwrap_or(Err(Failure::Timeout(limit))),
            None => whole.await,
        };
        drop(permit);
        match &answer {
            Ok(it) => {
                tracing::debug!(
                    path = ask.path,
                    status = it.status,
                    bytes = it.body.len(),
                    "answered"
                );
            }
            Err(failure) => tracing::debug!(path = ask.path, %failure, "not answered"),
        }
        answer
    }

    /// Whether there are other credentials now than those of `renewals`.
    async fn renew(&self, renewals: u32) -> bool {
        let mut current = self.client.write().await;
        if current.renewals != renewals {
            return true;
        }
        let Some(connection) = self.renewal.as_ref().filter(|_| renewals == 0) else {
            return false;
        };
        match connection.renew().await {
            Ok(client) => {
                *current = Credentialed { client, renewals: renewals + 1 };
                true
            }
            Err(error) => {
                tracing::debug!(%error, "credentials could not be loaded afresh");
                false
            }
        }
    }
}

/// A whole answer of whatever status.
pub(crate) struct RawAnswer {
    pub(crate) status: u16,
    pub(crate) date: Option<Timestamp>,
    pub(crate) encoding: Encoding,
    pub(crate) body: Bytes,
    retry_after: Option<Duration>,
}

/// Takes in a body, piece by piece.
pub(crate) type Take<'a> = &'a mut (dyn FnMut(&[u8]) + Send);

/// Sends one request, and reads all of its answer; the body of one that is a success goes to `take`, if
/// somebody does.
async fn send(
    client: &Client,
    ask: Ask<'_>,
    read_timeout: Duration,
    meter: &Meter,
    growing: &mut Growing<'_>,
) -> Result<RawAnswer, Failure> {
    let silence = |_| Failure::Timeout(read_timeout);
    let request = Request::builder()
        .method(if ask.post.is_some() { Method::POST } else { Method::GET })
        .uri(ask.path)
        .header(ACCEPT, ask.accept)
        .header(CONTENT_TYPE, JSON)
        .body(ask.post.map_or_else(Body::empty, |it| Body::from(it.as_bytes().to_vec())))
        .map_err(|it| Failure::Connection(kube::Error::HttpError(it)))?;
    let sent = timeout(read_timeout, client.send(request)).await;
    let response = sent.map_err(silence)?.map_err(Failure::Connection)?;
    let (head, mut body) = response.into_parts();
    meter.count_bytes(0);
    let encoding = encoding(&head.headers);
    let mut all = std::mem::take(&mut growing.buffer);
    while let Some(frame) = timeout(read_timeout, body.frame()).await.map_err(silence)? {
        let frame = frame.map_err(|_| Failure::Cut)?;
        if let Ok(data) = frame.into_data() {
            meter.count_bytes(data.len());
            if let Some(take) = growing.take.as_mut().filter(|_| head.status.is_success()) {
                take(&data);
                continue;
            }
            all.extend_from_slice(&data);
            if head.status.is_success() {
                (growing.watch)(encoding, &all);
            }
        }
    }
    Ok(RawAnswer {
        status: head.status.as_u16(),
        date: date(&head.headers),
        encoding,
        retry_after: retry_after(&head.headers),
        body: all.freeze(),
    })
}

/// Percent-encodes what goes into a path or a query.
pub(crate) fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn pause(count: u32) -> Duration {
    PAUSE * 2_u32.saturating_pow(count.saturating_sub(1))
}

fn encoding(headers: &HeaderMap) -> Encoding {
    let said = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    Encoding::of(said.unwrap_or_default())
}

fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let text = headers.get(DATE)?.to_str().ok()?;
    jiff::fmt::rfc2822::parse(text).ok().map(|it| it.timestamp())
}

/// Seconds, as API servers write it; the HTTP date that proxies may write is not honoured.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    text.parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;
    use crate::mock::{Reply, server};

    const PATIENCE: Duration = Duration::from_secs(30);
    const THREE: NonZeroUsize = NonZeroUsize::new(3).expect("three");

    #[tokio::test]
    async fn credentials_are_loaded_afresh_once() {
        let fresh = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", fresh.local_addr().expect("an address"));
        tokio::spawn(async move {
            for status in ["200 OK", "401 Unauthorized"] {
                let (mut stream, _) = fresh.accept().await.expect("a connection");
                let head = stream.read(&mut [0; 4096]).await.expect("a request");
                assert!(head > 0);
                let answer = format!(
                    "HTTP/1.1 {status}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}"
                );
                stream.write_all(answer.as_bytes()).await.expect("sent");
            }
        });
        let (stale, asked) = server(|_| Reply::status(401, "expired"));
        let api = Api::new(&Connection::through(stale, &url, None), PATIENCE, THREE);
        let meter = Meter::default();
        let answer = api.ask(Ask::json("/a"), &meter).await.expect("an answer");
        assert_eq!(&answer.body[..], b"{}");
        assert_eq!((meter.cost().requests, meter.cost().retries), (2, 1));

        let refused = api.ask(Ask::json("/b"), &meter).await.expect_err("no third credentials");
        assert_eq!(refused.cause(), Cause::Unauthorized);
        assert_eq!(asked.paths(), ["/a"], "the stale client is not used again");
    }

    #[tokio::test]
    async fn no_more_requests_are_in_flight_than_may_be() {
        let (client, asked) = server(|_| Reply::silence());
        let api = Api::of(client, PATIENCE, THREE);
        let meter = Meter::default();
        let many = futures::future::join_all((0..9).map(|_| api.ask(Ask::json("/a"), &meter)));
        let held = timeout(Duration::from_millis(50), many).await;
        assert!(held.is_err());
        assert_eq!(asked.paths().len(), 3);
    }

    #[test]
    fn a_refusal_quotes_only_a_status() {
        let html = Refusal::new(502, Encoding::Json, b"<html>CANARY</html>");
        assert_eq!((html.message.as_str(), html.is_status), ("", false));
        let secret = Refusal::new(403, Encoding::Json, br#"{"kind":"Secret","message":"CANARY"}"#);
        assert_eq!((secret.message.as_str(), secret.is_status), ("", false));
    }
}
