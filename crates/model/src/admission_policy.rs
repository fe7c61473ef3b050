//! Admission policies of the API server's own, and what puts them in force.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    ContentDigest, Meta,
    admission::{MatchCondition, WebhookRule},
    decode::nullable,
    meta::object,
    selector::Selector,
};

/// What checks read of a `ValidatingAdmissionPolicy`. Of its expressions the digests are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ValidatingAdmissionPolicy {
    /// Name and labels.
    pub metadata: Meta,
    /// What it asks for.
    pub spec: AdmissionPolicySpec,
    /// What the server thinks of it.
    pub status: AdmissionPolicyStatus,
}

/// What a policy asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AdmissionPolicySpec {
    /// What its bindings must name a parameter of; unset for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub param_kind: Option<ParamKind>,
    /// Which requests it looks at; unset is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub match_constraints: Option<MatchResources>,
    /// `Fail` or `Ignore`; unset is `Fail`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_policy: Option<Arc<str>>,
    /// What must be true of them, each.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub validations: Vec<Validation>,
    /// Expressions that a request must satisfy to be looked at.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub match_conditions: Vec<MatchCondition>,
}

/// What must be true of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Validation {
    /// Of CEL.
    pub expression: ContentDigest,
}

/// A kind of parameter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ParamKind {
    /// `v1`, `example.com/v1`, ….
    pub api_version: Arc<str>,
    /// As in manifests.
    pub kind: Arc<str>,
}

/// Which requests a policy or a binding looks at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MatchResources {
    /// In which namespaces; unset is all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<Selector>,
    /// On which objects; unset is all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_selector: Option<Selector>,
    /// Operations on resources; empty is all, which only a binding may leave it at.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub resource_rules: Vec<WebhookRule>,
    /// Which of them it does not look at all the same.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub exclude_resource_rules: Vec<WebhookRule>,
}

/// What the server thinks of a policy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AdmissionPolicyStatus {
    /// What its expressions were checked against; unset while nobody has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub type_checking: Option<TypeChecking>,
}

/// What is wrong with the types of expressions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TypeChecking {
    /// One for each expression.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub expression_warnings: Vec<ExpressionWarning>,
}

/// An expression whose types do not fit; how, is not kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExpressionWarning {
    /// `spec.validations[0].expression`.
    pub field_ref: Arc<str>,
}

/// What checks read of a `ValidatingAdmissionPolicyBinding`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ValidatingAdmissionPolicyBinding {
    /// Name and labels.
    pub metadata: Meta,
    /// What it binds.
    pub spec: AdmissionPolicyBindingSpec,
}

/// What a binding binds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AdmissionPolicyBindingSpec {
    /// The policy.
    pub policy_name: Arc<str>,
    /// The parameter; unset for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub param_ref: Option<ParamRef>,
    /// Which requests it looks at of those that the policy does; unset is all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub match_resources: Option<MatchResources>,
    /// `Deny`, `Warn`, `Audit`.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub validation_actions: Vec<Arc<str>>,
}

/// Which parameter a binding uses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ParamRef {
    /// Empty when it is selected by label.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub name: Arc<str>,
    /// Empty for the namespace of the request, or none.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub namespace: Arc<str>,
    /// `Allow` or `Deny`: what happens while there is no such parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter_not_found_action: Option<Arc<str>>,
}

object!(ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding);
