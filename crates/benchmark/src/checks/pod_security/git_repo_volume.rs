//! Volumes of the type `gitRepo`.
//!
//! | field, from the pod spec | accepted |
//! |--------------------------|----------|
//! | `volumes[*].gitRepo`     | unset    |
//!
//! Whether the kubelet still has the plug-in is not judged: CVE-2024-10220 and CVE-2025-1767 have been
//! mended, the type is off from 1.33 on, and a gate turns it on again.

use assay_model::{Findings, Location, Outcome, PodSpec, Resource, Severity, pod::VolumeSource};

use crate::{Check, Empty, Rule};

pub(super) static CHECK: Check = Check {
    code: "APP-PSP-014",
    id: "git-repo-volume",
    title: "volume is cloned from a git repository",
    severity: Severity::High,
    rationale: "The kubelet clones as root on the node, and runs what the repository brings \
                along: who writes the pod runs commands on the node.",
    remediation: "Clone in an init container, into an `emptyDir`.",
    references: &[
        "https://kubernetes.io/docs/concepts/storage/volumes/#gitrepo",
        "https://github.com/kubernetes/kubernetes/issues/128885",
    ],
    verdicts: &[(Outcome::Fail, "a volume has `gitRepo`"), (Outcome::Pass, "none has")],
    needs: &[Resource::WORKLOADS],
    empty: Empty::NotApplicable,
    rule: Rule::PodSpec(git_repo_volume),
};

fn git_repo_volume(pod: &PodSpec, findings: &mut Findings) {
    of_type(pod, "gitRepo", findings);
}

/// Reports volumes of a type that nothing else is read of.
pub(super) fn of_type(pod: &PodSpec, type_: &str, findings: &mut Findings) {
    for (index, volume) in pod.volumes.iter().enumerate() {
        if matches!(&volume.source, VolumeSource::Other(it) if **it == *type_) {
            findings.fail(Location::field(format!("volumes[{index}].{type_}")), "is set");
        }
    }
}
