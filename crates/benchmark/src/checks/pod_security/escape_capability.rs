//! Capabilities by which containers are left.
//!
//! | `containers[*].securityContext.capabilities.add`, in any case, `CAP_` or not             | verdict |
//! |------------------------------------------------------------------------------------------|---------|
//! | `ALL`, `SYS_ADMIN`, `SYS_MODULE`, `SYS_PTRACE`, `SYS_RAWIO`, `SYS_BOOT`, `SYS_TIME`, `DAC_READ_SEARCH`, `BPF` | fail |
//! | `PERFMON`, `NET_ADMIN`, `MAC_ADMIN`, `MAC_OVERRIDE`, `SYSLOG`                            | warn    |
//! | `SETPCAP`, where the container may run as root                                           | warn    |
//!
//! Init and ephemeral containers count. With `hostUsers: false` they hold only inside the pod's own
//! user namespace: one step milder. Elsewhere: `added-capability` has what else goes beyond the default.

use assay_model::{Container, Findings, Outcome, PodSpec, Resource, Severity};

use crate::{Check, Empty, Rule, pod_security::plain_capability};

pub(super) static CHECK: Check = Check {
    code: "APP-PSP-034",
    id: "escape-capability",
    title: "container has a capability that leads to its node",
    severity: Severity::Critical,
    rationale: "With one of these a root process loads kernel modules, mounts the node's disks, \
                traces its processes or reads any of its files: it has the node.",
    remediation: "Remove it from `securityContext.capabilities.add`; where a program fails \
                  without, run it with `hostUsers: false`, or as an agent in a platform \
                  namespace.",
    references: &["https://man7.org/linux/man-pages/man7/capabilities.7.html"],
    verdicts: &[
        (Outcome::Fail, "`capabilities.add` of a container has one that leads to the node"),
        (Outcome::Warn, "it has one that helps on the way there"),
        (Outcome::Pass, "it has none of them"),
    ],
    needs: &[Resource::WORKLOADS],
    empty: Empty::NotApplicable,
    rule: Rule::PodSpec(escape_capability),
};

const ESCAPES: &[&str] = &[
    "ALL",
    "SYS_ADMIN",
    "SYS_MODULE",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_BOOT",
    "SYS_TIME",
    "DAC_READ_SEARCH",
    "BPF",
];

const HELPS: &[&str] = &["PERFMON", "NET_ADMIN", "MAC_ADMIN", "MAC_OVERRIDE", "SYSLOG"];

fn escape_capability(pod: &PodSpec, findings: &mut Findings) {
    let own_users = pod.host_users == Some(false);
    for container in pod.containers() {
        let own = container.security_context.as_ref().and_then(|it| it.capabilities.as_ref());
        let added = own.into_iter().flat_map(|it| &it.add);
        let (mut escapes, mut helps) = (Vec::new(), Vec::new());
        for written in added {
            let name = plain_capability(written);
            if ESCAPES.contains(&&*name) {
                escapes.push(&**written);
            } else if HELPS.contains(&&*name) || name == "SETPCAP" && may_be_root(pod, &container) {
                helps.push(&**written);
            }
        }
        let at = container.field("securityContext.capabilities.add");
        if !escapes.is_empty() {
            let (at, has) = (at.clone(), format!("has {}", escapes.join(", ")));
            if own_users {
                findings.fail_as(CHECK.severity.lowered(), at, has);
            } else {
                findings.fail(at, has);
            }
        }
        if !helps.is_empty() {
            findings.warn(at, format!("has {}", helps.join(", ")));
        }
    }
}

/// Whether a container runs as root, or its image may make it so.
fn may_be_root(pod: &PodSpec, container: &Container) -> bool {
    let (of_pod, own) = (pod.security_context.as_ref(), container.security_context.as_ref());
    let user = own.and_then(|it| it.run_as_user).or(of_pod.and_then(|it| it.run_as_user));
    let never = own.and_then(|it| it.run_as_non_root).or(of_pod.and_then(|it| it.run_as_non_root));
    user.map_or(never != Some(true), |it| it == 0)
}
