//! Roles and bindings, as far as the authorizer reads them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Meta, decode::nullable, meta::object, selector::Selector};

/// A Role, or a `ClusterRole` when its namespace is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Role {
    /// Name, namespace, labels.
    pub metadata: Meta,
    /// What it grants; for an aggregated role the server's union of the roles it selects.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<PolicyRule>,
    /// Which cluster roles it collects its rules from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aggregation_rule: Option<AggregationRule>,
}

/// Where an aggregated `ClusterRole` takes its rules from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AggregationRule {
    /// A cluster role that any of them selects is part of it.
    #[serde(deserialize_with = "nullable")]
    pub cluster_role_selectors: Vec<Selector>,
}

/// One rule: every verb on every resource in every group, or every verb on every URL.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PolicyRule {
    /// `get`, `list`, …, or `*`.
    #[serde(deserialize_with = "nullable")]
    pub verbs: Vec<Arc<str>>,
    /// API groups; empty string for the core group, or `*`.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub api_groups: Vec<Arc<str>>,
    /// `pods`, `pods/log`, `*/scale` or `*`.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<Arc<str>>,
    /// Empty for any name.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub resource_names: Vec<Arc<str>>,
    /// `/metrics`, `/healthz/*` or `*`; only a `ClusterRoleBinding` makes them count.
    #[serde(
        rename = "nonResourceURLs",
        deserialize_with = "nullable",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub non_resource_urls: Vec<Arc<str>>,
}

/// A `RoleBinding`, or a `ClusterRoleBinding` when its namespace is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Binding {
    /// Name, namespace, labels.
    pub metadata: Meta,
    /// The role it hands out.
    pub role_ref: RoleRef,
    /// To whom; may be empty.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<Subject>,
}

/// Which role a binding hands out.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RoleRef {
    /// `Role` or `ClusterRole`.
    pub kind: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
}

/// Who a binding is for.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Subject {
    /// `User`, `Group` or `ServiceAccount`.
    pub kind: Arc<str>,
    /// Of the account; empty for users and groups.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
}

impl std::fmt::Display for Subject {
    /// `User jane`, `Group system:masters`, `ServiceAccount ci/deployer`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &*self.namespace {
            "" => write!(f, "{} {}", self.kind, self.name),
            namespace => write!(f, "{} {namespace}/{}", self.kind, self.name),
        }
    }
}

object!(Role, Binding);
