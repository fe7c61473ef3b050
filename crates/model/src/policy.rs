//! Policies of the engines that stand behind admission webhooks.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    ContentDigest, Meta, Object,
    admission::MatchCondition,
    admission_policy::Validation,
    decode::{is_false, is_there, nullable},
    meta::object,
    selector::Selector,
};

/// What checks read of Kyverno's `ClusterPolicy` and `Policy`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KyvernoPolicy {
    /// Name, and namespace of a `Policy`.
    pub metadata: Meta,
    /// What it asks for.
    pub spec: KyvernoSpec,
}

/// What a policy of Kyverno asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KyvernoSpec {
    /// `Enforce` or `Audit`, in any case of letters; unset is `Audit`. Rules may say otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_failure_action: Option<Arc<str>>,
    /// Other actions in some namespaces.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub validation_failure_action_overrides: Vec<KyvernoOverride>,
    /// Whether it is asked about requests at all; unset is yes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admission: Option<bool>,
    /// `One` when the first rule that fits is the last; unset is `All`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apply_rules: Option<Arc<str>>,
    /// `Fail` or `Ignore`, where its webhook does not say; unset is `Fail`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_policy: Option<Arc<str>>,
    /// What its webhook is to be like.
    #[serde(deserialize_with = "nullable")]
    pub webhook_configuration: KyvernoWebhook,
    /// Its rules.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<KyvernoRule>,
}

/// What the webhook of a policy is to be like.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KyvernoWebhook {
    /// `Fail` or `Ignore`; unset is the policy's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_policy: Option<Arc<str>>,
    /// Expressions that a request must satisfy.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub match_conditions: Vec<MatchCondition>,
}

/// Another action in some namespaces.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KyvernoOverride {
    /// `Enforce` or `Audit`.
    pub action: Arc<str>,
    /// Names or patterns.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<Arc<str>>,
    /// By label; unset for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<Selector>,
}

/// A rule of Kyverno.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KyvernoRule {
    /// Unique within the policy.
    pub name: Arc<str>,
    /// What it looks at.
    #[serde(rename = "match", deserialize_with = "nullable")]
    pub matches: KyvernoMatch,
    /// What of that it does not.
    #[serde(deserialize_with = "nullable")]
    pub exclude: KyvernoMatch,
    /// Whether it holds on conditions only. Which, is not kept.
    #[serde(deserialize_with = "is_there", skip_serializing_if = "is_false")]
    pub preconditions: bool,
    /// The same, as expressions.
    #[serde(deserialize_with = "is_there", skip_serializing_if = "is_false")]
    pub cel_preconditions: bool,
    /// What it demands; unset when it demands nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validate: Option<KyvernoValidate>,
    /// Whose signatures it demands.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub verify_images: Vec<KyvernoVerifyImages>,
}

/// What a rule looks at: what all, and one of any, of these select. Empty is nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KyvernoMatch {
    /// One of these.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub any: Vec<KyvernoFilter>,
    /// All of these.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub all: Vec<KyvernoFilter>,
    /// The older form of a single one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<KyvernoResources>,
    /// Beside it.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<Named>,
    /// Beside it.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<Arc<str>>,
    /// Beside it.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub cluster_roles: Vec<Arc<str>>,
}

/// One filter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KyvernoFilter {
    /// Which objects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<KyvernoResources>,
    /// Whose requests, roughly: how many are named. None is everybody's.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<Named>,
    /// Requests of those who hold these roles.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<Arc<str>>,
    /// Requests of those who hold these cluster roles.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub cluster_roles: Vec<Arc<str>>,
}

/// Something with a name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Named {
    /// It.
    pub name: Arc<str>,
}

/// Which objects a filter selects. Names may have `*` and `?` in them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KyvernoResources {
    /// `Pod`, `apps/v1/Deployment`, `*`, ….
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<Arc<str>>,
    /// The older form of a single name.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub name: Arc<str>,
    /// Names of objects; none is all.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<Arc<str>>,
    /// Namespaces; none is all.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<Arc<str>>,
    /// `CREATE`, …; none is all.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<Arc<str>>,
    /// Namespaces by label; unset is all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<Selector>,
    /// Objects by label; unset is all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<Selector>,
    /// Whether objects are selected by their annotations. By which, is not kept.
    #[serde(deserialize_with = "is_there", skip_serializing_if = "is_false")]
    pub annotations: bool,
}

