//! An API server that has nothing behind it: it answers lists of a [`Cluster`] at the pace of a larger machine.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Result;
use futures::stream;
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Frame, Incoming},
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::Runtime,
    task::{JoinHandle, JoinSet},
    time::{Instant, sleep_until},
};
use tokio_rustls::TlsAcceptor;

use super::{
    Cluster, Encoding,
    cluster::{Page, start_of},
};
use crate::pki::{Authority, write};

/// What one answer of a larger machine's API server comes to.
pub const JSON_BYTES_A_SECOND: u32 = 240_000_000;

/// The same for protobuf, by the bytes that its JSON would have.
pub const PROTOBUF_BYTES_A_SECOND: u32 = 900_000_000;

/// The one token that is let in.
pub const TOKEN: &str = "replay";

/// Bytes that are sent at a time.
const PIECE: usize = 256 * 1024;

/// Group, version, and the kinds in it: plural, kind, whether in namespaces.
type Served = (&'static str, &'static str, &'static [(&'static str, &'static str, bool)]);

/// What is served. Of what the cluster has none, the list is empty.
const SERVED: &[Served] = &[
    (
        "",
        "v1",
        &[
            ("namespaces", "Namespace", false),
            ("nodes", "Node", false),
            ("pods", "Pod", true),
            ("services", "Service", true),
            ("serviceaccounts", "ServiceAccount", true),
            ("resourcequotas", "ResourceQuota", true),
            ("limitranges", "LimitRange", true),
        ],
    ),
    (
        "apps",
        "v1",
        &[
            ("deployments", "Deployment", true),
            ("daemonsets", "DaemonSet", true),
            ("statefulsets", "StatefulSet", true),
            ("replicasets", "ReplicaSet", true),
        ],
    ),
    ("batch", "v1", &[("jobs", "Job", true), ("cronjobs", "CronJob", true)]),
    (
        "networking.k8s.io",
        "v1",
        &[("networkpolicies", "NetworkPolicy", true), ("ingresses", "Ingress", true)],
    ),
    (
        "rbac.authorization.k8s.io",
        "v1",
        &[
            ("roles", "Role", true),
            ("rolebindings", "RoleBinding", true),
            ("clusterroles", "ClusterRole", false),
            ("clusterrolebindings", "ClusterRoleBinding", false),
        ],
    ),
    (
        "admissionregistration.k8s.io",
        "v1",
        &[
            ("validatingwebhookconfigurations", "ValidatingWebhookConfiguration", false),
            ("mutatingwebhookconfigurations", "MutatingWebhookConfiguration", false),
        ],
    ),
    (
        "apiextensions.k8s.io",
        "v1",
        &[("customresourcedefinitions", "CustomResourceDefinition", false)],
    ),
];

/// How fast answers come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Each at [`JSON_BYTES_A_SECOND`] or [`PROTOBUF_BYTES_A_SECOND`].
    Larger,
    /// This many times slower than that, for time to do something while a list is read.
    Slower(u32),
    /// As fast as they can be sent.
    Unbounded,
}

type Body = BoxBody<Bytes, Infallible>;

/// A server on loopback, over TLS. Dropping it closes its port and its connections.
///
/// It judges no credentials but [`TOKEN`], and knows `/version`, discovery, `selfsubjectreviews`, and lists
/// by `limit` and `continue`.
#[derive(Debug)]
pub struct Replay {
    url: String,
    folder: tempfile::TempDir,
    state: Arc<State>,
    listening: JoinHandle<()>,
    _runtime: Runtime,
}

impl Replay {
    /// Serves `cluster`.
    ///
    /// # Errors
    ///
    /// No free port, or a folder that cannot be written.
    pub fn start(cluster: Cluster, pace: Pace) -> Result<Self> {
        let authority = Authority::new("assay-replay")?;
        let folder = tempfile::Builder::new().prefix("assay-replay-").tempdir()?;
        write(&folder.path().join("ca.crt"), &authority.pem())?;
        let acceptor = TlsAcceptor::from(Arc::new(authority.server_config()?));
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let url = format!("https://{}", listener.local_addr()?);
        let state =
            Arc::new(State { cluster, pace, gone: Mutex::default(), seen: Mutex::default() });
        let listening = runtime.spawn(listen(listener, acceptor, Arc::clone(&state)));
        let this = Self { url, folder, state, listening, _runtime: runtime };
        write(&this.kubeconfig(), &this.config().to_string())?;
        Ok(this)
    }

