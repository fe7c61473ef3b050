//! Roles that add themselves to `view`, `edit` or `admin` by a label.
//!
//! | what such a role adds, beyond what the API server ships                   | verdict |
//! |---------------------------------------------------------------------------|---------|
//! | a right that a check of severity critical is about, Secrets to `view` too | fail    |
//! | to write resources of the cluster, to `edit` or `admin`                   | warn    |
//! | else                                                                      | pass    |
//!
//! `view` is part of `edit`, and that of `admin`, so a role that is added to one is added to those
//! above. The API server's own are left out as far as they are as it ships them.
//! Elsewhere: a role that selects others by labels of its own counts for who is bound to it.

use assay_model::{
    Findings, Location, Outcome, Resource, Severity,
    rbac::{PolicyRule, Role},
};

use super::ROW;
use crate::{
    Check, Facts, Rule, Ruled, Ruling,
    rbac::{
        self, Reach,
        critical::{self, ADMISSION},
        power::{Claim, Rights, Target, claims_of, words},
    },
};

pub(super) static CHECK: Check = Check {
    code: "CLU-RBA-031",
    id: "aggregated-role-extension",
    title: "role adds dangerous rights to view, edit or admin",
    severity: Severity::High,
    rationale: "Whoever is bound to `view`, `edit` or `admin`, now or later, gets these rights, and nobody who \
                binds those roles looks for them.",
    remediation: "Remove the label `rbac.authorization.k8s.io/aggregate-to-…` from the role and bind it where \
                  it is needed, or take the named rights out of it.",
    references: &[
        "https://kubernetes.io/docs/reference/access-authn-authz/rbac/#aggregated-clusterroles",
    ],
    verdicts: &[
        (
            Outcome::Fail,
            "it adds reading Secrets to `view`, or to any of them a right that a critical check is about",
        ),
        (Outcome::Warn, "it adds to `edit` or `admin` writing of resources of the cluster"),
        (Outcome::Pass, "what it adds is neither"),
        (Outcome::NotApplicable, "no role is added to them but the API server's own"),
    ],
    needs: &[&[Resource::ClusterRoles, Resource::Version]],
    rule: Rule::ClusterRole(aggregated_role_extension),
    ..ROW
};

/// The user-facing roles, each part of the next.
const ROLES: [&str; 3] = ["view", "edit", "admin"];

fn aggregated_role_extension(role: &Role, facts: &Facts<'_>, out: &mut Findings) -> Ruled {
    let label = |it: &str| format!("rbac.authorization.k8s.io/aggregate-to-{it}");
    let is_added =
        |it: &&str| role.metadata.labels.get(&*label(it)).is_some_and(|it| &**it == "true");
    let Some(target) = ROLES.into_iter().find(is_added) else {
        return Ok(Ruling::NotApplicable("is added to none of them".to_owned()));
    };
    let rules = rbac::effective_rules(role, &facts.inventory.cluster_roles)?;
    let bootstrap = &facts.tables.bootstrap;
    let minor = facts.server_minor()?;
    let shipped = bootstrap.role("", &role.metadata.name, minor)?;
    let own = |rule: &&PolicyRule| shipped.is_some_and(|it| it.grants(rule));
    // What the three select of each other is a union of what is judged by itself.
    if ROLES.contains(&&*role.metadata.name) || rules.iter().all(|it| own(&it)) && shipped.is_some()
    {
        return Ok(Ruling::NotApplicable("is the API server's own".to_owned()));
    }
    let goes_to = bootstrap.role("", target, minor)?;
    let adds = |claim: &&Claim| goes_to.is_none_or(|it| !it.grants(&as_rule(claim)));
    let added = |rights| -> Vec<Claim> {
        claims_of(rights, &rules, "").into_iter().filter(|it| adds(&it)).collect()
    };
    let critical = critical::RIGHTS.iter().flat_map(|it| added(Rights::Any(it)));
    let (faults, named): (Vec<_>, Vec<_>) = critical.partition(|it| it.reach == Reach::Any);
    let at = || Location::field("rules");
    if !faults.is_empty() {
        out.fail(at(), format!("add to {target}: {}", words(&faults)));
    }
    if !named.is_empty() {
        out.warn(at(), format!("add to {target}: {}", words(&named)));
    }
    let mut writes = added(Rights::Written(cluster_writes));
    writes.retain(|it| !faults.contains(it) && !named.contains(it));
    if !writes.is_empty() {
        let target = if target == "view" { "edit" } else { target };
        out.warn(at(), format!("add to {target}, of the cluster: {}", words(&writes)));
    }
    Ok(Ruling::Applies)
}

/// A claim as the rule that gives no more.
fn as_rule(claim: &Claim) -> PolicyRule {
    let mut rule = PolicyRule { verbs: vec![claim.verb.clone()], ..PolicyRule::default() };
    if let Target::Resource { group, resource } = &claim.target {
        rule.api_groups.push(group.clone());
        rule.resources.push(resource.clone());
    }
    rule
}

/// Built-in resources of the cluster, by API group.
const OF_THE_CLUSTER: &[(&str, &[&str])] = &[
    ("", &["namespaces", "nodes", "persistentvolumes"]),
    (
        ADMISSION,
        &[
            "mutatingadmissionpolicies",
            "mutatingadmissionpolicybindings",
            "mutatingwebhookconfigurations",
            "validatingadmissionpolicies",
            "validatingadmissionpolicybindings",
            "validatingwebhookconfigurations",
        ],
    ),
    ("apiextensions.k8s.io", &["customresourcedefinitions"]),
    ("apiregistration.k8s.io", &["apiservices"]),
    ("certificates.k8s.io", &["certificatesigningrequests", "clustertrustbundles", "signers"]),
    ("flowcontrol.apiserver.k8s.io", &["flowschemas", "prioritylevelconfigurations"]),
    ("networking.k8s.io", &["ingressclasses", "ipaddresses", "servicecidrs"]),
    ("node.k8s.io", &["runtimeclasses"]),
    (critical::RBAC, &["clusterrolebindings", "clusterroles"]),
    ("resource.k8s.io", &["deviceclasses", "resourceslices"]),
    ("scheduling.k8s.io", &["priorityclasses"]),
    (
        "storage.k8s.io",
        &[
            "csidrivers",
            "csinodes",
            "storageclasses",
            "volumeattachments",
            "volumeattributesclasses",
        ],
    ),
];

/// What a rule writes of the cluster's own.
fn cluster_writes(rule: &PolicyRule) -> Vec<Claim> {
    let mut claims = Vec::new();
    for (group, resources) in OF_THE_CLUSTER {
        for resource in *resources {
            for verb in ["create", "delete", "deletecollection", "patch", "update"] {
                claims.extend(rbac::allows(rule, verb, group, resource).map(|reach| {
                    let target =
                        Target::Resource { group: (*group).into(), resource: (*resource).into() };
                    Claim { verb: verb.into(), target, reach }
                }));
            }
        }
    }
    claims
}
