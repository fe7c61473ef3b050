//! Nodes, and the configuration their kubelets run with.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    Meta, Object,
    decode::{is_false, is_zero, nullable},
    meta::object,
};

/// What checks read of a Node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Node {
    /// Name, labels, UID.
    pub metadata: Meta,
    /// What the cloud and the operator say.
    pub spec: NodeSpec,
    /// What the kubelet says.
    pub status: NodeStatus,
}

/// What the cloud and the operator say of a node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeSpec {
    /// `aws:///…`, `kind://…`, or empty.
    #[serde(rename = "providerID", skip_serializing_if = "str::is_empty")]
    pub provider_id: Arc<str>,
    /// Whether it was cordoned.
    #[serde(skip_serializing_if = "is_false")]
    pub unschedulable: bool,
    /// What keeps pods away that do not tolerate it.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub taints: Vec<Taint>,
}

/// What keeps pods away that do not tolerate it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Taint {
    /// `node-role.kubernetes.io/control-plane`, ….
    pub key: Arc<str>,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    pub effect: Arc<str>,
    /// When it was added, where the server says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_added: Option<Timestamp>,
}

/// What the kubelet says of its node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeStatus {
    /// Versions.
    pub node_info: NodeInfo,
    /// `Ready`, `DiskPressure`, ….
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<NodeCondition>,
    /// Where it can be reached, in the order of preference.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<NodeAddress>,
    /// Where its kubelet listens.
    pub daemon_endpoints: DaemonEndpoints,
}

/// One statement on the state of a node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeCondition {
    /// `Ready`, `MemoryPressure`, `DiskPressure`, `PIDPressure`, `NetworkUnavailable`, ….
    #[serde(rename = "type")]
    pub type_: Arc<str>,
    /// `True`, `False` or `Unknown`.
    pub status: Arc<str>,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_transition_time: Option<Timestamp>,
}

/// Where a node can be reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NodeAddress {
    /// `InternalIP`, `Hostname`, `ExternalIP`, ….
    #[serde(rename = "type")]
    pub type_: Arc<str>,
    /// An address or a name.
    pub address: Arc<str>,
}

/// Where the daemons of a node listen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DaemonEndpoints {
    /// The kubelet's.
    pub kubelet_endpoint: DaemonEndpoint,
}

/// Where a daemon listens.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DaemonEndpoint {
    /// TCP port; 0 when it was not said.
    #[serde(rename = "Port")]
    pub port: i32,
}

/// Versions of what a node runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeInfo {
    /// As in os-release: `Debian GNU/Linux 12 (bookworm)`.
    pub os_image: Arc<str>,
    /// `linux` or `windows`.
    pub operating_system: Arc<str>,
    /// As `uname -r` says.
    pub kernel_version: Arc<str>,
    /// `containerd://2.1.4`.
    pub container_runtime_version: Arc<str>,
    /// `v1.37.2`.
    pub kubelet_version: Arc<str>,
    /// `amd64`, `arm64`, ….
    #[serde(skip_serializing_if = "str::is_empty")]
    pub architecture: Arc<str>,
}

impl Node {
    /// Whether no machine stands behind it, as with virtual-kubelet and Fargate.
    pub fn is_virtual(&self) -> bool {
        let label =
            |key: &str, value: &str| self.metadata.labels.get(key).is_some_and(|it| &**it == value);
        label("type", "virtual-kubelet") || label("eks.amazonaws.com/compute-type", "fargate")
    }

    /// Whether it runs Windows.
    pub fn is_windows(&self) -> bool {
        &*self.status.node_info.operating_system == "windows"
    }
}

object!(Node);

