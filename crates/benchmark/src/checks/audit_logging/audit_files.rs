//! How long audit files live, and how large they grow.
//!
//! | flag of each kube-apiserver | fail                      | warn           |
//! |-----------------------------|---------------------------|----------------|
//! | `--audit-log-maxage`        | 1 to 29 days              | 0: for ever    |
//! | `--audit-log-maxbackup`     | 1 to 9 files              | 0: every file  |
//! | `--audit-log-maxsize`       | 1 to 99 MB; 0 since 1.36  | 0 before 1.36  |
//!
//! Unset, 1.36 and later keep 366 days and 100 files of 100 MB; earlier versions have 0. Only where
//! `--audit-log-path` names a file.
//! Source: `k8s.io/apiserver/pkg/server/options/audit.go`. Before 1.36 a size of 0 is left to the library
//! that rotates, which takes 100 MB; since then it is a plain file.

use assay_model::{Outcome, Severity};

use crate::{
    Check, Empty, Rule,
    flags::{self, Band, Demand, FlagRule, Unit, Where},
};

const REFERENCES: &[&str] =
    &["https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/#log-backend"];

const TO_A_FILE: Where = Where {
    flag: "audit-log-path",
    holds: |path| !matches!(path, "" | "-"),
    otherwise: "audit events go to no file of the API server's",
};

const ELSEWHERE: (Outcome, &str) = (
    Outcome::NotApplicable,
    "`--audit-log-path` names no file, or a provider owns the control plane",
);

pub(super) static SHORT_RETENTION: Check = Check {
    code: "CLU-AUD-003",
    id: "short-audit-retention",
    title: "audit files are deleted within 30 days",
    severity: Severity::Low,
    rationale: "Intrusions are found after weeks; by then the files that show how they began are gone.",
    remediation: "Set `--audit-log-maxage=30` or more, and ship the files to storage of its own.",
    references: REFERENCES,
    verdicts: &[
        (Outcome::Fail, "`--audit-log-maxage` is 1 to 29 days"),
        flags::UNSEEN,
        (Outcome::Warn, "it is 0: files are never deleted for their age"),
        (Outcome::Pass, "it is 30 days or more"),
        ELSEWHERE,
    ],
    needs: flags::NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(
        &FlagRule::of(
            "kube-apiserver",
            &[Demand::Outside {
                flag: "audit-log-maxage",
                unit: Unit::Number,
                unset: None,
                bands: &[
                    Band::fault(1..=29, "audit files are deleted before 30 days have passed"),
                    Band::weakness(0..=0, "audit files are never deleted for their age"),
                ],
            }],
        )
        .only(TO_A_FILE),
    ),
};

pub(super) static FEW_FILES: Check = Check {
    code: "CLU-AUD-004",
    id: "few-audit-files",
    title: "fewer than ten rotated audit files are kept",
    severity: Severity::Low,
    rationale: "Whoever wants the log of yesterday gone makes noise: a burst of requests rotates the few \
                files away in minutes.",
    remediation: "Set `--audit-log-maxbackup=10` or more, as the disk allows, and ship the files to storage \
                  of its own.",
    references: REFERENCES,
    verdicts: &[
        (Outcome::Fail, "`--audit-log-maxbackup` is 1 to 9"),
        flags::UNSEEN,
        (Outcome::Warn, "it is 0: files are never deleted for their number"),
        (Outcome::Pass, "it is 10 or more"),
        ELSEWHERE,
    ],
    needs: flags::NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(
        &FlagRule::of(
            "kube-apiserver",
            &[Demand::Outside {
                flag: "audit-log-maxbackup",
                unit: Unit::Number,
                unset: None,
                bands: &[
                    Band::fault(1..=9, "fewer than ten rotated audit files are kept"),
                    Band::weakness(0..=0, "audit files are never deleted for their number"),
                ],
            }],
        )
        .only(TO_A_FILE),
    ),
};

pub(super) static SMALL_FILES: Check = Check {
    code: "CLU-AUD-005",
    id: "small-audit-files",
    title: "audit files are too small for what is kept, or never rotated",
    severity: Severity::Low,
    rationale: "Small files fill up in minutes on a busy server, and the oldest are deleted for each new \
                one; a file that is never rotated fills the disk instead.",
    remediation: "Set `--audit-log-maxsize=100` or more.",
    references: REFERENCES,
    verdicts: &[
        (Outcome::Fail, "`--audit-log-maxsize` is 1 to 99 MB, or 0 since 1.36"),
        flags::UNSEEN,
        (Outcome::Warn, "it is 0 before 1.36, which leaves the size to the library's default"),
        (Outcome::Pass, "it is 100 MB or more"),
        ELSEWHERE,
    ],
    needs: flags::NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(
        &FlagRule::of(
            "kube-apiserver",
            &[Demand::Outside {
                flag: "audit-log-maxsize",
                unit: Unit::Number,
                unset: None,
                bands: &[
                    Band::fault(1..=99, "audit files are rotated before they hold 100 MB"),
                    Band::fault(0..=0, "audit files are never rotated").since((1, 36)),
                    Band::weakness(
                        0..=0,
                        "the size of audit files is left to the library's default",
                    ),
                ],
            }],
        )
        .only(TO_A_FILE),
    ),
};
