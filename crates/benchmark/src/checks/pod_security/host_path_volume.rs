//! Volumes that are a path of the node.
//!
//! | field, from the pod spec | accepted |
//! |--------------------------|----------|
//! | `volumes[*].hostPath`    | unset    |
//!
//! Whether a container mounts it does not matter, as at admission.
//! Source: Pod Security Standards, baseline, "`HostPath` Volumes".

use assay_model::{Outcome, Resource, Severity};

use crate::{Check, Empty, Rule, pod_security};

pub(super) static CHECK: Check = Check {
    code: "APP-PSP-015",
    id: "host-path-volume",
    title: "pod mounts a path of its node",
    severity: Severity::High,
    rationale: "Files of the node hold credentials of the kubelet and of other pods; a pod that \
                may write them can take the node over.",
    remediation: "Use a volume type that belongs to the pod: `emptyDir`, a claim, `configMap`, \
                  `projected`. What a node agent must read goes into a platform namespace.",
    references: &["https://kubernetes.io/docs/concepts/security/pod-security-standards/"],
    verdicts: &[
        (Outcome::Fail, "a volume has `hostPath`"),
        (Outcome::Warn, "a volume of a pod in a platform namespace has it"),
        (Outcome::Pass, "none does"),
    ],
    needs: &[Resource::WORKLOADS],
    empty: Empty::NotApplicable,
    rule: Rule::PodSpec(pod_security::host_path_volume),
};
