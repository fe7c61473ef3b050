//! What the controller manager does for the certificates of others.
//!
//! | check                              | flag of each kube-controller-manager | accepted                     |
//! |------------------------------------|--------------------------------------|------------------------------|
//! | `no-published-root-ca`             | `--root-ca-file`                     | set                          |
//! | `server-certificate-rotation-off`  | `--feature-gates`                    | `RotateKubeletServerCertificate` is not `false` |
//!
//! Without `--root-ca-file` it publishes the CA of its kubeconfig, if that has one inline. What is published
//! is the `ConfigMap` `kube-root-ca.crt` of every namespace: that `kube-system` has none is a fault then. That
//! it has one tells nothing of the others, which are not read.
//! The gate is beta, and on, since 1.12: `AllBeta=false` switches it off as well.
//! Source: `k8s.io/kubernetes/cmd/kube-controller-manager/app/certificates.go`, `pkg/features`.

use assay_model::{Findings, Outcome, Resource, Severity};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling,
    flags::{self, Demand, FlagRule, Hidden, Replica},
};

const CONFIG_MAP: &str =
    "the ConfigMap kube-root-ca.crt of every namespace would tell what is published";

pub(super) static ROOT_CA: Check = Check {
    code: "CLU-CRT-011",
    id: "no-published-root-ca",
    title: "pods get no CA to check the API server with",
    severity: Severity::Medium,
    rationale: "A client in a pod that cannot check the API server's certificate is told to trust any, and \
                gives its token to whoever answers.",
    remediation: "Set `--root-ca-file` of the controller manager to the CA of the API server's certificate.",
    references: &["https://kubernetes.io/docs/tasks/tls/managing-tls-in-a-cluster/"],
    verdicts: &[
        (Outcome::Fail, "it is not set, and `kube-system` has no `kube-root-ca.crt`"),
        (
            Outcome::Unknown,
            "it is not set, and what other namespaces have is not read; or the flags are not visible",
        ),
        (Outcome::Pass, "`--root-ca-file` is set"),
    ],
    needs: &[Resource::WORKLOADS, &[Resource::Nodes, Resource::RootCaConfigMap]],
    empty: Empty::NotApplicable,
    rule: Rule::Flag(
        &FlagRule::of("kube-controller-manager", &[Demand::Judge(no_published_root_ca)])
            .hidden(Hidden::Elsewhere(CONFIG_MAP)),
    ),
};

fn no_published_root_ca(manager: &Replica, facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    const FLAG: &str = "root-ca-file";
    if !manager.value(FLAG, facts)?.is_empty() {
        return Ok(Ruling::Applies);
    }
    let published = facts.inventory.root_ca_config_map.as_ref().map_err(Clone::clone)?;
    if published.is_some() {
        return Err(manager.untold(format!("--{FLAG} is not set; {CONFIG_MAP}")));
    }
    findings
        .fail(manager.at(FLAG), "is not set, and kube-system has no ConfigMap kube-root-ca.crt");
    Ok(Ruling::Applies)
}

pub(super) static ROTATION: Check = Check {
    code: "CLU-CRT-012",
    id: "server-certificate-rotation-off",
    title: "kubelets' serving certificates are not rotated",
    severity: Severity::Medium,
    rationale: "Kubelets fall back to certificates they sign themselves, which nobody can check, or run \
                into the end of the ones they have.",
    remediation: "Take `RotateKubeletServerCertificate=false` (or `AllBeta=false`) out of `--feature-gates`.",
    references: &[
        "https://kubernetes.io/docs/reference/access-authn-authz/kubelet-tls-bootstrapping/#certificate-rotation",
    ],
    verdicts: &[
        (Outcome::Fail, "`--feature-gates` switches `RotateKubeletServerCertificate` off"),
        flags::UNSEEN,
        (Outcome::Pass, "it does not"),
        flags::OWNED,
    ],
    needs: flags::NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(&FlagRule::of(
        "kube-controller-manager",
        &[Demand::Feature("RotateKubeletServerCertificate")],
    )),
};