/// The configuration that a kubelet runs with, as its `configz` endpoint answers.
///
/// Lists and text are empty where unset. `configz` leaves out what its Go type marks `omitempty` and
/// is false or zero; where upstream's field is a pointer, `None` says that it was left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KubeletConfig {
    /// Whose it is; not part of the answer.
    pub node: Arc<str>,
    /// Who may ask.
    pub authentication: KubeletAuthentication,
    /// Who may do what.
    pub authorization: KubeletAuthorization,
    /// The port that serves everybody; 0 for none.
    #[serde(skip_serializing_if = "is_zero")]
    pub read_only_port: i32,
    /// How long an idle stream stays open, as Go writes durations: `4h0m0s`; `0s` for ever.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub streaming_connection_idle_timeout: Arc<str>,
    /// Whether it keeps its own iptables chains.
    #[serde(rename = "makeIPTablesUtilChains", skip_serializing_if = "Option::is_none")]
    pub make_iptables_util_chains: Option<bool>,
    /// Events a second; 0 for any number.
    #[serde(rename = "eventRecordQPS", skip_serializing_if = "Option::is_none")]
    pub event_record_qps: Option<i32>,
    /// File of the serving certificate.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub tls_cert_file: Arc<str>,
    /// File of its key.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub tls_private_key_file: Arc<str>,
    /// Cipher suites that are offered; empty for Go's own choice.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub tls_cipher_suites: Vec<Arc<str>>,
    /// `VersionTLS12`, …; empty for the default.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub tls_min_version: Arc<str>,
    /// Whether the serving certificate comes from the cluster.
    #[serde(rename = "serverTLSBootstrap", skip_serializing_if = "is_false")]
    pub server_tls_bootstrap: bool,
    /// Whether the client certificate is renewed.
    #[serde(skip_serializing_if = "is_false")]
    pub rotate_certificates: bool,
    /// Gates that were set by name.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "BTreeMap::is_empty")]
    pub feature_gates: BTreeMap<Arc<str>, bool>,
    /// How many processes a pod may have; -1 for any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_pids_limit: Option<i64>,
    /// Whether pods that say nothing run under the runtime's seccomp profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seccomp_default: Option<bool>,
    /// Sysctls, or patterns with `*` at the end, that pods may set although they are not safe.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub allowed_unsafe_sysctls: Vec<Arc<str>>,
    /// Folder of static pods; empty for none.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub static_pod_path: Arc<str>,
    /// Whether static pods are also read from a URL. The URL may hold a credential and is not kept.
    #[serde(rename = "staticPodURL", skip_serializing_if = "Given::is_empty")]
    pub static_pod_url: Given,
    /// `AlwaysVerify`, …: which images that are on the node already may be used without showing their
    /// registry's credentials again; empty where the kubelet does not ask.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub image_pull_credentials_verification_policy: Arc<str>,
    /// What only flags can set; not part of the answer. `None` when the kubelet does not tell its flags,
    /// as before 1.36.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flags: Option<KubeletFlags>,
}

/// What a kubelet's `/flagz` says of flags that are no field of its configuration. Of others it says what
/// was given, and not what is in force.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KubeletFlags {
    /// The name by which the node is known in place of its host's; empty for none.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub hostname_override: Arc<str>,
}

/// Whether some text is given; what it says is not kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Given(pub bool);

impl Given {
    /// Whether nothing is given.
    pub fn is_empty(&self) -> bool {
        !self.0
    }
}

impl Serialize for Given {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if self.0 { "…" } else { "" })
    }
}

impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<String>::deserialize(deserializer)
            .map(|it| Given(it.is_some_and(|it| !it.is_empty())))
    }
}

/// How a kubelet tells who is asking.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KubeletAuthentication {
    /// Requests without credentials.
    pub anonymous: Enabled,
    /// Requests with a client certificate.
    pub x509: KubeletX509,
}

/// How a kubelet verifies client certificates.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KubeletX509 {
    /// File of the CA; empty when no certificate is accepted.
    #[serde(rename = "clientCAFile", skip_serializing_if = "str::is_empty")]
    pub client_ca_file: Arc<str>,
}

/// How a kubelet decides who may do what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KubeletAuthorization {
    /// `Webhook` or `AlwaysAllow`.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub mode: Arc<str>,
}

/// A switch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Enabled {
    /// On or off.
    #[serde(deserialize_with = "nullable")]
    pub enabled: bool,
}

impl Object for KubeletConfig {
    fn part(&self) -> &str {
        &self.node
    }
    fn name(&self) -> &str {
        &self.node
    }
}
