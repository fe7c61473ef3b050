//! Pods that share the node's network namespace.
//!
//! | field, from the pod spec | accepted          |
//! |--------------------------|-------------------|
//! | `hostNetwork`            | `false`, or unset |
//!
//! Source: Pod Security Standards, baseline, "Host Namespaces".

use assay_model::{Outcome, Resource, Severity};

use crate::{Check, Empty, Rule, pod_security};

pub(super) static CHECK: Check = Check {
    code: "APP-PSP-007",
    id: "host-network",
    title: "pod shares the network of its node",
    severity: Severity::High,
    rationale: "It reaches services that listen on the node alone, can watch the node's traffic, \
                and no network policy holds it.",
    remediation: "Remove `hostNetwork`; publish ports with a Service instead.",
    references: &["https://kubernetes.io/docs/concepts/security/pod-security-standards/"],
    verdicts: &[(Outcome::Fail, "`hostNetwork` is `true`"), (Outcome::Pass, "it is not")],
    needs: &[Resource::WORKLOADS],
    empty: Empty::NotApplicable,
    rule: Rule::PodSpec(pod_security::host_network),
};
