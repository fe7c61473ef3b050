//! Policies whose `policyTypes` and rules do not say the same.
//!
//! | `policyTypes`                                                        | verdict |
//! |----------------------------------------------------------------------|---------|
//! | lacks `Egress`, and there are egress rules                           | fail    |
//! | lacks `Ingress`, and there are ingress rules                         | warn    |
//! | names `Ingress`, of which there are only egress rules, and the policy's name does not say that it denies | warn |
//! | is empty, as only manifests have it                                  | warn    |
//! | else                                                                 | pass    |
//!
//! Rules of a direction that is not named are dead. Of a direction that is named without rules,
//! everything is denied: whoever wrote egress rules alone and no types has denied all ingress.

use assay_model::{
    Findings, Location, Outcome, Resource, Severity,
    network::{Direction, NetworkPolicy},
};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling};

pub(super) static CHECK: Check = Check {
    code: "APP-NET-016",
    id: "mismatched-policy-types",
    title: "network policy's types and rules do not match",
    severity: Severity::Medium,
    rationale: "Egress rules without the type `Egress` limit nothing, so the pods may connect to \
                everywhere; and a type that was not meant denies what an application needs.",
    remediation: "Name in `spec.policyTypes` each direction that the policy is to limit, and no other; say \
                  `deny` in the name of a policy that denies a direction on purpose.",
    references: &[
        "https://kubernetes.io/docs/concepts/services-networking/network-policies/#networkpolicy-resource",
    ],
    verdicts: &[
        (Outcome::Fail, "it has egress rules, and `policyTypes` lacks `Egress`"),
        (Outcome::Warn, "it has ingress rules, and `policyTypes` lacks `Ingress`"),
        (
            Outcome::Warn,
            "it has egress rules only, and also denies all ingress, which its name does not say",
        ),
        (Outcome::Warn, "a manifest leaves `policyTypes` to the server"),
        (Outcome::Pass, "types and rules match"),
    ],
    needs: &[&[Resource::NetworkPolicies]],
    empty: Empty::NotApplicable,
    rule: Rule::NetworkPolicy(mismatched_policy_types),
};

fn mismatched_policy_types(
    policy: &NetworkPolicy,
    _: &Facts<'_>,
    findings: &mut Findings,
) -> Ruled {
    let has_rules = |direction| !policy.allowed(direction).is_empty();
    let is_dead = |direction| has_rules(direction) && !policy.applies(direction);
    if is_dead(Direction::Egress) {
        let at = Location::field("spec.egress");
        findings.fail(at, "limits nothing, for `policyTypes` lacks `Egress`");
    }
    if is_dead(Direction::Ingress) {
        let at = Location::field("spec.ingress");
        findings.warn(at, "limits nothing, for `policyTypes` lacks `Ingress`");
    }
    let at = || Location::field("spec.policyTypes");
    if policy.spec.policy_types.is_empty() {
        findings.warn(at(), "is left to the server: `Ingress`, and `Egress` where there are rules");
    }
    let denies_ingress = policy.applies(Direction::Ingress) && !has_rules(Direction::Ingress);
    let by_name = policy.metadata.name.to_ascii_lowercase().contains("deny");
    if denies_ingress && has_rules(Direction::Egress) && !by_name {
        findings.warn(at(), "also denies all ingress, of which there is no rule");
    }
    Ok(Ruling::Applies)
}
