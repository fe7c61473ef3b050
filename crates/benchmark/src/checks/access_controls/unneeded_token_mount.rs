//! Pods that hold a token for the API server without calling it.
//!
//! A token is mounted where a live pod's volumes show it ([`accounts::mounts_token`]), and where
//! admission will do so for a template ([`accounts::automounts`]). Then:
//!
//! | its account                                                          | verdict |
//! |----------------------------------------------------------------------|---------|
//! | is allowed in the configuration file: a declared client of the API   | pass    |
//! | has a grant that the API server or the installer made itself         | pass    |
//! | has any other grant, its namespace's group included                  | warn    |
//! | has none, but something else may take the token                      | warn    |
//! | has none                                                             | fail    |
//!
//! Something else: a sidecar of [`SIDECARS`], a cloud identity that is bound to the account, or a
//! tenant's account whose role names `tokenreviews`, by which it tells its callers apart.
//! What every account may do is no grant. Tokens for other audiences do not count.

use std::sync::Arc;

use assay_model::{
    Findings, Inventory, Known, Location, Outcome, Resource, Scope, Severity, Workload, any, both,
    rbac::{PolicyRule, Subject},
};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling,
    accounts::{self, Grants},
    rbac::Origin,
};

pub(super) static CHECK: Check = Check {
    code: "APP-ACC-004",
    id: "unneeded-token-mount",
    title: "pod mounts a token that it does not need",
    severity: Severity::Medium,
    rationale: "Whoever takes over the program is a known client of the API server: he can probe it, and \
                has every right that the account is given later.",
    remediation: "Set `automountServiceAccountToken: false` in the pod spec. Give a program that calls \
                  the API an account of its own, and allow that in the configuration file.",
    references: &[
        "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#opt-out-of-api-credential-automounting",
    ],
    verdicts: &[
        (
            Outcome::Fail,
            "a token for the API server is mounted, and its account has no grant of its own",
        ),
        (Outcome::Warn, "its account has grants, but nothing declares that they are used"),
        (Outcome::Warn, "a sidecar, a cloud identity or a reviewer of tokens may use it"),
        (Outcome::Pass, "no token is mounted, or its account is a declared client of the API"),
    ],
    needs: &[Resource::WORKLOADS, Resource::RBAC, &[Resource::ServiceAccounts, Resource::Version]],
    empty: Empty::NotApplicable,
    rule: Rule::Workload(unneeded_token_mount),
};

/// Containers that injectors add, and that show the pod's token to somebody else.
const SIDECARS: &[&str] = &[
    "consul-connect-inject-init",
    "consul-dataplane",
    "istio-proxy",
    "linkerd-proxy",
    "vault-agent",
    "vault-agent-init",
];

/// Annotations that bind an account to an identity of a cloud.
const CLOUD_IDENTITIES: &[&str] = &[
    "azure.workload.identity/client-id",
    "eks.amazonaws.com/role-arn",
    "iam.gke.io/gcp-service-account",
];

fn unneeded_token_mount(workload: &Workload, facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let (names, mut unknown) = accounts::mounted(workload, facts.inventory);
    for name in names {
        let account = accounts::subject(&workload.namespace, &name);
        unknown = both(unknown, judge(workload, &account, facts, findings));
    }
    unknown.map(|()| Ruling::Applies)
}

fn judge(
    workload: &Workload,
    account: &Subject,
    facts: &Facts<'_>,
    findings: &mut Findings,
) -> Known<()> {
    if facts.settings.allows(CHECK.id, account) {
        return Ok(());
    }
    let grants = Grants::everywhere(account, facts);
    let made_with_the_cluster = grants.any(|it| {
        let origin = it.origin.as_ref().map_err(Clone::clone)?;
        Ok(matches!(origin, Origin::Bootstrap | Origin::Installer(_)))
    })?;
    if made_with_the_cluster {
        return Ok(());
    }
    let at = workload.locate(Location::field("automountServiceAccountToken"));
    if grants.any_rule(|_| true)? {
        let detail =
            format!("mounts a token of {account}, and nothing declares that its grants are used");
        findings.warn(at, detail);
    } else if has_other_use(workload, account, facts)? {
        let detail =
            format!("mounts a token of {account}, which has no grants, though others may take it");
        findings.warn(at, detail);
    } else {
        findings.fail(at, format!("mounts a token of {account}, which has no grants"));
    }
    Ok(())
}

/// Whether something other than the API server may take the token.
fn has_other_use(workload: &Workload, account: &Subject, facts: &Facts<'_>) -> Known<bool> {
    any([
        has_sidecar(workload),
        has_cloud_identity(account, facts.inventory),
        tokens_are_reviewed(facts),
    ])
}

fn has_sidecar(workload: &Workload) -> Known<bool> {
    let mut found = false;
    let read = workload
        .each_spec(|spec| found |= spec.containers().any(|it| SIDECARS.contains(&&*it.name)));
    if found { Ok(true) } else { read.map(|()| false) }
}

fn has_cloud_identity(account: &Subject, inventory: &Inventory) -> Known<bool> {
    let account = inventory.service_accounts.get(&account.namespace, &account.name)?;
    let bound = |key: &&str| account.is_some_and(|it| it.metadata.annotations.contains_key(*key));
    Ok(CLOUD_IDENTITIES.iter().any(bound))
}

/// Whether a tenant's account may ask whose a token is. A role that gives everything says nothing
/// about that, so the resource has to be named.
fn tokens_are_reviewed(facts: &Facts<'_>) -> Known<bool> {
    let has = |list: &[Arc<str>], wanted: &str| list.iter().any(|it| &**it == wanted);
    let reviews = |rule: &PolicyRule| {
        has(&rule.resources, "tokenreviews")
            && (has(&rule.verbs, "create") || has(&rule.verbs, "*"))
    };
    let reviewer = facts.cluster_holders().find(Scope::Cluster, |holder| {
        let subject = &holder.subject;
        if &*subject.kind != "ServiceAccount" || facts.settings.is_platform(&subject.namespace) {
            return Ok(false);
        }
        any(holder.own.iter().map(|it| {
            let rules = it.rules.as_ref().map_err(Clone::clone)?;
            Ok(rules.iter().any(reviews))
        }))
    })?;
    Ok(reviewer.is_some())
}
