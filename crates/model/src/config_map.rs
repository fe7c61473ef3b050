//! `ConfigMap`s that are read by name, as the facts that checks need of them. Their text is not kept.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{certificate::Authority, decode::nullable, node::KubeletConfig};

/// What kubeadm hands to kubelets that join, as far as it can be told: a kubelet may run with another
/// configuration, so this is never more than a hint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KubeletConfigMap {
    /// As written: what is left out has the default of the configuration's type, not the zero value.
    pub kubelet: KubeletConfig,
}

/// What a kube-proxy reads that mounts it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KubeProxyConfigMap {
    /// Where metrics are served; empty for the default, which is loopback.
    pub metrics_bind_address: Arc<str>,
    /// Gates that are set by name.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "BTreeMap::is_empty")]
    pub feature_gates: BTreeMap<Arc<str>, bool>,
}

impl KubeProxyConfigMap {
    /// Whether a `metricsBindAddress` is reached from the node alone; an empty one is.
    pub fn is_loopback(address: &str) -> bool {
        address.is_empty()
            || address.parse::<SocketAddr>().is_ok_and(|it| it.ip().is_loopback())
            || address.parse::<std::net::IpAddr>().is_ok_and(|it| it.is_loopback())
    }
}

/// Whom the API server trusts to tell who is asking.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AuthenticationConfigMap {
    /// Signers of client certificates.
    pub client_authorities: Vec<Authority>,
    /// Signers of the certificates of proxies that say who is asking.
    pub request_header_authorities: Vec<Authority>,
    /// Common names that those proxies must have; empty for any.
    pub request_header_allowed_names: Vec<Arc<str>>,
}

/// Whom pods trust to be the API server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RootCaConfigMap {
    /// The certificates of `ca.crt`.
    pub authorities: Vec<Authority>,
}

/// What strangers may read to join.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClusterInfoConfigMap {
    /// The certificates of the kubeconfig in it.
    pub authorities: Vec<Authority>,
    /// Ids of the bootstrap tokens that sign it: each is a token that has not expired.
    pub signing_tokens: Vec<Arc<str>>,
}

/// Which identities of AWS are whom in the cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AwsAuthConfigMap {
    /// Roles, then users, in the order of the map.
    pub mappings: Vec<AwsMapping>,
}

/// One identity of AWS.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct AwsMapping {
    /// The ARN of a role or a user.
    pub arn: Arc<str>,
    /// Whom it is in the cluster.
    pub username: Arc<str>,
    /// Its groups there.
    pub groups: Vec<Arc<str>>,
}

/// Whom and what Kyverno passes over, whatever its policies say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KyvernoConfigMap {
    /// Objects.
    pub resource_filters: Vec<KyvernoFilter>,
    /// Groups; `None` for the default, which has the accounts of `kube-system` in it.
    pub exclude_groups: Option<Vec<Arc<str>>>,
    /// Users, and whoever holds a role.
    pub exclude_others: Vec<Arc<str>>,
}

/// Objects that Kyverno passes over. Each may have `*` and `?` in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KyvernoFilter {
    /// `Pod`, `*/*`, `Pod/binding`, ….
    pub kind: Arc<str>,
    /// Empty for those without one.
    pub namespace: Arc<str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_told_from_the_rest() {
        for near in ["", "127.0.0.1:10249", "[::1]:10249", "127.0.0.1"] {
            assert!(KubeProxyConfigMap::is_loopback(near), "{near}");
        }
        for far in ["0.0.0.0:10249", "[::]:10249", "10.0.0.4:10249", "0.0.0.0", "localhost"] {
            assert!(!KubeProxyConfigMap::is_loopback(far), "{far}");
        }
    }
}
