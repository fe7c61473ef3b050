//! Pods by the strictest of the Pod Security Standards that they keep.
//!
//! | level, by the policy of the server's version | verdict |
//! |----------------------------------------------|---------|
//! | restricted                                   | pass    |
//! | baseline                                     | warn    |
//! | privileged                                   | fail    |
//!
//! Computed as admission does, by all 12 controls of baseline and 7 of restricted; a finding names those
//! that are broken, as admission calls them.

use assay_model::{Findings, Outcome, PodSpec, Resource, Severity};

use crate::{
    Check, Empty, Facts, Rule, Ruled,
    pod_security::{self, Level},
};

pub(super) static CHECK: Check = Check {
    code: "APP-PSP-045",
    id: "pod-breaks-baseline",
    title: "pod does what the baseline standard forbids",
    severity: Severity::Medium,
    rationale: "Baseline forbids what is known to lead from a pod to its node; a namespace that \
                enforces it would not take the pod.",
    remediation: "Mend what the finding names, each of which has a check of its own; aim for \
                  restricted, and have the namespace enforce it.",
    references: &["https://kubernetes.io/docs/concepts/security/pod-security-standards/"],
    verdicts: &[
        (Outcome::Fail, "it breaks a control of baseline"),
        (Outcome::Warn, "it keeps baseline, and breaks a control of restricted"),
        (Outcome::Pass, "it keeps restricted"),
    ],
    needs: &[Resource::WORKLOADS, &[Resource::Version]],
    empty: Empty::NotApplicable,
    rule: Rule::PodSpecWith(pod_breaks_baseline),
};

fn pod_breaks_baseline(pod: &PodSpec, facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    pod_security::by_version(facts, findings, |version, out| {
        let broken = |level| {
            let mut ids: Vec<&str> = pod_security::violations(pod, version, level)
                .filter(|it| it.control.level == level)
                .map(|it| it.control.id)
                .collect();
            ids.dedup();
            ids.join(", ")
        };
        let (baseline, restricted) = (broken(Level::Baseline), broken(Level::Restricted));
        if !baseline.is_empty() {
            out.fail(pod.field(""), format!("breaks {baseline} of baseline"));
        } else if !restricted.is_empty() {
            out.warn(pod.field(""), format!("breaks {restricted} of restricted"));
        }
    })
}
