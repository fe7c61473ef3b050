//! Clusters in which nothing refuses pods of tenants.
//!
//! | tenants' namespaces that are guarded, at least by baseline | verdict |
//! |------------------------------------------------------------|---------|
//! | all of them                                                | pass    |
//! | some                                                       | warn    |
//! | none                                                       | fail    |
//!
//! How it is told whether one is: [`pod_admission`]. Not applicable without tenants. A policy engine that
//! may refuse pods, and whose rules are not known to, makes it unknown.

use assay_model::{Findings, Location, Outcome, Resource, Scope, Severity};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling, pod_admission, pod_security::Level};

pub(super) static CHECK: Check = Check {
    code: "APP-PSP-050",
    id: "no-pod-admission",
    title: "no admission policy holds for the pods of tenants",
    severity: Severity::High,
    rationale: "What a manifest asks for is what runs: every review of it can be passed by, and \
                one that was forgotten is one pod away from a node.",
    remediation: "Label the tenants' namespaces with `pod-security.kubernetes.io/enforce`, or \
                  install a policy engine with rules for pods.",
    references: &["https://kubernetes.io/docs/concepts/security/pod-security-admission/"],
    verdicts: &[
        (Outcome::Fail, "no tenant's namespace is guarded, by labels or otherwise"),
        (
            Outcome::Unknown,
            "the API server's flags do not show it, or something may refuse pods, and what it asks of them, or of whom, is not known",
        ),
        (Outcome::Warn, "some are, and some are not"),
        (Outcome::Pass, "each is"),
        (Outcome::NotApplicable, "there is no tenant's namespace"),
    ],
    needs: &[Resource::WORKLOADS, pod_admission::NEEDS],
    empty: Empty::NotApplicable,
    rule: Rule::Cluster(no_pod_admission),
};

fn no_pod_admission(facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let (mut guarded, mut open) = (false, false);
    let read = facts.inventory.namespaces.each(Scope::Cluster, |namespace| {
        if facts.settings.is_platform(&namespace.name) || namespace.terminating()? {
            return Ok(());
        }
        if pod_admission::is_guarded(namespace, Level::Baseline, facts)? {
            guarded = true;
        } else {
            open = true;
        }
        Ok(())
    });
    if guarded && open {
        // Whatever the others are, it is some and not all.
        findings
            .warn(Location::object(), "has tenants' namespaces that no admission policy guards");
        return Ok(Ruling::Applies);
    }
    read?;
    if open {
        findings
            .fail(Location::object(), "has no admission policy that guards a tenant's namespace");
    } else if !guarded {
        return Ok(Ruling::NotApplicable("no namespace of a tenant".to_owned()));
    }
    Ok(Ruling::Applies)
}
