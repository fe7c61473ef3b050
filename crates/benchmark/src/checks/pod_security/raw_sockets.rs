//! Containers that have the capability `NET_RAW`.
//!
//! | `containers[*].securityContext.capabilities`            | verdict |
//! |---------------------------------------------------------|---------|
//! | `add` has `NET_RAW` or `ALL`, in any case, `CAP_` or not | fail   |
//! | `drop` has neither `ALL` nor `NET_RAW`, in capitals     | warn    |
//!
//! What is not dropped is there if the runtime gives it: containerd does, CRI-O from 1.18 on does not.
//! Init and ephemeral containers count. Not applicable: pods that say `os.name: windows`.

use assay_model::{Findings, Outcome, PodSpec, Resource, Severity};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling, pod_security::plain_capability};

pub(super) static CHECK: Check = Check {
    code: "APP-PSP-033",
    id: "raw-sockets",
    title: "container may open raw sockets",
    severity: Severity::Medium,
    rationale: "With NET_RAW a process forges packets: it answers ARP and DNS in the name of \
                others on its network, and so reads and changes their traffic.",
    remediation: "Set `securityContext.capabilities.drop: [ALL]` on the container; ping works \
                  without, by the sysctl `net.ipv4.ping_group_range`.",
    references: &["https://kubernetes.io/docs/tasks/configure-pod-container/security-context/"],
    verdicts: &[
        (Outcome::Fail, "`capabilities.add` of a container has `NET_RAW` or `ALL`"),
        (Outcome::Warn, "`capabilities.drop` has neither, so the runtime decides"),
        (Outcome::Pass, "each container drops it"),
        (Outcome::NotApplicable, "the pod is for Windows"),
    ],
    needs: &[Resource::WORKLOADS],
    empty: Empty::NotApplicable,
    rule: Rule::PodSpecWith(raw_sockets),
};

fn raw_sockets(pod: &PodSpec, _: &Facts<'_>, findings: &mut Findings) -> Ruled {
    if pod.is_windows() {
        return Ok(Ruling::NotApplicable("the pod is for Windows".to_owned()));
    }
    for container in pod.containers() {
        let own = container.security_context.as_ref().and_then(|it| it.capabilities.as_ref());
        let mut added = own.into_iter().flat_map(|it| &it.add);
        let mut dropped = own.into_iter().flat_map(|it| &it.drop);
        let gives = added.find(|it| matches!(&*plain_capability(it), "NET_RAW" | "ALL"));
        if let Some(it) = gives {
            let at = container.field("securityContext.capabilities.add");
            findings.fail(at, format!("has {it}"));
        } else if !dropped.any(|it| matches!(&**it, "NET_RAW" | "ALL")) {
            let at = container.field("securityContext.capabilities.drop");
            findings.warn(at, "has neither `NET_RAW` nor `ALL`");
        }
    }
    Ok(Ruling::Applies)
}
