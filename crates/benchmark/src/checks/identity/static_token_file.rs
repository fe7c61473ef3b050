//! API servers that accept bearer tokens from a file.
//!
//! | flag of each kube-apiserver | accepted |
//! |-----------------------------|----------|
//! | `--token-auth-file`         | not set  |

use assay_model::{Outcome, Severity};

use crate::{
    Check, Empty, Rule,
    flags::{self, Demand, FlagRule},
};

pub(super) static CHECK: Check = Check {
    code: "CLU-IAM-002",
    id: "static-token-file",
    title: "API server accepts tokens from a static file",
    severity: Severity::High,
    rationale: "Its tokens stand in clear text on the control plane, never end, and are changed or \
                withdrawn only by a restart.",
    remediation: "Remove `--token-auth-file`; give people OpenID Connect or client certificates, and \
                  programs service account tokens.",
    references: &[
        "https://kubernetes.io/docs/reference/access-authn-authz/authentication/#static-token-file",
    ],
    verdicts: &[
        (Outcome::Fail, "`--token-auth-file` is set"),
        (Outcome::Unknown, "the flags are not visible, or not understood to their end"),
        (Outcome::Pass, "it is not set"),
        (Outcome::NotApplicable, "a provider owns the control plane"),
    ],
    needs: flags::NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(&FlagRule::of("kube-apiserver", &[Demand::Unset("token-auth-file")])),
};
