//! Containers that no seccomp profile confines.
//!
//! | field, from the pod spec                            | accepted                              |
//! |-----------------------------------------------------|---------------------------------------|
//! | `securityContext.seccompProfile.type`               | `RuntimeDefault`, `Localhost`, or unset where every container has its own |
//! | `containers[*].securityContext.seccompProfile.type` | the same, or unset under a pod's      |
//!
//! Init and ephemeral containers count. A kubelet's `seccompDefault` does not count: it is the node's,
//! and admission does not see it. Not applicable: pods that say `os.name: windows`.
//! Source: Pod Security Standards, restricted, "Seccomp".

use assay_model::{Outcome, Resource, Severity};

use crate::{Check, Empty, Rule, pod_security};

pub(super) static CHECK: Check = Check {
    code: "APP-PSP-041",
    id: "no-seccomp-profile",
    title: "container has no seccomp profile",
    severity: Severity::Medium,
    rationale: "Unless a kubelet says otherwise, a container without a profile may use every \
                system call, also those by which most kernel flaws are reached.",
    remediation: "Set `securityContext.seccompProfile.type: RuntimeDefault` on the pod.",
    references: &[
        "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
        "https://kubernetes.io/docs/tutorials/security/seccomp/",
    ],
    verdicts: &[
        (
            Outcome::Fail,
            "a container has no profile, nor has its pod; or one of them is `Unconfined`",
        ),
        (Outcome::Pass, "each is confined by its own or its pod's"),
        (Outcome::NotApplicable, "the pod is for Windows"),
    ],
    needs: &[Resource::WORKLOADS],
    empty: Empty::NotApplicable,
    rule: Rule::PodSpecWith(|pod, facts, out| {
        pod_security::SECCOMP_RESTRICTED.judge(pod, facts, out)
    }),
};
