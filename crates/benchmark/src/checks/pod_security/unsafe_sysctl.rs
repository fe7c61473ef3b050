//! Pods that set kernel parameters beyond the safe ones.
//!
//! | field, from the pod spec             | accepted                                                    |
//! |--------------------------------------|-------------------------------------------------------------|
//! | `securityContext.sysctls[*].name`    | the safe ones of the policy version: 5 at first, 6 from 1.27, 10 from 1.29, 12 from 1.32, 14 from 1.37 |
//!
//! Names are compared as written. Not applicable: pods that say `os.name: windows`.
//! Source: Pod Security Standards, baseline, "Sysctls".

use assay_model::{Outcome, Resource, Severity};

use crate::{Check, Empty, Rule, pod_security};

pub(super) static CHECK: Check = Check {
    code: "APP-PSP-043",
    id: "unsafe-sysctl",
    title: "pod sets a kernel parameter that is not known to be safe",
    severity: Severity::High,
    rationale: "Parameters that are not of the pod alone change the node for everybody: they \
                weaken its protections, or use up what all share.",
    remediation: "Remove the entry from `securityContext.sysctls`, or set it on the nodes that \
                  need it.",
    references: &[
        "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
        "https://kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster/",
    ],
    verdicts: &[
        (Outcome::Fail, "a name in `sysctls` is not among the safe ones of the server's version"),
        (Outcome::Pass, "all are"),
        (Outcome::NotApplicable, "the pod is for Windows"),
    ],
    needs: &[Resource::WORKLOADS, &[Resource::Version]],
    empty: Empty::NotApplicable,
    rule: Rule::PodSpecWith(|pod, facts, out| pod_security::SYSCTLS.judge(pod, facts, out)),
};
