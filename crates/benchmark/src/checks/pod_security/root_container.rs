//! Containers that may run as root.
//!
//! | field, from the pod spec                     | accepted                            |
//! |----------------------------------------------|-------------------------------------|
//! | `securityContext.runAsNonRoot`               | `true`, or unset                    |
//! | `containers[*].securityContext.runAsNonRoot` | `true`, or unset under a pod `true` |
//!
//! Init and ephemeral containers count. Unset on both leaves the choice to the image, and that
//! fails. A pod's `false` fails by itself, as at admission, though every container says `true`.
//!
//! Exempt: pods with `hostUsers: false`, from policy version 1.35 on.
//! Elsewhere: `runAsUser: 0` is `root-user`'s.
//! Source: Pod Security Standards, restricted, "Running as Non-root".

use assay_model::{Outcome, Resource, Severity};

use crate::{Check, Empty, Rule, pod_security};

pub(super) static CHECK: Check = Check {
    code: "APP-PSP-024",
    id: "root-container",
    title: "container may run as root",
    severity: Severity::High,
    rationale: "A process that breaks out of a root container is root on the node.",
    remediation: "Set `securityContext.runAsNonRoot: true` on the pod and give the image a \
                  numeric, non-zero `USER`.",
    references: &["https://kubernetes.io/docs/concepts/security/pod-security-standards/"],
    verdicts: &[
        (Outcome::Fail, "`runAsNonRoot` is `false` on the pod or a container, or unset on both"),
        (
            Outcome::Pass,
            "every container must run as another user, or the pod has users of its own (1.35 and later)",
        ),
    ],
    needs: &[Resource::WORKLOADS, &[Resource::Version]],
    empty: Empty::NotApplicable,
    rule: Rule::PodSpecWith(|pod, facts, out| pod_security::RUN_AS_NON_ROOT.judge(pod, facts, out)),
};
