//! The configuration that each kubelet runs with, as its `configz` answers; and from 1.36 on what its
//! `/flagz` says of the few flags that no configuration can set, which takes the same right.
//!
//! | way      | who decides                                         | what it takes                        |
//! |----------|-----------------------------------------------------|--------------------------------------|
//! | `direct` | the kubelet, which knows the narrow right           | `get` on `nodes/configz`, and a      |
//! |          |                                                     | serving certificate of the cluster   |
//! | `proxy`  | the API server, which knows only the wide one       | `get` on `nodes/proxy`: root on nodes|
//!
//! A direct request carries our credentials to whoever answers, so none is sent before the other end
//! has proven to be that node's kubelet: its certificate leads to the cluster's authority, is of
//! `system:node:NAME` in `system:nodes`, and holds the address that was dialled.

use std::{net::IpAddr, sync::Arc, time::Duration};

use assay_model::{
    Cause, Gap, Resource,
    control_plane::Version,
    node::{KubeletConfig, Node},
};
use bytes::Bytes;
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::TokioExecutor,
};
use kube::{
    Client, Config,
    client::{Body, ConfigExt as _, middleware::AuthLayer},
};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore,
    SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use serde::Deserialize;
use tower::{BoxError, Layer as _, ServiceBuilder, ServiceExt as _};
use x509_parser::{certificate::X509Certificate, prelude::FromDer as _};

use crate::{
    Connection,
    api::{Api, Ask, Failure, Meter, Refusal, encoded},
    certificate::Onlooker,
    error::cause,
    metrics,
};

/// The port of a kubelet that does not tell its own.
const PORT: i32 = 10250;

/// Longest wait for a TCP connection: nodes are often out of reach, and there are many.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The first minor whose kubelets tell their flags.
const FLAGZ_SINCE: (u32, u32) = (1, 36);

/// How kubelets are asked for their configuration.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KubeletAccess {
    /// They are not.
    #[default]
    Off,
    /// Directly; those that do not answer so, through the API server.
    Auto,
    /// Each at its own address.
    Direct,
    /// Through the API server.
    Proxy,
}

/// Asks kubelets.
pub(crate) struct Kubelets<'a> {
    api: &'a Api,
    meter: &'a Meter,
    access: KubeletAccess,
    /// How kubelets are dialled, or why they are not.
    direct: Result<Dialler, Hindrance>,
}

