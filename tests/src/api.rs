//! A plain HTTP client of an API server: what a test sees through it is what the server sent.

use anyhow::{Context as _, Result, bail};
use http_body_util::{BodyExt as _, Full, combinators::BoxBody};
use hyper::{
    HeaderMap, Method, Request, StatusCode,
    body::Bytes,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE},
    http::request::Builder,
};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;
use tokio::runtime::Handle;
use tokio_rustls::rustls::ClientConfig;

/// Connections to one server, kept and shared.
pub(crate) type Connections = Client<HttpsConnector<HttpConnector>, BoxBody<Bytes, hyper::Error>>;

/// An API server as one identity sees it. Clones share connections.
///
/// Its calls block, so they are for plain tests and not for async ones.
#[derive(Clone, Debug)]
pub struct Api {
    connections: Connections,
    origin: String,
    token: Option<String>,
    handle: Handle,
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Such as 200.
    pub status: StatusCode,
    /// As sent.
    pub headers: HeaderMap,
    /// As sent, complete.
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON; of a refusal, the API server's `Status`.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body)
            .with_context(|| format!("{} with a body that is not JSON", self.status))
    }

    /// The JSON body of a success; otherwise the server's reason as an error.
    pub fn success(&self) -> Result<Value> {
        if !self.status.is_success() {
            bail!("{}: {}", self.status, self.message());
        }
        self.json()
    }

    /// What the server said in its `Status`, else the body as text.
    pub(crate) fn message(&self) -> String {
        self.json()
            .ok()
            .and_then(|status| Some(status.get("message")?.as_str()?.to_owned()))
            .unwrap_or_else(|| String::from_utf8_lossy(&self.body).into_owned())
    }
}

impl Api {
    pub(crate) fn new(
        origin: &str,
        config: ClientConfig,
        token: Option<String>,
        handle: Handle,
    ) -> Self {
        Self { connections: connections(config), origin: origin.to_owned(), token, handle }
    }

    /// Asks for `path` (with its query), such as `/api/v1/pods?limit=2`.
    ///
    /// # Errors
    ///
    /// No connection, or a body that ended early; a refusal is an [`Answer`].
    pub fn get(&self, path: &str) -> Result<Answer> {
        self.handle.block_on(self.send(&Method::GET, path, None))
    }

    /// Asks for `path` in an encoding of the caller's choice: `accept` is the header.
    ///
    /// # Errors
    ///
    /// As [`Api::get`].
    pub fn get_as(&self, path: &str, accept: &str) -> Result<Answer> {
        let request = self.request(&Method::GET, path).header(ACCEPT, accept);
        self.handle.block_on(self.answer(request.body(Full::default())?, path))
    }

    /// Creates `object` in the collection `path`.
    ///
    /// # Errors
    ///
    /// As [`Api::get`].
    pub fn post(&self, path: &str, object: &Value) -> Result<Answer> {
        self.handle.block_on(self.send(&Method::POST, path, Some(object)))
    }

    /// Changes the object at `path` by a JSON merge patch, `change`.
    ///
    /// # Errors
    ///
    /// As [`Api::get`].
    pub fn patch(&self, path: &str, change: &Value) -> Result<Answer> {
        self.handle.block_on(self.send(&Method::PATCH, path, Some(change)))
    }

    /// Deletes the object at `path`.
    ///
    /// # Errors
    ///
    /// As [`Api::get`].
    pub fn delete(&self, path: &str) -> Result<Answer> {
        self.handle.block_on(self.send(&Method::DELETE, path, None))
    }

    pub(crate) async fn send(
        &self,
        method: &Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer> {
        let mut request = self.request(method, path);
        if body.is_some() {
            let merge = "application/merge-patch+json";
            let kind = if method == Method::PATCH { merge } else { "application/json" };
            request = request.header(CONTENT_TYPE, kind);
        }
        let bytes = body.map(serde_json::to_vec).transpose()?.unwrap_or_default();
        self.answer(request.body(Full::from(bytes))?, path).await
    }

    fn request(&self, method: &Method, path: &str) -> Builder {
        let request = Request::builder().method(method).uri(format!("{}{path}", self.origin));
        match &self.token {
            Some(token) => request.header(AUTHORIZATION, format!("Bearer {token}")),
            None => request,
        }
    }

    async fn answer(&self, request: Request<Full<Bytes>>, path: &str) -> Result<Answer> {
        let asked = format!("{} {path}", request.method());
        let asked = || asked.clone();
        let request = request.map(|it| it.map_err(|never| match never {}).boxed());
        let response = self.connections.request(request).await.with_context(asked)?;
        let (head, body) = response.into_parts();
        let body = body.collect().await.with_context(asked)?.to_bytes();
        Ok(Answer { status: head.status, headers: head.headers, body })
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }
}

pub(crate) fn connections(config: ClientConfig) -> Connections {
    let https = HttpsConnectorBuilder::new()
        .with_tls_config(config)
        .https_only()
        .enable_all_versions()
        .build();
    Client::builder(TokioExecutor::new()).build(https)
}
