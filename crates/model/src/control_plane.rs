//! What the API server tells of itself: its version, its certificate, and what it tells a stranger.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Labels, Map, certificate::Authority};

/// The answer to `GET /version`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Version {
    /// `v1.37.2`, with the distribution's suffix.
    pub git_version: Arc<str>,
}

impl Version {
    /// Major and minor of a version such as `v1.37.2-eks-1`; `None` when it is not of that form.
    pub fn minor_of(version: &str) -> Option<(u32, u32)> {
        let mut numbers = version.strip_prefix('v').unwrap_or(version).split(['.', '-', '+']);
        let major = numbers.next()?.parse().ok()?;
        let minor = numbers.next()?.parse().ok()?;
        Some((major, minor))
    }

    /// Major and minor of this version.
    pub fn minor(&self) -> Option<(u32, u32)> {
        Self::minor_of(&self.git_version)
    }
}

/// What one request without credentials was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeAnswer {
    /// The path that was asked.
    pub path: Arc<str>,
    /// HTTP status code.
    pub status: u16,
    /// Whether Kubernetes answered (a `Status`, or the resource), rather than something in front.
    pub kubernetes: bool,
}

/// What requests on a fresh connection without credentials were answered, in the order asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AnonymousProbe(pub Vec<ProbeAnswer>);

/// The certificate that the API server showed, and how it was verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServingCertificate {
    /// The address that was dialled: host and port.
    pub endpoint: Arc<str>,
    /// Common name of the subject, or all of it when there is none.
    pub subject: Arc<str>,
    /// Common name of the issuer, or all of it when there is none.
    pub issuer: Arc<str>,
    /// Start of validity.
    pub not_before: Timestamp,
    /// End of validity.
    pub not_after: Timestamp,
    /// Whether a subject alternative name is the host that was dialled (or the name the kubeconfig
    /// says to expect).
    pub names_endpoint: bool,
    /// Whether the chain leads to the CA of the kubeconfig.
    pub trusted: bool,
    /// Whether the kubeconfig asks not to verify at all.
    pub verification_skipped: bool,
    /// The authorities in the chain that was shown beside it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorities: Vec<Authority>,
    /// Whether the server agrees to a handshake that offers this and nothing else; what it did not answer
    /// in a way that tells is left out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub accepts: BTreeMap<TlsOffer, bool>,
}

/// What a handshake offers: a version, or a family of cipher suites in TLS 1.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TlsOffer {
    /// TLS 1.0, with any suite.
    #[serde(rename = "tls-1.0")]
    Tls10,
    /// TLS 1.1, with any suite.
    #[serde(rename = "tls-1.1")]
    Tls11,
    /// Suites that do not encrypt.
    Null,
    /// Suites weakened for export.
    Export,
    /// RC4.
    Rc4,
    /// 3DES.
    TripleDes,
    /// AES, for keys that RSA exchanges: without forward secrecy.
    StaticRsa,
    /// AES-CBC with keys of ECDHE.
    Cbc,
    /// Authenticated encryption with keys of ECDHE.
    Aead,
}

impl TlsOffer {
    /// Every offer, worst first.
    pub const ALL: [TlsOffer; 9] = [
        TlsOffer::Tls10,
        TlsOffer::Tls11,
        TlsOffer::Null,
        TlsOffer::Export,
        TlsOffer::Rc4,
        TlsOffer::TripleDes,
        TlsOffer::StaticRsa,
        TlsOffer::Cbc,
        TlsOffer::Aead,
    ];

    /// What people call it.
    pub const fn name(self) -> &'static str {
        match self {
            TlsOffer::Tls10 => "TLS 1.0",
            TlsOffer::Tls11 => "TLS 1.1",
            TlsOffer::Null => "suites that do not encrypt",
            TlsOffer::Export => "suites weakened for export",
            TlsOffer::Rc4 => "RC4",
            TlsOffer::TripleDes => "3DES",
            TlsOffer::StaticRsa => "keys exchanged by RSA",
            TlsOffer::Cbc => "ECDHE with AES-CBC",
            TlsOffer::Aead => "ECDHE with AES-GCM or ChaCha20",
        }
    }
}

/// Metrics that are kept, because a check reads them.
pub const KEPT_METRICS: &[&str] = &[
    "apiserver_admission_controller_admission_duration_seconds_count",
    "apiserver_audit_event_total",
    "apiserver_authentication_config_controller_last_config_info",
    "apiserver_authorization_config_controller_last_config_info",
    "apiserver_authorization_decisions_total",
    "apiserver_encryption_config_controller_last_config_info",
    "apiserver_storage_transformation_operations_total",
    "kubernetes_feature_enabled",
    "process_start_time_seconds",
    "serviceaccount_stale_tokens_total",
];

/// Labels that are kept of them.
pub const KEPT_METRIC_LABELS: &[&str] = &[
    "decision",
    "hash",
    "name",
    "resource",
    "stage",
    "status",
    "transformation_type",
    "transformer_prefix",
    "type",
];

/// What each instance of the API server that answered counts since it began, one at least.
///
/// A series that is there is proof; one that is not may begin with the next request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Metrics(pub Vec<InstanceMetrics>);

/// What one process counts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct InstanceMetrics {
    /// When it began, in seconds: what tells instances apart behind one address.
    pub started: f64,
    /// The series of [`KEPT_METRICS`], in the order of the answer. Those that differ only in labels
    /// that are not kept are added up.
    pub series: Vec<Series>,
}

/// One series of a metric.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Series {
    /// One of [`KEPT_METRICS`].
    pub name: Arc<str>,
    /// Those of [`KEPT_METRIC_LABELS`].
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub labels: Labels,
    /// What it counts.
    pub value: f64,
}

impl Series {
    /// The value of a label; empty when there is none, which Prometheus takes for the same.
    pub fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", |it| &**it)
    }
}

impl InstanceMetrics {
    /// The series of a metric.
    pub fn of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Series> {
        self.series.iter().filter(move |it| &*it.name == name)
    }
}

/// The flags that an instance of the API server runs with, defaults included.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Flagz(pub BTreeMap<Arc<str>, FlagValue>);

/// The value of a flag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FlagValue {
    /// Of a flag in [`KEPT_FLAGS`](crate::arguments::KEPT_FLAGS).
    Kept(Arc<str>),
    /// Of any other.
    Hidden,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minors_of_the_wild() {
        let minor = Version::minor_of;
        assert_eq!(minor("v1.37.2"), Some((1, 37)));
        assert_eq!(minor("v1.29.4-eks-036c24b"), Some((1, 29)));
        assert_eq!(minor("v1.30.2+k3s1"), Some((1, 30)));
        assert_eq!(minor("banana"), None);
        assert_eq!(minor(""), None);
    }
}
