//! The API server's certificate, looked at from outside: shown by a handshake of our own, so that
//! one that is not trusted, or has another name, is reported and not merely refused.

use std::{sync::Arc, time::Duration};

use assay_model::{
    Cause, Gap, Resource, certificate::Authority, control_plane::ServingCertificate,
};
use jiff::Timestamp;
use kube::Config;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;
use x509_parser::{certificate::X509Certificate, prelude::FromDer as _, x509::X509Name};

use crate::{config_maps, hello};

/// Looks at the certificate of the server that `config` names.
///
/// # Errors
///
/// A gap: no TLS there, a proxy in between, no handshake within `limit`, or no X.509 certificate.
pub(crate) async fn look(config: &Config, limit: Duration) -> Result<ServingCertificate, Gap> {
    let gap = |cause, message: String| Gap::whole(Resource::ServingCertificate, cause, message);
    let unavailable = |message: String| gap(Cause::Unavailable, message);
    if config.cluster_url.scheme_str() != Some("https") {
        return Err(unavailable("the server's URL is plain HTTP: it shows no certificate".into()));
    }
    if config.proxy_url.is_some() {
        let message = "a proxy stands before the server: run from where it can be dialled";
        return Err(unavailable(message.to_owned()));
    }
    let host = config.cluster_url.host().unwrap_or_default().trim_matches(['[', ']']);
    let port = config.cluster_url.port_u16().unwrap_or(443);
    let expected = config.tls_server_name.as_deref().unwrap_or(host);
    let name = ServerName::try_from(expected.to_owned())
        .map_err(|it| unavailable(format!("{expected}: {it}")))?;

    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let chain = match timeout(limit, handshake(host, port, name.clone(), &provider)).await {
        Ok(Ok(chain)) => chain,
        Ok(Err(error)) => return Err(unavailable(format!("the handshake failed: {error}"))),
        Err(_) => {
            let message = format!("no handshake within {} seconds", limit.as_secs_f64());
            return Err(gap(Cause::Timeout, message));
        }
    };
    let Some((leaf, intermediates)) = chain.split_first() else {
        return Err(unavailable("the server showed no certificate".to_owned()));
    };
    let (_, parsed) = X509Certificate::from_der(leaf)
        .map_err(|it| unavailable(format!("its certificate could not be read: {it}")))?;
    let verifier = verifier(config.root_cert.as_deref(), provider)
        .map_err(|it| unavailable(format!("the certificate authority could not be used: {it}")))?;
    let time = |it: i64| Timestamp::from_second(it).unwrap_or(Timestamp::MAX);
    let not_before = time(parsed.validity().not_before.timestamp());
    let bracketed = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };

    Ok(ServingCertificate {
        endpoint: format!("{bracketed}:{port}").into(),
        subject: name_of(parsed.subject()).into(),
        issuer: name_of(parsed.issuer()).into(),
        not_before,
        not_after: time(parsed.validity().not_after.timestamp()),
        names_endpoint: ParsedCertificate::try_from(leaf)
            .is_ok_and(|it| verify_server_name(&it, &name).is_ok()),
        trusted: is_trusted(&*verifier, leaf, intermediates, &name, not_before),
        verification_skipped: config.accept_invalid_certs,
        authorities: authorities(intermediates)
            .ok_or_else(|| unavailable("its chain could not be read".to_owned()))?,
        accepts: hello::accepted((host, port), expected, limit).await,
    })
}

/// The authorities in a chain; `None` when one of its certificates cannot be read.
fn authorities(chain: &[CertificateDer<'_>]) -> Option<Vec<Authority>> {
    let mut authorities = Vec::new();
    for der in chain {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        if certificate.is_ca() {
            authorities.push(config_maps::authority(&certificate, der));
        }
    }
    Some(authorities)
}

async fn handshake(
    host: &str,
    port: u16,
    name: ServerName<'static>,
    provider: &Arc<CryptoProvider>,
) -> std::io::Result<Vec<CertificateDer<'static>>> {
    let config = ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .map_err(std::io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Onlooker(Arc::clone(provider))))
        .with_no_client_auth();
    let stream = TcpStream::connect((host, port)).await?;
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    Ok(stream.get_ref().1.peer_certificates().unwrap_or_default().to_vec())
}

/// What the scan itself trusts: the kubeconfig's authority, else the system's.
fn verifier(
    roots: Option<&[Vec<u8>]>,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, Box<dyn std::error::Error>> {
    let Some(roots) = roots else {
        return Ok(Arc::new(rustls_platform_verifier::Verifier::new(provider)?));
    };
    let mut store = RootCertStore::empty();
    for root in roots {
        store.add(CertificateDer::from(root.as_slice()))?;
    }
    Ok(WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider).build()?)
}

