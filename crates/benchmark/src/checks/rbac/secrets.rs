//! Rights on Secrets, beside reading all of them: see `cluster-wide-secret-read`.
//!
//! | `namespaced-secret-read`: a `RoleBinding` gives get, list, watch or deletecollection | verdict |
//! |--------------------------------------------------------------------------------------|---------|
//! | in a platform namespace, for any name                                                | fail    |
//! | anywhere, to everybody or a `default` account                                        | fail    |
//! | else                                                                                 | warn    |
//!
//! | `secret-write`: create, update or patch, by any binding                           | verdict |
//! |-----------------------------------------------------------------------------------|---------|
//! | it comes to a token that can be read, of an account with critical rights          | fail    |
//! | else                                                                              | warn    |
//!
//! A Secret of type `service-account-token` that is created for an account is filled with a token of it.
//! That can be read by whoever may also get it, or patch it, for the answer to a patch holds the object;
//! and who may change any Secret turns one of that type to another account. Created for some names it
//! comes from a server-side apply, which is a patch.

use assay_model::{Known, Outcome, Resource, Severity, all};

use super::{ANYWHERE, ROW};
use crate::{
    Check, Rule,
    rbac::{
        Reach, Where, critical,
        power::{Ask, Grade, Held, Power, Right, Rights, usual},
    },
};

pub(super) static NAMESPACED_READ: Check = Check {
    code: "CLU-RBA-014",
    id: "namespaced-secret-read",
    title: "subject reads Secrets of a namespace",
    severity: Severity::High,
    rationale: "Passwords, keys and tokens of everything in the namespace are there; in a platform \
                namespace they are those that run the cluster.",
    remediation: "Name the Secrets in the role's `resourceNames` with the verb `get` alone, or mount them \
                  into the pods that need them; allow what must stay in the configuration file.",
    references: &[
        "https://kubernetes.io/docs/concepts/security/rbac-good-practices/#listing-secrets",
    ],
    verdicts: &[
        (Outcome::Fail, "it may read all of a platform namespace, and is not allowed"),
        (Outcome::Fail, "everybody may, or the `default` account of a namespace"),
        (Outcome::Warn, "it may read those of another namespace, or some by name"),
        (Outcome::Pass, "only what the API server or the installer binds, and what is allowed"),
    ],
    needs: &[&[Resource::RoleBindings, Resource::Roles, Resource::ClusterRoles, Resource::Version]],
    rule: Rule::Power(&Power {
        rights: Rights::Any(critical::SECRET_READ),
        reach: Where::Namespace,
        grade: |held, ask| {
            let platform = ask.facts.settings.is_platform(&held.grant.namespace);
            Ok(match usual(&held.claims) {
                Grade::Counts if platform => Grade::Fault("in a platform namespace"),
                it => it,
            })
        },
        ..Power::USUAL
    }),
    ..ROW
};

pub(super) static WRITE: Check = Check {
    code: "CLU-RBA-015",
    id: "secret-write",
    title: "subject writes Secrets, which can mint tokens",
    severity: Severity::High,
    rationale: "Who creates a Secret of type `kubernetes.io/service-account-token` and reads it back has a \
                token of any account of the namespace that never ends.",
    remediation: "Take `create`, `update` and `patch` on `secrets` from the role, or name the Secrets in \
                  `resourceNames`; keep accounts with rights over the cluster in namespaces of their own.",
    references: &[
        "https://kubernetes.io/docs/concepts/security/service-accounts/#get-a-token",
        "https://kubernetes.io/docs/concepts/configuration/secret/#serviceaccount-token-secrets",
    ],
    verdicts: &[
        (
            Outcome::Fail,
            "it can mint a token and read it, where an account is as good as the cluster's administrator",
        ),
        (Outcome::Warn, "it writes Secrets, and no such token comes of it"),
        (Outcome::Pass, "only what the API server or the installer binds, and what is allowed"),
    ],
    needs: &[ANYWHERE[0], ANYWHERE[1], &[Resource::ServiceAccounts]],
    rule: Rule::Power(&Power {
        rights: Rights::Any(&[Right::namespaced("", "secrets", &["create", "update", "patch"])]),
        grade: mints,
        ..Power::USUAL
    }),
    ..ROW
};

/// Returns what is written, or gives it back when it is asked for.
const READ_BACK: &[Right] =
    &[Right::namespaced("", "secrets", &["get", "list", "watch", "patch", "update"])];

fn mints(held: &Held<'_>, ask: &Ask<'_>) -> Known<Grade> {
    let namespace = &held.grant.namespace;
    let may = |verbs: &[&str], named: bool| {
        held.claims.iter().any(|it| verbs.contains(&&*it.verb) && (it.reach != Reach::Any) == named)
    };
    let readable = if may(&["update", "patch"], false) || may(&["create"], true) {
        Ok(true)
    } else if may(&["create"], false) {
        ask.has_some(READ_BACK, namespace)
    } else {
        Ok(false)
    };
    let privileged = ask.facts.critical().any_account(namespace, ask.facts);
    let minted = all([readable, privileged])?;
    Ok(if minted {
        Grade::Fault("which mints tokens of an account as good as the cluster's administrator")
    } else {
        Grade::Weakness("which mints no token of an account as good as the cluster's administrator")
    })
}
