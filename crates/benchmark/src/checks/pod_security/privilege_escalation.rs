//! Containers whose processes may gain more rights than their parent.
//!
//! | field, from the pod spec                                 | accepted |
//! |----------------------------------------------------------|----------|
//! | `containers[*].securityContext.allowPrivilegeEscalation` | `false`  |
//!
//! Init and ephemeral containers count. Not applicable: pods that say `os.name: windows`.
//! Source: Pod Security Standards, restricted, "Privilege Escalation".

use assay_model::{Outcome, Resource, Severity};

use crate::{Check, Empty, Rule, pod_security};

pub(super) static CHECK: Check = Check {
    code: "APP-PSP-030",
    id: "privilege-escalation",
    title: "container allows privilege escalation",
    severity: Severity::High,
    rationale: "A set-user-ID program in the image makes root of whoever gets to run it, \
                whatever user the container starts as.",
    remediation: "Set `securityContext.allowPrivilegeEscalation: false` on every container.",
    references: &["https://kubernetes.io/docs/concepts/security/pod-security-standards/"],
    verdicts: &[
        (Outcome::Fail, "`allowPrivilegeEscalation` is not `false` on a container"),
        (Outcome::Pass, "it is on all"),
        (Outcome::NotApplicable, "the pod is for Windows"),
    ],
    needs: &[Resource::WORKLOADS],
    empty: Empty::NotApplicable,
    rule: Rule::PodSpecWith(|pod, facts, out| {
        pod_security::ALLOW_PRIVILEGE_ESCALATION.judge(pod, facts, out)
    }),
};
