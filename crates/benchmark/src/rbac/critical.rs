//! Who is as good as the cluster's administrator: the subjects that hold, for the whole cluster, a
//! right from which every other can be had.

use std::collections::BTreeMap;

use assay_model::{
    Known, Scope, any,
    rbac::{PolicyRule, Subject},
};

use super::{Reach, allows, implicit_groups, power::Right};
use crate::{Facts, accounts};

/// What the rows of severity critical are about. One is enough: read any token, become anybody, give
/// oneself any role, or run on any node what nobody admitted.
pub const RIGHTS: &[&[Right]] =
    &[SECRET_READ, ESCALATE, BIND, IMPERSONATE, NODE_PROXY, TOKEN_CREATE, WEBHOOK_WRITE];

/// The API group of roles and bindings.
pub const RBAC: &str = "rbac.authorization.k8s.io";

/// The API group of webhook configurations and admission policies.
pub const ADMISSION: &str = "admissionregistration.k8s.io";

/// The verbs that HTTP methods stand for where a request has a name.
pub const METHODS: &[&str] = &["get", "create", "update", "patch", "delete"];

/// To read Secrets; `deletecollection` returns what it deletes.
pub const SECRET_READ: &[Right] =
    &[Right::namespaced("", "secrets", &["get", "list", "watch", "deletecollection"])];

/// To write roles with more rights than one's own.
pub const ESCALATE: &[Right] = &[
    Right::cluster(RBAC, "clusterroles", &["escalate"]),
    Right::namespaced(RBAC, "roles", &["escalate"]),
];

/// To hand out roles with more rights than one's own. A `RoleBinding` may hand out a `ClusterRole`, so
/// both are asked for in its namespace.
pub const BIND: &[Right] = &[
    Right::namespaced(RBAC, "clusterroles", &["bind"]),
    Right::namespaced(RBAC, "roles", &["bind"]),
];

/// To act as others.
pub const IMPERSONATE: &[Right] = &[
    Right::cluster("", "groups", &["impersonate"]),
    Right::namespaced("", "serviceaccounts", &["impersonate"]),
    Right::cluster("", "users", &["impersonate"]),
];

/// To reach a kubelet through the API server, by whatever HTTP method.
pub const NODE_PROXY: &[Right] = &[Right::cluster("", "nodes/proxy", METHODS)];

/// To issue tokens of service accounts.
pub const TOKEN_CREATE: &[Right] = &[Right::namespaced("", "serviceaccounts/token", &["create"])];

/// To see and change what others send to the API server.
pub const WEBHOOK_WRITE: &[Right] = &[
    Right::cluster(ADMISSION, "mutatingwebhookconfigurations", &["create", "update", "patch"]),
    Right::cluster(ADMISSION, "validatingwebhookconfigurations", &["create", "update", "patch"]),
];

/// Who is as good as the cluster's administrator.
#[derive(Debug)]
pub struct Critical {
    /// `Ok` when certain; an error when a role that was not read may make it so.
    subjects: BTreeMap<Subject, Known<()>>,
    read: Known<()>,
}

impl Critical {
    pub(crate) fn of(facts: &Facts<'_>) -> Self {
        let mut subjects = BTreeMap::new();
        let read = facts.cluster_holders().each(Scope::Cluster, |holder| {
            let given = any(holder.own.iter().map(|grant| {
                let rules = grant.rules.as_ref().map_err(Clone::clone)?;
                Ok(rules.iter().any(is_critical))
            }));
            if given != Ok(false) {
                subjects.insert(holder.subject.clone(), given.map(|_| ()));
            }
            Ok(())
        });
        Critical { subjects, read }
    }

    /// Whether a subject is, by itself or by a group it is in by what it is.
    pub fn is(&self, subject: &Subject) -> Known<bool> {
        if &*subject.kind == "Group" && &*subject.name == "system:masters" {
            return Ok(true);
        }
        let names = std::iter::once(subject.clone()).chain(implicit_groups(subject));
        let seen = names.filter_map(|it| self.subjects.get(&it).cloned());
        any(seen.map(|it| it.map(|()| true)).chain([self.read.clone().map(|()| false)]))
    }

    /// Whether a service account that exists is: of one namespace, or of any when it is empty.
    pub fn any_account(&self, namespace: &str, facts: &Facts<'_>) -> Known<bool> {
        let scope = if namespace.is_empty() { Scope::Cluster } else { Scope::Part(namespace) };
        let found = facts.inventory.service_accounts.find(scope, |it| {
            self.is(&accounts::subject(&it.metadata.namespace, &it.metadata.name))
        })?;
        Ok(found.is_some())
    }
}

/// Whether a rule gives one of [`RIGHTS`], for any name.
fn is_critical(rule: &PolicyRule) -> bool {
    let gives = |right: &Right| {
        let allowed = |verb: &&str| allows(rule, verb, right.group, right.resource);
        right.verbs.iter().any(|verb| allowed(verb) == Some(Reach::Any))
    };
    RIGHTS.iter().copied().flatten().any(gives)
}
