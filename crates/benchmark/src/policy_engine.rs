//! What may refuse pods beside `PodSecurity`: policy engines, as far as their webhooks and kinds show.
//!
//! The seam for what they say: their policies are not read yet, so where something is installed that may
//! refuse pods, whether it does is not known. The same holds for policies that the API server judges by
//! itself (`ValidatingAdmissionPolicy`): which requests they look at is read, and what they ask of them
//! is not.

use std::sync::Arc;

use assay_model::{
    Cause, Gap, Known, Resource, Scope,
    admission::{
        CustomResourceDefinition, ServiceReference, Webhook, WebhookConfiguration, WebhookRule,
    },
    admission_policy::{
        MatchResources, ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
    },
    any, either,
    namespace::Namespace,
    selector::Selector,
};

use crate::Facts;

/// Whether something refuses pods that break a control of the Pod Security Standards in a namespace:
/// proven not to be so where nothing is there that may.
///
/// # Errors
///
/// Where something is: a validating webhook that is asked about new pods, a policy engine, or an
/// admission policy that denies and looks at new pods there. A webhook that only changes pods and is no
/// engine's does not count.
pub(crate) fn refuses_pods(namespace: &Namespace, facts: &Facts<'_>) -> Known<bool> {
    any([engine_refuses_pods(facts), policy_refuses_pods(Some(namespace), facts)])
}

/// Whether a webhook or a policy engine does.
fn engine_refuses_pods(facts: &Facts<'_>) -> Known<bool> {
    let inventory = facts.inventory;
    let asked = |validating: bool| {
        move |it: &WebhookConfiguration| {
            let counts = |webhook: &Webhook| {
                sees_pods(webhook) && (validating || is_engine(&it.metadata.name, webhook, facts))
            };
            Ok(it.webhooks.iter().any(counts))
        }
    };
    let webhook = either(
        inventory.validating_webhooks.find(Scope::Cluster, asked(true)),
        inventory.mutating_webhooks.find(Scope::Cluster, asked(false)),
    );
    let kind = inventory
        .custom_resource_definitions
        .find(Scope::Cluster, |it| Ok(is_of_engine(it, facts)));
    if any([webhook.map(|it| it.is_some()), kind.map(|it| it.is_some())])? {
        let message =
            "a policy engine or another webhook may refuse pods, and its rules are not read";
        let resource = Resource::ValidatingWebhookConfigurations;
        return Err(Gap::whole(resource, Cause::Inconclusive, message).into());
    }
    Ok(false)
}

/// Whether an admission policy does, in a namespace or in any: one that a binding makes deny.
///
/// # Errors
///
/// Where one looks at new pods.
pub(crate) fn policy_refuses_pods(namespace: Option<&Namespace>, facts: &Facts<'_>) -> Known<bool> {
    let inventory = facts.inventory;
    let denies = |binding: &ValidatingAdmissionPolicyBinding| {
        let spec = &binding.spec;
        if !spec.validation_actions.iter().any(|it| &**it == "Deny")
            || !may_match(spec.match_resources.as_ref(), namespace)?
        {
            return Ok(false);
        }
        let bound = |policy: &ValidatingAdmissionPolicy| {
            if policy.metadata.name != spec.policy_name {
                return Ok(false);
            }
            may_match(policy.spec.match_constraints.as_ref(), namespace)
        };
        Ok(inventory.admission_policies.find(Scope::Cluster, bound)?.is_some())
    };
    let Some(binding) = inventory.admission_policy_bindings.find(Scope::Cluster, denies)? else {
        return Ok(false);
    };
    let policy = &binding.spec.policy_name;
    let message = format!(
        "the ValidatingAdmissionPolicy {policy} may refuse pods, and its rules are not interpreted"
    );
    let resource = Resource::ValidatingAdmissionPolicies;
    Err(Gap::whole(resource, Cause::Inconclusive, message).into())
}

/// Whether an admission policy or a binding may look at some pod that is created in a namespace, or in
/// any. Only its rules and its selector of namespaces can prove that it does not.
fn may_match(resources: Option<&MatchResources>, namespace: Option<&Namespace>) -> Known<bool> {
    let Some(resources) = resources else { return Ok(true) };
    let rules = &resources.resource_rules;
    if !rules.is_empty() && !rules.iter().any(creates_pods) {
        return Ok(false);
    }
    let selector = resources.namespace_selector.as_ref().filter(|it| !it.is_empty());
    match (selector, namespace) {
        (Some(selector), Some(namespace)) => selects(selector, namespace),
        _ => Ok(true),
    }
}

/// Whether a webhook is asked about pods that are created.
pub(crate) fn sees_pods(webhook: &Webhook) -> bool {
    webhook.rules.iter().any(creates_pods)
}

/// Whether pods that are created are among the requests of a rule.
fn creates_pods(rule: &WebhookRule) -> bool {
    let has = |list: &[Arc<str>], of: &[&str]| list.iter().any(|it| of.contains(&&**it));
    has(&rule.operations, &["CREATE", "*"])
        && has(&rule.api_groups, &["", "*"])
        && has(&rule.resources, &["pods", "*", "pods/*", "*/*"])
}

/// Whether a kind is a policy engine's; on `OpenShift` its own is always there.
fn is_of_engine(kind: &CustomResourceDefinition, facts: &Facts<'_>) -> bool {
    let group = &*kind.spec.group;
    let mut engines = facts.tables.policy_engines.iter();
    group == "config.openshift.io"
        || engines.any(|engine| engine.group.iter().any(|it| it == group))
}

/// Whether a webhook is known as a policy engine's, by its configuration or by whom it calls.
pub(crate) fn is_engine(configuration: &str, webhook: &Webhook, facts: &Facts<'_>) -> bool {
    let service = webhook.client_config.service.as_ref();
    facts.tables.policy_engines.iter().any(|engine| {
        engine.webhook_configuration.iter().any(|it| it == configuration)
            || service.is_some_and(|called| engine.service.iter().any(|it| is_service(it, called)))
    })
}

/// Whether a Service fits `NAMESPACE/NAME`; `*` is any namespace, or any end of a name.
fn is_service(pattern: &str, service: &ServiceReference) -> bool {
    let Some((namespace, name)) = pattern.split_once('/') else { return false };
    let named = match name.strip_suffix('*') {
        Some(prefix) => service.name.starts_with(prefix),
        None => *service.name == *name,
    };
    (namespace == "*" || *service.namespace == *namespace) && named
}

/// Whether some namespace of the platform, or of tenants, is not selected. Those that wait to be
/// deleted do not count.
pub(crate) fn leaves_out(
    selector: &Selector,
    webhook: &Webhook,
    platform: bool,
    facts: &Facts<'_>,
) -> Known<bool> {
    let own = webhook.client_config.service.as_ref().map(|it| &*it.namespace);
    let exempt = |it: &Namespace| {
        let is_platform = facts.settings.is_platform(&it.name) || own == Some(&*it.name);
        if is_platform != platform || it.terminating()? {
            return Ok(false);
        }
        Ok(!selects(selector, it)?)
    };
    Ok(facts.inventory.namespaces.find(Scope::Cluster, exempt)?.is_some())
}

/// Whether a selector fits the labels of a namespace.
fn selects(selector: &Selector, namespace: &Namespace) -> Known<bool> {
    let labels = &namespace.metadata.as_ref().map_err(Clone::clone)?.labels;
    // The API server labels each namespace with its name; a manifest need not.
    Ok(selector.matches(|key| match key {
        "kubernetes.io/metadata.name" => Some(&*namespace.name),
        _ => labels.get(key).map(|value| &**value),
    }))
}