    /// Where it listens, such as `https://127.0.0.1:40123`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A kubeconfig that logs in.
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }

    /// The certificate of its authority.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.crt")
    }

    /// Answers the next request for pods that goes on at or behind the object `at` by 410, once.
    pub fn expire(&self, at: usize) {
        *self.state.gone.lock().unwrap_or_else(PoisonError::into_inner) = Some(at);
    }

    /// The requests so far: method, path and query, in the order of their arrival.
    pub fn seen(&self) -> Vec<String> {
        self.state.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn config(&self) -> Value {
        json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "replay", "cluster":
                {"server": self.url, "certificate-authority": self.authority()}}],
            "users": [{"name": "user", "user": {"token": TOKEN}}],
            "contexts": [{"name": "replay", "context": {"cluster": "replay", "user": "user"}}],
            "current-context": "replay",
        })
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// A file of curl's that fetches `paths` from `url` one after another, and throws them away.
///
/// The user agent is not curl's own: for that one, API servers indent their JSON, which doubles it.
///
/// # Errors
///
/// A file that cannot be written.
pub fn curl_config(
    file: &Path,
    url: &str,
    authority: &Path,
    login: &[(&str, &str)],
    paths: &[String],
) -> Result<()> {
    let mut text = format!(
        "silent\nfail\nuser-agent = \"bench\"\nheader = \"Accept: application/json\"\ncacert = \"{}\"\n",
        authority.display()
    );
    for (option, value) in login {
        text.extend([option, " = \"", value, "\"\n"]);
    }
    for path in paths {
        text.extend(["url = \"", url, path, "\"\noutput = \"/dev/null\"\n"]);
    }
    write(file, &text)
}

struct State {
    cluster: Cluster,
    pace: Pace,
    gone: Mutex<Option<usize>>,
    seen: Mutex<Vec<String>>,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("State").field("size", &self.cluster.size()).finish_non_exhaustive()
    }
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

/// One connection. Its errors are the client's to see: it left.
async fn serve(stream: TcpStream, acceptor: TlsAcceptor, state: Arc<State>) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let service = service_fn(move |request| {
        let state = Arc::clone(&state);
        async move { Ok::<_, Infallible>(state.answer(&request)) }
    });
    let served = auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
    drop(served);
}

impl State {
    fn answer(&self, request: &Request<Incoming>) -> Response<Body> {
        let uri = request.uri().path_and_query().map_or("/", |it| it.as_str());
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(format!("{} {uri}", request.method()));
        let header = |name| request.headers().get(name).and_then(|it| it.to_str().ok());
        if header(AUTHORIZATION) != Some(&format!("Bearer {TOKEN}")) {
            return refuse(StatusCode::UNAUTHORIZED, "Unauthorized", "Unauthorized");
        }
        let path = request.uri().path();
        if request.method() == Method::POST {
            return if path.ends_with("/selfsubjectreviews") {
                let user = json!({"username": "replay", "groups": ["system:authenticated"]});
                let review = json!({"apiVersion": "authentication.k8s.io/v1",
                    "kind": "SelfSubjectReview", "status": {"userInfo": user}});
                respond(StatusCode::CREATED, "application/json", &review)
            } else {
                refuse(StatusCode::FORBIDDEN, "Forbidden", "nothing is written here")
            };
        }
        match path {
            "/version" => {
                let version = json!({"major": "1", "minor": "37", "gitVersion": "v1.37.2",
                    "gitCommit": "", "gitTreeState": "clean", "buildDate": "2026-11-02T08:15:42Z",
                    "goVersion": "go1.26.8", "compiler": "gc", "platform": "linux/amd64"});
                respond(StatusCode::OK, "application/json", &version)
            }
            "/api" | "/apis" => discovery(path == "/api"),
            _ => {
                let encoding = encoding(header(ACCEPT).unwrap_or_default());
                self.list(path, request.uri().query().unwrap_or_default(), encoding)
            }
        }
    }

