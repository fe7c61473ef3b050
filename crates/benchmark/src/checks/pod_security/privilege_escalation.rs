//! Containers whose processes may gain more rights than their parent.
//!
//! | field, from the pod spec                                 | accepted |
//! |----------------------------------------------------------|----------|
//! | `containers[*].securityContext.allowPrivilegeEscalation` | `false`  |
//!
//! Init and ephemeral containers count. Exempt: pods that say `os.name: windows`.
//! Source: Pod Security Standards, restricted, "Privilege Escalation".

use assay_model::{Findings, Outcome, PodSpec, Resource, Severity};

use crate::{Check, Empty, Rule};

pub(super) static CHECK: Check = Check {
    code: "APP-PSP-030",
    id: "privilege-escalation",
    title: "container allows privilege escalation",
    severity: Severity::High,
    rationale: "A set-user-ID program in the image makes root of whoever gets to run it, whatever user \
                the container starts as.",
    remediation: "Set `securityContext.allowPrivilegeEscalation: false` on every container.",
    references: &["https://kubernetes.io/docs/concepts/security/pod-security-standards/"],
    verdicts: &[
        (Outcome::Fail, "`allowPrivilegeEscalation` is not `false` on a container"),
        (Outcome::Pass, "it is on all, or the pod is for Windows"),
    ],
    needs: &[Resource::WORKLOADS],
    empty: Empty::NotApplicable,
    rule: Rule::PodSpec(privilege_escalation),
};

fn privilege_escalation(pod: &PodSpec, findings: &mut Findings) {
    if pod.is_windows() {
        return;
    }
    for container in pod.containers() {
        let allowed =
            container.security_context.as_ref().and_then(|it| it.allow_privilege_escalation);
        let seen = match allowed {
            Some(false) => continue,
            Some(true) => "is `true`",
            None => "is unset",
        };
        findings.fail(container.field("securityContext.allowPrivilegeEscalation"), seen);
    }
}
