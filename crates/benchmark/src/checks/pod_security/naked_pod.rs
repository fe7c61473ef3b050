//! Pods that nobody manages.
//!
//! | pod                                            | verdict |
//! |------------------------------------------------|---------|
//! | has a controller, or mirrors a static pod      | pass    |
//! | has none, and a container of it is privileged  | fail    |
//! | has none                                       | warn    |
//!
//! Which pods mirror one is told as for flags of the control plane: by the live Node's UID.

use assay_model::{Findings, Location, Outcome, Resource, Severity, Workload, both};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling, flags, pod_security};

pub(super) static CHECK: Check = Check {
    code: "APP-PSP-048",
    id: "naked-pod",
    title: "pod has no controller",
    severity: Severity::Low,
    rationale: "Nothing brings it back when its node fails, nothing records what it should be, \
                and it often is what somebody left behind after looking into something.",
    remediation: "Let a Deployment, StatefulSet, DaemonSet or Job make it; delete what was left \
                  behind.",
    references: &[
        "https://kubernetes.io/docs/concepts/workloads/controllers/",
        "https://kubernetes.io/docs/concepts/configuration/overview/",
    ],
    verdicts: &[
        (Outcome::Fail, "it has no controller, and a container of it is privileged"),
        (Outcome::Warn, "it has no controller"),
        (Outcome::Pass, "it has one, or a kubelet runs it from a file"),
    ],
    needs: &[Resource::WORKLOADS, &[Resource::Nodes]],
    empty: Empty::NotApplicable,
    rule: Rule::Workload(naked_pod),
};

fn naked_pod(workload: &Workload, facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    if &*workload.owner.kind != "Pod" {
        return Ok(Ruling::Applies);
    }
    let mut read = workload.live_read.clone();
    for live in &workload.live {
        match flags::is_mirror(workload, live, facts) {
            Ok(true) => {}
            Ok(false) => {
                let mut found = Findings::default();
                pod_security::privileged(&live.spec, &mut found);
                if found.faults.is_empty() {
                    findings.warn(Location::object(), "has no controller");
                } else {
                    findings.fail(Location::object(), "has no controller, and is privileged");
                }
            }
            Err(unknown) => read = both(read, Err(unknown)),
        }
    }
    read.map(|()| Ruling::Applies)
}
