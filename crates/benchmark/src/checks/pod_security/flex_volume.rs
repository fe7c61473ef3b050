//! Volumes of the type `flexVolume`.
//!
//! | field, from the pod spec | accepted |
//! |--------------------------|----------|
//! | `volumes[*].flexVolume`  | unset    |
//!
//! Volumes that a claim leads to are not looked at.

use assay_model::{Findings, Outcome, PodSpec, Resource, Severity};

use crate::{Check, Empty, Rule};

pub(super) static CHECK: Check = Check {
    code: "APP-PSP-020",
    id: "flex-volume",
    title: "volume is mounted by a FlexVolume driver",
    severity: Severity::Medium,
    rationale: "A FlexVolume driver is a program on the node that the kubelet runs as root, with \
                options of the pod's choice; the type is deprecated.",
    remediation: "Use a CSI driver of the same storage, by a claim.",
    references: &["https://kubernetes.io/docs/concepts/storage/volumes/#deprecated-flexvolume"],
    verdicts: &[(Outcome::Fail, "a volume has `flexVolume`"), (Outcome::Pass, "none has")],
    needs: &[Resource::WORKLOADS],
    empty: Empty::NotApplicable,
    rule: Rule::PodSpec(flex_volume),
};

fn flex_volume(pod: &PodSpec, findings: &mut Findings) {
    super::git_repo_volume::of_type(pod, "flexVolume", findings);
}