/// Why no kubelet can be dialled.
#[derive(Debug, Clone)]
struct Hindrance(Cause, &'static str);

/// What is the same for all kubelets.
struct Dialler {
    tls: ClientConfig,
    auth: Option<AuthLayer>,
    /// `None` when any certificate will do.
    roots: Option<Arc<RootCertStore>>,
}

impl<'a> Kubelets<'a> {
    /// Prepares to ask. Runs the kubeconfig's exec plugin if kubelets are to be dialled.
    pub(crate) async fn new(
        connection: &Connection,
        api: &'a Api,
        meter: &'a Meter,
        access: KubeletAccess,
        insecure: bool,
    ) -> Self {
        let direct = if connection.impersonated() {
            let why = "a kubelet does not honour --as, so it would tell what you may read yourself";
            Err(Hindrance(Cause::NotImpersonable, why))
        } else if matches!(access, KubeletAccess::Auto | KubeletAccess::Direct) {
            let config = connection.config.clone();
            let made = tokio::task::spawn_blocking(move || Dialler::of(&config, insecure)).await;
            made.unwrap_or(Err(Hindrance(
                Cause::Unavailable,
                "the credentials could not be loaded",
            )))
        } else {
            Err(Hindrance(Cause::NotRequested, "kubelets are asked through the API server"))
        };
        Kubelets { api, meter, access, direct }
    }

    /// The configuration of a node's kubelet, and what it says of its flags.
    ///
    /// # Errors
    ///
    /// A gap of that node.
    pub(crate) async fn ask(&self, node: &Node) -> Result<KubeletConfig, Gap> {
        let direct = match self.access {
            KubeletAccess::Proxy => return self.through_server(node).await,
            KubeletAccess::Off => return Err(gap(node, Cause::NotRequested, String::new())),
            KubeletAccess::Auto | KubeletAccess::Direct => self.directly(node).await,
        };
        match (direct, self.access) {
            (Err(direct), KubeletAccess::Auto) => {
                self.through_server(node).await.map_err(|proxy| {
                    let message =
                        format!("directly: {}; by proxy: {}", direct.message, proxy.message);
                    Gap { message, ..direct }
                })
            }
            (direct, _) => direct,
        }
    }

    async fn directly(&self, node: &Node) -> Result<KubeletConfig, Gap> {
        let dialler = match &self.direct {
            Ok(dialler) => dialler,
            Err(Hindrance(cause, why)) => return Err(gap(node, cause.clone(), (*why).to_owned())),
        };
        let Some(address) = address(node) else {
            let message = "the node tells no internal address".to_owned();
            return Err(gap(node, Cause::Unavailable, message));
        };
        let endpoint = &node.status.daemon_endpoints.kubelet_endpoint;
        let port = if endpoint.port == 0 { PORT } else { endpoint.port };
        let client = dialler
            .client(&node.metadata.name, address, port)
            .map_err(|it| gap(node, Cause::Unavailable, it.to_string()))?;
        let answer = self.api.once(&client, Ask::json("/configz"), self.meter).await;
        let answer = answer.map_err(|it| gap(node, it.cause(), unanswered(&it)))?;
        match answer.status {
            200..=299 => {
                let config = configuration(node, &answer.body)?;
                let flags = match flagz(node) {
                    Some(ask) => self.api.once(&client, ask, self.meter).await.ok(),
                    None => None,
                };
                let flags = flags.filter(|it| it.status == 200);
                Ok(with_flags(config, flags.map(|it| it.body)))
            }
            code => {
                let refusal = Refusal::new(code, answer.encoding, &answer.body);
                let message = match code {
                    401 => "the kubelet does not know the credentials".to_owned(),
                    403 => "the kubelet refuses get on nodes/configz (or nodes/proxy, before 1.32)"
                        .to_owned(),
                    _ => Failure::Status(refusal.clone()).to_string(),
                };
                Err(gap(node, Failure::Status(refusal).cause(), message))
            }
        }
    }

    async fn through_server(&self, node: &Node) -> Result<KubeletConfig, Gap> {
        let path = format!("/api/v1/nodes/{}/proxy/configz", encoded(&node.metadata.name));
        let answer = self.api.ask(Ask::json(&path), self.meter).await;
        let answer = answer.map_err(|it| gap(node, it.cause(), it.to_string()))?;
        let config = configuration(node, &answer.body)?;
        let path = format!("/api/v1/nodes/{}/proxy/flagz", encoded(&node.metadata.name));
        let flags = match flagz(node) {
            Some(ask) => self.api.ask(Ask { path: &path, ..ask }, self.meter).await.ok(),
            None => None,
        };
        Ok(with_flags(config, flags.map(|it| it.body)))
    }
}

fn gap(node: &Node, cause: Cause, message: String) -> Gap {
    Gap::part(Resource::KubeletConfigs, node.metadata.name.clone(), cause, message)
}

fn configuration(node: &Node, body: &[u8]) -> Result<KubeletConfig, Gap> {
    #[derive(Deserialize)]
    struct Configz {
        kubeletconfig: KubeletConfig,
    }
    let Ok(Configz { kubeletconfig }) = serde_json::from_slice(body) else {
        let message = "the answer is no configuration of a kubelet".to_owned();
        return Err(gap(node, Cause::Malformed(1), message));
    };
    Ok(KubeletConfig { node: node.metadata.name.clone(), flags: None, ..kubeletconfig })
}

/// How a kubelet is asked for its flags; `None` when it is too old to tell.
fn flagz(node: &Node) -> Option<Ask<'static>> {
    let minor = Version::minor_of(&node.status.node_info.kubelet_version)?;
    (minor >= FLAGZ_SINCE).then(|| Ask { accept: metrics::FLAGZ, ..Ask::json("/flagz") })
}

/// That a kubelet keeps its flags to itself takes nothing from what it says of its configuration.
fn with_flags(config: KubeletConfig, body: Option<Bytes>) -> KubeletConfig {
    let flags = body.and_then(|it| metrics::kubelet_flags(&it));
    KubeletConfig { flags, ..config }
}

/// Where a node says that its kubelet is.
fn address(node: &Node) -> Option<IpAddr> {
    let mut addresses = node.status.addresses.iter();
    addresses.find(|it| &*it.type_ == "InternalIP")?.address.parse().ok()
}

/// Why a kubelet did not answer; of one that is not what it should be, what would cure it.
fn unanswered(failure: &Failure) -> String {
    let Failure::Connection(error) = failure else { return failure.to_string() };
    match cause::<Error>(error) {
        Some(Error::InvalidCertificate(why)) => format!(
            "its serving certificate is not that of the node's kubelet ({}): set serverTLSBootstrap \
             in its configuration and approve its request, or use --kubelet proxy",
            told(why)
        ),
        _ => failure.to_string(),
    }
}

