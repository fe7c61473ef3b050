//! Probes and lifecycle hooks that make the kubelet call another host.
//!
//! | field, from the pod spec                                                | accepted        |
//! |-------------------------------------------------------------------------|-----------------|
//! | `containers[*].{liveness,readiness,startup}Probe.{httpGet,tcpSocket}.host` | empty, or unset |
//! | `containers[*].lifecycle.{postStart,preStop}.{httpGet,tcpSocket}.host`  | the same        |
//!
//! Init and ephemeral containers count. Before policy version 1.34 admission lets it: a weakness.
//! Source: Pod Security Standards, baseline, "Host Probes / Lifecycle Hooks".

use assay_model::{Outcome, Resource, Severity};

use crate::{Check, Empty, Rule, pod_security};

pub(super) static CHECK: Check = Check {
    code: "APP-PSP-009",
    id: "probe-of-other-host",
    title: "probe or hook calls another host",
    severity: Severity::Medium,
    rationale: "It is the kubelet that calls, from the node's network: whoever writes the pod \
                reaches what network policies keep from him, such as services that listen on the \
                node alone.",
    remediation: "Remove `host` from `httpGet` and `tcpSocket` of the probe or hook, so that it \
                  calls the pod itself; a `Host` header goes into `httpHeaders`.",
    references: &["https://kubernetes.io/docs/concepts/security/pod-security-standards/"],
    verdicts: &[
        (Outcome::Fail, "`host` of a probe or hook is set"),
        (Outcome::Warn, "it is, and the server is older than 1.34"),
        (Outcome::Pass, "none is"),
    ],
    needs: &[Resource::WORKLOADS, &[Resource::Version]],
    empty: Empty::NotApplicable,
    rule: Rule::PodSpecWith(|pod, facts, out| pod_security::HOST_PROBES.judge(pod, facts, out)),
};
