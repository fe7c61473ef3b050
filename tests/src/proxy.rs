//! A TLS proxy before the API server that breaks real answers on demand.
//!
//! What is not broken passes unchanged, bytes and headers, save that a client certificate cannot be passed
//! on: identities are tokens here. Upgraded connections (exec, attach) are not supported.

use std::{
    convert::Infallible,
    fmt, io,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, Result};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use futures::{Stream, StreamExt as _, stream};
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::{
    Request, Response, StatusCode, Uri, Version,
    body::{Bytes, Frame, Incoming},
    header::{
        ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderName, HeaderValue, RETRY_AFTER,
        USER_AGENT,
    },
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};
use tokio_rustls::TlsAcceptor;

use crate::{
    Api, ControlPlane, Identity,
    api::{Connections, connections},
    control_plane::admin_token,
};

type Body = BoxBody<Bytes, io::Error>;

/// A proxy before a [`ControlPlane`]. Dropping it closes its port and its connections.
#[derive(Debug)]
pub struct Proxy<'a> {
    control_plane: &'a ControlPlane,
    url: String,
    state: Arc<State>,
    listening: JoinHandle<()>,
}

/// A request as the proxy saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Such as `GET`.
    pub method: String,
    /// Path with query, such as `/api/v1/pods?limit=200`.
    pub uri: String,
    /// Empty if not sent, as is the next.
    pub user_agent: String,
    /// What formats the client asked for.
    pub accept: String,
    /// Whether a [`Fault`] struck.
    pub broken: bool,
}

/// Which requests are harmed, and how.
pub struct Fault {
    matches: Box<dyn Fn(&Seen) -> bool + Send + Sync>,
    when: When,
    harm: Harm,
    met: usize,
}

/// Which of the requests that a [`Fault`] matches are harmed; they are counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Every one.
    Always,
    /// This one alone.
    Nth(usize),
    /// This many from the start, such as a server that recovers.
    First(usize),
    /// This one and all after it.
    From(usize),
}

/// What a client gets instead of the real answer. Refusals are JSON, whatever format was asked for. Where a
/// connection breaks or closes, with HTTP/2 it is the request's stream that is reset.
#[derive(Clone, Copy, Debug)]
pub enum Harm {
    /// 401: the credentials are no longer good.
    Unauthorized,
    /// 403.
    Forbidden,
    /// 410 for a continue token: with `resume` and a token that goes on inconsistently, as the API server
    /// answers when etcd was compacted, and without a token otherwise.
    Expired {
        /// Whether the answer holds a token.
        resume: bool,
    },
    /// 429 with `Retry-After` of this many seconds.
    TooManyRequests(u32),
    /// 503.
    Unavailable,
    /// The real answer's head and at most this many bytes of its body; then the connection breaks.
    CutBody(usize),
    /// The real answer's head and at most this many bytes of its body; then nothing more.
    StallBody(usize),
    /// The real answer, in pieces of this many bytes with a pause of 5 ms after each.
    Slow(usize),
    /// The real answer with its body changed.
    Rewrite(fn(&[u8]) -> Vec<u8>),
    /// The real answer as JSON, whatever format was preferred: a server that has no other.
    AsJson,
    /// Never an answer.
    Stall,
    /// The connection is closed without an answer.
    Close,
}

impl Fault {
    /// Harms requests whose path and query begin with `prefix`.
    pub fn at(prefix: &str, harm: Harm) -> Self {
        let prefix = prefix.to_owned();
        Self::of(move |seen| seen.uri.starts_with(&prefix), harm)
    }

    /// Harms requests that `matches` says.
    pub fn of(matches: impl Fn(&Seen) -> bool + Send + Sync + 'static, harm: Harm) -> Self {
        Self { matches: Box::new(matches), when: When::Always, harm, met: 0 }
    }

    /// Only some of them.
    #[must_use]
    pub fn only(self, when: When) -> Self {
        Self { when, ..self }
    }

    /// The harm to this request, if any; counts it.
    fn strikes(&mut self, seen: &Seen) -> Option<Harm> {
        if !(self.matches)(seen) {
            return None;
        }
        self.met += 1;
        let struck = match self.when {
            When::Always => true,
            When::Nth(n) => self.met == n,
            When::First(n) => self.met <= n,
            When::From(n) => self.met >= n,
        };
        struck.then_some(self.harm)
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Fault")
            .field("when", &self.when)
            .field("harm", &self.harm)
            .finish_non_exhaustive()
    }
}

