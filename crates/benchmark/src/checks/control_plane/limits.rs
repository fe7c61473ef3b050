//! Bounds that keep one user's load from becoming everybody's.
//!
//! | check                     | flag                                                  | fail | warn                         |
//! |---------------------------|-------------------------------------------------------|------|------------------------------|
//! | `unusual-request-timeout` | kube-apiserver `--request-timeout`                    |      | outside 30 s to 5 min        |
//! | `finished-pods-pile-up`   | kube-controller-manager `--terminated-pod-gc-threshold` | 0 or less | above 12500, or not set |

use assay_model::{Outcome, Severity};

use crate::{
    Check, Empty, Rule,
    flags::{self, Band, Demand, FlagRule, Unit},
};

const SECOND: i64 = 1000;

pub(super) static REQUEST_TIMEOUT: Check = Check {
    code: "CLU-CIS-030",
    id: "unusual-request-timeout",
    title: "API server's request timeout is unusual",
    severity: Severity::Low,
    rationale: "Long timeouts let slow requests occupy the server; short ones break off large lists, and \
                clients ask again and again.",
    remediation: "Remove `--request-timeout`, which leaves it at a minute, or set it between `30s` and `5m`.",
    references: &[
        "https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/",
    ],
    verdicts: &[
        flags::UNSEEN,
        (Outcome::Warn, "`--request-timeout` is less than 30 seconds, or more than 5 minutes"),
        (Outcome::Pass, "it lies between, or is not set"),
        flags::OWNED,
    ],
    needs: flags::NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(&FlagRule::of(
        "kube-apiserver",
        &[Demand::Outside {
            flag: "request-timeout",
            unit: Unit::Milliseconds,
            unset: None,
            bands: &[
                Band::weakness(i64::MIN..=30 * SECOND - 1, "large lists may break off"),
                Band::weakness(
                    300 * SECOND + 1..=i64::MAX,
                    "slow requests occupy the server for long",
                ),
            ],
        }],
    )),
};

pub(super) static FINISHED_PODS: Check = Check {
    code: "CLU-CIS-031",
    id: "finished-pods-pile-up",
    title: "finished pods are not collected",
    severity: Severity::Low,
    rationale: "Pods that ended stay in etcd until someone deletes them: jobs that fail in a loop slow down \
                every list, and fill the store.",
    remediation: "Set `--terminated-pod-gc-threshold` of the controller manager to what the cluster can bear, \
                  up to 12500.",
    references: &[
        "https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-garbage-collection",
    ],
    verdicts: &[
        (Outcome::Fail, "`--terminated-pod-gc-threshold` is 0 or less: off"),
        flags::UNSEEN,
        (Outcome::Warn, "it is above 12500, or not set"),
        (Outcome::Pass, "it is 1 to 12500"),
        flags::OWNED,
    ],
    needs: flags::NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(&FlagRule::of(
        "kube-controller-manager",
        &[Demand::Outside {
            flag: "terminated-pod-gc-threshold",
            unit: Unit::Number,
            unset: Some("nobody chose how many finished pods are kept"),
            bands: &[
                Band::fault(i64::MIN..=0, "finished pods are never collected"),
                Band::weakness(12_501..=i64::MAX, "more finished pods are kept than by default"),
            ],
        }],
    )),
};
