//! Mounts of a node's paths that can be written to.
//!
//! | mount of a `hostPath`                                                    | verdict |
//! |--------------------------------------------------------------------------|---------|
//! | `readOnly` is not `true`                                                 | fail    |
//! | it is, without `recursiveReadOnly: Enabled`, and one of [`MOUNT_POINTS`] lies at or below the path | warn |
//!
//! `readOnly` alone says nothing of the file systems that are mounted below. Init and ephemeral
//! containers count.

use assay_model::{Findings, Outcome, PodSpec, Resource, Severity};

use crate::{
    Check, Empty, Rule,
    host_path::{self, HostVolume, Path},
};

pub(super) static CHECK: Check = Check {
    code: "APP-PSP-017",
    id: "writable-host-path",
    title: "container may write to a path of its node",
    severity: Severity::High,
    rationale: "What a container writes there outlives it and is read by others as the node's \
                own: a cron job, a library, a static pod are enough to become root on the node.",
    remediation: "Set `readOnly: true` on the mount, and `recursiveReadOnly: Enabled` where file \
                  systems are mounted below the path; or use a volume that belongs to the pod.",
    references: &[
        "https://kubernetes.io/docs/concepts/storage/volumes/#hostpath",
        "https://kubernetes.io/docs/concepts/storage/volumes/#recursive-read-only-mounts",
    ],
    verdicts: &[
        (Outcome::Fail, "a mount of a `hostPath` volume is not `readOnly`"),
        (Outcome::Warn, "it is, but not what nodes mount below the path"),
        (Outcome::Pass, "each is, and so is all below it"),
    ],
    needs: &[Resource::WORKLOADS],
    empty: Empty::NotApplicable,
    rule: Rule::PodSpec(writable_host_path),
};

/// Directories that are, or hold, mount points on nodes of every kind.
const MOUNT_POINTS: &[&str] = &[
    "/dev",
    "/media",
    "/mnt",
    "/proc",
    "/run",
    "/sys",
    "/var/lib/containerd",
    "/var/lib/containers",
    "/var/lib/docker",
    "/var/lib/kubelet",
];

fn writable_host_path(pod: &PodSpec, findings: &mut Findings) {
    let hosts: Vec<HostVolume<'_>> = host_path::volumes(pod).collect();
    for container in pod.containers() {
        for (index, mount) in container.volume_mounts.iter().enumerate() {
            let Some(volume) = hosts.iter().find(|it| *it.name == *mount.name) else { continue };
            let deep = mount.recursive_read_only.as_deref() == Some("Enabled");
            if !mount.read_only {
                let at = container.field(&format!("volumeMounts[{index}]"));
                findings.fail(at, format!("mounts `{}` of the node, writable", volume.written));
            } else if !deep && MOUNT_POINTS.iter().any(|it| volume.path.holds(&Path::of(it))) {
                let at = container.field(&format!("volumeMounts[{index}].recursiveReadOnly"));
                findings.warn(at, "is not `Enabled`, so what is mounted below stays writable");
            }
        }
    }
}
