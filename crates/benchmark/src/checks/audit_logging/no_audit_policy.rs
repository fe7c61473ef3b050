//! API servers without an audit policy.
//!
//! | flag of each kube-apiserver | accepted |
//! |-----------------------------|----------|
//! | `--audit-policy-file`       | set      |
//!
//! Without a policy the server records nothing, whatever backend it has. So where the flag is not seen,
//! `apiserver_audit_event_total` above 0 says as much: it counts what went to a backend.
//! Elsewhere: the backends; what the policy says.

use assay_model::{Outcome, Severity};

use crate::{
    Check, Empty, Rule,
    flags::{self, Demand, FlagRule, Hidden, Witness},
};

pub(super) static CHECK: Check = Check {
    code: "CLU-AUD-001",
    id: "no-audit-policy",
    title: "API server has no audit policy",
    severity: Severity::High,
    rationale: "Without a policy no request is recorded, and who read a Secret or bound a role can never be \
                told.",
    remediation: "Write a policy, mount it into the API server's pod, name it in `--audit-policy-file`, and \
                  set a backend such as `--audit-log-path`.",
    references: &["https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/#audit-policy"],
    verdicts: &[
        (Outcome::Fail, "`--audit-policy-file` is not set"),
        flags::UNSEEN,
        (Outcome::Manual, "a provider owns the API server, and the user switches its audit logs on"),
        (Outcome::Pass, "it is set, or metrics show that requests are recorded"),
    ],
    needs: flags::NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(
        &FlagRule::of("kube-apiserver", &[Demand::AllSet(&["audit-policy-file"])]).hidden(
            Hidden::Asks(
                "Are the control plane's audit logs switched on at the provider, and kept where the \
                 cluster's administrators cannot delete them?",
            ),
        )
        .witness(Witness::of("apiserver_audit_event_total")),
    ),
};
