//! Pods and containers that switch seccomp off.
//!
//! | field, from the pod spec                            | accepted                             |
//! |-----------------------------------------------------|--------------------------------------|
//! | `securityContext.seccompProfile.type`               | unset, `RuntimeDefault`, `Localhost` |
//! | `containers[*].securityContext.seccompProfile.type` | the same                             |
//!
//! Init and ephemeral containers count. Not applicable: pods that say `os.name: windows`.
//! Elsewhere: unset on both levels is `no-seccomp-profile`'s.
//! Source: Pod Security Standards, baseline, "Seccomp".

use assay_model::{Outcome, Resource, Severity};

use crate::{Check, Empty, Rule, pod_security};

pub(super) static CHECK: Check = Check {
    code: "APP-PSP-040",
    id: "unconfined-seccomp",
    title: "seccomp is switched off",
    severity: Severity::High,
    rationale: "Every system call of the kernel is open to the process, also those by which most \
                kernel flaws are reached.",
    remediation: "Set `seccompProfile.type` to `RuntimeDefault`, or to `Localhost` with a \
                  profile of the node.",
    references: &[
        "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
        "https://kubernetes.io/docs/tutorials/security/seccomp/",
    ],
    verdicts: &[
        (Outcome::Fail, "a profile of the pod or a container is `Unconfined`"),
        (Outcome::Pass, "none is"),
        (Outcome::NotApplicable, "the pod is for Windows"),
    ],
    needs: &[Resource::WORKLOADS],
    empty: Empty::NotApplicable,
    rule: Rule::PodSpecWith(|pod, facts, out| {
        pod_security::SECCOMP_BASELINE.judge(pod, facts, out)
    }),
};
