//! Windows containers that are processes of their node.
//!
//! | field, from the pod spec                                   | accepted          |
//! |------------------------------------------------------------|-------------------|
//! | `securityContext.windowsOptions.hostProcess`               | `false`, or unset |
//! | `containers[*].securityContext.windowsOptions.hostProcess` | the same          |
//!
//! Not applicable where it is unset and no node runs Windows.
//! Source: Pod Security Standards, baseline, "`HostProcess`".

use assay_model::{Findings, Outcome, PodSpec, Resource, Scope, Severity, node::Node};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling, pod_security};

pub(super) static CHECK: Check = Check {
    code: "APP-PSP-002",
    id: "host-process-container",
    title: "container is a process of its Windows node",
    severity: Severity::Critical,
    rationale: "A HostProcess container is a process of the Windows node: it sees every file and \
                process there, and the credentials of the kubelet.",
    remediation: "Remove `securityContext.windowsOptions.hostProcess` from the pod and its \
                  containers; agents that need it go into a platform namespace.",
    references: &[
        "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
        "https://kubernetes.io/docs/tasks/configure-pod-container/create-hostprocess-pod/",
    ],
    verdicts: &[
        (Outcome::Fail, "`hostProcess` is `true` on the pod or a container"),
        (Outcome::Pass, "it is not, and there are Windows nodes"),
        (Outcome::NotApplicable, "it is not set, and no node runs Windows"),
    ],
    needs: &[Resource::WORKLOADS, &[Resource::Nodes]],
    empty: Empty::NotApplicable,
    rule: Rule::PodSpecWith(host_process_container),
};

fn host_process_container(pod: &PodSpec, facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    pod_security::windows_host_process(pod, findings);
    if !findings.faults.is_empty() || pod.is_windows() {
        return Ok(Ruling::Applies);
    }
    let windows = |it: &Node| Ok(it.is_windows());
    if facts.inventory.nodes.find(Scope::Cluster, windows)?.is_some() {
        return Ok(Ruling::Applies);
    }
    Ok(Ruling::NotApplicable("no node runs Windows".to_owned()))
}
