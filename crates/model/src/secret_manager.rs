//! Objects by which managers of secrets bring them into the cluster. Never what they bring.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Meta, decode::nullable, meta::object};

/// What checks read of an `ExternalSecret`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExternalSecret {
    /// Name and namespace.
    pub metadata: Meta,
    /// How it went.
    pub status: ExternalSecretStatus,
}

/// How it went.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExternalSecretStatus {
    /// `Ready`, ….
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<SyncCondition>,
}

/// One thing that can be said of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SyncCondition {
    /// `Ready`, ….
    #[serde(rename = "type")]
    pub type_: Arc<str>,
    /// `True`, `False` or `Unknown`.
    pub status: Arc<str>,
}

impl ExternalSecret {
    /// Whether its secret was fetched.
    pub fn is_ready(&self) -> bool {
        self.status.conditions.iter().any(|it| &*it.type_ == "Ready" && &*it.status == "True")
    }
}

/// What checks read of a `SecretProviderClass`: that it is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SecretProviderClass {
    /// Name and namespace.
    pub metadata: Meta,
}

object!(ExternalSecret, SecretProviderClass);
