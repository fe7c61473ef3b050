//! Bindings to subjects that should have none, or none but the API server's own.
//!
//! | row                             | a binding names                    | verdict                     |
//! |---------------------------------|------------------------------------|-----------------------------|
//! | `unauthenticated-group-binding` | `system:unauthenticated`           | fail                        |
//! | `authenticated-group-binding`   | `system:authenticated`             | fail if it writes, reads Secrets, gets into pods or has a wildcard; else warn |
//! | `service-accounts-group-binding` | `system:serviceaccounts`          | fail                        |
//! |                                 | `system:serviceaccounts:NAMESPACE` | warn                        |
//! | `masters-group-binding`         | `system:masters`                   | fail                        |
//! | `default-account-binding`       | account `default` of a namespace   | fail                        |
//!
//! Not those that the API server of this version creates, with the role as it ships it, nor an
//! installer's own. A distribution may add others: those are judged, for its tables are not here.
//! Elsewhere: the anonymous user; who is in `system:masters`.

use assay_model::{
    Known, Location, Outcome, Resource, Severity, both,
    rbac::{Binding, PolicyRule, Subject},
};

use super::ROW;
use crate::{
    Check, Facts, Rule, Ruled, Ruling,
    rbac::{self, Origin},
};

pub(super) static UNAUTHENTICATED: Check = Check {
    code: "CLU-RBA-061",
    id: "unauthenticated-group-binding",
    title: "unauthenticated requests have a binding beyond discovery",
    severity: Severity::Critical,
    rationale: "Whoever reaches the API server has these rights, without any credential.",
    remediation: "Delete the binding, or take the group `system:unauthenticated` out of its subjects and bind \
                  the identities that need it.",
    references: &[
        "https://kubernetes.io/docs/concepts/security/rbac-good-practices/#hardening",
        DISCOVERY,
    ],
    verdicts: &[
        (Outcome::Fail, "a binding that is not the API server's own names the group"),
        (Outcome::Pass, "only `system:public-info-viewer` as it ships, or none, names it"),
    ],
    needs: SHIPPED_FOR_THE_CLUSTER,
    rule: Rule::Binding(|binding, facts, out| {
        let says = |subject: &Subject| format!("{subject} -> {}", role(binding));
        each_own(binding, facts, "system:unauthenticated", |subject| {
            out.fail(Location::object(), says(subject));
            Ok(())
        })
    }),
    ..ROW
};

pub(super) static AUTHENTICATED: Check = Check {
    code: "CLU-RBA-062",
    id: "authenticated-group-binding",
    title: "everybody with an account has a binding beyond discovery",
    severity: Severity::High,
    rationale: "Every service account and every user has these rights; where the provider's accounts \
                authenticate, that is anybody who has one.",
    remediation: "Bind a group that the identity provider fills in place of `system:authenticated`.",
    references: &[DISCOVERY],
    verdicts: &[
        (
            Outcome::Fail,
            "a binding that is not the API server's own lets the group write, read Secrets or get into \
             pods, or its role has a wildcard",
        ),
        (Outcome::Warn, "it lets the group read something else"),
        (Outcome::Pass, "only the API server's own bindings name it"),
    ],
    rule: Rule::Binding(|binding, facts, out| {
        let rules = rbac::rules_of(binding, facts);
        each_own(binding, facts, "system:authenticated", |subject| {
            let rules = rules.as_ref().map_err(Clone::clone)?;
            let says = format!("{subject} -> {}", role(binding));
            if rules.iter().any(is_dangerous) {
                out.fail(
                    Location::object(),
                    format!(
                        "{says}, which writes, reads Secrets, gets into pods or has a wildcard"
                    ),
                );
            } else {
                out.warn(Location::object(), format!("{says}, which only reads"));
            }
            Ok(())
        })
    }),
    ..ROW
};

pub(super) static SERVICE_ACCOUNTS: Check = Check {
    code: "CLU-RBA-063",
    id: "service-accounts-group-binding",
    title: "all service accounts together have a binding",
    severity: Severity::High,
    rationale: "Every pod whose token is mounted has these rights, also those that come with the next \
                namespace, and nobody sees it at the account.",
    remediation: "Bind the accounts that need it by name, in place of the group.",
    references: &[
        "https://kubernetes.io/docs/reference/access-authn-authz/rbac/#service-account-permissions",
    ],
    verdicts: &[
        (
            Outcome::Fail,
            "a binding that is not the API server's own names `system:serviceaccounts`",
        ),
        (Outcome::Warn, "a binding names the group of one namespace's accounts"),
        (Outcome::Pass, "neither"),
    ],
    needs: SHIPPED_FOR_THE_CLUSTER,
    rule: Rule::Binding(|binding, facts, out| {
        for subject in groups(binding).filter(|it| it.name.starts_with("system:serviceaccounts:")) {
            out.warn(Location::object(), format!("{subject} -> {}", role(binding)));
        }
        each_own(binding, facts, "system:serviceaccounts", |subject| {
            out.fail(Location::object(), format!("{subject} -> {}", role(binding)));
            Ok(())
        })
    }),
    ..ROW
};

