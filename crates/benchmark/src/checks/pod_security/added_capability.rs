//! Capabilities beyond those a container runtime gives anyway.
//!
//! | field, from the pod spec                         | accepted             |
//! |--------------------------------------------------|----------------------|
//! | `containers[*].securityContext.capabilities.add` | entries of [`DEFAULT`] |
//!
//! Compared as written, as at admission: a `CAP_` prefix fails. Init and ephemeral containers count.
//! Exempt: pods that say `os.name: windows`.
//! Source: Pod Security Standards, baseline, "Capabilities".

use assay_model::{Findings, Outcome, PodSpec, Resource, Severity};

use crate::{Check, Empty, Rule};

pub(super) static CHECK: Check = Check {
    code: "APP-PSP-031",
    id: "added-capability",
    title: "container adds a capability beyond the default set",
    severity: Severity::High,
    rationale: "Several capabilities are as good as root on the node: they load kernel modules, mount \
                file systems or trace other processes.",
    remediation: "Remove the entry from `securityContext.capabilities.add`; drop `ALL` and add back only \
                  what the program fails without.",
    references: &["https://kubernetes.io/docs/concepts/security/pod-security-standards/"],
    verdicts: &[
        (
            Outcome::Fail,
            "`capabilities.add` of a container names one that is not in the default set",
        ),
        (Outcome::Pass, "none does, or the pod is for Windows"),
    ],
    needs: &[Resource::WORKLOADS],
    empty: Empty::NotApplicable,
    rule: Rule::PodSpec(added_capability),
};

/// What the baseline standard lets containers add.
const DEFAULT: &[&str] = &[
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

fn added_capability(pod: &PodSpec, findings: &mut Findings) {
    if pod.is_windows() {
        return;
    }
    for container in pod.containers() {
        let Some(context) = &container.security_context else { continue };
        let added = context.capabilities.iter().flat_map(|it| &it.add);
        let beyond: Vec<&str> = added.map(|it| &**it).filter(|it| !DEFAULT.contains(it)).collect();
        if !beyond.is_empty() {
            let at = container.field("securityContext.capabilities.add");
            findings.fail(at, format!("has {}", beyond.join(", ")));
        }
    }
}
