//! Lists, page by page.
//!
//! | what happens                     | then                                                    |
//! |----------------------------------|---------------------------------------------------------|
//! | 410 between pages                | the list starts over, twice; then it goes on with the   |
//! |                                  | token the server offers, and is `Inconsistent`          |
//! | a page ends in mid-JSON          | it is asked for again, twice; then `Truncated`          |
//! | an object cannot be decoded      | it is counted; the rest of its page stands              |
//! | anything else                    | the list ends there, and says why                       |
//!
//! What was read before a list ended stays: something seen can decide a check, and the gap beside
//! it keeps absences from being concluded.

use std::{
    collections::{BTreeMap, VecDeque},
    convert::Infallible,
    future::pending,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use assay_model::{Cause, Gap, Resource, Snapshot, resource::Kind};
use bytes::{Bytes, BytesMut};
use futures::{StreamExt as _, future::BoxFuture, stream::FuturesOrdered};
use jiff::Timestamp;
use serde::Deserialize;
use tokio::sync::oneshot;

use crate::{
    api::{Api, Ask, Failure, Growing, Meter, encoded},
    discovery::root_of,
    encoding::{self, Encoding},
    objects::{Objects, PageError},
    progress::Progress,
    proto::{self, ListMeta},
    secrets,
};

/// How often a list that expired starts over.
const RESTARTS: u32 = 2;
/// How often a page that was cut short is asked for again.
const CUT_RETRIES: u32 = 2;
/// How far into a page its metadata are looked for.
const METADATA: usize = 4096;

/// All that is kept of a kind, whatever becomes of the list that reads it.
#[derive(Debug)]
pub(crate) struct Reading {
    resource: Resource,
    kept: Mutex<Kept>,
    pub(crate) meter: Meter,
}

#[derive(Debug, Default)]
struct Kept {
    /// `None` once it is taken: a page that is decoded later than that is dropped.
    objects: Option<Objects>,
    pages: u64,
    /// By namespace.
    malformed: BTreeMap<Option<Arc<str>>, u32>,
    gaps: Vec<Gap>,
    read: Vec<Arc<str>>,
    listed: Option<Timestamp>,
    ended: bool,
}

impl Reading {
    /// Nothing read yet; `None` for what is no list.
    pub(crate) fn new(resource: Resource) -> Option<Arc<Self>> {
        let objects = Some(Objects::of(resource)?);
        let kept = Mutex::new(Kept { objects, ..Kept::default() });
        Some(Arc::new(Reading { resource, kept, meter: Meter::default() }))
    }

    /// What is read.
    pub(crate) fn resource(&self) -> Resource {
        self.resource
    }

    /// Something was not read.
    pub(crate) fn hide(&self, gap: Gap) {
        self.locked().gaps.push(gap);
    }

    /// A part was read in full.
    pub(crate) fn read_part(&self, part: Arc<str>) {
        self.locked().read.push(part);
    }

    /// Drops what was read.
    pub(crate) fn clear(&self) {
        let mut kept = self.locked();
        if let Some(objects) = &mut kept.objects {
            objects.clear();
        }
        kept.malformed.clear();
        kept.listed = None;
        self.meter.forget_objects();
    }

    /// Nothing more is to be read.
    pub(crate) fn end(&self) {
        self.locked().ended = true;
    }

    /// Moves what was read into the snapshot, with the gap `unended` if it has not come to its end.
    /// A second call does nothing.
    pub(crate) fn store(&self, snapshot: &mut Snapshot, unended: &Gap) {
        let resource = self.resource;
        let kept = std::mem::take(&mut *self.locked());
        let Some(objects) = kept.objects else { return };
        let mut gaps: Vec<Arc<Gap>> = kept.gaps.into_iter().map(Arc::new).collect();
        gaps.extend(kept.malformed.into_iter().map(|(part, count)| {
            let message = "objects that could not be decoded".to_owned();
            Arc::new(Gap { resource, part, cause: Cause::Malformed(count), message })
        }));
        if !kept.ended {
            gaps.push(Arc::new(Gap { resource, ..unended.clone() }));
        }
        if let Some(listed) = kept.listed {
            snapshot.listed.insert(resource, listed);
        }
        let cost = self.meter.cost();
        if cost.requests > 0 {
            snapshot.costs.insert(resource, cost);
        }
        objects.store(snapshot, gaps, kept.read);
    }

    /// Decodes a page into what was read so far.
    pub(crate) fn add(&self, encoding: Encoding, body: &[u8]) -> Result<Next, PageError> {
        let mut kept = self.locked();
        let Kept { objects: Some(objects), pages, malformed, .. } = &mut *kept else {
            return Ok(Next::default());
        };
        let page = encoding::add(objects, encoding, body)?;
        for (part, count) in page.malformed {
            *malformed.entry(part).or_default() += count;
        }
        *pages += 1;
        self.meter.count_objects(page.objects.into());
        Ok(Next { token: page.continue_token, objects: objects.objects(), pages: *pages })
    }

    fn locked(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A page, as it came.
struct Body {
    encoding: Encoding,
    bytes: Bytes,
}

/// What a page says of itself, where that stands before its items.
fn meta(encoding: Encoding, body: &[u8]) -> Option<ListMeta> {
    let beginning = &body[..body.len().min(METADATA)];
    match encoding {
        Encoding::Json => metadata_of(beginning),
        Encoding::Protobuf => proto::list_meta(beginning),
    }
}

/// Pages of one list on their way, in order.
struct Pages<'a> {
    lister: Lister<'a>,
    namespace: Option<&'a str>,
    /// Asked for, and not wholly there.
    coming: FuturesOrdered<BoxFuture<'a, Fetched>>,
    /// Wholly there, and not yet taken.
    there: VecDeque<Fetched>,
    /// What held pages that are decoded: room for further ones.
    spare: Vec<BytesMut>,
    /// The token of the page behind the last one asked for, once the beginning of that one tells it.
    ahead: Option<oneshot::Receiver<String>>,
}

/// What became of the page that a token asked for.
struct Fetched {
    token: Option<String>,
    answer: Result<Body, Failure>,
}

impl<'a> Pages<'a> {
    fn new(lister: Lister<'a>, namespace: Option<&'a str>) -> Self {
        let (coming, there) = (FuturesOrdered::new(), VecDeque::new());
        Pages { lister, namespace, coming, there, spare: Vec::new(), ahead: None }
    }

    /// The page that `token` asks for. If another one was asked for ahead, all of those are dropped.
    async fn take(&mut self, token: Option<&str>) -> Result<Body, Failure> {
        loop {
            match self.there.pop_front() {
                Some(next) if next.token.as_deref() == token => return next.answer,
                Some(_) => *self = Pages::new(self.lister, self.namespace),
                None if self.coming.is_empty() => self.ask(token.map(str::to_owned)),
                None => self.step().await,
            }
        }
    }

    /// Keeps them coming, for as long as it is polled.
    async fn drive(&mut self) -> Infallible {
        loop {
            self.step().await;
        }
    }

    /// Waits until one is there, or one more can be asked for.
    async fn step(&mut self) {
        let room = self.coming.len() + self.there.len() < self.lister.ahead;
        let next = async {
            match &mut self.ahead {
                Some(ahead) if room => ahead.await.ok(),
                _ => pending().await,
            }
        };
        tokio::select! {
            token = next => {
                self.ahead = None;
                if let Some(token) = token {
                    self.ask(Some(token));
                }
            }
            Some(fetched) = self.coming.next() => self.there.push_back(fetched),
        }
    }

    fn ask(&mut self, token: Option<String>) {
        let (tell, ahead) = oneshot::channel();
        self.ahead = Some(ahead);
        let Pages { lister, namespace, .. } = *self;
        let buffer = self.spare.pop().unwrap_or_default();
        self.coming.push_back(Box::pin(async move {
            let answer = lister.fetch(namespace, token.as_deref(), buffer, tell).await;
            Fetched { token, answer }
        }));
    }

    /// A page that is no longer needed leaves its room to another one.
    fn spare(&mut self, page: Bytes) {
        if let Ok(mut buffer) = page.try_into_mut() {
            buffer.clear();
            self.spare.push(buffer);
        }
    }
}

/// What is known after a page.
#[derive(Debug, Default)]
pub(crate) struct Next {
    pub(crate) token: Option<String>,
    objects: u64,
    pages: u64,
}

/// Why a list is not a full read. What it did read is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hidden {
    pub(crate) cause: Cause,
    pub(crate) message: String,
}

impl From<Failure> for Hidden {
    fn from(failure: Failure) -> Self {
        Hidden { cause: failure.cause(), message: failure.to_string() }
    }
}

/// Reads one kind.
#[derive(Clone, Copy)]
pub(crate) struct Lister<'a> {
    pub(crate) api: &'a Api,
    pub(crate) kind: Kind,
    pub(crate) reading: &'a Arc<Reading>,
    /// Objects a page.
    pub(crate) page_size: u32,
    /// Pages that are asked for at a time, at least one: a further one as soon as the beginning of the
    /// one before it names it. One at a time is asked for while the one before it is decoded.
    pub(crate) ahead: usize,
    pub(crate) progress: &'a dyn Progress,
}

