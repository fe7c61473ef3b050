//! Paths of nodes that pods mount: as components, and who may write.

use assay_model::{Location, PodSpec, pod::VolumeSource};

/// A path by its components, as the kernel would walk it: `/var/run` is `/run` on every node there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path<'a>(Vec<&'a str>);

impl<'a> Path<'a> {
    /// The path that is written so, from the root on.
    pub fn of(written: &'a str) -> Self {
        let mut parts = Vec::new();
        for part in written.split('/') {
            match part {
                "" | "." => {}
                ".." => drop(parts.pop()),
                _ => parts.push(part),
            }
        }
        if parts.starts_with(&["var", "run"]) {
            parts.remove(0);
        }
        Path(parts)
    }

    /// Whether it is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it is the other, or one of the folders that lead there. The root leads everywhere.
    pub fn holds(&self, other: &Path<'_>) -> bool {
        other.0.starts_with(&self.0)
    }
}

/// A volume that is a path of the node.
#[derive(Debug)]
pub struct HostVolume<'a> {
    /// By which containers mount it.
    pub name: &'a str,
    /// Where the path stands.
    pub at: Location,
    /// As written.
    pub written: &'a str,
    /// By components.
    pub path: Path<'a>,
    /// Whether a container may write to it.
    pub writable: bool,
}

/// The volumes of a pod that are paths of the node.
pub fn volumes(pod: &PodSpec) -> impl Iterator<Item = HostVolume<'_>> {
    pod.volumes.iter().enumerate().filter_map(|(index, volume)| {
        let VolumeSource::HostPath(host) = &volume.source else { return None };
        let writable = pod
            .containers()
            .any(|it| it.volume_mounts.iter().any(|it| it.name == volume.name && !it.read_only));
        Some(HostVolume {
            name: &volume.name,
            at: Location::field(format!("volumes[{index}].hostPath.path")),
            written: &host.path,
            path: Path::of(&host.path),
            writable,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::Path;

    #[test]
    fn paths_are_compared_by_component() {
        let holds = |a, b| Path::of(a).holds(&Path::of(b));
        assert!(holds("/", "/etc") && Path::of("//.").is_root());
        assert!(holds("/etc/", "/etc/kubernetes") && holds("/etc", "/etc"));
        assert!(!holds("/etc/kube", "/etc/kubernetes") && !holds("/etc/kubernetes", "/etc"));
        assert!(holds("/var/run/docker.sock", "/run/docker.sock"));
        assert!(holds("/opt/../var/run", "/run/x") && !holds("/var/runner", "/run"));
    }
}
