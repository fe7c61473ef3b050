//! Volumes of the type `flexVolume`.
//!
//! | field                                                          | accepted |
//! |----------------------------------------------------------------|----------|
//! | `volumes[*].flexVolume`, from the pod spec                     | unset    |
//! | `spec.flexVolume` of a `PersistentVolume` that has a claim     | unset    |
//!
//! A volume counts in the namespace of its claim, also before they are bound and after the claim is gone:
//! `claimRef` names the claim then too. One without is nobody's yet.

use assay_model::{
    Findings, Location, Outcome, PodSpec, Resource, Severity, storage::PersistentVolume,
};

use crate::{Check, Empty, Rule};

pub(super) static CHECK: Check = Check {
    code: "APP-PSP-020",
    id: "flex-volume",
    title: "volume is mounted by a FlexVolume driver",
    severity: Severity::Medium,
    rationale: "A FlexVolume driver is a program on the node that the kubelet runs as root, with \
                options of the pod's choice; the type is deprecated.",
    remediation: "Use a CSI driver of the same storage, by a claim. What is on a PersistentVolume of \
                  the type has to be copied to a new one: its source cannot be changed.",
    references: &["https://kubernetes.io/docs/concepts/storage/volumes/#deprecated-flexvolume"],
    verdicts: &[
        (Outcome::Fail, "a volume of a pod has `flexVolume`, or a PersistentVolume of a claim has"),
        (Outcome::Warn, "one of a platform namespace has"),
        (Outcome::Pass, "none has"),
    ],
    needs: &[Resource::WORKLOADS, &[Resource::PersistentVolumes]],
    empty: Empty::NotApplicable,
    rule: Rule::PodSpecAndVolume { pod: flex_volume, volume: flex_persistent_volume },
};

fn flex_volume(pod: &PodSpec, findings: &mut Findings) {
    super::git_repo_volume::of_type(pod, "flexVolume", findings);
}

fn flex_persistent_volume(volume: &PersistentVolume, findings: &mut Findings) {
    let spec = &volume.spec;
    if let (Some(flex), Some(claim)) = (&spec.flex_volume, &spec.claim_ref) {
        let (driver, namespace, name) = (&flex.driver, &claim.namespace, &claim.name);
        let detail = format!("has the driver `{driver}`, and is the claim {namespace}/{name}'s");
        findings.fail(Location::field("spec.flexVolume"), detail);
    }
}
