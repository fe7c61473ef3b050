//! Ways around authentication that old API servers had.
//!
//! | flag of each kube-apiserver | accepted      |
//! |-----------------------------|---------------|
//! | `--basic-auth-file`         | not set       |
//! | `--insecure-port`           | not set, or 0 |
//! | `--insecure-bind-address`   | not set       |
//!
//! No version since 1.24 has any of them, nor starts with one, so such a server passes whatever is seen
//! of its flags.

use assay_model::{Findings, Outcome, Severity};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling,
    flags::{self, Demand, FlagRule, Replica},
};

pub(super) static CHECK: Check = Check {
    code: "CLU-IAM-003",
    id: "legacy-insecure-access",
    title: "API server has a password file or an insecure port",
    severity: Severity::Critical,
    rationale: "The insecure port asks nobody who he is and allows everything; passwords from a file never \
                expire and stand there in clear text.",
    remediation: "Remove `--basic-auth-file`, `--insecure-port` and `--insecure-bind-address`, and upgrade: a \
                  server that takes them has had no security fixes for years.",
    references: &["https://kubernetes.io/docs/concepts/security/controlling-access/"],
    verdicts: &[
        (Outcome::Fail, "one of the flags is set"),
        (Outcome::Unknown, "the version may have them, and the flags are not visible"),
        (Outcome::Pass, "none is set, or the version, 1.24 or later, has none of them"),
        flags::OWNED,
    ],
    needs: flags::NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(
        &FlagRule::of(
            "kube-apiserver",
            &[
                Demand::Unset("basic-auth-file"),
                Demand::Unset("insecure-bind-address"),
                Demand::Judge(insecure_port),
            ],
        )
        .hard_wired((1, 24)),
    ),
};

fn insecure_port(server: &Replica, facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    const FLAG: &str = "insecure-port";
    let port = server.value(FLAG, facts)?;
    if !matches!(port, "" | "0") {
        findings.fail(server.at(FLAG), format!("is `{port}`"));
    }
    Ok(Ruling::Applies)
}
