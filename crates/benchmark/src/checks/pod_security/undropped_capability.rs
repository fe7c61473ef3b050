//! Containers that do not drop all capabilities, or take one back.
//!
//! | field, from the pod spec                          | accepted                 |
//! |---------------------------------------------------|--------------------------|
//! | `containers[*].securityContext.capabilities.drop` | has `ALL`, in capitals   |
//! | `containers[*].securityContext.capabilities.add`  | `NET_BIND_SERVICE` alone |
//!
//! Init and ephemeral containers count. Not applicable: pods that say `os.name: windows`.
//! Source: Pod Security Standards, restricted, "Capabilities".

use assay_model::{Outcome, Resource, Severity};

use crate::{Check, Empty, Rule, pod_security};

pub(super) static CHECK: Check = Check {
    code: "APP-PSP-032",
    id: "undropped-capability",
    title: "container keeps capabilities",
    severity: Severity::Medium,
    rationale: "What a runtime gives by default still lets a process change owners, forge \
                packets and make devices: more than most programs use, and steps of known \
                escapes.",
    remediation: "Set `securityContext.capabilities.drop: [ALL]`, in capitals, on every \
                  container, and add back `NET_BIND_SERVICE` at most.",
    references: &["https://kubernetes.io/docs/concepts/security/pod-security-standards/"],
    verdicts: &[
        (
            Outcome::Fail,
            "`capabilities.drop` of a container lacks `ALL`, or `add` has another than `NET_BIND_SERVICE`",
        ),
        (Outcome::Pass, "all are dropped, and only that one comes back"),
        (Outcome::NotApplicable, "the pod is for Windows"),
    ],
    needs: &[Resource::WORKLOADS],
    empty: Empty::NotApplicable,
    rule: Rule::PodSpecWith(|pod, facts, out| {
        pod_security::CAPABILITIES_RESTRICTED.judge(pod, facts, out)
    }),
};
