//! Containers that may run as root.
//!
//! | field, from the pod spec                     | accepted                            |
//! |----------------------------------------------|-------------------------------------|
//! | `securityContext.runAsNonRoot`               | `true`, or unset                    |
//! | `containers[*].securityContext.runAsNonRoot` | `true`, or unset under a pod `true` |
//!
//! Init and ephemeral containers count. Unset on both leaves the choice to the image, and that
//! fails. A pod's `false` fails by itself, as at admission, though every container says `true`.
//!
//! Exempt: pods with `hostUsers: false`, as in the source since v1.35.
//! Elsewhere: `runAsUser: 0` is `root-user`'s.
//! Source: Pod Security Standards, restricted, "Running as Non-root".

use assay_model::{Findings, Outcome, PodSpec, Resource, Severity};

use crate::{Check, Empty, Rule};

pub(super) static CHECK: Check = Check {
    code: "APP-PSP-024",
    id: "root-container",
    title: "container may run as root",
    severity: Severity::High,
    rationale: "A process that breaks out of a root container is root on the node.",
    remediation: "Set `securityContext.runAsNonRoot: true` on the pod and give the image a numeric, \
                  non-zero `USER`.",
    references: &["https://kubernetes.io/docs/concepts/security/pod-security-standards/"],
    verdicts: &[
        (Outcome::Fail, "`runAsNonRoot` is `false` on the pod or a container, or unset on both"),
        (
            Outcome::Pass,
            "every container must run as another user, or the pod has users of its own",
        ),
    ],
    needs: &[Resource::WORKLOADS],
    empty: Empty::NotApplicable,
    rule: Rule::PodSpec(root_container),
};

fn root_container(pod: &PodSpec, findings: &mut Findings) {
    if pod.host_users == Some(false) {
        return;
    }
    let inherited = pod.security_context.as_ref().and_then(|it| it.run_as_non_root);
    if inherited == Some(false) {
        findings.fail(pod.field("securityContext.runAsNonRoot"), "is `false`");
        return;
    }
    for container in pod.containers() {
        let own = container.security_context.as_ref().and_then(|it| it.run_as_non_root);
        let seen = match own.or(inherited) {
            Some(true) => continue,
            Some(false) => "is `false`",
            None => "is unset here and on the pod",
        };
        findings.fail(container.field("securityContext.runAsNonRoot"), seen);
    }
}
