//! What may refuse pods beside `PodSecurity`, and Services: policy engines, and the API server's own policies.
//!
//! Kyverno's policies and admission policies are interpreted as far as their content is known (table
//! `policy-rules`), and of Gatekeeper's constraints it is read which may refuse pods at all. Of other
//! engines and webhooks only that they are there is known: what they refuse is not.

mod gatekeeper;
pub(crate) mod kyverno;
mod native;

use std::sync::Arc;

use assay_model::{
    Cause, Gap, Known, Resource, Scope,
    admission::{
        CustomResourceDefinition, ServiceReference, Webhook, WebhookConfiguration, WebhookRule,
    },
    all, any, either,
    namespace::Namespace,
    selector::Selector,
};

pub(crate) use self::kyverno::is_enforce;
use crate::{Facts, pod_security::Control};

/// Whether every pod of a namespace is refused that breaks one of these controls.
///
/// # Errors
///
/// Where something is there that may refuse them, and what it asks of pods is not known, or whom it
/// exempts: a validating webhook that is asked about new pods, a policy engine, or an admission policy
/// that denies and looks at new pods there. A webhook that only changes pods and is no engine's does not
/// count.
pub(crate) fn refuses_pods<'c>(
    namespace: &Namespace,
    controls: impl IntoIterator<Item = &'c Control>,
    facts: &Facts<'_>,
) -> Known<bool> {
    let by_content = controls.into_iter().map(|control| {
        any([
            kyverno::refuses(control, namespace, facts),
            native::refuses(control, namespace, facts),
        ])
    });
    any([all(by_content), gatekeeper::refuses(namespace, facts), another_refuses(&PODS, facts)])
}

/// What else is read to tell whether something refuses Services.
pub(crate) const SERVICES_NEED: &[Resource] = &[
    Resource::ValidatingWebhookConfigurations,
    Resource::MutatingWebhookConfigurations,
    Resource::CustomResourceDefinitions,
    Resource::ValidatingAdmissionPolicies,
    Resource::ValidatingAdmissionPolicyBindings,
];

/// Whether something refuses some Services, or changes them first: proven not to be so where nothing is
/// there that may.
///
/// # Errors
///
/// Where something is.
pub(crate) fn refuses_services(facts: &Facts<'_>) -> Known<bool> {
    any([another_refuses(&SERVICES, facts), native::may_refuse(&SERVICES, None, facts)])
}

/// Whether an admission policy may refuse pods somewhere.
///
/// # Errors
///
/// Where one looks at new pods.
pub(crate) fn policy_may_refuse_pods(facts: &Facts<'_>) -> Known<bool> {
    native::may_refuse(&PODS, None, facts)
}

/// A kind that may be refused when it is created.
struct Refused {
    kind: &'static str,
    /// What rules of admission may call it.
    called: [&'static str; 4],
    /// Whether engines' policies are interpreted as far as they are about it.
    interpreted: bool,
    /// Whether what a webhook changes counts, whoever's it is.
    or_changed: bool,
}

const PODS: Refused = Refused {
    kind: "pods",
    called: ["pods", "*", "pods/*", "*/*"],
    interpreted: true,
    or_changed: false,
};
const SERVICES: Refused = Refused {
    kind: "services",
    called: ["services", "*", "services/*", "*/*"],
    interpreted: false,
    or_changed: true,
};

/// Whether a webhook or an engine does whose rules are not read.
fn another_refuses(refused: &Refused, facts: &Facts<'_>) -> Known<bool> {
    let inventory = facts.inventory;
    let asked = |whoever: bool| {
        move |it: &WebhookConfiguration| {
            let name = &it.metadata.name;
            let counts = |webhook: &Webhook| {
                let interpreted =
                    kyverno::is_asked_by(name, webhook) || gatekeeper::is_asked_by(name, webhook);
                webhook.rules.iter().any(|it| creates(refused, it))
                    && (whoever || is_engine(name, webhook, facts))
                    && !(refused.interpreted && interpreted)
            };
            Ok(it.webhooks.iter().any(counts))
        }
    };
    let webhook = either(
        inventory.validating_webhooks.find(Scope::Cluster, asked(true)),
        inventory.mutating_webhooks.find(Scope::Cluster, asked(refused.or_changed)),
    );
    let kind = inventory.custom_resource_definitions.find(Scope::Cluster, |it| {
        let accounted = kyverno::accounts_for(it) || gatekeeper::accounts_for(it);
        Ok(is_of_engine(it, facts) && !(refused.interpreted && accounted))
    });
    if any([webhook.map(|it| it.is_some()), kind.map(|it| it.is_some())])? {
        let kind = refused.kind;
        let message = format!(
            "a policy engine or another webhook may refuse {kind}, and its rules are not read"
        );
        let resource = Resource::ValidatingWebhookConfigurations;
        return Err(Gap::whole(resource, Cause::Inconclusive, message).into());
    }
    Ok(false)
}

/// Whether a webhook is asked about pods that are created.
pub(crate) fn sees_pods(webhook: &Webhook) -> bool {
    webhook.rules.iter().any(|it| creates(&PODS, it))
}

/// Whether rules send every pod that is made, and every ephemeral container that is added to one.
fn covers_pods(rules: &[WebhookRule]) -> bool {
    let sent = |operation: &str, resources: &[&str]| {
        rules.iter().any(|rule| {
            let has = |list: &[Arc<str>], of: &[&str]| list.iter().any(|it| of.contains(&&**it));
            has(&rule.operations, &[operation, "*"])
                && has(&rule.api_groups, &["", "*"])
                && has(&rule.api_versions, &["v1", "*"])
                && has(&rule.resources, resources)
                && rule.scope.as_deref().is_none_or(|it| it != "Cluster")
                && rule.resource_names.is_empty()
        })
    };
    sent("CREATE", &["pods", "*", "*/*"])
        && sent("UPDATE", &["pods/ephemeralcontainers", "pods/*", "*/ephemeralcontainers", "*/*"])
}

/// Whether objects of a kind that are created are among the requests of a rule.
fn creates(refused: &Refused, rule: &WebhookRule) -> bool {
    let has = |list: &[Arc<str>], of: &[&str]| list.iter().any(|it| of.contains(&&**it));
    has(&rule.operations, &["CREATE", "*"])
        && has(&rule.api_groups, &["", "*"])
        && has(&rule.resources, &refused.called)
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
    facts
        .tables
        .policy_engines
        .iter()
        .any(|it| is_of(&it.webhook_configuration, &it.service, configuration, webhook))
}

/// Whether a webhook stands in one of these configurations, or calls one of these Services.
pub(crate) fn is_of(
    configurations: &[String],
    services: &[String],
    configuration: &str,
    webhook: &Webhook,
) -> bool {
    let service = webhook.client_config.service.as_ref();
    configurations.iter().any(|it| it == configuration)
        || service.is_some_and(|called| services.iter().any(|it| is_service(it, called)))
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
pub(crate) fn selects(selector: &Selector, namespace: &Namespace) -> Known<bool> {
    let labels = &namespace.metadata.as_ref().map_err(Clone::clone)?.labels;
    // The API server labels each namespace with its name; a manifest need not.
    Ok(selector.matches(|key| match key {
        "kubernetes.io/metadata.name" => Some(&*namespace.name),
        _ => labels.get(key).map(|value| &**value),
    }))
}
