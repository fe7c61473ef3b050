//! An API server made of one function.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, Full, StreamBody, combinators::UnsyncBoxBody};
use kube::{
    Client,
    client::{Body, DynBody},
};
use serde_json::{Value, json};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// What the server does with a request.
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Option<UnsyncBoxBody<Bytes, Error>>,
}

impl Reply {
    /// 200 and JSON.
    pub(crate) fn json(body: &Value) -> Self {
        Self::text(200, &body.to_string())
    }

    /// 200 and a list of a built-in kind: metadata first. An empty token ends it.
    pub(crate) fn list(items: &[Value], token: &str) -> Self {
        Self::text(
            200,
            &format!(
                r#"{{"kind":"List","apiVersion":"v1","metadata":{{"resourceVersion":"1","continue":"{token}"}},"items":{}}}"#,
                json!(items)
            ),
        )
    }

    /// A Kubernetes `Status`.
    pub(crate) fn status(code: u16, message: &str) -> Self {
        let body = json!({"kind": "Status", "apiVersion": "v1", "code": code, "message": message});
        Self::text(code, &body.to_string())
    }

    /// 410, with the token to go on by; empty for none.
    pub(crate) fn expired(token: &str) -> Self {
        let body = json!({"kind": "Status", "apiVersion": "v1", "code": 410,
            "message": "the token is too old", "metadata": {"continue": token}});
        Self::text(410, &body.to_string())
    }

    /// Any status and text.
    pub(crate) fn text(status: u16, text: &str) -> Self {
        let whole = Full::new(Bytes::from(text.to_owned())).map_err(|never| match never {});
        Reply { status, headers: Vec::new(), body: Some(whole.boxed_unsync()) }
    }

    /// 200, and a body that breaks off after `text`.
    pub(crate) fn cut(text: &str) -> Self {
        let frames =
            [Ok(Frame::data(Bytes::from(text.to_owned()))), Err(Error::from("connection reset"))];
        let body = StreamBody::new(stream::iter(frames)).boxed_unsync();
        Reply { status: 200, headers: Vec::new(), body: Some(body) }
    }

    /// 200, and a body of which no more than `text` ever comes.
    pub(crate) fn stalled(text: &str) -> Self {
        let frames = stream::iter([Ok(Frame::data(Bytes::from(text.to_owned())))]);
        let body = StreamBody::new(frames.chain(stream::pending())).boxed_unsync();
        Reply { status: 200, headers: Vec::new(), body: Some(body) }
    }

    /// No answer at all.
    pub(crate) fn silence() -> Self {
        Reply { status: 200, headers: Vec::new(), body: None }
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// The paths that were asked for, with their queries, in order.
#[derive(Clone, Default)]
pub(crate) struct Asked(Arc<Mutex<Vec<String>>>);

impl Asked {
    pub(crate) fn paths(&self) -> Vec<String> {
        self.0.lock().expect("the lock").clone()
    }

    pub(crate) fn count(&self, part: &str) -> usize {
        self.paths().iter().filter(|it| it.contains(part)).count()
    }
}

/// A client of a server that answers each path, with its query, by `answer`.
pub(crate) fn server(mut answer: impl FnMut(&str) -> Reply + Send + 'static) -> (Client, Asked) {
    let (service, mut handle) = tower_test::mock::pair::<Request<Body>, Response<Box<DynBody>>>();
    let asked = Asked::default();
    let log = asked.clone();
    tokio::spawn(async move {
        let mut unanswered = Vec::new();
        while let Some((request, send)) = handle.next_request().await {
            let path = request.uri().path_and_query().expect("a path").to_string();
            log.0.lock().expect("the lock").push(path.clone());
            let reply = answer(&path);
            let Some(body) = reply.body else {
                unanswered.push(send);
                continue;
            };
            let mut response = Response::builder().status(reply.status);
            for (name, value) in reply.headers {
                response = response.header(name, value);
            }
            let body: Box<DynBody> = Box::new(body);
            send.send_response(response.body(body).expect("a response"));
        }
    });
    (Client::new(service, "default"), asked)
}

/// A pod with nothing to it.
pub(crate) fn pod(namespace: &str, name: &str) -> Value {
    json!({
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
        "status": {"phase": "Running"},
    })
}

/// An object of which only the metadata matter.
pub(crate) fn named(namespace: &str, name: &str) -> Value {
    json!({"metadata": {"name": name, "namespace": namespace}})
}