pub(super) static MASTERS: Check = Check {
    code: "CLU-RBA-064",
    id: "masters-group-binding",
    title: "somebody's binding names system:masters",
    severity: Severity::High,
    rationale: "The authorizer lets that group do everything without looking at any binding: one more adds \
                nothing, and shows that somebody hands out membership, which cannot be withdrawn.",
    remediation: "Delete the binding. Put administrators in a group of their own, and bind that to the role \
                  they need.",
    references: &[
        "https://kubernetes.io/docs/concepts/security/rbac-good-practices/#least-privilege",
    ],
    verdicts: &[
        (
            Outcome::Fail,
            "a binding other than the API server's own `cluster-admin` names the group",
        ),
        (Outcome::Pass, "no other does"),
    ],
    needs: BINDINGS,
    rule: Rule::Binding(|binding, _, out| {
        let own = binding.metadata.namespace.is_empty()
            && &*binding.metadata.name == "cluster-admin"
            && &*binding.role_ref.name == "cluster-admin";
        for subject in groups(binding).filter(|it| &*it.name == "system:masters" && !own) {
            out.fail(Location::object(), format!("{subject} -> {}", role(binding)));
        }
        Ok(Ruling::Applies)
    }),
    ..ROW
};

pub(super) static DEFAULT_ACCOUNT: Check = Check {
    code: "CLU-RBA-067",
    id: "default-account-binding",
    title: "a default service account has a binding",
    severity: Severity::High,
    rationale: "Every pod of the namespace that names no account runs as `default`, so all of them have these \
                rights, and nobody chose that.",
    remediation: "Create an account for the workload that needs the rights, set its `serviceAccountName`, and \
                  bind that in place of `default`.",
    references: &[
        "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/",
    ],
    verdicts: &[
        (Outcome::Fail, "a binding names the account `default` of a namespace"),
        (Outcome::Pass, "none does"),
    ],
    needs: BINDINGS,
    rule: Rule::Binding(|binding, _, out| {
        let default = |it: &Subject| &*it.kind == "ServiceAccount" && &*it.name == "default";
        for subject in rbac::subjects_of(binding).filter(default) {
            out.fail(Location::object(), format!("{subject} -> {}", role(binding)));
        }
        Ok(Ruling::Applies)
    }),
    ..ROW
};

const DISCOVERY: &str =
    "https://kubernetes.io/docs/reference/access-authn-authz/rbac/#discovery-roles";

const BINDINGS: &[&[Resource]] = &[&[Resource::ClusterRoleBindings, Resource::RoleBindings]];

/// The API server binds these groups for the whole cluster only, so roles of namespaces tell nothing.
const SHIPPED_FOR_THE_CLUSTER: &[&[Resource]] = &[&[
    Resource::ClusterRoleBindings,
    Resource::RoleBindings,
    Resource::ClusterRoles,
    Resource::Version,
]];

/// Visits a group among the subjects of a binding, unless the API server or an installer made that so.
fn each_own(
    binding: &Binding,
    facts: &Facts<'_>,
    group: &str,
    mut visit: impl FnMut(&Subject) -> Known<()>,
) -> Ruled {
    let mut unknown = Ok(());
    for subject in groups(binding).filter(|it| &*it.name == group) {
        let rules = rbac::rules_of(binding, facts);
        let visited = match rbac::origin_of(binding, subject, &rules, facts) {
            Ok(Origin::Own) => visit(subject),
            Ok(Origin::Bootstrap | Origin::Installer(_)) => Ok(()),
            Err(it) => Err(it),
        };
        unknown = both(unknown, visited);
    }
    unknown.map(|()| Ruling::Applies)
}

fn groups(binding: &Binding) -> impl Iterator<Item = &Subject> {
    binding.subjects.iter().filter(|it| &*it.kind == "Group")
}

fn role(binding: &Binding) -> String {
    format!("{} {}", binding.role_ref.kind, binding.role_ref.name)
}

/// Whether a rule writes, reads Secrets, gets into pods or has a wildcard. To ask about oneself is a
/// `create`, and writes nothing.
fn is_dangerous(rule: &PolicyRule) -> bool {
    const INTO_PODS: &[&str] = &["pods/attach", "pods/exec", "pods/portforward", "pods/proxy"];
    const ABOUT_ONESELF: &[&str] =
        &["selfsubjectaccessreviews", "selfsubjectreviews", "selfsubjectrulesreviews"];
    let words = [&rule.verbs, &rule.api_groups, &rule.resources, &rule.non_resource_urls];
    let reads = |it: &str| ["get", "list", "watch"].contains(&it);
    words.into_iter().flatten().any(|it| &**it == "*")
        || rule.resources.iter().any(|it| {
            &**it == "secrets"
                || it.starts_with("*/")
                || INTO_PODS.contains(&&**it)
                || !ABOUT_ONESELF.contains(&&**it) && !rule.verbs.iter().all(|it| reads(it))
        })
        || !rule.non_resource_urls.is_empty() && !rule.verbs.iter().all(|it| reads(it))
}
