//! What the API server refuses by itself, by `ValidatingAdmissionPolicy`s.
//!
//! A policy is held to refuse a control only if its expressions are known to, a binding makes it deny, it
//! looks at every pod that is made or changed, ephemeral containers included, and nothing exempts any.

use assay_model::{
    Cause, ContentDigest, Gap, Known, Resource, Scope, Unknown,
    admission_policy::{
        MatchResources, ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, Validation,
    },
    all,
    namespace::Namespace,
    selector::Selector,
};

use super::{PODS, Refused, covers_pods, creates, selects};
use crate::{Facts, pod_security::Control};

/// Whether an admission policy may refuse objects of a kind, in a namespace or in any: one that a binding
/// makes deny.
///
/// # Errors
///
/// Where one looks at new ones.
pub(super) fn may_refuse(
    refused: &Refused,
    namespace: Option<&Namespace>,
    facts: &Facts<'_>,
) -> Known<bool> {
    find(facts, |policy, binding| {
        if may_match(refused, policy.spec.match_constraints.as_ref(), namespace)?
            && may_match(refused, binding.spec.match_resources.as_ref(), namespace)?
        {
            return Err(untold(refused, policy, "and its rules are not interpreted"));
        }
        Ok(false)
    })
}

/// Whether an admission policy refuses every pod of a namespace that breaks a control.
pub(super) fn refuses(control: &Control, namespace: &Namespace, facts: &Facts<'_>) -> Known<bool> {
    find(facts, |policy, binding| {
        let asks = match asks_for(&policy.spec.validations, control, facts) {
            Some(it) => Ok(it),
            None => Err(untold(&PODS, policy, "and what it asks for is not known")),
        };
        let matches =
            [policy.spec.match_constraints.as_ref(), binding.spec.match_resources.as_ref()];
        if !all([
            asks,
            may_match(&PODS, matches[0], Some(namespace)),
            may_match(&PODS, matches[1], Some(namespace)),
        ])? {
            return Ok(false);
        }
        let always = policy.spec.failure_policy.as_deref() != Some("Ignore")
            && policy.spec.match_conditions.is_empty()
            && policy.spec.param_kind.is_none()
            && matches.into_iter().flatten().all(selects_all_pods)
            && matches[0].is_some_and(|it| !it.resource_rules.is_empty());
        if always {
            Ok(true)
        } else {
            Err(untold(&PODS, policy, "but does not hold for every pod"))
        }
    })
}

/// Whether a policy that some binding makes deny is as `test` says.
fn find(
    facts: &Facts<'_>,
    test: impl Fn(&ValidatingAdmissionPolicy, &ValidatingAdmissionPolicyBinding) -> Known<bool>,
) -> Known<bool> {
    let inventory = facts.inventory;
    let found = inventory.admission_policy_bindings.find(Scope::Cluster, |binding| {
        if !binding.spec.validation_actions.iter().any(|it| &**it == "Deny") {
            return Ok(false);
        }
        let bound = |it: &ValidatingAdmissionPolicy| {
            if it.metadata.name == binding.spec.policy_name { test(it, binding) } else { Ok(false) }
        };
        Ok(inventory.admission_policies.find(Scope::Cluster, bound)?.is_some())
    });
    found.map(|it| it.is_some())
}

/// Whether expressions that must all be true refuse what breaks a control; `None` where that is not known.
pub(super) fn asks_for(
    validations: &[Validation],
    control: &Control,
    facts: &Facts<'_>,
) -> Option<bool> {
    let has =
        |expression: &ContentDigest| validations.iter().any(|it| it.expression == *expression);
    let rows = facts.tables.policy_rules.iter().filter(|it| !it.expressions.is_empty());
    let known: Vec<_> = rows.filter(|row| row.expressions.iter().all(has)).collect();
    if known.iter().any(|it| it.control == control.id) {
        return Some(true);
    }
    let of_row =
        |expression: &ContentDigest| known.iter().any(|it| it.expressions.contains(expression));
    validations.iter().all(|it| of_row(&it.expression)).then_some(false)
}

/// Whether an admission policy or a binding may look at some object that is created in a namespace, or in
/// any. Only its rules and its selector of namespaces can prove that it does not.
fn may_match(
    refused: &Refused,
    resources: Option<&MatchResources>,
    namespace: Option<&Namespace>,
) -> Known<bool> {
    let Some(resources) = resources else { return Ok(true) };
    let rules = &resources.resource_rules;
    if !rules.is_empty() && !rules.iter().any(|it| creates(refused, it)) {
        return Ok(false);
    }
    let selector = resources.namespace_selector.as_ref().filter(|it| !it.is_empty());
    match (selector, namespace) {
        (Some(selector), Some(namespace)) => selects(selector, namespace),
        _ => Ok(true),
    }
}

/// Whether nothing but a selector of namespaces leaves out any pod.
fn selects_all_pods(resources: &MatchResources) -> bool {
    let rules = &resources.resource_rules;
    (rules.is_empty() || covers_pods(rules))
        && resources.exclude_resource_rules.is_empty()
        && resources.object_selector.as_ref().is_none_or(Selector::is_empty)
}

fn untold(refused: &Refused, policy: &ValidatingAdmissionPolicy, why: &str) -> Unknown {
    let (name, kind) = (&policy.metadata.name, refused.kind);
    let message = format!("the ValidatingAdmissionPolicy {name} may refuse {kind}, {why}");
    Gap::whole(Resource::ValidatingAdmissionPolicies, Cause::Inconclusive, message).into()
}
