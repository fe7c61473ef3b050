//! Pods that share the node's IPC namespace.
//!
//! | field, from the pod spec | accepted          |
//! |--------------------------|-------------------|
//! | `hostIPC`                | `false`, or unset |
//!
//! Source: Pod Security Standards, baseline, "Host Namespaces".

use assay_model::{Outcome, Resource, Severity};

use crate::{Check, Empty, Rule, pod_security};

pub(super) static CHECK: Check = Check {
    code: "APP-PSP-004",
    id: "host-ipc",
    title: "pod shares the IPC namespace of its node",
    severity: Severity::High,
    rationale: "It can read and write the shared memory of the node's own processes and of other \
                pods that share it.",
    remediation: "Remove `hostIPC`; containers of one pod share memory without it.",
    references: &["https://kubernetes.io/docs/concepts/security/pod-security-standards/"],
    verdicts: &[(Outcome::Fail, "`hostIPC` is `true`"), (Outcome::Pass, "it is not")],
    needs: &[Resource::WORKLOADS],
    empty: Empty::NotApplicable,
    rule: Rule::PodSpec(pod_security::host_ipc),
};