/// What a rule demands of objects.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KyvernoValidate {
    /// Instead of the policy's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_action: Option<Arc<str>>,
    /// Other actions in some namespaces, instead of the policy's.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub failure_action_overrides: Vec<KyvernoOverride>,
    /// A level of the Pod Security Standards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_security: Option<KyvernoPodSecurity>,
    /// What an object must be like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<ContentDigest>,
    /// One of which it must be like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub any_pattern: Option<ContentDigest>,
    /// What must be true of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cel: Option<KyvernoCel>,
}

/// What must be true of an object, in CEL.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KyvernoCel {
    /// Each of these.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub expressions: Vec<Validation>,
    /// Whether they depend on a parameter. On which, is not kept.
    #[serde(deserialize_with = "is_there", skip_serializing_if = "is_false")]
    pub param_kind: bool,
    /// Whether an admission policy is made of it, and stands in for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generate: Option<bool>,
}

/// A level of the Pod Security Standards.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KyvernoPodSecurity {
    /// `baseline` or `restricted`.
    pub level: Arc<str>,
    /// `latest`, which is what an empty one is too, or `v1.29`.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub version: Arc<str>,
    /// Whether images or controls are exempt. Which, is not kept.
    #[serde(deserialize_with = "is_there", skip_serializing_if = "is_false")]
    pub exclude: bool,
}

/// Which images must be signed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KyvernoVerifyImages {
    /// Instead of the policy's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_action: Option<Arc<str>>,
    /// Whether an image must have been verified at all; unset is yes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
    /// Patterns of images.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub image_references: Vec<Arc<str>>,
}

/// What checks read of Kyverno's `PolicyException`. Whom it is for is not kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KyvernoException {
    /// Name and namespace.
    pub metadata: Meta,
    /// What it is from.
    pub spec: KyvernoExceptionSpec,
}

/// What an exception is from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KyvernoExceptionSpec {
    /// Policies.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<KyvernoExcepted>,
}

/// A policy that somebody is excepted from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KyvernoExcepted {
    /// Its name, after its namespace and a slash where it has one; may have `*` and `?` in it.
    pub policy_name: Arc<str>,
}

/// What checks read of a constraint of Gatekeeper.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Constraint {
    /// The kind that its template adds: what it can be refused by.
    pub kind: Arc<str>,
    /// Name.
    pub metadata: Meta,
    /// What it asks for.
    pub spec: ConstraintSpec,
}

impl Object for Constraint {
    fn part(&self) -> &str {
        &self.kind
    }
    fn name(&self) -> &str {
        &self.metadata.name
    }
}

/// What a constraint asks for. Its parameters are not kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConstraintSpec {
    /// `deny`, `dryrun`, `warn`, `scoped`; empty is `deny`.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub enforcement_action: Arc<str>,
    /// What it looks at.
    #[serde(rename = "match", deserialize_with = "nullable")]
    pub matches: ConstraintMatch,
}

/// What a constraint looks at; what is empty selects all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConstraintMatch {
    /// Kinds.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<ConstraintKinds>,
    /// Namespaces, by name or prefix.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<Arc<str>>,
    /// Namespaces that are left out.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub excluded_namespaces: Vec<Arc<str>>,
    /// Namespaces by label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<Selector>,
    /// Objects by label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label_selector: Option<Selector>,
}

/// Kinds that a constraint looks at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConstraintKinds {
    /// API groups, or `*`.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub api_groups: Vec<Arc<str>>,
    /// Kinds, or `*`.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<Arc<str>>,
}

/// What checks read of a `ClusterImagePolicy` of sigstore's policy-controller.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SigstoreImagePolicy {
    /// Name.
    pub metadata: Meta,
    /// What it asks for.
    pub spec: SigstoreSpec,
}

