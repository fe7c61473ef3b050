//! Components that serve profiling pages.
//!
//! | check                          | `--profiling` of each    | accepted |
//! |--------------------------------|--------------------------|----------|
//! | `api-server-profiling`         | kube-apiserver           | false    |
//! | `controller-manager-profiling` | kube-controller-manager  | false    |
//! | `scheduler-profiling`          | kube-scheduler           | false    |
//!
//! It is on unless switched off. Where the scheduler has a `--config`, `enableProfiling` of that file counts
//! instead, and the file is not read.

use assay_model::{Outcome, Severity};

use crate::{
    Check, Empty, Rule,
    flags::{self, Demand, FlagRule, Hidden},
};

const DEMANDS: &[Demand] = &[Demand::Is("profiling", false)];

const RATIONALE: &str = "Profiles show memory, goroutines and what is worked on, and taking one slows the \
                         process down: whoever may read `/debug/pprof` spies, and can be a nuisance.";

const REFERENCES: &[&str] = &["https://kubernetes.io/docs/reference/command-line-tools-reference/"];

const ON: (Outcome, &str) = (Outcome::Fail, "`--profiling` is true, or not set");
const OFF: (Outcome, &str) = (Outcome::Pass, "it is false");

pub(super) static API_SERVER: Check = Check {
    code: "CLU-CIS-029",
    id: "api-server-profiling",
    title: "API server serves profiling pages",
    severity: Severity::Low,
    rationale: RATIONALE,
    remediation: "Set `--profiling=false` of the API server.",
    references: REFERENCES,
    verdicts: &[ON, flags::UNSEEN, OFF],
    needs: flags::SHOWN,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(
        &FlagRule::of("kube-apiserver", DEMANDS)
            .hidden(Hidden::Elsewhere("the answer to GET /debug/pprof would tell")),
    ),
};

pub(super) static CONTROLLER_MANAGER: Check = Check {
    code: "CLU-CIS-032",
    id: "controller-manager-profiling",
    title: "controller manager serves profiling pages",
    severity: Severity::Low,
    rationale: RATIONALE,
    remediation: "Set `--profiling=false` of the controller manager.",
    references: REFERENCES,
    verdicts: &[ON, flags::UNSEEN, OFF, flags::OWNED],
    needs: flags::NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(&FlagRule::of("kube-controller-manager", DEMANDS)),
};

pub(super) static SCHEDULER: Check = Check {
    code: "CLU-CIS-034",
    id: "scheduler-profiling",
    title: "scheduler serves profiling pages",
    severity: Severity::Low,
    rationale: RATIONALE,
    remediation: "Set `--profiling=false` of the scheduler, or `enableProfiling: false` in the file of its \
                  `--config`.",
    references: REFERENCES,
    verdicts: &[
        ON,
        (Outcome::Unknown, "`--config` names a file, or the flags are not visible"),
        OFF,
        flags::OWNED,
    ],
    needs: flags::NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(&FlagRule::of("kube-scheduler", DEMANDS)),
};