impl<'a> Proxy<'a> {
    pub(crate) fn start(control_plane: &'a ControlPlane) -> Result<Self> {
        let authority = control_plane.authority();
        let acceptor = TlsAcceptor::from(Arc::new(authority.server_config()?));
        let state = Arc::new(State {
            server: connections(authority.client_config(None)?),
            origin: control_plane.url().to_owned(),
            faults: Mutex::default(),
            seen: Mutex::default(),
        });
        let runtime = control_plane.runtime();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let url = format!("https://{}", listener.local_addr()?);
        let listening = runtime.spawn(listen(listener, acceptor, Arc::clone(&state)));
        Ok(Self { control_plane, url, state, listening })
    }

    /// Breaks some answers from now on. Of several faults that match a request the first that strikes does.
    pub fn fault(&self, fault: Fault) {
        lock(&self.state.faults).push(fault);
    }

    /// Takes all faults away.
    pub fn mend(&self) {
        lock(&self.state.faults).clear();
    }

    /// The requests so far, in the order of their arrival.
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.state.seen).clone()
    }

    /// Where the proxy listens, such as `https://127.0.0.1:40123`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The API through the proxy, as `identity` sees it.
    ///
    /// # Errors
    ///
    /// As [`ControlPlane::api`].
    pub fn api(&self, identity: Identity) -> Result<Api> {
        let config = self.control_plane.authority().client_config(None)?;
        let handle = self.control_plane.runtime().handle().clone();
        Ok(Api::new(&self.url, config, Some(self.token(identity)?), handle))
    }

    /// Writes a kubeconfig that goes through the proxy; a new file each time.
    ///
    /// # Errors
    ///
    /// As [`ControlPlane::api`].
    pub fn kubeconfig(&self, identity: Identity) -> Result<PathBuf> {
        let user = json!({ "token": self.token(identity)? });
        self.control_plane.write_kubeconfig(&self.url, "ca.crt", &user)
    }

    fn token(&self, identity: Identity) -> Result<String> {
        Ok(self.control_plane.token(identity)?.unwrap_or_else(admin_token))
    }
}

impl Drop for Proxy<'_> {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

#[derive(Debug)]
struct State {
    server: Connections,
    origin: String,
    faults: Mutex<Vec<Fault>>,
    seen: Mutex<Vec<Seen>>,
}

/// Serves until aborted; its connections end with it.
async fn listen(listener: TcpListener, acceptor: TlsAcceptor, state: Arc<State>) {
    let mut connections = JoinSet::new();
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            connections.spawn(serve(stream, acceptor.clone(), Arc::clone(&state)));
        }
        while connections.try_join_next().is_some() {}
    }
}

/// One connection. Its errors are the client's to see: it left, or a fault struck.
async fn serve(stream: TcpStream, acceptor: TlsAcceptor, state: Arc<State>) {
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let service = service_fn(move |request| {
        let state = Arc::clone(&state);
        async move { state.answer(request).await }
    });
    let served = auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
    drop(served);
}

