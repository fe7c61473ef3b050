//! API servers that write audit events nowhere.
//!
//! | flag of each kube-apiserver                       | accepted             |
//! |---------------------------------------------------|----------------------|
//! | `--audit-log-path`, `--audit-webhook-config-file` | one of them is set   |
//!
//! `--audit-log-path=-` alone is standard output: whether something keeps that, a person knows.
//! Elsewhere: the audit policy, without which nothing is recorded.

use assay_model::{Outcome, Severity};

use crate::{
    Check, Empty, Rule,
    flags::{self, Demand, FlagRule},
};

pub(super) static CHECK: Check = Check {
    code: "CLU-AUD-002",
    id: "no-audit-backend",
    title: "API server writes no audit events",
    severity: Severity::High,
    rationale: "After an intrusion nobody can tell who did what, and while it goes on nothing can raise \
                an alarm.",
    remediation: "Set `--audit-log-path` to a file that is shipped elsewhere, or \
                  `--audit-webhook-config-file`, beside an audit policy.",
    references: &["https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/"],
    verdicts: &[
        (Outcome::Fail, "neither flag is set"),
        (Outcome::Unknown, "the flags are not visible, or not understood to their end"),
        (Outcome::Manual, "events go to standard output alone"),
        (Outcome::Pass, "one of them is set"),
        (Outcome::NotApplicable, "a provider owns the control plane"),
    ],
    needs: flags::NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(&FlagRule::of(
        "kube-apiserver",
        &[Demand::AnySet {
            of: &["audit-log-path", "audit-webhook-config-file"],
            ask: Some((
                "-",
                "Audit events go to the API server's standard output: does something collect and keep \
                 it off the node?",
            )),
        }],
    )),
};
