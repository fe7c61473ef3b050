//! Containers for which no security context says anything.
//!
//! | `securityContext` of the container | of its pod     | verdict |
//! |------------------------------------|----------------|---------|
//! | says something                     | whatever       | pass    |
//! | is unset or empty                  | says something | warn    |
//! | is unset or empty                  | unset or empty | fail    |
//!
//! The API server adds an empty one to every pod, so an empty one counts as none. What only concerns
//! files on volumes, as `fsGroup`, says nothing of what the container may do. Init and ephemeral
//! containers count.

use assay_model::{
    Findings, Outcome, PodSpec, Resource, Severity,
    pod::{PodSecurityContext, SecurityContext},
};

use crate::{Check, Empty, Rule};

pub(super) static CHECK: Check = Check {
    code: "APP-PSP-044",
    id: "no-security-context",
    title: "container has no security context",
    severity: Severity::Medium,
    rationale: "Nobody decided what the container may do: it runs with the image's user, the \
                runtime's capabilities and a writable filesystem.",
    remediation: "Set `securityContext` on the container: `allowPrivilegeEscalation: false`, \
                  `capabilities.drop: [ALL]`, `readOnlyRootFilesystem: true`; and on the pod \
                  `runAsNonRoot: true` and `seccompProfile.type: RuntimeDefault`.",
    references: &["https://kubernetes.io/docs/tasks/configure-pod-container/security-context/"],
    verdicts: &[
        (Outcome::Fail, "a container has none that says anything, nor has its pod"),
        (Outcome::Warn, "its pod has one, which cannot say all that a container's can"),
        (Outcome::Pass, "each container has one"),
    ],
    needs: &[Resource::WORKLOADS],
    empty: Empty::NotApplicable,
    rule: Rule::PodSpec(no_security_context),
};

fn no_security_context(pod: &PodSpec, findings: &mut Findings) {
    let of_pod =
        pod.security_context.as_ref().is_some_and(|it| *it != PodSecurityContext::default());
    for container in pod.containers() {
        let own = container.security_context.as_ref();
        if own.is_some_and(|it| *it != SecurityContext::default()) {
            continue;
        }
        let at = container.field("securityContext");
        if of_pod {
            findings
                .warn(at, "is unset; the pod's has no say on capabilities or privilege escalation");
        } else {
            findings.fail(at, "is unset, here and on the pod");
        }
    }
}
