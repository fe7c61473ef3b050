//! API servers without the admission plug-in `NodeRestriction`.
//!
//! | flag of each kube-apiserver          | accepted                |
//! |--------------------------------------|-------------------------|
//! | `--enable-admission-plugins`         | lists `NodeRestriction` |
//! | or `--admission-control`, deprecated | the same                |
//!
//! The deprecated flag is the list of all plug-ins. The server takes one of the two, not both, and does
//! not start with a plug-in that is enabled and disabled. This one is on in no version by default.
//! Where flags do not tell, the plug-in is on if the series of its name counts requests in
//! `apiserver_admission_controller_admission_duration_seconds_count`.
//! Source: `k8s.io/kubernetes/pkg/kubeapiserver/options/admission.go`.

use assay_model::{Outcome, Severity};

use crate::{
    Check, Empty, Rule,
    flags::{self, Demand, FlagRule, Witness},
};

pub(super) static CHECK: Check = Check {
    code: "CLU-CIS-028",
    id: "no-node-restriction",
    title: "kubelets may change other nodes and their pods",
    severity: Severity::High,
    rationale: "Whoever takes over one node can relabel and taint the others, draw pods to his own, and so \
                reach their Secrets.",
    remediation: "Add `NodeRestriction` to `--enable-admission-plugins`, beside `--authorization-mode` with \
                  `Node`.",
    references: &[
        "https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction",
    ],
    verdicts: &[
        (Outcome::Fail, "neither flag lists `NodeRestriction`"),
        (Outcome::Unknown, "the flags are not visible, or not understood to their end"),
        (Outcome::Pass, "one of them does, or metrics show that it looks at requests"),
        (Outcome::NotApplicable, "a provider owns the control plane"),
    ],
    needs: flags::NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(
        &FlagRule::of(
            "kube-apiserver",
            &[Demand::Lists {
                of: &["enable-admission-plugins", "admission-control"],
                entry: "NodeRestriction",
            }],
        )
        .witness(Witness::plugin("NodeRestriction")),
    ),
};
