//! The RBAC objects that every API server creates at its first start, by minor version.

use assay_model::{
    Cause, Gap, Known, Resource, Unknown,
    rbac::{Binding, PolicyRule, RoleRef, Subject},
};
use serde::Deserialize;

use super::tables::subject_name;
use crate::version::{Minor, minor_name};

/// The table, as its file has it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Bootstrap {
    cluster_role: Vec<RoleRow>,
    role: Vec<RoleRow>,
    cluster_role_binding: Vec<BindingRow>,
    role_binding: Vec<BindingRow>,
}

/// A role that a server creates.
#[derive(Debug, Deserialize)]
pub struct RoleRow {
    #[serde(default)]
    namespace: String,
    name: String,
    minors: Vec<String>,
    #[serde(default)]
    rules: Vec<RuleRow>,
}

/// A rule of a role, as tables write it.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleRow {
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    resources: Vec<String>,
    verbs: Vec<String>,
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    urls: Vec<String>,
}

/// A binding that a server creates.
#[derive(Debug, Deserialize)]
pub struct BindingRow {
    #[serde(default)]
    namespace: String,
    name: String,
    minors: Vec<String>,
    role: String,
    subjects: Vec<String>,
}

/// Whether a grant is one that API servers of some version create.
#[derive(Debug)]
pub enum Owned {
    /// Binding, subject and the role's rules are those of this version.
    Yes,
    /// One of them is not.
    No,
    /// No table covers the version.
    NotCovered(Unknown),
}

impl Bootstrap {
    fn bindings(&self, binding: &Binding, subject: &Subject) -> impl Iterator<Item = &BindingRow> {
        let cluster_wide = binding.metadata.namespace.is_empty();
        let rows = if cluster_wide { &self.cluster_role_binding } else { &self.role_binding };
        let subject = subject_name(subject);
        let (namespace, name) = (binding.metadata.namespace.clone(), binding.metadata.name.clone());
        let role = binding.role_ref.name.clone();
        rows.iter().filter(move |it| {
            *it.namespace == *namespace
                && *it.name == *name
                && *it.role == *role
                && it.subjects.contains(&subject)
        })
    }

    /// Whether a binding of its role to a subject is a server's own in some version.
    pub fn names_binding(&self, binding: &Binding, subject: &Subject) -> bool {
        self.bindings(binding, subject).next().is_some()
    }

    /// Whether a role of that name is a server's own in some version.
    pub fn has_role(&self, namespace: &str, name: &str) -> bool {
        self.roles(namespace).iter().any(|it| it.namespace == namespace && it.name == name)
    }

    /// The role of that name in a version; `None` when that version has none.
    pub fn role(&self, namespace: &str, name: &str, minor: Minor) -> Known<Option<&RoleRow>> {
        let version = self.covered(minor)?;
        let mut rows = self.roles(namespace).iter();
        Ok(rows.find(|it| {
            it.namespace == namespace && it.name == name && it.minors.contains(&version)
        }))
    }

    /// Whether the role of that name in some version grants every right of some rules.
    pub fn once_granted(&self, namespace: &str, name: &str, rules: &[PolicyRule]) -> bool {
        let named = |it: &&RoleRow| it.namespace == namespace && it.name == name;
        let mut rows = self.roles(namespace).iter().filter(named);
        rows.any(|row| rules.iter().all(|it| row.grants(it)))
    }

    /// Whether a binding of that name is a server's own in some version.
    pub fn has_binding(&self, namespace: &str, name: &str) -> bool {
        let rows =
            if namespace.is_empty() { &self.cluster_role_binding } else { &self.role_binding };
        rows.iter().any(|it| it.namespace == namespace && it.name == name)
    }

    /// The binding of that name in a version; `None` when that version has none.
    pub fn binding(&self, namespace: &str, name: &str, minor: Minor) -> Known<Option<&BindingRow>> {
        let version = self.covered(minor)?;
        let rows =
            if namespace.is_empty() { &self.cluster_role_binding } else { &self.role_binding };
        Ok(rows.iter().find(|it| {
            it.namespace == namespace && it.name == name && it.minors.contains(&version)
        }))
    }

    fn roles(&self, namespace: &str) -> &[RoleRow] {
        if namespace.is_empty() { &self.cluster_role } else { &self.role }
    }

    /// The version's name, if there is a table of it.
    fn covered(&self, minor: Minor) -> Known<String> {
        let version = minor_name(minor);
        if self.covers(&version) {
            return Ok(version);
        }
        let message = format!("no table has the bootstrap roles of Kubernetes {version}");
        Err(Gap::whole(Resource::Version, Cause::Inconclusive, message).into())
    }

    /// Whether it is in this version, and the role grants no more than it should.
    pub fn owns(
        &self,
        binding: &Binding,
        subject: &Subject,
        rules: &[PolicyRule],
        minor: Minor,
    ) -> Owned {
        let version = match self.covered(minor) {
            Ok(it) => it,
            Err(it) => return Owned::NotCovered(it),
        };
        let bound = self.bindings(binding, subject).any(|it| it.minors.contains(&version));
        let (rows, namespace) = match &*binding.role_ref.kind {
            "Role" => (&self.role, &*binding.metadata.namespace),
            _ => (&self.cluster_role, ""),
        };
        let role = rows.iter().find(|it| {
            it.namespace == namespace
                && *it.name == *binding.role_ref.name
                && it.minors.contains(&version)
        });
        let within = role.is_some_and(|it| rules.iter().all(|rule| it.grants(rule)));
        if bound && within { Owned::Yes } else { Owned::No }
    }

    fn covers(&self, minor: &str) -> bool {
        self.cluster_role.iter().any(|it| it.minors.iter().any(|it| it == minor))
    }
}

impl BindingRow {
    /// Whether it is to the role of that name: a cluster role in a binding for the cluster, and one of its
    /// own namespace in another.
    pub fn is_to(&self, role: &RoleRef) -> bool {
        let kind = if self.namespace.is_empty() { "ClusterRole" } else { "Role" };
        &*role.kind == kind && *self.role == *role.name
    }

    /// Whether a subject is one of its own.
    pub fn names(&self, subject: &Subject) -> bool {
        self.subjects.contains(&subject_name(subject))
    }
}

impl RoleRow {
    /// Whether each single right of a rule is among this role's.
    pub fn grants(&self, rule: &PolicyRule) -> bool {
        grants(&self.rules, rule)
    }
}

/// Whether each single right of a rule is among those of some rows. Rules may be cut up or merged.
pub fn grants(rows: &[RuleRow], rule: &PolicyRule) -> bool {
    if !rule.non_resource_urls.is_empty() {
        return rule.verbs.iter().all(|verb| {
            rule.non_resource_urls
                .iter()
                .all(|url| rows.iter().any(|it| has(&it.verbs, verb) && has(&it.urls, url)))
        });
    }
    rule.verbs.iter().all(|verb| {
        rule.api_groups.iter().all(|group| {
            rule.resources.iter().all(|resource| {
                rows.iter().any(|it| {
                    has(&it.verbs, verb)
                        && has(&it.groups, group)
                        && has(&it.resources, resource)
                        && (it.names.is_empty()
                            || !rule.resource_names.is_empty()
                                && rule.resource_names.iter().all(|name| has(&it.names, name)))
                })
            })
        })
    })
}

/// Whether a list has an entry, or the wildcard that stands for it.
fn has(list: &[String], wanted: &str) -> bool {
    list.iter().any(|it| it == "*" || it == wanted)
}
