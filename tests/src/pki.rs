//! Certificates of a control plane: one authority, and what it signs.

use std::{path::Path, sync::Arc};

use anyhow::{Context as _, Result};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
};
use tokio_rustls::rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject as _},
};

/// A certificate authority that lives as long as its control plane.
#[derive(Debug)]
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate with its key.
pub(crate) struct Leaf {
    certificate: Certificate,
    key: KeyPair,
}

/// Whether a certificate is still good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Validity {
    Current,
    /// Ended in 2001.
    Expired,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Result<Self> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        Ok(Self(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?))
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A serving certificate for the loopback addresses.
    pub(crate) fn server(&self) -> Result<Leaf> {
        let mut params = CertificateParams::new(["127.0.0.1".to_owned(), "localhost".to_owned()])?;
        params.distinguished_name.push(DnType::CommonName, "kube-apiserver");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(&params)
    }

    /// A client certificate; the API server reads the common name as user, the organization as group.
    pub(crate) fn client(&self, user: &str, group: &str, validity: Validity) -> Result<Leaf> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, user);
        params.distinguished_name.push(DnType::OrganizationName, group);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        if validity == Validity::Expired {
            params.not_after = rcgen::date_time_ymd(2001, 1, 1);
        }
        self.sign(&params)
    }

    fn sign(&self, params: &CertificateParams) -> Result<Leaf> {
        let key = KeyPair::generate()?;
        Ok(Leaf { certificate: params.signed_by(&key, &self.0)?, key })
    }

    /// How to be a client that trusts this authority alone.
    pub(crate) fn client_config(&self, client: Option<&Leaf>) -> Result<ClientConfig> {
        let client = client.map(|leaf| (leaf.chain(), leaf.secret()));
        client_config(self.0.der().clone(), client)
    }

    /// How to be a server that this authority vouches for, and that speaks HTTP/2 and HTTP/1.1.
    pub(crate) fn server_config(&self) -> Result<ServerConfig> {
        let leaf = self.server()?;
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(leaf.chain(), leaf.secret())?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

impl Leaf {
    /// Writes `<name>.crt` and `<name>.key`.
    pub(crate) fn write(&self, folder: &Path, name: &str) -> Result<()> {
        write(&folder.join(format!("{name}.crt")), &self.certificate.pem())?;
        write(&folder.join(format!("{name}.key")), &self.key.serialize_pem())
    }

    fn chain(&self) -> Vec<CertificateDer<'static>> {
        vec![self.certificate.der().clone()]
    }

    fn secret(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.serialize_der()).into()
    }
}

/// As [`Authority::client_config`], from the PEM files of others: authority, certificate and key.
pub(crate) fn client_config_of(
    authority: &[u8],
    client: &[u8],
    key: &[u8],
) -> Result<ClientConfig> {
    let authority = CertificateDer::from_pem_slice(authority).context("no certificate")?;
    let chain = CertificateDer::pem_slice_iter(client).collect::<Result<_, _>>();
    let key = PrivateKeyDer::from_pem_slice(key).context("no private key")?;
    client_config(authority, Some((chain.context("no certificate")?, key)))
}

type Credentials = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn client_config(
    authority: CertificateDer<'static>,
    client: Option<Credentials>,
) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(authority)?;
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots);
    Ok(match client {
        Some((chain, key)) => config.with_client_auth_cert(chain, key)?,
        None => config.with_no_client_auth(),
    })
}

/// Writes `<name>.key` and `<name>.pub`, for signing service account tokens and for checking them.
pub(crate) fn write_key_pair(folder: &Path, name: &str) -> Result<()> {
    let key = KeyPair::generate()?;
    write(&folder.join(format!("{name}.key")), &key.serialize_pem())?;
    write(&folder.join(format!("{name}.pub")), &key.public_key_pem())
}

pub(crate) fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| format!("could not write {}", path.display()))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
