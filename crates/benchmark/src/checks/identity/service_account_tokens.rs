//! How tokens of service accounts are signed, checked, and for how long they hold.
//!
//! | check                            | flag                                                         | accepted |
//! |----------------------------------|--------------------------------------------------------------|----------|
//! | `no-service-account-lookup`      | kube-apiserver `--service-account-lookup`                    | true     |
//! | `implicit-service-account-key`   | kube-apiserver `--service-account-key-file`, or `--service-account-signing-endpoint` | set |
//! | `year-long-bound-tokens`         | kube-apiserver `--service-account-extend-token-expiration`   | false    |
//! | `unbounded-token-lifetime`       | kube-apiserver `--service-account-max-token-expiration`      | up to 24 h; else a weakness |
//! | `shared-controller-account`      | kube-controller-manager `--use-service-account-credentials`  | true     |
//! | `no-token-signing-key`           | kube-controller-manager `--service-account-private-key-file` | set      |
//!
//! Every API server since 1.34, the first that was looked at, refuses to start without a key that verifies.
//! Source: `k8s.io/kubernetes/pkg/kubeapiserver/options/authentication.go`.

use assay_model::{Outcome, Severity};

use crate::{
    Check, Empty, Rule,
    flags::{self, Band, Demand, FlagRule, Unit},
};

const HOUR: i64 = 3_600_000;

const REFERENCES: &[&str] =
    &["https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/"];

pub(super) static NO_LOOKUP: Check = Check {
    code: "CLU-IAM-005",
    id: "no-service-account-lookup",
    title: "API server accepts tokens of deleted service accounts",
    severity: Severity::Medium,
    rationale: "A stolen token then works on after its account, its Secret or its pod was deleted: there is \
                no way to withdraw it.",
    remediation: "Remove `--service-account-lookup=false`.",
    references: REFERENCES,
    verdicts: &[
        (Outcome::Fail, "`--service-account-lookup` is false"),
        flags::UNSEEN,
        (Outcome::Pass, "it is true, or not set"),
        flags::OWNED,
    ],
    needs: flags::NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(&FlagRule::of(
        "kube-apiserver",
        &[Demand::Is("service-account-lookup", true)],
    )),
};

pub(super) static IMPLICIT_KEY: Check = Check {
    code: "CLU-IAM-006",
    id: "implicit-service-account-key",
    title: "key that verifies service account tokens is not named",
    severity: Severity::Medium,
    rationale: "Old servers take the key of their serving certificate instead: a new certificate then \
                invalidates every token, and one leak of the key does for both.",
    remediation: "Set `--service-account-key-file` to a key that serves nothing else.",
    references: REFERENCES,
    verdicts: &[
        (Outcome::Fail, "neither flag is set"),
        (Outcome::Unknown, "the version starts without, and the flags are not visible"),
        (
            Outcome::Pass,
            "one of them is set, or the version, 1.34 or later, does not start without",
        ),
        flags::OWNED,
    ],
    needs: flags::NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(
        &FlagRule::of(
            "kube-apiserver",
            &[Demand::AnySet {
                of: &["service-account-key-file", "service-account-signing-endpoint"],
                ask: None,
            }],
        )
        .hard_wired((1, 34)),
    ),
};

pub(super) static YEAR_LONG: Check = Check {
    code: "CLU-IAM-007",
    id: "year-long-bound-tokens",
    title: "tokens of pods hold for a year instead of an hour",
    severity: Severity::Medium,
    rationale: "For the sake of clients that never read their token again, the API server makes every pod's \
                token valid for a year: whoever steals one has that long.",
    remediation: "Set `--service-account-extend-token-expiration=false`, once the metric \
                  serviceaccount_stale_tokens_total shows no client that keeps an old token.",
    references: REFERENCES,
    verdicts: &[
        (Outcome::Fail, "`--service-account-extend-token-expiration` is true, or not set"),
        flags::UNSEEN,
        (Outcome::Pass, "it is false"),
        flags::OWNED,
    ],
    needs: flags::NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(&FlagRule::of(
        "kube-apiserver",
        &[Demand::Is("service-account-extend-token-expiration", false)],
    )),
};

pub(super) static UNBOUNDED: Check = Check {
    code: "CLU-IAM-008",
    id: "unbounded-token-lifetime",
    title: "tokens may be asked for that hold longer than a day",
    severity: Severity::Low,
    rationale: "Whoever may create tokens of an account asks once for one of many years, and keeps his way in \
                after his own was closed.",
    remediation: "Set `--service-account-max-token-expiration=24h`.",
    references: REFERENCES,
    verdicts: &[
        flags::UNSEEN,
        (
            Outcome::Warn,
            "`--service-account-max-token-expiration` is more than 24 hours, or not set",
        ),
        (Outcome::Pass, "it is 24 hours or less"),
        flags::OWNED,
    ],
    needs: flags::NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(&FlagRule::of(
        "kube-apiserver",
        &[Demand::Outside {
            flag: "service-account-max-token-expiration",
            unit: Unit::Milliseconds,
            unset: Some("a token holds for as long as is asked"),
            bands: &[
                Band::weakness(0..=0, "a token holds for as long as is asked"),
                Band::weakness(24 * HOUR + 1..=i64::MAX, "a token holds longer than a day"),
            ],
        }],
    )),
};

pub(super) static SHARED_ACCOUNT: Check = Check {
    code: "CLU-IAM-009",
    id: "shared-controller-account",
    title: "all controllers act under one account",
    severity: Severity::Medium,
    rationale: "One identity with the rights of all controllers: RBAC cannot narrow any of them, and the audit \
                log does not say which it was.",
    remediation: "Set `--use-service-account-credentials=true` of the controller manager.",
    references: &["https://kubernetes.io/docs/reference/access-authn-authz/rbac/#controller-roles"],
    verdicts: &[
        (Outcome::Fail, "`--use-service-account-credentials` is false, or not set"),
        flags::UNSEEN,
        (Outcome::Pass, "it is true"),
        flags::OWNED,
    ],
    needs: flags::NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(&FlagRule::of(
        "kube-controller-manager",
        &[Demand::Is("use-service-account-credentials", true)],
    )),
};

pub(super) static NO_SIGNING_KEY: Check = Check {
    code: "CLU-IAM-010",
    id: "no-token-signing-key",
    title: "controller manager has no key of its own to sign tokens with",
    severity: Severity::Medium,
    rationale: "Tokens in Secrets are then not made, or signed with a key that serves something else as \
                well, and that cannot be changed alone when it leaks.",
    remediation: "Set `--service-account-private-key-file` of the controller manager to the private half of \
                  the API server's `--service-account-key-file`.",
    references: REFERENCES,
    verdicts: &[
        (Outcome::Fail, "`--service-account-private-key-file` is not set"),
        flags::UNSEEN,
        (Outcome::Pass, "it is set"),
        flags::OWNED,
    ],
    needs: flags::NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(&FlagRule::of(
        "kube-controller-manager",
        &[Demand::AllSet(&["service-account-private-key-file"])],
    )),
};
