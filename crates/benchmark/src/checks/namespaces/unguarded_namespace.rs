//! How many of the guards that a tenant's namespace should have are there.
//!
//! | guard                  | is there                                                              |
//! |------------------------|-----------------------------------------------------------------------|
//! | pod security           | baseline is enforced for everybody, by a label or a policy            |
//! | default deny           | a `NetworkPolicy` denies all ingress                                    |
//! | quota                  | a `ResourceQuota` bounds something                                      |
//! | limits                 | a `LimitRange` says something of containers or pods                     |
//! | no token by default    | the account `default` has `automountServiceAccountToken: false`         |
//!
//! All five: pass. Three or four: warn. Fewer: fail. Guards that are not known to be there or missing
//! count as either: only what comes out the same both ways is said. A namespace of the platform, or
//! without workloads, is not applicable.
//!
//! How it is told whether baseline is enforced: [`pod_admission`]. Policies of other APIs could stand in
//! for the default: where they could, that guard is unknown. Elsewhere: each guard has a check of its
//! own, which says more.

use assay_model::{
    Findings, Known, Location, Outcome, Resource, Scope, Severity, Unknown, namespace::Namespace,
    network::Direction,
};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling, isolation, pod_admission, pod_security::Level,
};

pub(super) static CHECK: Check = Check {
    code: "APP-NSP-005",
    id: "unguarded-namespace",
    title: "namespace lacks the guards that tenants are held by",
    severity: Severity::High,
    rationale: "Each guard covers for the others: without most of them, whoever takes over one program may \
                start privileged pods, reach every other, use up the nodes, and ask the API server.",
    remediation: "Add what is named: the label `pod-security.kubernetes.io/enforce`, a NetworkPolicy that \
                  denies all ingress, a ResourceQuota, a LimitRange, and \
                  `automountServiceAccountToken: false` on the account `default`; best by a template \
                  from which every namespace is made.",
    references: &["https://kubernetes.io/docs/concepts/security/multi-tenancy/"],
    verdicts: &[
        (Outcome::Fail, "at most two of the five guards are there"),
        (Outcome::Warn, "three or four are"),
        (Outcome::Pass, "all five are"),
        (Outcome::NotApplicable, "namespaces of the platform, and those without workloads"),
    ],
    needs: &[
        Resource::WORKLOADS,
        pod_admission::NEEDS,
        &[
            Resource::NetworkPolicies,
            Resource::ResourceQuotas,
            Resource::LimitRanges,
            Resource::ServiceAccounts,
        ],
    ],
    empty: Empty::NotApplicable,
    rule: Rule::Namespace(unguarded_namespace),
};

/// A namespace with as many guards, or more, does not fail.
const ENOUGH: usize = 3;

fn unguarded_namespace(namespace: &Namespace, facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    if facts.settings.is_platform(&namespace.name) {
        return Ok(Ruling::NotApplicable("a namespace of the platform".to_owned()));
    }
    let here = Scope::Part(&namespace.name);
    let inventory = facts.inventory;
    if inventory.workloads.find(here, |_| Ok(true))?.is_none() {
        return Ok(Ruling::NotApplicable("no workloads in it".to_owned()));
    }
    let quota = inventory.resource_quotas.find(here, |it| Ok(!it.spec.hard.is_empty()));
    let limits = inventory.limit_ranges.find(here, |range| {
        Ok(range.spec.limits.iter().any(|it| matches!(&*it.type_, "Container" | "Pod")))
    });
    let guards = [
        ("nothing enforces baseline", pod_admission::is_guarded(namespace, Level::Baseline, facts)),
        ("no NetworkPolicy denies all ingress", denies_ingress(namespace, facts)),
        ("no ResourceQuota bounds anything", quota.map(|it| it.is_some())),
        ("no LimitRange says anything of containers or pods", limits.map(|it| it.is_some())),
        ("the account `default` hands out its token", keeps_its_token(namespace, facts)),
    ];
    let number = |wanted: bool| guards.iter().filter(|(_, it)| *it == Ok(wanted)).count();
    let (there, missing) = (number(true), number(false));
    let fails = guards.len() - missing < ENOUGH;
    let warns = there >= ENOUGH && missing > 0;
    if !fails && !warns && there < guards.len() {
        let unread = guards.into_iter().filter_map(|(_, it)| it.err());
        return Err(unread.reduce(Unknown::and).expect("a guard that is neither was not read"));
    }
    for (says, _) in guards.iter().filter(|(_, it)| *it == Ok(false)) {
        if fails {
            findings.fail(Location::object(), *says);
        } else {
            findings.warn(Location::object(), *says);
        }
    }
    Ok(Ruling::Applies)
}

fn denies_ingress(namespace: &Namespace, facts: &Facts<'_>) -> Known<bool> {
    let inventory = facts.inventory;
    let here = Scope::Part(&namespace.name);
    let denies =
        |it: &_| Ok(assay_model::network::NetworkPolicy::denies_all(it, Direction::Ingress));
    if inventory.network_policies.find(here, denies)?.is_some() {
        return Ok(true);
    }
    isolation::no_other_policies(inventory).map(|()| false)
}

/// Whether the account of pods that name none gives them no token.
fn keeps_its_token(namespace: &Namespace, facts: &Facts<'_>) -> Known<bool> {
    let account = facts.inventory.service_accounts.get(&namespace.name, "default")?;
    Ok(account.and_then(|it| it.automount_service_account_token) == Some(false))
}