    fn list(&self, path: &str, query: &str, encoding: Encoding) -> Response<Body> {
        let found = SERVED.iter().find_map(|(group, version, kinds)| {
            let root = if group.is_empty() {
                format!("/api/{version}/")
            } else {
                format!("/apis/{group}/{version}/")
            };
            let plural = path.strip_prefix(&root)?;
            let (plural, kind, _) = kinds.iter().find(|(it, _, _)| *it == plural)?;
            let api_version =
                if group.is_empty() { (*version).to_owned() } else { format!("{group}/{version}") };
            Some((api_version, *kind, *plural))
        });
        let Some((api_version, kind, plural)) = found else {
            return refuse(StatusCode::NOT_FOUND, "NotFound", "the server could not find it");
        };
        let query: BTreeMap<&str, &str> =
            query.split('&').filter_map(|it| it.split_once('=')).collect();
        let limit = query.get("limit").and_then(|it| it.parse().ok());
        let limit = limit.filter(|it| *it > 0).unwrap_or(usize::MAX);
        let start = match query.get("continue") {
            None => 0,
            Some(token) => match start_of(token) {
                Some(start) => start,
                None => return refuse(StatusCode::BAD_REQUEST, "BadRequest", "no such token"),
            },
        };
        let mut gone = self.gone.lock().unwrap_or_else(PoisonError::into_inner);
        if plural == "pods" && gone.is_some_and(|it| start >= it) {
            *gone = None;
            return refuse(
                StatusCode::GONE,
                "Expired",
                "The provided continue parameter is too old.",
            );
        }
        drop(gone);
        let page = self.cluster.paged(&api_version, kind, plural, (start, limit), encoding);
        let response = Response::builder().header(CONTENT_TYPE, encoding.media_type());
        response.body(self.paced(page, encoding)).expect("a valid head")
    }

    fn paced(&self, page: Page, encoding: Encoding) -> Body {
        let Page { body, json_bytes } = page;
        let slower = match self.pace {
            Pace::Larger => 1,
            Pace::Slower(times) => times,
            Pace::Unbounded => return Full::from(body).boxed(),
        };
        let rate = match encoding {
            Encoding::Json => JSON_BYTES_A_SECOND,
            Encoding::Protobuf => PROTOBUF_BYTES_A_SECOND,
        } / slower;
        #[expect(clippy::cast_precision_loss, reason = "pages are far below 2^52 bytes")]
        let seconds_a_byte = json_bytes as f64 / f64::from(rate) / body.len() as f64;
        let began = Instant::now();
        let pieces =
            stream::unfold((Bytes::from(body), 0_usize), move |(mut rest, sent)| async move {
                if rest.is_empty() {
                    return None;
                }
                let piece = rest.split_to(PIECE.min(rest.len()));
                let sent = sent + piece.len();
                // A piece is there when its last byte is encoded.
                #[expect(clippy::cast_precision_loss, reason = "pages are far below 2^52 bytes")]
                sleep_until(began + Duration::from_secs_f64(sent as f64 * seconds_a_byte)).await;
                Some((Ok(Frame::data(piece)), (rest, sent)))
            });
        BodyExt::boxed(StreamBody::new(Box::pin(pieces)))
    }
}

/// Protobuf only if it is asked for first.
fn encoding(accept: &str) -> Encoding {
    let first = accept.split(',').next().unwrap_or_default().trim();
    if first.starts_with(Encoding::Protobuf.media_type()) {
        Encoding::Protobuf
    } else {
        Encoding::Json
    }
}

/// The aggregated form, whatever was asked for: what understands it asks for it.
fn discovery(core: bool) -> Response<Body> {
    let resource = |(plural, kind, namespaced): &(&str, &str, bool)| {
        json!({
            "resource": plural, "singularResource": kind.to_lowercase(),
            "responseKind": {"group": "", "version": "", "kind": kind},
            "scope": if *namespaced { "Namespaced" } else { "Cluster" }, "verbs": ["get", "list"],
        })
    };
    let groups = SERVED.iter().filter(|(group, _, _)| group.is_empty() == core);
    let groups: Vec<Value> = groups
        .map(|(group, version, kinds)| {
            json!({"metadata": {"name": group}, "versions": [{
                "version": version, "freshness": "Current",
                "resources": kinds.iter().map(resource).collect::<Vec<_>>(),
            }]})
        })
        .collect();
    let list = json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {}, "items": groups});
    let kind = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    respond(StatusCode::OK, kind, &list)
}

fn refuse(code: StatusCode, reason: &str, message: &str) -> Response<Body> {
    let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": code.as_u16()});
    respond(code, "application/json", &status)
}

fn respond(code: StatusCode, kind: &str, body: &Value) -> Response<Body> {
    let response = Response::builder().status(code).header(CONTENT_TYPE, kind);
    response.body(Full::from(body.to_string()).boxed()).expect("a valid head")
}
