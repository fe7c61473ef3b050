//! Who is bound to `cluster-admin`.
//!
//! | subject of a `ClusterRoleBinding` to `cluster-admin`         | verdict |
//! |--------------------------------------------------------------|---------|
//! | the API server's own: `system:masters`                       | pass    |
//! | the installer's own, by the table                            | pass    |
//! | allowed in the configuration file: group, service account    | pass    |
//! | allowed, but a user, whom nobody can take out of a group     | warn    |
//! | a service account that a tenant's pod runs as, or everybody  | fail    |
//! | any other                                                    | fail    |
//!
//! Elsewhere: `RoleBinding`s to cluster-admin; roles that equal it are `cluster-admin-equivalent`'s.

use assay_model::{
    Findings, Known, Location, Outcome, Resource, Scope, Severity,
    rbac::{Binding, Subject},
};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling,
    rbac::{self, Origin},
};

pub(super) static CHECK: Check = Check {
    code: "CLU-RBA-006",
    id: "cluster-admin-binding",
    title: "cluster-admin is bound outside of break-glass",
    severity: Severity::Critical,
    rationale: "Whoever is bound to cluster-admin can do everything, read every Secret and hide the \
                traces; a program that is bound to it hands that to whoever takes it over.",
    remediation: "Bind a role with the rights that are used. Keep cluster-admin for a break-glass group, \
                  and allow that group in the configuration file.",
    references: &[
        "https://kubernetes.io/docs/concepts/security/rbac-good-practices/#least-privilege",
    ],
    verdicts: &[
        (
            Outcome::Fail,
            "a subject that is neither bootstrap, installer-owned nor allowed is bound to it",
        ),
        (
            Outcome::Fail,
            "an allowed account is what a tenant's pod runs as, or everybody is allowed",
        ),
        (Outcome::Warn, "an allowed user is bound by name rather than through a group"),
        (Outcome::Pass, "only the API server's own, the installer's own and allowed subjects"),
    ],
    needs: &[
        &[Resource::ClusterRoleBindings, Resource::ClusterRoles, Resource::Version],
        Resource::WORKLOADS,
    ],
    empty: Empty::Pass,
    rule: Rule::ClusterRoleBinding(cluster_admin_binding),
};

fn cluster_admin_binding(binding: &Binding, facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    if &*binding.role_ref.name != "cluster-admin" {
        return Ok(Ruling::NotApplicable("binds another role".to_owned()));
    }
    let rules = rbac::rules_of(binding, facts);
    let mut unknown = Ok(());
    for subject in rbac::subjects_of(binding) {
        let judged = match rbac::origin_of(binding, &subject, &rules, facts) {
            Ok(Origin::Bootstrap) => Ok(()),
            Ok(Origin::Installer(it)) => judge(&subject, Some(it), facts, findings),
            Ok(Origin::Own) => judge(&subject, None, facts, findings),
            Err(it) => Err(it),
        };
        unknown = assay_model::both(unknown, judged);
    }
    unknown.map(|()| Ruling::Applies)
}

fn judge(
    subject: &Subject,
    installer: Option<&str>,
    facts: &Facts<'_>,
    findings: &mut Findings,
) -> Known<()> {
    let allowed = facts.settings.allows(CHECK.id, subject);
    let at = Location::object;
    if rbac::is_everyone(subject) {
        findings.fail(at(), format!("{subject}: everybody"));
    } else if installer.is_none() && !allowed {
        findings.fail(at(), format!("{subject}"));
    } else if &*subject.kind == "ServiceAccount" && runs_tenant_pod(subject, facts)? {
        findings.fail(at(), format!("{subject}: a tenant's pod runs as it"));
    } else if allowed && &*subject.kind == "User" {
        findings.warn(at(), format!("{subject}: bound by name, not through a group"));
    } else if let Some(installer) = installer {
        findings.hint(format!("{subject} is {installer}'s own"));
    }
    Ok(())
}

/// Whether a running pod outside of the platform namespaces has this identity.
fn runs_tenant_pod(account: &Subject, facts: &Facts<'_>) -> Known<bool> {
    if facts.settings.is_platform(&account.namespace) {
        return Ok(false);
    }
    let here = Scope::Part(&account.namespace);
    let found = facts.inventory.workloads.find(here, |workload| {
        if workload.live.iter().any(|it| it.spec.service_account() == &*account.name) {
            return Ok(true);
        }
        workload.live_read.clone().map(|()| false)
    })?;
    Ok(found.is_some())
}
