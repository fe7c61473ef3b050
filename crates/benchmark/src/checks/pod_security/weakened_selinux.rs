//! Pods and containers that choose how `SELinux` confines them.
//!
//! | field of `securityContext.seLinuxOptions` | accepted                                                    |
//! |-------------------------------------------|-------------------------------------------------------------|
//! | `type`                                    | unset, `container_t`, `container_init_t`, `container_kvm_t`, and `container_engine_t` from policy version 1.31 on |
//! | `user`, `role`                            | unset                                                       |
//!
//! Of the pod, and of init, regular and ephemeral containers. `spc_t` is critical: it is not confined.
//! Not applicable: pods that say `os.name: windows`.
//! Source: Pod Security Standards, baseline, "`SELinux`".

use assay_model::{Outcome, Resource, Severity};

use crate::{Check, Empty, Rule, pod_security};

pub(super) static CHECK: Check = Check {
    code: "APP-PSP-036",
    id: "weakened-selinux",
    title: "pod tells SELinux to confine it less",
    severity: Severity::Medium,
    rationale: "The type decides what a process may touch when all else failed: with `spc_t` \
                that is the whole node, with another user or role it is whatever the policy \
                gives those.",
    remediation: "Remove `seLinuxOptions`, or set only `type`, to one of the container types, \
                  and `level`.",
    references: &["https://kubernetes.io/docs/concepts/security/pod-security-standards/"],
    verdicts: &[
        (
            Outcome::Fail,
            "`type` is none of the container types, or `user` or `role` is set; `spc_t` is critical",
        ),
        (Outcome::Pass, "neither is so"),
        (Outcome::NotApplicable, "the pod is for Windows"),
    ],
    needs: &[Resource::WORKLOADS, &[Resource::Version]],
    empty: Empty::NotApplicable,
    rule: Rule::PodSpecWith(|pod, facts, out| {
        pod_security::SE_LINUX_OPTIONS.judge(pod, facts, out)
    }),
};
