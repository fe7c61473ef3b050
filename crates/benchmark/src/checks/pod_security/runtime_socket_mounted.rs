//! Volumes by which a pod reaches its node's container runtime or kubelet.
//!
//! | field, from the pod spec     | accepted                                          |
//! |------------------------------|---------------------------------------------------|
//! | `volumes[*].hostPath.path`   | none of [`SOCKETS`], and no directory above one   |
//!
//! Read-only counts as well: a socket takes what is sent to it.

use assay_model::{Findings, Outcome, PodSpec, Resource, Severity};

use crate::{
    Check, Empty, Rule,
    host_path::{self, Path},
};

pub(super) static CHECK: Check = Check {
    code: "APP-PSP-018",
    id: "runtime-socket-mounted",
    title: "pod mounts the socket of a container runtime",
    severity: Severity::Critical,
    rationale: "Whoever reaches the socket starts a privileged container of his own: it is root \
                on the node, past every admission policy. Read-only makes no difference to a \
                socket.",
    remediation: "Remove the volume; build images with a tool that needs no daemon, and read \
                  metrics and logs through the kubelet's API.",
    references: &["https://kubernetes.io/docs/concepts/storage/volumes/#hostpath"],
    verdicts: &[
        (
            Outcome::Fail,
            "a volume is a socket of docker, containerd, CRI-O, cri-dockerd, podman or the kubelet, or a directory above one",
        ),
        (Outcome::Pass, "none is"),
    ],
    needs: &[Resource::WORKLOADS],
    empty: Empty::NotApplicable,
    rule: Rule::PodSpec(runtime_socket_mounted),
};

const SOCKETS: &[&str] = &[
    "/run/containerd/containerd.sock",
    "/run/cri-dockerd.sock",
    "/run/crio/crio.sock",
    "/run/docker.sock",
    "/run/dockershim.sock",
    "/run/k3s/containerd/containerd.sock",
    "/run/podman/podman.sock",
    "/var/lib/kubelet/pod-resources/kubelet.sock",
];

fn runtime_socket_mounted(pod: &PodSpec, findings: &mut Findings) {
    for volume in host_path::volumes(pod) {
        // `/` has all of them, and which of them the node has is not known: the first stands for all.
        let Some(socket) = SOCKETS.iter().find(|it| volume.path.holds(&Path::of(it))) else {
            continue;
        };
        let is = format!("is `{}`", volume.written);
        let exact = volume.path == Path::of(socket);
        let what =
            if exact { is } else { format!("{is}, where runtimes such as `{socket}` listen") };
        findings.fail(volume.at, what);
    }
}
