//! Pods and containers that run in the group of root.
//!
//! | field, from the pod spec                                       | verdict |
//! |----------------------------------------------------------------|---------|
//! | `securityContext.{runAsGroup,supplementalGroups}` name 0       | fail    |
//! | `containers[*].securityContext.runAsGroup` is 0                | fail    |
//! | a container has a `runAsUser`, its own or its pod's, and no `runAsGroup` | warn |
//!
//! A user without a group is put into 0, unless the image has an entry for it. Init and ephemeral
//! containers count. What the runtime says of running processes is not read.

use assay_model::{Findings, Outcome, PodSpec, Resource, Severity};

use crate::{Check, Empty, Rule};

pub(super) static CHECK: Check = Check {
    code: "APP-PSP-028",
    id: "root-group",
    title: "container is of root's group",
    severity: Severity::Low,
    rationale: "Files that root's group may read or write are open to the process, on volumes \
                and on whatever of the node it reaches.",
    remediation: "Set `securityContext.runAsGroup` to a group of the program's own, beside \
                  `runAsUser`, and take 0 out of `supplementalGroups`.",
    references: &["https://kubernetes.io/docs/tasks/configure-pod-container/security-context/"],
    verdicts: &[
        (Outcome::Fail, "0 is listed in `runAsGroup` or `supplementalGroups`"),
        (Outcome::Warn, "`runAsUser` is set, and `runAsGroup` is not"),
        (Outcome::Pass, "neither is so"),
    ],
    needs: &[Resource::WORKLOADS],
    empty: Empty::NotApplicable,
    rule: Rule::PodSpec(root_group),
};

fn root_group(pod: &PodSpec, findings: &mut Findings) {
    let of_pod = pod.security_context.as_ref();
    let inherited = of_pod.and_then(|it| it.run_as_group);
    if inherited == Some(0) {
        findings.fail(pod.field("securityContext.runAsGroup"), "is 0");
    }
    if of_pod.is_some_and(|it| it.supplemental_groups.contains(&0)) {
        findings.fail(pod.field("securityContext.supplementalGroups"), "has 0");
    }
    for container in pod.containers() {
        let own = container.security_context.as_ref();
        let user = own.and_then(|it| it.run_as_user).or(of_pod.and_then(|it| it.run_as_user));
        let at = container.field("securityContext.runAsGroup");
        match own.and_then(|it| it.run_as_group) {
            Some(0) => findings.fail(at, "is 0"),
            None if user.is_some() && inherited.is_none() => {
                findings.warn(at, "is unset here and on the pod, beside a `runAsUser`");
            }
            Some(_) | None => {}
        }
    }
}