impl State {
    /// An error closes the connection without an answer.
    async fn answer(&self, mut request: Request<Incoming>) -> Result<Response<Body>> {
        let (uri, harm) = self.meet(&request);
        if matches!(harm, Some(Harm::AsJson)) {
            request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
        }
        match harm {
            None | Some(Harm::AsJson) => {
                let (head, body) = self.forward(request).await?.into_parts();
                Ok(Response::from_parts(head, body.map_err(io::Error::other).boxed()))
            }
            Some(Harm::CutBody(length)) => {
                let (head, body) = self.whole(request).await?;
                // The pause lets what was sent arrive: a reset overtakes it otherwise.
                let cut = stream::once(async {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    Err(io::Error::other("cut by the proxy"))
                });
                Ok(Response::from_parts(head, begin(&body, length, cut)))
            }
            Some(Harm::StallBody(length)) => {
                let (head, body) = self.whole(request).await?;
                Ok(Response::from_parts(head, begin(&body, length, stream::pending())))
            }
            Some(Harm::Slow(piece)) => {
                let (head, body) = self.whole(request).await?;
                let pieces: Vec<_> =
                    body.chunks(piece.max(1)).map(|it| body.slice_ref(it)).collect();
                let slowly = stream::iter(pieces).then(|piece| async {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                    Ok(piece)
                });
                Ok(Response::from_parts(head, begin(&body, 0, slowly)))
            }
            Some(Harm::Rewrite(change)) => {
                let (mut head, body) = self.whole(request).await?;
                head.headers.remove(CONTENT_LENGTH);
                Ok(Response::from_parts(head, full(change(&body))))
            }
            Some(Harm::Stall) => std::future::pending().await,
            Some(Harm::Close) => anyhow::bail!("closed by the proxy"),
            Some(Harm::Unauthorized) => {
                refuse(StatusCode::UNAUTHORIZED, "Unauthorized", "Unauthorized", None)
            }
            Some(Harm::Forbidden) => {
                let message = format!("forbidden: the proxy does not let anybody get path {uri:?}");
                refuse(StatusCode::FORBIDDEN, "Forbidden", &message, None)
            }
            Some(Harm::Expired { resume }) => {
                let token = continue_token(&uri).filter(|_| resume).and_then(inconsistent);
                let message = "The provided continue parameter is too old to display a consistent list result.";
                let metadata = token.map(|token| json!({ "continue": token }));
                refuse(StatusCode::GONE, "Expired", message, metadata)
            }
            Some(Harm::TooManyRequests(seconds)) => {
                let message = "Too many requests, please try again later.";
                let mut response =
                    refuse(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", message, None)?;
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
                Ok(response)
            }
            Some(Harm::Unavailable) => {
                let message = "the server is currently unable to handle the request";
                refuse(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", message, None)
            }
        }
    }

    /// Records a request and decides its fate.
    fn meet(&self, request: &Request<Incoming>) -> (String, Option<Harm>) {
        let header = |name: HeaderName| {
            request
                .headers()
                .get(name)
                .and_then(|it| it.to_str().ok())
                .unwrap_or_default()
                .to_owned()
        };
        let uri = request.uri().path_and_query().map_or("/", |it| it.as_str()).to_owned();
        let mut seen = Seen {
            method: request.method().to_string(),
            uri: uri.clone(),
            user_agent: header(USER_AGENT),
            accept: header(ACCEPT),
            broken: false,
        };
        let harm = lock(&self.faults).iter_mut().find_map(|fault| fault.strikes(&seen));
        seen.broken = harm.is_some();
        lock(&self.seen).push(seen);
        (uri, harm)
    }

    async fn forward(&self, mut request: Request<Incoming>) -> Result<Response<Incoming>> {
        let path = request.uri().path_and_query().map_or("/", |it| it.as_str());
        *request.uri_mut() = format!("{}{path}", self.origin).parse::<Uri>()?;
        // Both are this hop's own: the next one negotiates and names itself.
        *request.version_mut() = Version::HTTP_11;
        request.headers_mut().remove(HOST);
        self.server
            .request(request.map(BodyExt::boxed))
            .await
            .context("no answer from the API server")
    }

    async fn whole(
        &self,
        request: Request<Incoming>,
    ) -> Result<(hyper::http::response::Parts, Bytes)> {
        let (head, body) = self.forward(request).await?.into_parts();
        Ok((head, body.collect().await?.to_bytes()))
    }
}

/// The start of a body, and then what becomes of the rest.
fn begin<S>(body: &Bytes, length: usize, end: S) -> Body
where
    S: Stream<Item = io::Result<Bytes>> + Send + Sync + 'static,
{
    let start = body.slice(..length.min(body.len()));
    BodyExt::boxed(StreamBody::new(
        stream::iter([Ok(start)]).chain(end).map(|it| it.map(Frame::data)),
    ))
}

fn full(body: Vec<u8>) -> Body {
    Full::from(body).map_err(|never: Infallible| match never {}).boxed()
}

/// A refusal as the API server writes it.
fn refuse(
    code: StatusCode,
    reason: &str,
    message: &str,
    metadata: Option<Value>,
) -> Result<Response<Body>> {
    let status = json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": metadata.unwrap_or_else(|| json!({})),
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code.as_u16(),
    });
    let response = Response::builder().status(code).header(CONTENT_TYPE, "application/json");
    Ok(response.body(full(status.to_string().into_bytes()))?)
}

/// The continue token of a request. It is base64 for URLs, hence never escaped.
fn continue_token(uri: &str) -> Option<&str> {
    let (_, query) = uri.split_once('?')?;
    query.split('&').find_map(|pair| pair.strip_prefix("continue="))
}

/// A token that goes on where `token` would, in the cluster as it then is: the API server's own form, whose
/// resource version is -1 (`k8s.io/apiserver/pkg/storage/continue.go`).
fn inconsistent(token: &str) -> Option<String> {
    let mut place: Value =
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    place["rv"] = (-1).into();
    Some(BASE64_URL_SAFE_NO_PAD.encode(place.to_string()))
}

/// A test that panicked while it held the lock has failed already.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
