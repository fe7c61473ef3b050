//! What the controller manager does for the certificates of others.
//!
//! | check                              | flag of each kube-controller-manager | accepted                     |
//! |------------------------------------|--------------------------------------|------------------------------|
//! | `no-published-root-ca`             | `--root-ca-file`                     | set                          |
//! | `server-certificate-rotation-off`  | `--feature-gates`                    | `RotateKubeletServerCertificate` is not `false` |
//!
//! Without `--root-ca-file` it publishes the CA of its kubeconfig, if that has one inline. The `ConfigMap`
//! `kube-root-ca.crt` of every namespace would tell, and is not read yet: so nothing fails.
//! The gate is beta, and on, since 1.12: `AllBeta=false` switches it off as well.
//! Source: `k8s.io/kubernetes/cmd/kube-controller-manager/app/certificates.go`, `pkg/features`.

use assay_model::{Outcome, Severity};

use crate::{
    Check, Empty, Rule,
    flags::{self, Demand, FlagRule, Hidden},
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
        (
            Outcome::Unknown,
            "it is not set, and what is published is not read; or the flags are not visible",
        ),
        (Outcome::Pass, "`--root-ca-file` is set"),
    ],
    needs: flags::SHOWN,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(
        &FlagRule::of(
            "kube-controller-manager",
            &[Demand::Enough(&Demand::AllSet(&["root-ca-file"]), CONFIG_MAP)],
        )
        .hidden(Hidden::Elsewhere(CONFIG_MAP)),
    ),
};

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
