//! Bindings that name the anonymous user.
//!
//! | binding                                                | verdict |
//! |--------------------------------------------------------|---------|
//! | none with subject User `system:anonymous`              | pass    |
//! | kubeadm's `kube-public/kubeadm:bootstrap-signer-clusterinfo` | warn |
//! | any other                                              | fail    |
//!
//! kubeadm's lets a new node fetch `cluster-info` before it has a credential.
//! Elsewhere: the group `system:unauthenticated` has a row of its own.

use assay_model::{Findings, Location, Outcome, Resource, Severity, rbac::Binding};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling};

pub(super) static CHECK: Check = Check {
    code: "CLU-RBA-060",
    id: "anonymous-binding",
    title: "anonymous user has a binding",
    severity: Severity::Critical,
    rationale: "Whoever reaches the API server has these rights, without any credential.",
    remediation: "Delete the binding, or bind the identities that need it. kubeadm's is needed only while \
                  nodes join by token discovery.",
    references: &[
        "https://kubernetes.io/docs/reference/access-authn-authz/authentication/#anonymous-requests",
    ],
    verdicts: &[
        (Outcome::Fail, "a binding names the user `system:anonymous`"),
        (Outcome::Warn, "only kubeadm's, to read `cluster-info` in `kube-public`"),
        (Outcome::Pass, "none does"),
    ],
    needs: &[&[Resource::ClusterRoleBindings, Resource::RoleBindings]],
    empty: Empty::Pass,
    rule: Rule::Binding(anonymous_binding),
};

/// What `kubeadm init` binds for token discovery. Source: `kubeadm init phase bootstrap-token`.
const CLUSTER_INFO: (&str, &str) = ("kube-public", "kubeadm:bootstrap-signer-clusterinfo");

fn anonymous_binding(binding: &Binding, _: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let anonymous =
        |it: &&assay_model::rbac::Subject| &*it.kind == "User" && &*it.name == "system:anonymous";
    if binding.subjects.iter().any(|it| anonymous(&it)) {
        let detail =
            format!("User system:anonymous -> {} {}", binding.role_ref.kind, binding.role_ref.name);
        let discovery = &*binding.role_ref.kind == "Role"
            && (&*binding.metadata.namespace, &*binding.metadata.name) == CLUSTER_INFO;
        if discovery {
            findings.warn(Location::object(), detail);
        } else {
            findings.fail(Location::object(), detail);
        }
    }
    Ok(Ruling::Applies)
}
