//! Namespaces of tenants that take pods beyond the baseline standard.
//!
//! | namespace of a tenant                                                     | verdict        |
//! |---------------------------------------------------------------------------|----------------|
//! | enforces baseline or restricted, proven by every API server's flags       | pass           |
//! | is labelled privileged, or not labelled, or admission is off              | fail           |
//! | the flags do not show it, or a file of theirs may exempt or set a default | unknown        |
//! | policies refuse all of baseline, and hold for every pod                   | pass           |
//! | something else may refuse pods, and what it asks of them is not known     | unknown        |
//! | of the platform, or waits to be deleted                                   | not applicable |
//!
//! How it is told: [`pod_admission`]. A label that is no level is restricted, as upstream has it.

use assay_model::{Findings, Outcome, Resource, Severity, namespace::Namespace};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling,
    pod_admission::{self, ANY_VERSION, at_label, shortcoming},
    pod_security::Level,
};

pub(super) static CHECK: Check = Check {
    code: "APP-PSP-051",
    id: "namespace-below-baseline",
    title: "namespace does not enforce the baseline standard",
    severity: Severity::High,
    rationale: "Whoever may create a pod there, or takes over a pipeline that does, makes one \
                that leads to its node, and from there to the cluster.",
    remediation: "Label the namespace `pod-security.kubernetes.io/enforce: baseline`, better \
                  `restricted`; `kubectl label --dry-run=server` says which pods would break it. \
                  Labels that audit or warn refuse nothing.",
    references: &["https://kubernetes.io/docs/concepts/security/pod-security-admission/"],
    verdicts: &[
        (Outcome::Fail, "pods beyond baseline are let in"),
        (
            Outcome::Unknown,
            "the label asks for it, and the API server's flags do not show that it is enforced for everybody; or something may refuse pods, and what it asks of them, or of whom, is not known",
        ),
        (
            Outcome::Pass,
            "every tenant's namespace enforces baseline or restricted, by its label or by policies",
        ),
        (Outcome::NotApplicable, "namespaces of the platform"),
    ],
    needs: &[Resource::WORKLOADS, pod_admission::NEEDS],
    empty: Empty::NotApplicable,
    rule: Rule::Namespace(namespace_below_baseline),
};

fn namespace_below_baseline(
    namespace: &Namespace,
    facts: &Facts<'_>,
    findings: &mut Findings,
) -> Ruled {
    if facts.settings.is_platform(&namespace.name) {
        return Ok(Ruling::NotApplicable("a namespace of the platform".to_owned()));
    }
    match pod_admission::is_guarded(namespace, Level::Baseline, facts) {
        Ok(true) => {}
        Ok(false) => {
            findings.fail(at_label(), shortcoming(namespace, Level::Baseline, ANY_VERSION)?);
        }
        Err(unknown) => {
            if let Ok(Some(label)) = pod_admission::label(namespace) {
                findings.hint(format!("labels ask for `{}`", label.level.name()));
            }
            return Err(unknown);
        }
    }
    Ok(Ruling::Applies)
}