/// What a policy of policy-controller asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SigstoreSpec {
    /// `enforce` or `warn`; empty is `enforce`.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub mode: Arc<str>,
    /// Patterns of images.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<SigstoreImage>,
    /// Whose signatures count; one is enough.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub authorities: Vec<SigstoreAuthority>,
}

/// A pattern of images.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SigstoreImage {
    /// `**` for all.
    pub glob: Arc<str>,
}

/// Whose signatures count. Keys are not kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SigstoreAuthority {
    /// An answer without looking at any signature.
    #[serde(rename = "static", skip_serializing_if = "Option::is_none")]
    pub fixed: Option<SigstoreStatic>,
}

/// An answer without looking.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SigstoreStatic {
    /// `pass` or `fail`.
    pub action: Arc<str>,
}

/// What checks read of Portieris' `ClusterImagePolicy` and `ImagePolicy`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PortierisPolicy {
    /// Name, and namespace of an `ImagePolicy`.
    pub metadata: Meta,
    /// What it asks for.
    pub spec: PortierisSpec,
}

/// What a policy of Portieris asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PortierisSpec {
    /// By repository.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub repositories: Vec<PortierisRepository>,
}

/// What images of some repositories must have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PortierisRepository {
    /// A pattern; `*` for all.
    pub name: Arc<str>,
    /// What is asked for; nothing when it is empty.
    #[serde(deserialize_with = "nullable")]
    pub policy: PortierisDemands,
}

/// What is asked for of an image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PortierisDemands {
    /// Signatures of Notary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust: Option<PortierisTrust>,
    /// Simple signing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub simple: Option<PortierisSimple>,
}

/// Signatures of Notary.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PortierisTrust {
    /// Whether they are asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// Simple signing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PortierisSimple {
    /// All of these.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub requirements: Vec<PortierisRequirement>,
}

/// A requirement of simple signing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PortierisRequirement {
    /// `signedBy`, `reject`, `insecureAcceptAnything`.
    #[serde(rename = "type")]
    pub type_: Arc<str>,
}

object!(KyvernoPolicy, KyvernoException, SigstoreImagePolicy, PortierisPolicy);

#[cfg(test)]
mod tests {
    use super::*;

    /// Conditions, messages and patterns can hold anything.
    #[test]
    fn what_a_policy_says_is_dropped_and_that_it_does_is_kept() {
        let written = r#"{"metadata": {"name": "pods"}, "spec": {"rules": [{
            "name": "pods",
            "preconditions": {"all": [{"key": "hush", "operator": "Equals", "value": "hush"}]},
            "match": {"any": [{"resources": {"kinds": ["Pod"], "annotations": {"hush": "hush"}}}]},
            "validate": {"message": "hush", "pattern": {"spec": {"containers": [{"env": "hush"}]}},
                "podSecurity": {"level": "baseline", "exclude": [{"controlName": "hush"}]},
                "cel": {"expressions": [{"expression": "hush", "message": "hush"}], "paramKind": {"kind": "hush"}}}
        }]}}"#;
        let policy: KyvernoPolicy = serde_json::from_str(written).expect("a policy");
        let rule = &policy.spec.rules[0];
        let validate = rule.validate.as_ref().expect("what it demands");
        let resources = rule.matches.any[0].resources.as_ref().expect("what it looks at");
        assert!(rule.preconditions && !rule.cel_preconditions && resources.annotations);
        assert!(validate.pattern.is_some() && validate.any_pattern.is_none());
        assert!(validate.pod_security.as_ref().is_some_and(|it| it.exclude));
        let cel = validate.cel.as_ref().expect("expressions");
        assert!(cel.param_kind && cel.expressions[0].expression == ContentDigest::of("hush"));
        let kept = serde_json::to_string(&policy).expect("JSON");
        assert!(!kept.contains("hush"), "{kept}");
        assert_eq!(serde_json::from_str::<KyvernoPolicy>(&kept).expect("as written"), policy);
    }
}
