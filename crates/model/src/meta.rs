//! Object metadata, as far as checks read it.

use std::{fmt, sync::Arc};

use jiff::Timestamp;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{IgnoredAny, MapAccess, Visitor},
};

use crate::{Map, decode::nullable};

/// Labels by key.
pub type Labels = Map<Arc<str>>;

/// Annotations that some check reads. Every other one is dropped while decoding: annotations such
/// as `last-applied-configuration` hold copies of values that must not be kept.
pub const KEPT_ANNOTATIONS: &[&str] = &[
    "azure.workload.identity/client-id",
    "eks.amazonaws.com/role-arn",
    "iam.gke.io/gcp-service-account",
    "kubernetes.io/config.mirror",
    "rbac.authorization.kubernetes.io/autoupdate",
];

/// What the annotations begin with that name the `AppArmor` profile of a container; its name follows.
pub const APP_ARMOR_ANNOTATION: &str = "container.apparmor.security.beta.kubernetes.io/";

/// Whether an annotation is kept.
pub fn is_kept(key: &str) -> bool {
    KEPT_ANNOTATIONS.contains(&key) || key.starts_with(APP_ARMOR_ANNOTATION)
}

/// What checks read of `ObjectMeta`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Meta {
    /// Unique within the namespace and kind.
    pub name: Arc<str>,
    /// Empty for objects that live in no namespace.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub namespace: Arc<str>,
    /// Empty in manifests.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub uid: Arc<str>,
    /// `None` in manifests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creation_timestamp: Option<Timestamp>,
    /// Set while the object waits to be deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_timestamp: Option<Timestamp>,
    /// All of them.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Map::is_empty")]
    pub labels: Labels,
    /// Those that [`is_kept`] names.
    #[serde(deserialize_with = "kept", skip_serializing_if = "Map::is_empty")]
    pub annotations: Labels,
    /// Who made it; at most one of them is its controller.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub owner_references: Vec<OwnerReference>,
}

impl Meta {
    /// The one owner that manages the object.
    pub fn controller(&self) -> Option<&OwnerReference> {
        self.owner_references.iter().find(|it| it.controller == Some(true))
    }
}

/// Kinds that are refused by namespace, or as a whole when they have none.
macro_rules! object {
    ($($kind:ty),+) => {$(
        impl $crate::Object for $kind {
            fn part(&self) -> &str {
                &self.metadata.namespace
            }
            fn name(&self) -> &str {
                &self.metadata.name
            }
        }
    )+};
}
pub(crate) use object;

/// Who made an object.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OwnerReference {
    /// `apps/v1`, `v1`, ….
    pub api_version: Arc<str>,
    /// `ReplicaSet`, `Node`, ….
    pub kind: Arc<str>,
    /// Name, in the namespace of the object that it owns.
    pub name: Arc<str>,
    /// The owner's, at the time.
    pub uid: Arc<str>,
    /// Whether it manages the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub controller: Option<bool>,
}

/// Keeps the annotations that are read, and never holds the value of another.
pub(crate) fn kept<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Labels, D::Error> {
    struct Kept;
    impl<'de> Visitor<'de> for Kept {
        type Value = Labels;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map of annotations")
        }
        fn visit_unit<E>(self) -> Result<Labels, E> {
            Ok(Labels::new())
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Labels, A::Error> {
            let mut kept = Labels::new();
            while let Some(key) = map.next_key::<String>()? {
                if is_kept(&key) {
                    kept.insert(key.into(), map.next_value()?);
                } else {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            Ok(kept)
        }
    }
    deserializer.deserialize_any(Kept)
}
