//! Nodes whose container runtime gets no more security fixes, or does not fit the kubelet.
//!
//! | `status.nodeInfo.containerRuntimeVersion` | verdict                                              |
//! |-------------------------------------------|------------------------------------------------------|
//! | `docker://…`, kubelet 1.24 or newer       | fail: the kubelet has no adapter for it any more     |
//! | `containerd://…`, `cri-o://…`             | by [`lifecycle`](crate::lifecycle)                   |
//! | `containerd://1.…`, kubelet 1.36 or newer | warn: 1.35 was the last to support it                |
//! | `cri-o://…` of another minor              | warn: its minors are made for the kubelet's          |
//! | anything else                             | unknown                                              |
//!
//! Exempt: virtual nodes, whose machines are the provider's.

use assay_model::{
    Cause, Findings, Gap, Known, Location, Outcome, Resource, Severity, control_plane::Version,
    node::Node,
};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling,
    lifecycle::{self, NOTICE, Running},
    version::{Minor, first_release, minor_name},
};

pub(super) static CHECK: Check = Check {
    code: "HST-OSH-003",
    id: "end-of-life-runtime",
    title: "node's container runtime gets no more security fixes",
    severity: Severity::High,
    rationale: "The runtime stands between a container and root on its node: a known hole in it is a way \
                out of every container.",
    remediation: "Update the runtime together with the node's kubelet.",
    references: &[
        "https://containerd.io/releases/",
        "https://kubernetes.io/docs/setup/production-environment/container-runtimes/",
    ],
    verdicts: &[
        (
            Outcome::Fail,
            "the release's support has ended, or it is Docker under kubelet 1.24 or newer",
        ),
        (Outcome::Unknown, "no table has the release"),
        (
            Outcome::Warn,
            "support ends within 90 days, only declared extended support is left, or it does not fit \
             the kubelet: containerd 1 under 1.36 or newer, CRI-O of another minor",
        ),
        (Outcome::Pass, "the release is supported and fits the kubelet"),
    ],
    needs: &[&[Resource::Nodes]],
    empty: Empty::NotApplicable,
    rule: Rule::Node(end_of_life_runtime),
};

/// The first kubelet without dockershim.
const WITHOUT_DOCKER: Minor = (1, 24);

/// The first kubelet that supports containerd 2 only.
const CONTAINERD_2_ONLY: Minor = (1, 36);

fn end_of_life_runtime(node: &Node, facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    if node.is_virtual() {
        return Ok(Ruling::NotApplicable("the provider keeps a virtual node's machine".to_owned()));
    }
    let told = &*node.status.node_info.container_runtime_version;
    let at = || Location::field("status.nodeInfo.containerRuntimeVersion");
    let (product, version) = told.split_once("://").unwrap_or((told, ""));
    if product == "docker" && kubelet(node)? >= WITHOUT_DOCKER {
        let detail = format!("is `{told}`: kubelets talk to no Docker since 1.24");
        findings.fail(at(), detail);
        return Ok(Ruling::Applies);
    }
    let Some(release) = first_release(version, 2) else {
        return Err(lifecycle::untold(Resource::Nodes, told));
    };
    let running =
        Running { product, release: &release, told, resource: Resource::Nodes, notice: NOTICE };
    lifecycle::judge(&running, at(), facts, findings)?;
    match product {
        "containerd" if release.starts_with("1.") && kubelet(node)? >= CONTAINERD_2_ONLY => {
            findings
                .warn(at(), format!("is `{told}`: kubelets support containerd 2 only since 1.36"));
        }
        "cri-o" => {
            let fits = minor_name(kubelet(node)?);
            if release != fits {
                findings.warn(at(), format!("is `{told}`, and the kubelet is {fits}"));
            }
        }
        _ => {}
    }
    Ok(Ruling::Applies)
}

/// The kubelet's minor version.
fn kubelet(node: &Node) -> Known<Minor> {
    let version = &*node.status.node_info.kubelet_version;
    Version::minor_of(version).ok_or_else(|| {
        let message = format!("`{version}` is no kubelet version of the form v1.37.2");
        Gap::whole(Resource::Nodes, Cause::Inconclusive, message).into()
    })
}