impl Lister<'_> {
    /// Lists all objects, or those of one namespace, into the reading.
    ///
    /// # Errors
    ///
    /// What was not read, and why.
    pub(crate) async fn list(self, namespace: Option<&str>) -> Result<(), Hidden> {
        let mut pages = Pages::new(self, namespace);
        let mut token: Option<String> = None;
        let mut inconsistent: Option<Hidden> = None;
        let (mut restarts, mut cuts) = (0, 0);
        loop {
            let body = match pages.take(token.as_deref()).await {
                Ok(body) => body,
                Err(Failure::Status(gone)) if gone.code == 410 && token.is_some() => {
                    // Another namespace's objects cannot be told from this one's: no new start.
                    if restarts < RESTARTS && namespace.is_none() {
                        restarts += 1;
                        self.reading.clear();
                        self.reading.meter.count_retry();
                        token = None;
                        continue;
                    }
                    let why = Hidden::from(Failure::Status(gone.clone()));
                    if inconsistent.is_some() || gone.continue_token.is_none() {
                        return Err(why);
                    }
                    inconsistent = Some(why);
                    token = gone.continue_token;
                    continue;
                }
                Err(failure) => return Err(failure.into()),
            };

            let (page, bytes) = tokio::select! {
                decoded = self.decode(body) => decoded?,
                never = pages.drive() => match never {},
            };
            pages.spare(bytes);
            let page = match page {
                Ok(page) => page,
                Err(PageError::Truncated) if cuts < CUT_RETRIES => {
                    cuts += 1;
                    pages = Pages::new(self, namespace);
                    self.reading.meter.count_retry();
                    continue;
                }
                Err(PageError::Truncated) => return Err(Failure::Cut.into()),
                Err(PageError::NotAList) => {
                    let message = "the answer is no list of the API".to_owned();
                    return Err(Hidden { cause: Cause::Unavailable, message });
                }
            };
            cuts = 0;
            if page.token.is_none() {
                return inconsistent.map_or(Ok(()), Err);
            }
            token = page.token;
        }
    }

    /// One page; the token of the next one is told as soon as it is known.
    async fn fetch(
        self,
        namespace: Option<&str>,
        token: Option<&str>,
        buffer: BytesMut,
        tell: oneshot::Sender<String>,
    ) -> Result<Body, Failure> {
        let mut path = path(self.kind, namespace, self.page_size, token);
        let is_table = self.reading.resource == Resource::Secrets;
        if is_table {
            path.push_str(secrets::QUERY);
        }
        let mut tell = Some(tell);
        let mut watch = |encoding, body: &[u8]| {
            if tell.is_none() {
                return;
            }
            let next = meta(encoding, body).and_then(|it| it.continue_token);
            if let Some((tell, next)) = next.and_then(|next| Some((tell.take()?, next))) {
                // Whoever listens no longer has no use for it.
                if tell.send(next).is_err() {}
            } else if body.len() >= METADATA {
                tell = None;
            }
        };
        let mut ask = Ask::list(&path, self.kind);
        if is_table {
            ask.accept = secrets::ACCEPT;
        }
        let mut growing = Growing { buffer, ..Growing::new(&mut watch) };
        let mut answer = self.api.ask_into(ask, &self.reading.meter, &mut growing).await?;
        if is_table {
            // What is no table is dropped unread: it may hold values.
            let list = secrets::as_list(&answer.body, namespace.unwrap_or_default());
            answer.body = list.unwrap_or(Bytes::from_static(b"[]"));
            answer.encoding = Encoding::Json;
        }
        let mut kept = self.reading.locked();
        if token.is_none() {
            // By the server's clock, or ours where it does not tell; the earliest part counts.
            let listed = answer.date.unwrap_or_else(Timestamp::now);
            kept.listed = Some(kept.listed.map_or(listed, |it| it.min(listed)));
        }
        Ok(Body { encoding: answer.encoding, bytes: answer.body })
    }

    /// What a page held, and what held it.
    async fn decode(self, body: Body) -> Result<(Result<Next, PageError>, Bytes), Hidden> {
        let remaining = meta(body.encoding, &body.bytes).and_then(|it| it.remaining);
        let reading = Arc::clone(self.reading);
        let decoding = tokio::task::spawn_blocking(move || {
            let added = reading.add(body.encoding, &body.bytes);
            (added, body.bytes)
        });
        let added = decoding.await;
        if let Ok((Ok(page), _)) = &added {
            let resource = self.reading.resource;
            self.progress.page(resource, page.objects, page.pages, remaining);
        }
        added.map_err(|_| Hidden {
            cause: Cause::Malformed(1),
            message: "decoding a page failed: this is a bug of kube-assay".to_owned(),
        })
    }
}

