//! Containers whose image can be written to while they run.
//!
//! | `containers[*].securityContext.readOnlyRootFilesystem` is not `true` | verdict |
//! |----------------------------------------------------------------------|---------|
//! | on a regular, init or sidecar container                              | fail    |
//! | on an ephemeral container                                            | warn    |
//!
//! Not applicable: pods that say `os.name: windows`.

use assay_model::{Findings, Outcome, PodSpec, Resource, Severity, pod::Role};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling};

pub(super) static CHECK: Check = Check {
    code: "APP-PSP-023",
    id: "writable-root-filesystem",
    title: "container may write to its root filesystem",
    severity: Severity::Medium,
    rationale: "Whoever gets in can put his tools there, and change the program itself; nothing \
                shows it until the container is gone.",
    remediation: "Set `securityContext.readOnlyRootFilesystem: true`, and mount an `emptyDir` \
                  where the program writes.",
    references: &["https://kubernetes.io/docs/tasks/configure-pod-container/security-context/"],
    verdicts: &[
        (Outcome::Fail, "`readOnlyRootFilesystem` is not `true` on a container"),
        (Outcome::Warn, "it is not on an ephemeral container alone"),
        (Outcome::Pass, "it is on each"),
        (Outcome::NotApplicable, "the pod is for Windows"),
    ],
    needs: &[Resource::WORKLOADS],
    empty: Empty::NotApplicable,
    rule: Rule::PodSpecWith(writable_root_filesystem),
};

fn writable_root_filesystem(pod: &PodSpec, _: &Facts<'_>, findings: &mut Findings) -> Ruled {
    if pod.is_windows() {
        return Ok(Ruling::NotApplicable("the pod is for Windows".to_owned()));
    }
    for container in pod.containers() {
        let read_only =
            container.security_context.as_ref().and_then(|it| it.read_only_root_filesystem);
        let seen = match read_only {
            Some(true) => continue,
            Some(false) => "is `false`",
            None => "is unset",
        };
        let at = container.field("securityContext.readOnlyRootFilesystem");
        match container.role {
            Role::Ephemeral => findings.warn(at, seen),
            Role::Init | Role::Sidecar | Role::Regular => findings.fail(at, seen),
        }
    }
    Ok(Ruling::Applies)
}
