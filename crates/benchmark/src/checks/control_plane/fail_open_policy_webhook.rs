//! Webhooks of policy engines that let things pass.
//!
//! | field, from each webhook | fail                            | warn                        |
//! |--------------------------|---------------------------------|-----------------------------|
//! | `failurePolicy`          | `Ignore`                        |                             |
//! | `objectSelector`         | selects, by labels users choose |                             |
//! | `namespaceSelector`      | leaves out a tenant's namespace | leaves out only platform's  |
//! | `matchConditions`        | manual: expressions             |                             |
//!
//! The engine's own namespace counts as platform here. A webhook without rules is never called.
//! Which webhooks are a policy engine's: table `policy-engines`.
//! Elsewhere: tenants who can relabel their namespace out of a policy.

use assay_model::{
    Findings, Known, Location, Outcome, Resource, Scope, Severity,
    admission::{ServiceReference, Webhook, WebhookConfiguration},
    both,
    namespace::Namespace,
    selector::Selector,
};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling};

pub(super) static CHECK: Check = Check {
    code: "CLU-CIS-043",
    id: "fail-open-policy-webhook",
    title: "webhook of a policy engine can be passed by",
    severity: Severity::High,
    rationale: "A policy that is not asked refuses nothing: it is enough to make the engine slow, or to set \
                a label, and anything gets in.",
    remediation: "Set `failurePolicy: Fail` (in the engine's configuration, for it writes the webhook), run \
                  more than one replica of the engine, and exempt nothing but platform namespaces, by name.",
    references: &[
        "https://kubernetes.io/docs/concepts/cluster-administration/admission-webhooks-good-practices/",
    ],
    verdicts: &[
        (
            Outcome::Fail,
            "`failurePolicy` is `Ignore`, an object's labels exempt it, or a tenant's namespace is exempt",
        ),
        (Outcome::Manual, "`matchConditions` decide what is sent"),
        (Outcome::Warn, "only platform namespaces and the engine's own are exempt"),
        (Outcome::Pass, "it is asked about everything, and fails closed"),
        (Outcome::NotApplicable, "it is no policy engine's that is known"),
    ],
    needs: &[&[
        Resource::ValidatingWebhookConfigurations,
        Resource::MutatingWebhookConfigurations,
        Resource::Namespaces,
    ]],
    empty: Empty::NotApplicable,
    rule: Rule::Webhook(fail_open_policy_webhook),
};

fn fail_open_policy_webhook(
    configuration: &WebhookConfiguration,
    facts: &Facts<'_>,
    findings: &mut Findings,
) -> Ruled {
    let of_engine = |it: &&Webhook| is_engine(&configuration.metadata.name, it, facts);
    let called = |it: &&Webhook| !it.rules.is_empty();
    let webhooks: Vec<&Webhook> =
        configuration.webhooks.iter().filter(of_engine).filter(called).collect();
    if webhooks.is_empty() {
        return Ok(Ruling::NotApplicable("no webhook of a policy engine that is known".to_owned()));
    }
    let mut read = Ok(());
    for webhook in &webhooks {
        let at = |field: &str| Location::field(format!("webhooks[{}].{field}", webhook.name));
        if webhook.failure_policy.as_deref() == Some("Ignore") {
            findings.fail(at("failurePolicy"), "is `Ignore`");
        }
        if webhook.object_selector.as_ref().is_some_and(|it| !it.is_empty()) {
            findings
                .fail(at("objectSelector"), "exempts by labels that whoever makes the object sets");
        }
        if let Some(selector) = webhook.namespace_selector.as_ref().filter(|it| !it.is_empty()) {
            let at = at("namespaceSelector");
            let tenants = leaves_out(selector, webhook, false, facts);
            if let Ok(true) = tenants {
                findings.fail(at.clone(), "leaves out namespaces of tenants");
            }
            let platform = leaves_out(selector, webhook, true, facts);
            if let Ok(true) = platform {
                findings.warn(at, "leaves out platform namespaces");
            }
            read = both(read, both(tenants.map(drop), platform.map(drop)));
        }
    }
    read?;
    let conditional = webhooks.iter().filter(|it| !it.match_conditions.is_empty());
    let names: Vec<&str> = conditional.map(|it| &*it.name).collect();
    if names.is_empty() {
        return Ok(Ruling::Applies);
    }
    let question =
        format!("Do the matchConditions of {} exempt what tenants make?", names.join(", "));
    Ok(Ruling::Manual(question))
}

/// Whether a webhook is known as a policy engine's, by its configuration or by whom it calls.
fn is_engine(configuration: &str, webhook: &Webhook, facts: &Facts<'_>) -> bool {
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
fn leaves_out(
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
        let labels = &it.metadata.as_ref().map_err(Clone::clone)?.labels;
        // The API server labels each namespace with its name; a manifest need not.
        let label = |key: &str| match key {
            "kubernetes.io/metadata.name" => Some(&*it.name),
            _ => labels.get(key).map(|value| &**value),
        };
        Ok(!selector.matches(label))
    };
    Ok(facts.inventory.namespaces.find(Scope::Cluster, exempt)?.is_some())
}
