//! What the audit policy leaves out.
//!
//! | flag of each kube-apiserver | fail             | manual                                |
//! |-----------------------------|------------------|---------------------------------------|
//! | `--audit-policy-file`       | not set: nothing is recorded | set: what the file says is not read |
//!
//! The file lies on the nodes of the control plane, and the API shows it nowhere.

use assay_model::{Findings, Outcome, Severity};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling,
    flags::{self, Demand, FlagRule, Hidden, Replica},
};

pub(super) static CHECK: Check = Check {
    code: "CLU-AUD-006",
    id: "audit-policy-gaps",
    title: "audit policy leaves out requests that matter for security",
    severity: Severity::High,
    rationale: "What the policy passes over is never recorded: with Secrets, exec or RBAC left out, the log \
                says nothing about the steps that most intrusions take.",
    remediation: "Record at least metadata of secrets, config maps, token reviews, service account tokens, \
                  exec, attach, port-forward, ephemeral containers and the node and service proxies, and the \
                  requests that change RBAC, admission and certificate requests; put no rule of level \
                  `None` before these.",
    references: &["https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/#audit-policy"],
    verdicts: &[
        (Outcome::Fail, "`--audit-policy-file` is not set, so nothing is recorded"),
        flags::UNSEEN,
        (Outcome::Manual, "it is set: what the file says is not read; or a provider keeps it"),
    ],
    needs: flags::NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(
        &FlagRule::of("kube-apiserver", &[Demand::Judge(audit_policy_gaps)])
            .hidden(Hidden::Asks(QUESTION)),
    ),
};

const QUESTION: &str = "Does the audit policy record at least metadata of secrets, config maps, tokens, exec, \
                        attach, port-forward and proxies, and the requests that change RBAC, admission and \
                        certificate requests, with no rule of level None before these?";

fn audit_policy_gaps(replica: &Replica, facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    const FLAG: &str = "audit-policy-file";
    if replica.value(FLAG, facts)?.is_empty() {
        findings.fail(replica.at(FLAG), "is not set: no request is recorded");
        return Ok(Ruling::Applies);
    }
    Ok(Ruling::Manual(QUESTION.to_owned()))
}
