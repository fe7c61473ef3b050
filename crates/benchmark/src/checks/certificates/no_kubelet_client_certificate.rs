//! API servers that show kubelets no client certificate.
//!
//! | flag of each kube-apiserver                               | accepted     |
//! |-----------------------------------------------------------|--------------|
//! | `--kubelet-client-certificate` and `--kubelet-client-key` | both are set |

use assay_model::{Outcome, Severity};

use crate::{
    Check, Empty, Rule,
    flags::{self, Demand, FlagRule},
};

pub(super) static CHECK: Check = Check {
    code: "CLU-CRT-005",
    id: "no-kubelet-client-certificate",
    title: "API server shows kubelets no client certificate",
    severity: Severity::High,
    rationale: "Without one its requests reach kubelets as anonymous: either logs, exec and port-forward \
                fail, or kubelets let in everybody.",
    remediation: "Set `--kubelet-client-certificate` and `--kubelet-client-key` to a pair that the \
                  kubelets' client CA signed.",
    references: &["https://kubernetes.io/docs/reference/access-authn-authz/kubelet-authn-authz/"],
    verdicts: &[
        (Outcome::Fail, "one of the flags is not set"),
        (Outcome::Unknown, "the flags are not visible, or not understood to their end"),
        (Outcome::Pass, "both are set"),
        (Outcome::NotApplicable, "a provider owns the control plane"),
    ],
    needs: flags::NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(&FlagRule::of(
        "kube-apiserver",
        &[Demand::AllSet(&["kubelet-client-certificate", "kubelet-client-key"])],
    )),
};
