//! What stands between a request and the store: webhooks; and the kinds that were added.

use std::sync::Arc;

use jiff::Timestamp;
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
    /// Versions of them, or `*`.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub api_versions: Vec<Arc<str>>,
    /// Resources, or `*`.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<Arc<str>>,
    /// `Cluster`, `Namespaced` or `*`, which is what unset is too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<Arc<str>>,
    /// Objects by name, in an admission policy; none is all.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub resource_names: Vec<Arc<str>>,
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
    /// What it says.
    pub report: ScanReport,
}

/// What a scanner says of one image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ScanReport {
    /// When it was last written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_timestamp: Option<Timestamp>,
    /// Where the image came from.
    pub registry: ScannedRegistry,
    /// Which image.
    pub artifact: ScannedArtifact,
    /// What was found, by its own count.
    pub summary: ScanSummary,
    /// What was found, one by one; `None` in a report that has the summary only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vulnerabilities: Option<Found>,
}

/// Where a scanned image came from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ScannedRegistry {
    /// `index.docker.io`, ….
    pub server: Arc<str>,
}

/// A scanned image; empty where the report does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ScannedArtifact {
    /// Without the registry: `library/nginx`.
    pub repository: Arc<str>,
    /// `1.29`.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub tag: Arc<str>,
    /// `sha256:…`.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub digest: Arc<str>,
}

/// How much a scanner found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ScanSummary {
    /// Critical ones.
    pub critical_count: u32,
}

/// What a scanner found, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", from = "WrittenFound")]
pub struct Found {
    /// Critical ones that a newer version of the package mends.
    pub fixable_critical: u32,
}

/// What was found, as reports (a list) and snapshots (counts) write it.
#[derive(Deserialize)]
#[serde(untagged)]
enum WrittenFound {
    Listed(Vec<Vulnerability>),
    #[serde(rename_all = "camelCase")]
    Counted {
        fixable_critical: u32,
    },
}

/// One vulnerability, as far as it is counted.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Vulnerability {
    severity: Arc<str>,
    #[serde(deserialize_with = "nullable")]
    fixed_version: Arc<str>,
}

impl From<WrittenFound> for Found {
    fn from(written: WrittenFound) -> Self {
        match written {
            WrittenFound::Counted { fixable_critical } => Found { fixable_critical },
            WrittenFound::Listed(all) => {
                let fixable = |it: &&Vulnerability| {
                    &*it.severity == "CRITICAL" && !it.fixed_version.is_empty()
                };
                let count = all.iter().filter(fixable).count();
                Found { fixable_critical: u32::try_from(count).unwrap_or(u32::MAX) }
            }
        }
    }
}

object!(WebhookConfiguration, CustomResourceDefinition, VulnerabilityReport);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vulnerabilities_are_counted_and_not_kept() {
        let written = r#"{"report": {"summary": {"criticalCount": 2, "highCount": 1},
            "artifact": {"repository": "library/nginx", "tag": "1.29"}, "vulnerabilities": [
            {"severity": "CRITICAL", "fixedVersion": "1.2.3", "title": "x"},
            {"severity": "CRITICAL", "fixedVersion": ""}, {"severity": "HIGH", "fixedVersion": "2"}]}}"#;
        let report: VulnerabilityReport = serde_json::from_str(written).expect("a report");
        assert_eq!(report.report.vulnerabilities, Some(Found { fixable_critical: 1 }));
        let kept = serde_json::to_string(&report).expect("a report");
        assert_eq!(serde_json::from_str::<VulnerabilityReport>(&kept).expect("as written"), report);
    }
}
