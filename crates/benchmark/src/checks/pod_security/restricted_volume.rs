//! Volumes of types that restricted does not let pods have.
//!
//! | field, from the pod spec | accepted                                                              |
//! |--------------------------|-----------------------------------------------------------------------|
//! | `volumes[*]`             | `configMap`, `csi`, `downwardAPI`, `emptyDir`, `ephemeral`, `image`, `persistentVolumeClaim`, `projected`, `secret` |
//!
//! Elsewhere: `hostPath` (`host-path-volume`), `gitRepo` and `flexVolume` are also judged by themselves.
//! Source: Pod Security Standards, restricted, "Volume Types".

use assay_model::{Outcome, Resource, Severity};

use crate::{Check, Empty, Rule, pod_security};

pub(super) static CHECK: Check = Check {
    code: "APP-PSP-011",
    id: "restricted-volume",
    title: "volume is of a type that reaches beyond the pod",
    severity: Severity::Medium,
    rationale: "Such a volume hands whoever writes the pod a storage driver's own credentials, \
                or a path into the node, and no PersistentVolume of an administrator stands \
                between.",
    remediation: "Use `configMap`, `csi`, `downwardAPI`, `emptyDir`, `ephemeral`, `image`, \
                  `persistentVolumeClaim`, `projected` or `secret`; let an administrator make a \
                  PersistentVolume for the rest.",
    references: &["https://kubernetes.io/docs/concepts/security/pod-security-standards/"],
    verdicts: &[
        (
            Outcome::Fail,
            "a volume is of another type than `configMap`, `csi`, `downwardAPI`, `emptyDir`, `ephemeral`, `image`, `persistentVolumeClaim`, `projected` and `secret`",
        ),
        (Outcome::Pass, "none is"),
    ],
    needs: &[Resource::WORKLOADS],
    empty: Empty::NotApplicable,
    rule: Rule::PodSpec(pod_security::restricted_volumes),
};
