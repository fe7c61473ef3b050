//! Containers that see `/proc` as the node does.
//!
//! | field, from the pod spec                  | accepted            |
//! |-------------------------------------------|---------------------|
//! | `containers[*].securityContext.procMount` | `Default`, or unset |
//!
//! Init and ephemeral containers count. Exempt: pods with `hostUsers: false`, from policy version 1.35
//! on; restricted refuses those still. Not applicable: pods that say `os.name: windows`.
//! Source: Pod Security Standards, baseline, "/proc Mount Type".

use assay_model::{Outcome, Resource, Severity};

use crate::{Check, Empty, Rule, pod_security};

pub(super) static CHECK: Check = Check {
    code: "APP-PSP-037",
    id: "unmasked-proc",
    title: "container sees all of /proc",
    severity: Severity::High,
    rationale: "Files of `/proc` and `/sys` that a runtime hides show the node's kernel memory \
                layout and let root write its settings.",
    remediation: "Remove `securityContext.procMount`; where containers run in containers, set \
                  `hostUsers: false` beside it (1.35 and later).",
    references: &["https://kubernetes.io/docs/concepts/security/pod-security-standards/"],
    verdicts: &[
        (Outcome::Fail, "`procMount` of a container is not `Default`"),
        (Outcome::Pass, "it is on none, or the pod has users of its own (1.35 and later)"),
        (Outcome::NotApplicable, "the pod is for Windows"),
    ],
    needs: &[Resource::WORKLOADS, &[Resource::Version]],
    empty: Empty::NotApplicable,
    rule: Rule::PodSpecWith(|pod, facts, out| pod_security::PROC_MOUNT.judge(pod, facts, out)),
};
