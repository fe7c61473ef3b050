//! Pods that share the node's process namespace.
//!
//! | field, from the pod spec | accepted          |
//! |--------------------------|-------------------|
//! | `hostPID`                | `false`, or unset |
//!
//! Together with a privileged container, or one with `SYS_PTRACE` or `SYS_ADMIN`, it is critical: such
//! a process can take over any other of the node.
//! Source: Pod Security Standards, baseline, "Host Namespaces".

use assay_model::{Outcome, Resource, Severity};

use crate::{Check, Empty, Rule, pod_security};

pub(super) static CHECK: Check = Check {
    code: "APP-PSP-003",
    id: "host-pid",
    title: "pod shares the process namespace of its node",
    severity: Severity::High,
    rationale: "Its processes see those of the node and of every other pod there, and can signal \
                or trace them as far as their user may.",
    remediation: "Remove `hostPID`; debug a node with a pod that is gone afterwards.",
    references: &["https://kubernetes.io/docs/concepts/security/pod-security-standards/"],
    verdicts: &[
        (
            Outcome::Fail,
            "`hostPID` is `true`; critical beside `privileged`, `SYS_PTRACE` or `SYS_ADMIN`",
        ),
        (Outcome::Pass, "it is not"),
    ],
    needs: &[Resource::WORKLOADS],
    empty: Empty::NotApplicable,
    rule: Rule::PodSpec(pod_security::host_pid),
};
