//! Containers that take a port of their node.
//!
//! | field, from the pod spec          | accepted    |
//! |-----------------------------------|-------------|
//! | `containers[*].ports[*].hostPort` | 0, or unset |
//!
//! Init and ephemeral containers count. On the host's network the API server sets it to
//! `containerPort`, and that fails as well, as at admission.
//! Source: Pod Security Standards, baseline, "Host Ports".

use assay_model::{Outcome, Resource, Severity};

use crate::{Check, Empty, Rule, pod_security};

pub(super) static CHECK: Check = Check {
    code: "APP-PSP-008",
    id: "host-port",
    title: "container takes a port of its node",
    severity: Severity::Medium,
    rationale: "The port is open on the node's address, past Services and their policies, and \
                whoever holds it first keeps everybody else's pod from the node.",
    remediation: "Remove `hostPort` from the container's ports, and publish with a Service, an \
                  Ingress or a Gateway. Under `hostNetwork` every `containerPort` becomes one: \
                  remove `hostNetwork`.",
    references: &["https://kubernetes.io/docs/concepts/security/pod-security-standards/"],
    verdicts: &[
        (Outcome::Fail, "a port of a container has a `hostPort`"),
        (Outcome::Pass, "none has"),
    ],
    needs: &[Resource::WORKLOADS],
    empty: Empty::NotApplicable,
    rule: Rule::PodSpec(pod_security::host_port),
};
