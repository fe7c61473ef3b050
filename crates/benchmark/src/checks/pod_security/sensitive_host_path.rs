//! Volumes that show the parts of a node that give it away.
//!
//! | `volumes[*].hostPath.path`                                       | read-only | writable |
//! |------------------------------------------------------------------|-----------|----------|
//! | `/`, one of [`SENSITIVE`], or a directory above one              | fail      | fail     |
//! | below one whose content is secret or power: [`Below::Fails`]     | fail      | fail     |
//! | elsewhere below `/etc`, `/sys`, `/run`, `/lib/modules`, `/var/log` | warn    | fail     |
//!
//! Compared by whole components. Writable means that some container mounts it without `readOnly`.

use assay_model::{Findings, Outcome, PodSpec, Resource, Severity};

use crate::{
    Check, Empty, Rule,
    host_path::{self, Path},
};

pub(super) static CHECK: Check = Check {
    code: "APP-PSP-016",
    id: "sensitive-host-path",
    title: "pod mounts a sensitive directory of its node",
    severity: Severity::Critical,
    rationale: "Keys of the kubelet and of the control plane, other pods' secrets and the \
                kernel's own controls lie there: reading them is often enough, and writing them \
                is root on the node.",
    remediation: "Mount the one file or directory that is needed and is not on this list, with \
                  `readOnly: true`; better, a volume type that belongs to the pod. Agents of the \
                  node go into a platform namespace.",
    references: &["https://kubernetes.io/docs/concepts/storage/volumes/#hostpath"],
    verdicts: &[
        (
            Outcome::Fail,
            "it is `/`, a directory of the list or above one, or lies below one whose content is secret; or it is writable below `/etc`, `/sys`, `/run`, `/lib/modules` or `/var/log`",
        ),
        (Outcome::Warn, "it lies there, and is mounted read-only"),
        (Outcome::Pass, "it is none of these"),
    ],
    needs: &[Resource::WORKLOADS],
    empty: Empty::NotApplicable,
    rule: Rule::PodSpec(sensitive_host_path),
};

/// What lies below a sensitive directory.
#[derive(Clone, Copy)]
enum Below {
    /// Is as sensitive.
    Fails,
    /// Must not be written.
    MayBeRead,
    /// Is not judged.
    Passes,
}

const SENSITIVE: &[(&str, Below)] = &[
    ("/etc/kubernetes", Below::Fails),
    ("/var/lib/kubelet", Below::Fails),
    ("/var/lib/etcd", Below::Fails),
    ("/root", Below::Fails),
    ("/home", Below::Fails),
    ("/proc", Below::Fails),
    ("/dev", Below::Fails),
    // State of the container runtimes.
    ("/var/lib/containerd", Below::Fails),
    ("/var/lib/containers", Below::Fails),
    ("/var/lib/crio", Below::Fails),
    ("/var/lib/docker", Below::Fails),
    ("/var/lib/rancher", Below::Fails),
    ("/run/containerd", Below::Fails),
    ("/run/crio", Below::Fails),
    ("/run/docker", Below::Fails),
    ("/run/k3s", Below::Fails),
    ("/etc", Below::MayBeRead),
    ("/sys", Below::MayBeRead),
    ("/run", Below::MayBeRead),
    ("/lib/modules", Below::MayBeRead),
    ("/var/log", Below::MayBeRead),
    ("/boot", Below::Passes),
];

fn sensitive_host_path(pod: &PodSpec, findings: &mut Findings) {
    for volume in host_path::volumes(pod) {
        let is = format!("is `{}`", volume.written);
        if volume.path.is_root() {
            findings.fail(volume.at, format!("{is}, all of the node"));
            continue;
        }
        let entries = SENSITIVE.iter().map(|(entry, below)| (*entry, Path::of(entry), *below));
        let mut above = entries.clone().filter(|(_, entry, _)| volume.path.holds(entry));
        let mut below = entries.filter(|(_, entry, _)| entry.holds(&volume.path));
        if let Some((entry, ..)) = above.next() {
            let what = if volume.path == Path::of(entry) {
                is
            } else {
                format!("{is}, and has `{entry}`")
            };
            findings.fail(volume.at, what);
            continue;
        }
        match below.next() {
            Some((entry, _, Below::Fails)) => {
                findings.fail(volume.at, format!("{is}, a part of `{entry}`"));
            }
            Some((entry, _, Below::MayBeRead)) if volume.writable => {
                findings.fail(volume.at, format!("{is}, a part of `{entry}`, and writable"));
            }
            Some((entry, _, Below::MayBeRead)) => {
                findings.warn(volume.at, format!("{is}, a part of `{entry}`, read-only"));
            }
            Some((_, _, Below::Passes)) | None => {}
        }
    }
}
