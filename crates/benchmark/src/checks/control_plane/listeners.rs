//! Components that listen where others than their own machine reach them.
//!
//! | check                        | flag of each                            | pass     | fail          | warn    |
//! |------------------------------|-----------------------------------------|----------|---------------|---------|
//! | `exposed-controller-manager` | kube-controller-manager `--bind-address` | loopback | any other     | not set |
//! | `exposed-scheduler`          | kube-scheduler `--bind-address`          | loopback | any other     | not set |
//!
//! Not set, they listen on every address.

use assay_model::{Outcome, Severity};

use crate::{
    Check, Empty, Rule,
    flags::{self, Demand, FlagRule},
};

const DEMANDS: &[Demand] = &[Demand::Loopback("bind-address")];

const RATIONALE: &str = "Only the kubelet's probes and what scrapes metrics ask it anything: on other \
                         addresses, whoever reaches the node can try its authentication and its bugs.";

const REFERENCES: &[&str] =
    &["https://kubernetes.io/docs/reference/networking/ports-and-protocols/"];

const VERDICTS: &[(Outcome, &str)] = &[
    (Outcome::Fail, "`--bind-address` is another address than loopback"),
    flags::UNSEEN,
    (Outcome::Warn, "it is not set: every address"),
    (Outcome::Pass, "it is loopback"),
    flags::OWNED,
];

pub(super) static CONTROLLER_MANAGER: Check = Check {
    code: "CLU-CIS-033",
    id: "exposed-controller-manager",
    title: "controller manager listens beyond its own machine",
    severity: Severity::Medium,
    rationale: RATIONALE,
    remediation: "Set `--bind-address=127.0.0.1` of the controller manager.",
    references: REFERENCES,
    verdicts: VERDICTS,
    needs: flags::NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(&FlagRule::of("kube-controller-manager", DEMANDS)),
};

pub(super) static SCHEDULER: Check = Check {
    code: "CLU-CIS-035",
    id: "exposed-scheduler",
    title: "scheduler listens beyond its own machine",
    severity: Severity::Medium,
    rationale: RATIONALE,
    remediation: "Set `--bind-address=127.0.0.1` of the scheduler.",
    references: REFERENCES,
    verdicts: VERDICTS,
    needs: flags::NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(&FlagRule::of("kube-scheduler", DEMANDS)),
};
