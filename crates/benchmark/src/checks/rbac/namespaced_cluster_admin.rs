//! `RoleBinding`s to the `ClusterRole` `cluster-admin`: everything in one namespace.
//!
//! | subject                                                        | verdict |
//! |----------------------------------------------------------------|---------|
//! | everybody                                                      | fail    |
//! | an account of another namespace, or the group of its accounts  | fail    |
//! | any, in a platform namespace                                   | fail    |
//! | any other                                                      | warn    |
//! | allowed in the configuration file, and not everybody           | pass    |
//!
//! Elsewhere: bindings for the whole cluster are `cluster-admin-binding`'s.

use assay_model::{
    Findings, Location, Outcome, Resource, Severity,
    rbac::{Binding, Subject},
};

use super::ROW;
use crate::{Check, Facts, Rule, Ruled, Ruling, rbac};

pub(super) static CHECK: Check = Check {
    code: "CLU-RBA-007",
    id: "namespaced-cluster-admin",
    title: "cluster-admin is bound in a namespace",
    severity: Severity::High,
    rationale: "It is more than `admin`: quotas, roles and bindings of the namespace, and its own labels, by \
                which admission is chosen. In a platform namespace it is the whole cluster.",
    remediation: "Bind `admin` or `edit` instead of `cluster-admin`, to a subject of the namespace.",
    references: &[
        "https://kubernetes.io/docs/reference/access-authn-authz/rbac/#user-facing-roles",
    ],
    verdicts: &[
        (
            Outcome::Fail,
            "it is bound in a platform namespace, to an account of another namespace, or to everybody",
        ),
        (Outcome::Warn, "it is bound in a namespace to somebody else"),
        (Outcome::Pass, "no RoleBinding hands it out, but to allowed subjects"),
    ],
    needs: &[&[Resource::RoleBindings]],
    rule: Rule::RoleBinding(namespaced_cluster_admin),
    ..ROW
};

fn namespaced_cluster_admin(binding: &Binding, facts: &Facts<'_>, out: &mut Findings) -> Ruled {
    if (&*binding.role_ref.kind, &*binding.role_ref.name) != ("ClusterRole", "cluster-admin") {
        return Ok(Ruling::NotApplicable("binds another role".to_owned()));
    }
    let here = &*binding.metadata.namespace;
    let at = Location::object;
    for subject in rbac::subjects_of(binding) {
        if rbac::is_everyone(&subject) {
            let severity = CHECK.severity.raised();
            out.fail_as(severity, at(), format!("{subject}: everybody"));
        } else if facts.settings.allows(CHECK.id, &subject) {
        } else if accounts_of(&subject).is_some_and(|it| it != here) {
            out.fail(at(), format!("{subject}: of another namespace"));
        } else if facts.settings.is_platform(here) {
            out.fail(at(), format!("{subject}: in a platform namespace"));
        } else {
            out.warn(at(), format!("{subject}"));
        }
    }
    Ok(Ruling::Applies)
}

/// The namespace of a service account, or of a group of them.
fn accounts_of(subject: &Subject) -> Option<&str> {
    match &*subject.kind {
        "ServiceAccount" => Some(&subject.namespace),
        _ => subject.name.strip_prefix("system:serviceaccounts:"),
    }
}