/// No `resourceVersion`: 0 ignores the limit, and may be stale.
fn path(kind: Kind, namespace: Option<&str>, page_size: u32, token: Option<&str>) -> String {
    use std::fmt::Write as _;
    let mut path = root_of(kind.group, kind.version);
    if let Some(namespace) = namespace {
        path.push_str("/namespaces/");
        path.push_str(&encoded(namespace));
    }
    write!(path, "/{}?limit={page_size}", kind.plural).expect("a string takes all");
    if let Some(token) = token {
        path.push_str("&continue=");
        path.push_str(&encoded(token));
    }
    path
}

/// A page's metadata, where they stand before its items, as with built-in kinds; `None` for custom
/// resources, which have their keys sorted, items first.
fn metadata_of(beginning: &[u8]) -> Option<ListMeta> {
    #[derive(Deserialize)]
    struct Head {
        metadata: Metadata,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Metadata {
        /// Asks for the next page; empty on the last one.
        #[serde(default, rename = "continue")]
        token: String,
        remaining_item_count: Option<u64>,
    }
    const ITEMS: &[u8] = br#","items":"#;
    let end = beginning.windows(ITEMS.len()).position(|it| it == ITEMS)?;
    // Anything but the whole head of an object fails to decode once it is closed here.
    let closed = [&beginning[..end], b"}"].concat();
    let Metadata { token, remaining_item_count } =
        serde_json::from_slice::<Head>(&closed).ok()?.metadata;
    let continue_token = Some(token).filter(|it| !it.is_empty());
    Some(ListMeta { continue_token, remaining: remaining_item_count })
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroUsize, time::Duration};

    use assay_model::snapshot::{Cost, Origin, Source};
    use serde_json::json;
    use tokio::time::Instant;

    use super::*;
    use crate::{
        mock::{Asked, Reply, named, pod, server},
        progress::Silent,
    };

    const FOUR: NonZeroUsize = NonZeroUsize::new(4).expect("four");

    struct Listed {
        result: Result<(), Hidden>,
        snapshot: Snapshot,
        cost: Cost,
        asked: Asked,
        took: Duration,
    }

    impl Listed {
        fn cause(&self) -> Option<Cause> {
            self.result.as_ref().err().map(|it| it.cause.clone())
        }
    }

    /// Lists a kind from a server that answers by `answer`; never ended, so that the store shows
    /// the gap for it too.
    async fn list(
        resource: Resource,
        namespace: Option<&str>,
        answer: impl FnMut(&str) -> Reply + Send + 'static,
    ) -> Listed {
        list_ahead(2, resource, namespace, answer).await
    }

    /// Likewise, with so many pages asked for at a time.
    async fn list_ahead(
        ahead: usize,
        resource: Resource,
        namespace: Option<&str>,
        answer: impl FnMut(&str) -> Reply + Send + 'static,
    ) -> Listed {
        let (client, asked) = server(answer);
        let api = Api::of(client, Duration::from_secs(30), FOUR);
        let reading = Reading::new(resource).expect("a list");
        let kind = resource.kind().expect("a kind");
        let lister =
            Lister { api: &api, kind, reading: &reading, page_size: 2, ahead, progress: &Silent };
        let began = Instant::now();
        let result = lister.list(namespace).await;
        let took = began.elapsed();
        reading.end();
        let mut snapshot = unread();
        reading.store(&mut snapshot, &Gap::whole(resource, Cause::Timeout, "never ended"));
        Listed { result, snapshot, cost: reading.meter.cost(), asked, took }
    }

    fn unread() -> Snapshot {
        let now = Timestamp::now();
        let origin = Origin {
            source: Source::Live,
            started: now,
            finished: now,
            interrupted: false,
            cluster: String::new(),
            server: String::new(),
            context: String::new(),
            user: String::new(),
            groups: Vec::new(),
            impersonated: false,
            namespaces: Vec::new(),
        };
        Snapshot::unread(origin, &Cause::NotRequested, "")
    }

    #[tokio::test]
    async fn pages_are_followed_to_the_end() {
        let listed = list(Resource::Services, None, |path| match path {
            "/api/v1/services?limit=2" => Reply::list(&[named("a", "1"), named("a", "2")], "t/1")
                .header("Date", "Mon, 23 Nov 2026 19:30:52 GMT"),
            "/api/v1/services?limit=2&continue=t%2F1" => Reply::list(&[named("b", "3")], "t2"),
            "/api/v1/services?limit=2&continue=t2" => Reply::list(&[named("b", "4")], ""),
            other => panic!("{other}"),
        })
        .await;
        assert_eq!(listed.result, Ok(()));
        assert_eq!(listed.snapshot.services.seen(), 4);
        assert!(listed.snapshot.services.gaps().is_empty());
        assert_eq!(listed.asked.paths().len(), 3, "each page is asked for once");
        assert_eq!((listed.cost.requests, listed.cost.objects), (3, 4));
        assert!(listed.cost.bytes > 300);
        let date = listed.snapshot.listed[&Resource::Services];
        assert_eq!(date.to_string(), "2026-11-23T19:30:52Z");
    }

    #[tokio::test]
    async fn pages_keep_their_order_however_many_are_asked_for() {
        for ahead in 1..5 {
            let listed = list_ahead(ahead, Resource::Services, None, |path| {
                let (_, token) = path.split_once("continue=").unwrap_or(("", "0"));
                let at: u32 = token.parse().expect("a token of ours");
                let next = if at < 9 { (at + 1).to_string() } else { String::new() };
                Reply::list(&[named("a", token)], &next)
            })
            .await;
            assert_eq!(listed.result, Ok(()));
            assert_eq!(listed.snapshot.services.seen(), 10);
            let paths = listed.asked.paths();
            assert_eq!(paths.len(), 10, "each page is asked for once");
            assert!(paths[1..].is_sorted(), "{paths:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_beginning_of_a_page_is_enough_to_ask_for_the_next() {
        let asked = async |ahead| {
            let listed = list_ahead(ahead, Resource::Services, None, |path| {
                let next = path.len();
                Reply::stalled(&format!(r#"{{"metadata":{{"continue":"{next}"}},"items":["#))
            });
            let asked = listed.await.asked.paths();
            // A page that never comes is asked for twice.
            asked.into_iter().collect::<std::collections::BTreeSet<_>>().len()
        };
        assert_eq!(asked(1).await, 1, "one after another");
        assert_eq!(asked(2).await, 2);
        assert_eq!(asked(3).await, 3);
    }

    #[tokio::test]
    async fn pages_behind_one_that_was_asked_for_again_are_not_mixed_up() {
        let mut first = 0;
        let listed = list(Resource::Services, None, move |path| {
            if path.ends_with("continue=old") {
                Reply::list(&[named("old", "2")], "")
            } else if path.ends_with("continue=new") {
                Reply::list(&[named("new", "2"), named("new", "3")], "")
            } else {
                first += 1;
                match first {
                    1 => Reply::cut(r#"{"metadata":{"continue":"old"},"items":["#),
                    _ => Reply::list(&[named("new", "1")], "new"),
                }
            }
        })
        .await;
        assert_eq!(listed.result, Ok(()));
        let mut read = Vec::new();
        let each = listed.snapshot.services.each(assay_model::Scope::Cluster, |it| {
            read.push(it.metadata.namespace.to_string());
            Ok(())
        });
        assert!(each.is_ok());
        assert_eq!(read, ["new"; 3]);
    }

    #[tokio::test]
    async fn custom_resources_say_their_token_last() {
        let page = |name: &str, token: &str| {
            let text = format!(
                r#"{{"apiVersion":"x/v1","items":[{}],"kind":"L","metadata":{{"continue":"{token}"}}}}"#,
                named("a", name)
            );
            Reply::text(200, &text)
        };
        let listed = list(Resource::VulnerabilityReports, None, move |path| {
            if path.ends_with("continue=next") { page("2", "") } else { page("1", "next") }
        })
        .await;
        assert_eq!(listed.result, Ok(()));
        assert_eq!(listed.snapshot.vulnerability_reports.seen(), 2);
        assert_eq!(
            listed.asked.paths()[0],
            "/apis/aquasecurity.github.io/v1alpha1/vulnerabilityreports?limit=2"
        );
    }

    #[tokio::test]
    async fn a_list_that_expired_starts_over() {
        let mut expired = 0;
        let listed = list(Resource::Services, None, move |path| {
            if !path.contains("continue") {
                return Reply::list(&[named("a", "1")], "old");
            }
            expired += 1;
            if expired < 3 { Reply::expired("on") } else { Reply::list(&[named("a", "2")], "") }
        })
        .await;
        assert_eq!(listed.result, Ok(()));
        assert_eq!(listed.snapshot.services.seen(), 2, "what was read before counts once");
        assert_eq!(listed.cost.objects, 2);
        assert_eq!((listed.cost.requests, listed.cost.retries), (6, 2));
    }

    #[tokio::test]
    async fn a_list_that_always_expires_goes_on_and_is_inconsistent() {
        let listed = list(Resource::Services, None, |path| match path {
            "/api/v1/services?limit=2" => Reply::list(&[named("a", "1")], "old"),
            "/api/v1/services?limit=2&continue=old" => Reply::expired("on"),
            "/api/v1/services?limit=2&continue=on" => Reply::list(&[named("a", "2")], ""),
            other => panic!("{other}"),
        })
        .await;
        assert_eq!(listed.cause(), Some(Cause::Inconsistent));
        assert_eq!(listed.snapshot.services.seen(), 2);
        assert_eq!(listed.cost.requests, 7);
    }

    #[tokio::test]
    async fn an_expired_list_without_a_way_on_keeps_what_it_read() {
        let listed = list(Resource::Services, Some("a"), |path| {
            if path.contains("continue") {
                Reply::expired("")
            } else {
                assert_eq!(path, "/api/v1/namespaces/a/services?limit=2");
                Reply::list(&[named("a", "1")], "old")
            }
        })
        .await;
        assert_eq!(listed.cause(), Some(Cause::Inconsistent));
        assert_eq!(listed.snapshot.services.seen(), 1);
        assert_eq!(listed.cost.requests, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_server_is_given_the_time_it_asks_for() {
        let mut asked = 0;
        let listed = list(Resource::Services, None, move |_| {
            asked += 1;
            if asked == 1 {
                Reply::status(429, "busy").header("Retry-After", "7")
            } else {
                Reply::list(&[], "")
            }
        })
        .await;
        assert_eq!(listed.result, Ok(()));
        assert_eq!((listed.cost.requests, listed.cost.retries), (2, 1));
        assert_eq!(listed.took.as_secs(), 7);
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_stays_busy_is_a_gap() {
        let listed = list(Resource::Services, None, |_| Reply::text(503, "no backend")).await;
        assert_eq!(listed.cause(), Some(Cause::Unavailable));
        assert_eq!(listed.cost.requests, 5);
        assert_eq!(listed.took, Duration::from_millis(7500));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_breaks_off_is_asked_for_again() {
        let mut asked = 0;
        let listed = list(Resource::Services, None, move |path| {
            if !path.contains("continue") {
                return Reply::list(&[named("a", "1")], "next");
            }
            asked += 1;
            if asked < 3 { Reply::cut(r#"{"items":["#) } else { Reply::list(&[], "") }
        })
        .await;
        assert_eq!(listed.result, Ok(()));
        assert_eq!((listed.cost.requests, listed.cost.retries), (4, 2));

        let listed = list(Resource::Services, None, |path| {
            if path.contains("continue") {
                Reply::cut("{")
            } else {
                Reply::list(&[named("a", "1")], "next")
            }
        })
        .await;
        assert_eq!(listed.cause(), Some(Cause::Truncated));
        assert_eq!(listed.snapshot.services.seen(), 1, "earlier pages stand");
        assert_eq!(listed.cost.requests, 4);
    }

    #[tokio::test]
    async fn a_body_that_ends_in_mid_json_is_asked_for_again() {
        let whole = r#"{"metadata":{"continue":"next"},"items":[{"metadata":{"name":"1"}}]}"#;
        let mut asked = 0;
        let listed = list(Resource::Services, None, move |path| {
            if path.contains("continue") {
                return Reply::list(&[], "");
            }
            asked += 1;
            Reply::text(200, if asked < 3 { &whole[..50] } else { whole })
        })
        .await;
        assert_eq!(listed.result, Ok(()));
        assert_eq!(listed.snapshot.services.seen(), 1);
        assert_eq!(listed.cost.retries, 2);

        let listed = list(Resource::Services, None, |_| Reply::text(200, "{")).await;
        assert_eq!(listed.cause(), Some(Cause::Truncated));
        assert_eq!(listed.cost.requests, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_borne_once_more() {
        let listed = list(Resource::Services, None, |_| Reply::silence()).await;
        assert_eq!(listed.cause(), Some(Cause::Timeout));
        assert_eq!((listed.cost.requests, listed.cost.retries), (2, 1));
        assert_eq!(listed.took.as_secs(), 60);
    }

    #[tokio::test]
    async fn a_bad_object_is_counted_and_costs_no_other() {
        let bad = json!({"metadata": {"name": "bad", "namespace": "b"}, "spec": "CANARY-spec"});
        let listed = list(Resource::Pods, None, move |_| {
            Reply::list(&[pod("a", "good"), bad.clone(), pod("a", "also")], "")
        })
        .await;
        assert_eq!(listed.result, Ok(()));
        assert_eq!(listed.snapshot.pods.seen(), 2);
        let [gap] = listed.snapshot.pods.gaps() else { panic!("one gap") };
        assert_eq!((gap.part.as_deref(), &gap.cause), (Some("b"), &Cause::Malformed(1)));
        assert!(!gap.message.contains("CANARY"));
    }

    #[tokio::test]
    async fn content_of_another_kind_is_a_gap() {
        for body in ["<html>sign in</html>", r#"{"kind":"Status"}"#, "[]", ""] {
            let listed = list(Resource::Services, None, move |_| Reply::text(200, body)).await;
            let expected = if body.is_empty() { Cause::Truncated } else { Cause::Unavailable };
            assert_eq!(listed.cause(), Some(expected), "{body}");
        }
        let listed = list(Resource::Services, None, |_| Reply::status(404, "no such thing")).await;
        assert_eq!(listed.cause(), Some(Cause::Unavailable));
        let listed = list(Resource::Services, None, |_| Reply::status(401, "who?")).await;
        assert_eq!(listed.cause(), Some(Cause::Unauthorized));
    }

    #[test]
    fn metadata_are_read_only_from_a_whole_head() {
        let of = |body: &str| metadata_of(body.as_bytes());
        let page = r#"{"metadata":{"continue":"t","remainingItemCount":9},"items":[{}]}"#;
        assert_eq!(
            of(page),
            Some(ListMeta { continue_token: Some("t".into()), remaining: Some(9) })
        );
        assert_eq!(of(r#"{"items":[{"a":1,"items":[]}],"metadata":{"continue":"t"}}"#), None);
        assert_eq!(of(r#"{"metadata":{"continue":"t"}"#), None);
        assert_eq!(of(""), None);
    }
}
