//! Who need not keep to pod security.
//!
//! | seen                                                                       | verdict |
//! |----------------------------------------------------------------------------|---------|
//! | a policy engine's webhook for pods leaves out a tenant's namespace, or exempts by labels or expressions | warn |
//! | `--admission-control-config-file` is given on an API server, or not visible | unknown |
//! | an admission policy of the API server denies and looks at pods             | unknown |
//! | none of these                                                              | pass    |
//!
//! The file's content is nowhere in the API, nor do its flags tell users whom it exempts. Whom the
//! expressions of a `ValidatingAdmissionPolicy` let through is not interpreted.

use assay_model::{
    Findings, Known, Location, Outcome, Resource, Scope, Severity,
    admission::{Webhook, WebhookConfiguration},
    any, either,
};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling, pod_admission, policy_engine};

pub(super) static CHECK: Check = Check {
    code: "APP-PSP-053",
    id: "pod-admission-exemption",
    title: "exemptions from pod security are wide",
    severity: Severity::Medium,
    rationale: "Whoever is exempt makes any pod he likes; an exempt controller makes it for \
                everybody who may write its objects.",
    remediation: "Remove tenants from the engine's `namespaceSelector`, and take \
                  `matchConditions` and `objectSelector` out of its webhooks; keep `exemptions` \
                  of the PodSecurity plug-in empty, or to namespaces of the platform.",
    references: &["https://kubernetes.io/docs/concepts/security/pod-security-admission/"],
    verdicts: &[
        (
            Outcome::Unknown,
            "the API server has a configuration file for its plug-ins, or its flags are not visible; \
             or a `ValidatingAdmissionPolicy` denies and looks at pods, and its rules are not interpreted",
        ),
        (Outcome::Warn, "a policy engine is not asked about some pods of tenants"),
        (Outcome::Pass, "no such file is given, and no engine leaves anybody out"),
    ],
    needs: &[
        Resource::WORKLOADS,
        &[
            Resource::Nodes,
            Resource::Namespaces,
            Resource::ValidatingWebhookConfigurations,
            Resource::MutatingWebhookConfigurations,
            Resource::ValidatingAdmissionPolicies,
            Resource::ValidatingAdmissionPolicyBindings,
        ],
    ],
    empty: Empty::NotApplicable,
    rule: Rule::Cluster(pod_admission_exemption),
};

fn pod_admission_exemption(facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let inventory = facts.inventory;
    let exempts = |it: &WebhookConfiguration| {
        any(it.webhooks.iter().map(|webhook| {
            let of_engine = policy_engine::is_engine(&it.metadata.name, webhook, facts);
            if of_engine && policy_engine::sees_pods(webhook) {
                leaves_anybody_out(webhook, facts)
            } else {
                Ok(false)
            }
        }))
    };
    let engine = either(
        inventory.validating_webhooks.find(Scope::Cluster, exempts),
        inventory.mutating_webhooks.find(Scope::Cluster, exempts),
    );
    if pod_admission::is_configured(facts)? {
        return Err(pod_admission::exemptions_untold());
    }
    if engine?.is_some() {
        findings.warn(
            Location::object(),
            "has a policy engine that is not asked about some pods of tenants",
        );
    }
    policy_engine::policy_may_refuse_pods(facts)?;
    Ok(Ruling::Applies)
}

fn leaves_anybody_out(webhook: &Webhook, facts: &Facts<'_>) -> Known<bool> {
    let by_object = webhook.object_selector.as_ref().is_some_and(|it| !it.is_empty());
    if by_object || !webhook.match_conditions.is_empty() {
        return Ok(true);
    }
    match webhook.namespace_selector.as_ref().filter(|it| !it.is_empty()) {
        Some(selector) => policy_engine::leaves_out(selector, webhook, false, facts),
        None => Ok(false),
    }
}