/// Whether the chain leads to a trusted root, whatever the names and the time of day say: those are
/// reported apart.
fn is_trusted(
    verifier: &dyn ServerCertVerifier,
    leaf: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
    name: &ServerName<'_>,
    not_before: Timestamp,
) -> bool {
    let verify = |at| match verifier.verify_server_cert(leaf, intermediates, name, &[], at) {
        Ok(_) => None,
        Err(rustls::Error::InvalidCertificate(it)) => Some(it),
        Err(_) => Some(CertificateError::UnknownIssuer),
    };
    let mut wrong = verify(UnixTime::now());
    if let Some(
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. },
    ) = wrong
    {
        let seconds = u64::try_from(not_before.as_second()).unwrap_or_default();
        wrong = verify(UnixTime::since_unix_epoch(Duration::from_secs(seconds)));
    }
    matches!(
        wrong,
        None | Some(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
        )
    )
}

/// The common name, or all of it when there is none.
pub(crate) fn name_of(name: &X509Name<'_>) -> String {
    let common = name.iter_common_name().find_map(|it| it.as_str().ok());
    common.map_or_else(|| name.to_string(), str::to_owned)
}

/// Lets any certificate pass, but no signature that it did not make: nothing is sent over this
/// connection, and what it showed is judged afterwards.
#[derive(Debug)]
pub(crate) struct Onlooker(pub(crate) Arc<CryptoProvider>);

impl ServerCertVerifier for Onlooker {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, leaf, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, leaf, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use assay_model::control_plane::TlsOffer;
    use rcgen::{
        BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd,
    };
    use rustls::{ServerConfig, pki_types::PrivateKeyDer};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    use super::*;

    struct Authority {
        issuer: Issuer<'static, KeyPair>,
        der: Vec<u8>,
    }

    fn authority(name: &str) -> Authority {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let der = params.self_signed(&key).expect("a certificate").der().to_vec();
        Authority { issuer: Issuer::new(params, key), der }
    }

    /// Serves a certificate of `authority` for `name`, valid until the year `until`, and looks at
    /// it, trusting `root`.
    async fn seen(
        authority: &Authority,
        name: &str,
        until: i32,
        root: &[u8],
    ) -> ServingCertificate {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
        params.distinguished_name.push(DnType::CommonName, "kube-apiserver");
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        let leaf = params.signed_by(&key, &authority.issuer).expect("a certificate");
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], key)
            .expect("a certificate and its key");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            let acceptor = TlsAcceptor::from(Arc::new(server));
            while let Ok((stream, _)) = listener.accept().await {
                // Most of them offer what it does not have.
                drop(acceptor.accept(stream).await);
            }
        });
        let mut config = Config::new(format!("https://{address}").parse().expect("a URL"));
        config.root_cert = Some(vec![root.to_vec()]);
        look(&config, Duration::from_secs(10)).await.expect("a certificate")
    }

    #[tokio::test]
    async fn what_is_wrong_with_a_certificate_is_told_apart() {
        let (ours, other) = (authority("ours"), authority("other"));
        let told = |it: &ServingCertificate| (it.trusted, it.names_endpoint);

        let good = seen(&ours, "127.0.0.1", 2100, &ours.der).await;
        assert_eq!(told(&good), (true, true));
        assert_eq!((&*good.subject, &*good.issuer), ("kube-apiserver", "ours"));
        assert_eq!(good.not_before.to_string(), "2020-01-01T00:00:00Z");
        assert_eq!(good.not_after.to_string(), "2100-01-01T00:00:00Z");
        assert!(good.endpoint.starts_with("127.0.0.1:"));
        for offer in TlsOffer::ALL {
            assert_eq!(good.accepts.get(&offer), Some(&(offer == TlsOffer::Aead)), "{offer:?}");
        }

        assert_eq!(told(&seen(&ours, "other.example", 2100, &ours.der).await), (true, false));
        assert_eq!(told(&seen(&ours, "127.0.0.1", 2100, &other.der).await), (false, true));
        assert_eq!(told(&seen(&ours, "other.example", 2100, &other.der).await), (false, false));
        let expired = seen(&ours, "127.0.0.1", 2021, &ours.der).await;
        assert_eq!(told(&expired), (true, true), "the dates tell of themselves");
        let expired = seen(&ours, "127.0.0.1", 2021, &other.der).await;
        assert_eq!(told(&expired), (false, true));
    }

    #[tokio::test]
    async fn without_a_handshake_there_is_a_gap() {
        let look_at = async |url: &'static str, proxy: Option<&'static str>| {
            let mut config = Config::new(http::Uri::from_static(url));
            config.proxy_url = proxy.map(http::Uri::from_static);
            look(&config, Duration::from_secs(10)).await.expect_err("a gap").message
        };
        assert!(look_at("http://127.0.0.1:1", None).await.contains("plain HTTP"));
        assert!(look_at("https://api:6443", Some("http://proxy:1")).await.contains("proxy"));
        assert!(look_at("https://127.0.0.1:1", None).await.contains("handshake failed"));
    }
}
