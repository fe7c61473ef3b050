//! Who can do everything without being bound to `cluster-admin`.
//!
//! All verbs on all resources of the core group and of RBAC's own, by one rule or by many together:
//! with those two, any other right can be had. All cluster-wide bindings of a subject count at once.

use assay_model::{Known, Outcome, Resource, Severity, all};

use crate::{
    Check, Empty, Rule,
    rbac::{
        Where, critical,
        power::{ANY_RESOURCE, Ask, Grade, Held, Power, Right, Rights, usual},
    },
};

pub(super) static CHECK: Check = Check {
    code: "CLU-RBA-008",
    id: "cluster-admin-equivalent",
    title: "subject can do everything in the cluster",
    severity: Severity::Critical,
    rationale: "A role by another name with the same rights is cluster-admin, and nobody looks for it \
                there.",
    remediation: "Replace the wildcards by the verbs and resources that are used; bind cluster-admin \
                  itself where everything is meant, so that it can be seen.",
    references: &[
        "https://kubernetes.io/docs/concepts/security/rbac-good-practices/#least-privilege",
    ],
    verdicts: &[
        (
            Outcome::Fail,
            "a subject that is not allowed holds all verbs on all core and RBAC resources",
        ),
        (Outcome::Pass, "only what the API server or the installer binds, and what is allowed"),
    ],
    needs: &[&[Resource::ClusterRoleBindings, Resource::ClusterRoles, Resource::Version]],
    empty: Empty::Pass,
    rule: Rule::Power(&Power {
        rights: Rights::Any(EVERYTHING),
        reach: Where::Cluster,
        grade: together,
        ..Power::USUAL
    }),
};

/// With these on every resource of both groups, any other right can be had.
const VERBS: &[&str] = &[
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
    "bind",
    "escalate",
    "impersonate",
];

const EVERYTHING: &[Right] =
    &[Right::cluster("", ANY_RESOURCE, VERBS), Right::cluster(critical::RBAC, ANY_RESOURCE, VERBS)];

/// Counts where the grant adds something, and all of it is had by all grants together.
fn together(held: &Held<'_>, ask: &Ask<'_>) -> Known<Grade> {
    if usual(&held.claims) != Grade::Counts {
        return Ok(Grade::Harmless);
    }
    let verbs = VERBS.iter().map(std::slice::from_ref);
    let single = verbs.flat_map(|verbs| EVERYTHING.iter().map(|it| Right { verbs, ..*it }));
    let has_all = all(single.map(|it| ask.has(&[it], "")))?;
    Ok(if has_all { Grade::Counts } else { Grade::Harmless })
}
