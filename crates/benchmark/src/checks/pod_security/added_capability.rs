//! Capabilities beyond those a container runtime gives anyway.
//!
//! | field, from the pod spec                         | accepted                                  |
//! |--------------------------------------------------|-------------------------------------------|
//! | `containers[*].securityContext.capabilities.add` | `AUDIT_WRITE`, `CHOWN`, `DAC_OVERRIDE`, `FOWNER`, `FSETID`, `KILL`, `MKNOD`, `NET_BIND_SERVICE`, `SETFCAP`, `SETGID`, `SETPCAP`, `SETUID`, `SYS_CHROOT` |
//!
//! Compared as written, as at admission: a `CAP_` prefix fails. Init and ephemeral containers count.
//! Not applicable: pods that say `os.name: windows`.
//! Source: Pod Security Standards, baseline, "Capabilities".

use assay_model::{Outcome, Resource, Severity};

use crate::{Check, Empty, Rule, pod_security};

pub(super) static CHECK: Check = Check {
    code: "APP-PSP-031",
    id: "added-capability",
    title: "container adds a capability beyond the default set",
    severity: Severity::High,
    rationale: "Several capabilities are as good as root on the node: they load kernel modules, \
                mount file systems or trace other processes.",
    remediation: "Remove the entry from `securityContext.capabilities.add`; drop `ALL` and add \
                  back only what the program fails without.",
    references: &["https://kubernetes.io/docs/concepts/security/pod-security-standards/"],
    verdicts: &[
        (
            Outcome::Fail,
            "`capabilities.add` of a container names one that is not in the default set",
        ),
        (Outcome::Pass, "none does"),
        (Outcome::NotApplicable, "the pod is for Windows"),
    ],
    needs: &[Resource::WORKLOADS],
    empty: Empty::NotApplicable,
    rule: Rule::PodSpecWith(|pod, facts, out| {
        pod_security::CAPABILITIES_BASELINE.judge(pod, facts, out)
    }),
};
