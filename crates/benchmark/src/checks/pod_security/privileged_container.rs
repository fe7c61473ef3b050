//! Containers that are privileged.
//!
//! | field, from the pod spec                   | accepted         |
//! |--------------------------------------------|------------------|
//! | `containers[*].securityContext.privileged` | `false`, or unset |
//!
//! Init and ephemeral containers count.
//! Source: Pod Security Standards, baseline, "Privileged Containers".

use assay_model::{Outcome, Resource, Severity};

use crate::{Check, Empty, Rule, pod_security};

pub(super) static CHECK: Check = Check {
    code: "APP-PSP-001",
    id: "privileged-container",
    title: "container is privileged",
    severity: Severity::Critical,
    rationale: "A privileged container has every capability, every device and no confinement: it \
                is root on its node.",
    remediation: "Remove `securityContext.privileged`; give the one capability or device that is \
                  needed instead.",
    references: &["https://kubernetes.io/docs/concepts/security/pod-security-standards/"],
    verdicts: &[
        (Outcome::Fail, "a container, of any kind, sets it to `true`"),
        (Outcome::Pass, "none does"),
    ],
    needs: &[Resource::WORKLOADS],
    empty: Empty::NotApplicable,
    rule: Rule::PodSpec(pod_security::privileged),
};
