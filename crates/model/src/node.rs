//! Nodes, and the configuration their kubelets run with.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Meta, Object, decode::nullable, meta::object};

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
}

/// What the kubelet says of its node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeStatus {
    /// Versions.
    pub node_info: NodeInfo,
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
/// `configz` leaves out what is false or zero, so an absent field is the type's zero value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KubeletConfig {
    /// Whose it is; not part of the answer.
    pub node: Arc<str>,
    /// Who may ask.
    pub authentication: KubeletAuthentication,
}

/// How a kubelet tells who is asking.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KubeletAuthentication {
    /// Requests without credentials.
    pub anonymous: Enabled,
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
