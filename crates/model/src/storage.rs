//! Secrets, as far as they may be known, and volumes that outlive pods.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Meta, meta::object, pod::HostPath};

/// What checks read of a Secret. Nothing else is asked of the server, so that no value is sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Secret {
    /// Name and namespace.
    pub metadata: Meta,
    /// `Opaque`, `kubernetes.io/service-account-token`, ….
    #[serde(rename = "type")]
    pub type_: Arc<str>,
}

/// What checks read of a `PersistentVolume`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PersistentVolume {
    /// Name.
    pub metadata: Meta,
    /// Where it is, and whose.
    pub spec: PersistentVolumeSpec,
}

/// Where a volume is, and whose.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PersistentVolumeSpec {
    /// The claim that it is bound to; unset while it is to be had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim_ref: Option<ClaimReference>,
    /// A path of a node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_path: Option<HostPath>,
    /// A driver that runs on the node as root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flex_volume: Option<FlexVolume>,
}

/// The claim of a volume.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClaimReference {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
}

/// A driver that runs on the node. Its options may hold credentials and are not kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FlexVolume {
    /// `vendor/name`.
    pub driver: Arc<str>,
}

object!(Secret, PersistentVolume);