fn told(why: &CertificateError) -> String {
    match why {
        // One of another authority of the same name fails by its signature.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "the cluster's CA did not sign it".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it does not hold the address".to_owned()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "it has expired".to_owned()
        }
        CertificateError::Other(it) => it.to_string(),
        other => other.to_string(),
    }
}

impl Dialler {
    fn of(config: &Config, insecure: bool) -> Result<Self, Hindrance> {
        let unusable = |why| Hindrance(Cause::Unavailable, why);
        let roots = if insecure { None } else { Some(Arc::new(roots(config)?)) };
        let credentials = |_| unusable("the credentials could not be loaded");
        Ok(Dialler {
            tls: config.rustls_client_config().map_err(credentials)?,
            auth: config.auth_layer().map_err(credentials)?,
            roots,
        })
    }

    /// A client that talks to one kubelet, and to nobody else.
    fn client(&self, node: &str, address: IpAddr, port: i32) -> Result<Client, BoxError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = self.tls.clone();
        tls.dangerous().set_certificate_verifier(match &self.roots {
            None => Arc::new(Onlooker(provider)),
            Some(roots) => Arc::new(Verifier::new(node, Arc::clone(roots), provider)?),
        });
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let https = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_only()
            .enable_http1()
            .wrap_connector(http);
        let host = match address {
            IpAddr::V4(it) => it.to_string(),
            IpAddr::V6(it) => format!("[{it}]"),
        };
        let base = Config::new(format!("https://{host}:{port}").parse()?).base_uri_layer();
        let plain = legacy::Client::builder(TokioExecutor::new()).build::<_, Body>(https);
        let plain = ServiceBuilder::new().layer(base).map_err(BoxError::from).service(plain);
        Ok(match &self.auth {
            None => Client::new(plain, "default"),
            Some(auth) => Client::new(auth.layer(plain).map_err(BoxError::from), "default"),
        })
    }
}

fn roots(config: &Config) -> Result<RootCertStore, Hindrance> {
    let none = "the kubeconfig names no CA of the cluster, by which a kubelet could be told from \
                somebody else: use --kubelet proxy";
    let authorities = config.root_cert.as_deref().unwrap_or_default();
    let mut store = RootCertStore::empty();
    for authority in authorities {
        store
            .add(CertificateDer::from(authority.as_slice()))
            .map_err(|_| Hindrance(Cause::Unavailable, "the CA of the kubeconfig is not usable"))?;
    }
    if store.is_empty() { Err(Hindrance(Cause::Unavailable, none)) } else { Ok(store) }
}

/// Accepts the serving certificate of one node's kubelet.
#[derive(Debug)]
struct Verifier {
    user: String,
    chain: Arc<WebPkiServerVerifier>,
}

/// Why a certificate that the cluster's authority signed is not the kubelet's.
#[derive(Debug, thiserror::Error)]
enum Stranger {
    #[error("it cannot be read")]
    Unreadable,
    #[error("it is not of {0}")]
    AnotherUser(String),
    #[error("it is not of the group system:nodes")]
    NoNode,
}

impl Verifier {
    fn new(
        node: &str,
        roots: Arc<RootCertStore>,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, BoxError> {
        let chain = WebPkiServerVerifier::builder_with_provider(roots, provider).build()?;
        Ok(Verifier { user: format!("system:node:{node}"), chain })
    }

    fn is_the_kubelets(&self, leaf: &CertificateDer<'_>) -> Result<(), Stranger> {
        let (_, leaf) = X509Certificate::from_der(leaf).map_err(|_| Stranger::Unreadable)?;
        let is = |it: &x509_parser::x509::AttributeTypeAndValue<'_>, text: &str| {
            it.as_str().is_ok_and(|it| it == text)
        };
        // The API server takes the last common name for the user; one is all that a kubelet has.
        let mut users = leaf.subject().iter_common_name();
        if !(users.next().is_some_and(|it| is(it, &self.user)) && users.next().is_none()) {
            return Err(Stranger::AnotherUser(self.user.clone()));
        }
        if !leaf.subject().iter_organization().any(|it| is(it, "system:nodes")) {
            return Err(Stranger::NoNode);
        }
        Ok(())
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.chain.verify_server_cert(leaf, intermediates, name, ocsp, now)?;
        self.is_the_kubelets(leaf).map_err(|why| {
            Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(why))))
        })?;
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chain.verify_tls12_signature(message, leaf, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chain.verify_tls13_signature(message, leaf, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chain.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests;
