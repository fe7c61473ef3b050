//! Who may tell the API server on whose behalf he asks.
//!
//! | flag of each kube-apiserver       | fail                    |
//! |-----------------------------------|-------------------------|
//! | `--requestheader-client-ca-file`  | is `--client-ca-file`,  |
//! | `--requestheader-allowed-names`   | and empty               |
//!
//! Without a CA for it no header is believed. With no names and another file, what the two CAs are decides:
//! the `ConfigMap` `extension-apiserver-authentication` has both, and is not read yet.

use assay_model::{Findings, Outcome, Severity};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling,
    flags::{self, Demand, FlagRule, Hidden, Replica},
};

pub(super) static CHECK: Check = Check {
    code: "CLU-IAM-026",
    id: "spoofable-front-proxy",
    title: "any client certificate may speak for anybody",
    severity: Severity::High,
    rationale: "A front proxy names the user in a header, and its certificate is what makes that believed: \
                where every client's is as good, any kubelet is `system:masters` by saying so.",
    remediation: "Set `--requestheader-allowed-names` to the common name of the front proxy's certificate, and \
                  have a CA of its own sign that one.",
    references: &[
        "https://kubernetes.io/docs/tasks/extend-kubernetes/configure-aggregation-layer/#ca-reusage-and-conflicts",
    ],
    verdicts: &[
        (Outcome::Fail, "`--requestheader-allowed-names` is empty, and the CA is that of clients"),
        (
            Outcome::Unknown,
            "it is empty, and the CAs are other files; or the flags are not visible",
        ),
        (Outcome::Pass, "names are set, or no CA for it"),
    ],
    needs: flags::SHOWN,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(
        &FlagRule::of("kube-apiserver", &[Demand::Judge(spoofable_front_proxy)])
            .hidden(Hidden::Elsewhere(CONFIG_MAP)),
    ),
};

const CONFIG_MAP: &str = "the ConfigMap extension-apiserver-authentication of kube-system would tell the CAs \
                          and the names";

fn spoofable_front_proxy(server: &Replica, facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    const NAMES: &str = "requestheader-allowed-names";
    let ca = server.value("requestheader-client-ca-file", facts);
    let named = server.list(NAMES, facts).map(|mut names| names.next().is_some());
    if matches!(ca, Ok("")) || matches!(named, Ok(true)) {
        return Ok(Ruling::Applies);
    }
    let (ca, _) = (ca?, named?);
    if ca != server.value("client-ca-file", facts)? {
        let why = format!("--{NAMES} is empty, and the CAs are other files; {CONFIG_MAP}");
        return Err(server.untold(why));
    }
    findings.fail(server.at(NAMES), "is empty, and every client certificate will do");
    Ok(Ruling::Applies)
}
