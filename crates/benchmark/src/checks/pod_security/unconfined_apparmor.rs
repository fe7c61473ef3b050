//! Pods and containers that switch `AppArmor` off.
//!
//! | field, or annotation                                     | accepted                                 |
//! |----------------------------------------------------------|------------------------------------------|
//! | `securityContext.appArmorProfile.type`                   | unset, `RuntimeDefault`, `Localhost`     |
//! | `containers[*].securityContext.appArmorProfile.type`     | the same                                 |
//! | `container.apparmor.security.beta.kubernetes.io/NAME`    | empty, `runtime/default`, `localhost/…`  |
//!
//! Init and ephemeral containers count, and annotations though no container has the name. Unset
//! passes: a runtime applies its profile where the node has `AppArmor`.
//! Not applicable: pods that say `os.name: windows`.
//! Source: Pod Security Standards, baseline, "`AppArmor`".

use assay_model::{Outcome, Resource, Severity};

use crate::{Check, Empty, Rule, pod_security};

pub(super) static CHECK: Check = Check {
    code: "APP-PSP-038",
    id: "unconfined-apparmor",
    title: "pod switches AppArmor off",
    severity: Severity::Medium,
    rationale: "Without a profile a process that broke out of its namespaces may mount, trace \
                and write where the runtime's default would stop it.",
    remediation: "Remove the profile, or set `appArmorProfile.type` to `RuntimeDefault` or \
                  `Localhost`; remove annotations \
                  `container.apparmor.security.beta.kubernetes.io/…` that say `unconfined`.",
    references: &[
        "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
        "https://kubernetes.io/docs/tutorials/security/apparmor/",
    ],
    verdicts: &[
        (
            Outcome::Fail,
            "a profile, by field or annotation, is neither the runtime's nor one of the node",
        ),
        (Outcome::Pass, "none is"),
        (Outcome::NotApplicable, "the pod is for Windows"),
    ],
    needs: &[Resource::WORKLOADS],
    empty: Empty::NotApplicable,
    rule: Rule::PodSpecWith(|pod, facts, out| {
        pod_security::APP_ARMOR_PROFILE.judge(pod, facts, out)
    }),
};
