//! What stands between a request and the store: webhooks; and the kinds that were added.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Meta, decode::nullable, meta::object, selector::Selector};

/// A validating or mutating webhook configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WebhookConfiguration {
    /// Name and labels.
    pub metadata: Meta,
    /// Its webhooks.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub webhooks: Vec<Webhook>,
}

/// What checks read of one webhook.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Webhook {
    /// Fully qualified.
    pub name: Arc<str>,
    /// Who answers.
    pub client_config: ClientConfig,
    /// `Fail` or `Ignore`; unset is `Fail`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_policy: Option<Arc<str>>,
    /// Whose objects are sent; unset is all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<Selector>,
    /// Which objects are sent; unset is all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_selector: Option<Selector>,
    /// Which requests are sent.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<WebhookRule>,
    /// Expressions that a request must satisfy to be sent; unset is none.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub match_conditions: Vec<MatchCondition>,
}

/// An expression that a request must satisfy. What it says is not kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MatchCondition {
    /// Unique within the webhook.
    pub name: Arc<str>,
}

/// Who answers a webhook.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClientConfig {
    /// A service of the cluster; unset when it is a URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceReference>,
}

/// A service of the cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServiceReference {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
}

/// Which requests a webhook sees.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WebhookRule {
    /// `CREATE`, `UPDATE`, … or `*`.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<Arc<str>>,
    /// API groups, or `*`.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub api_groups: Vec<Arc<str>>,
    /// Resources, or `*`.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<Arc<str>>,
}

/// What checks read of a `CustomResourceDefinition`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CustomResourceDefinition {
    /// Name, `plural.group`.
    pub metadata: Meta,
    /// What it adds.
    pub spec: CustomResourceDefinitionSpec,
}

/// What a `CustomResourceDefinition` adds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CustomResourceDefinitionSpec {
    /// API group.
    pub group: Arc<str>,
    /// Names of the kind.
    pub names: CustomResourceNames,
}

/// Names of an added kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CustomResourceNames {
    /// As in manifests.
    pub kind: Arc<str>,
    /// As in URLs.
    pub plural: Arc<str>,
}

/// A report that an image scanner left in the cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VulnerabilityReport {
    /// Name and namespace.
    pub metadata: Meta,
}

object!(WebhookConfiguration, CustomResourceDefinition, VulnerabilityReport);
