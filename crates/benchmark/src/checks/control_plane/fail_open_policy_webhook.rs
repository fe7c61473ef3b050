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
    Findings, Location, Outcome, Resource, Severity,
    admission::{Webhook, WebhookConfiguration},
    both,
};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling,
    policy_engine::{is_engine, leaves_out},
};

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
