//! Pods and containers that ask for root by number.
//!
//! | field, from the pod spec                  | accepted           |
//! |-------------------------------------------|--------------------|
//! | `securityContext.runAsUser`               | not 0, or unset    |
//! | `containers[*].securityContext.runAsUser` | the same           |
//!
//! Init and ephemeral containers count. A pod's 0 fails though every container has another.
//! Exempt: pods with `hostUsers: false`, from policy version 1.35 on.
//! Elsewhere: unset leaves the choice to the image, which is `root-container`'s.
//! Source: Pod Security Standards, restricted, "Running as Non-root user".

use assay_model::{Outcome, Resource, Severity};

use crate::{Check, Empty, Rule, pod_security};

pub(super) static CHECK: Check = Check {
    code: "APP-PSP-025",
    id: "root-user",
    title: "container names root as its user",
    severity: Severity::High,
    rationale: "Whatever the image says, the process is root: a flaw in the runtime or the \
                kernel makes it root on the node.",
    remediation: "Remove `securityContext.runAsUser: 0`, or set the id of an unprivileged user; \
                  the image's files must belong to it.",
    references: &["https://kubernetes.io/docs/concepts/security/pod-security-standards/"],
    verdicts: &[
        (Outcome::Fail, "`runAsUser` is 0 on the pod or a container"),
        (Outcome::Pass, "it is not, or the pod has users of its own (1.35 and later)"),
    ],
    needs: &[Resource::WORKLOADS, &[Resource::Version]],
    empty: Empty::NotApplicable,
    rule: Rule::PodSpecWith(|pod, facts, out| pod_security::RUN_AS_USER.judge(pod, facts, out)),
};
