//! Namespaces, and the objects that set their limits and identities.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Known, Map, Meta, Object, decode::nullable, meta::object, pod::Quantity};

/// A namespace: listed, given by the user, or only named by an object that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Namespace {
    /// Its name.
    pub name: Arc<str>,
    /// Its labels and times; unknown unless it was listed.
    pub metadata: Known<Meta>,
}

impl Namespace {
    /// Whether it waits to be deleted: then nothing new can be made in it.
    pub fn terminating(&self) -> Known<bool> {
        self.metadata.as_ref().map(|it| it.deletion_timestamp.is_some()).map_err(Clone::clone)
    }
}

impl Object for Namespace {
    fn part(&self) -> &str {
        &self.name
    }
    fn name(&self) -> &str {
        &self.name
    }
}

/// A namespace as the API lists it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ListedNamespace {
    /// Name, labels, times.
    pub metadata: Meta,
}

/// An identity for pods.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServiceAccount {
    /// Name and namespace.
    pub metadata: Meta,
    /// Whether its pods get a token, unless they say otherwise; unset is yes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub automount_service_account_token: Option<bool>,
}

/// An upper bound on what a namespace may use.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ResourceQuota {
    /// Name and namespace.
    pub metadata: Meta,
    /// The bound.
    pub spec: ResourceQuotaSpec,
}

/// The bound that a quota sets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ResourceQuotaSpec {
    /// By resource name; a quota without any bounds nothing.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Map::is_empty")]
    pub hard: Map<Quantity>,
    /// It bounds only what all of these describe: `BestEffort`, `NotTerminating`, ….
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<Arc<str>>,
    /// The same, written as expressions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope_selector: Option<ScopeSelector>,
}

impl ResourceQuota {
    /// Whether it bounds only some of the namespace's objects.
    pub fn is_scoped(&self) -> bool {
        let selector = self.spec.scope_selector.as_ref();
        !self.spec.scopes.is_empty() || selector.is_some_and(|it| !it.match_expressions.is_empty())
    }
}

/// What a quota bounds, as expressions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ScopeSelector {
    /// All of them must hold.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub match_expressions: Vec<ScopeExpression>,
}

/// One expression on a scope.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ScopeExpression {
    /// `PriorityClass`, `BestEffort`, ….
    pub scope_name: Arc<str>,
}

/// Defaults and bounds for each pod or container of a namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LimitRange {
    /// Name and namespace.
    pub metadata: Meta,
    /// What it sets.
    pub spec: LimitRangeSpec,
}

/// What a limit range sets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LimitRangeSpec {
    /// By what it is for.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<LimitRangeItem>,
}

/// Defaults and bounds for one kind of thing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LimitRangeItem {
    /// `Container`, `Pod` or `PersistentVolumeClaim`.
    #[serde(rename = "type", skip_serializing_if = "str::is_empty")]
    pub type_: Arc<str>,
    /// The most that may be asked for, by resource name.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Map::is_empty")]
    pub max: Map<Quantity>,
    /// The least.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Map::is_empty")]
    pub min: Map<Quantity>,
    /// The limit of what has none.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Map::is_empty")]
    pub default: Map<Quantity>,
    /// The request of what has none.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Map::is_empty")]
    pub default_request: Map<Quantity>,
}

object!(ListedNamespace, ServiceAccount, ResourceQuota, LimitRange);
