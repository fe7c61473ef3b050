//! Who may do what: RBAC by the authorizer's semantics, over effective permissions.
//!
//! One engine for all checks on rights. [`Facts`] gathers, for each subject that a binding names,
//! everything it was granted, its implicit groups included; a [`Power`](power::Power) is one row of
//! a table.
//! Source: `k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac` and
//! `k8s.io/component-helpers/auth/rbac/validation`; grading by the catalogue's RBAC-rule.

pub mod critical;
pub mod power;

use std::{collections::BTreeMap, sync::Arc};

use assay_model::{
    Gap, Known, Listing, Object, Scope, Unknown,
    rbac::{Binding, PolicyRule, Role, RoleRef, Subject},
};

use crate::{Facts, data::bootstrap};

/// Where a grant reaches, and for which names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Any name.
    Any,
    /// These names only.
    Named(Vec<Arc<str>>),
}

impl Reach {
    /// What two rules reach together.
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Reach::Any, _) | (_, Reach::Any) => Reach::Any,
            (Reach::Named(mut names), Reach::Named(more)) => {
                names.extend(more);
                names.sort();
                names.dedup();
                Reach::Named(names)
            }
        }
    }
}

/// Whether a rule allows a verb on a resource (`pods`, or `pods/exec`), and for which names.
///
/// A rule with `resourceNames` never matches `create` by POST or `deletecollection`, for those carry
/// no name; subresources do carry one. `pods/*` in a rule matches nothing but a subresource of that
/// name.
pub fn allows(rule: &PolicyRule, verb: &str, group: &str, resource: &str) -> Option<Reach> {
    let any =
        |list: &[Arc<str>], wanted: &str| list.iter().any(|it| &**it == "*" || **it == *wanted);
    let of_resource = |it: &Arc<str>| match (&**it, resource.split_once('/')) {
        ("*", _) => true,
        (it, _) if it == resource => true,
        (it, Some((_, sub))) => it.strip_prefix("*/") == Some(sub),
        _ => false,
    };
    if !any(&rule.verbs, verb)
        || !any(&rule.api_groups, group)
        || !rule.resources.iter().any(of_resource)
    {
        return None;
    }
    if rule.resource_names.is_empty() {
        return Some(Reach::Any);
    }
    let nameless = verb == "deletecollection" || (verb == "create" && !resource.contains('/'));
    (!nameless).then(|| Reach::Named(rule.resource_names.clone()))
}

/// Where a grant comes from, as far as it excuses the grant.
#[derive(Debug, Clone, PartialEq)]
pub enum Origin {
    /// The binding, the subject and the role's rules are those every API server of this version
    /// creates.
    Bootstrap,
    /// An installer's own: the binding and the subject are in the table, and the role grants no more
    /// than the installer gave it.
    Installer(&'static str),
    /// Somebody's decision.
    Own,
}

/// Which bindings count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    /// `ClusterRoleBinding`s.
    Cluster,
    /// `RoleBinding`s.
    Namespace,
    /// Both.
    Anywhere,
}

/// What one binding gives to one subject.
#[derive(Debug, Clone, PartialEq)]
pub struct Grant {
    /// Its namespace, empty for the whole cluster.
    pub namespace: Arc<str>,
    /// The binding's name.
    pub binding: Arc<str>,
    /// The role it hands out.
    pub role: RoleRef,
    /// The role's rules; none when the role is proven not to exist.
    pub rules: Known<Arc<[PolicyRule]>>,
    /// Whether it is excused; unknown when that takes the role's rules or the server's version, and
    /// it was not read.
    pub origin: Known<Origin>,
}

/// A subject, and everything it was granted.
#[derive(Debug, Clone, PartialEq)]
pub struct Holder {
    /// Who.
    pub subject: Subject,
    /// `Kind name`, for sorting.
    key: String,
    /// By the listing's bindings that name it.
    pub own: Vec<Arc<Grant>>,
    /// By those of them that name a group it is in by what it is.
    pub implied: Vec<Arc<Grant>>,
}

impl Holder {
    fn new(subject: &Subject, own: Vec<Arc<Grant>>, implied: Vec<Arc<Grant>>) -> Self {
        Holder { subject: subject.clone(), key: subject.to_string(), own, implied }
    }
}

impl Object for Holder {
    fn part(&self) -> &'static str {
        ""
    }
    fn name(&self) -> &str {
        &self.key
    }
}

/// Subjects that stand for everybody, or for everybody with some account.
pub fn is_everyone(subject: &Subject) -> bool {
    match &*subject.kind {
        "User" => &*subject.name == "system:anonymous",
        "Group" => matches!(
            &*subject.name,
            "system:unauthenticated" | "system:authenticated" | "system:serviceaccounts"
        ),
        _ => false,
    }
}

/// A service account's user name is another way to name the account.
pub fn normal(subject: &Subject) -> Subject {
    let account = (&*subject.kind == "User")
        .then(|| subject.name.strip_prefix("system:serviceaccount:")?.split_once(':'))
        .flatten();
    match account {
        Some((namespace, name)) => Subject {
            kind: "ServiceAccount".into(),
            namespace: namespace.into(),
            name: name.into(),
        },
        None if &*subject.kind == "ServiceAccount" => subject.clone(),
        None => Subject { namespace: "".into(), ..subject.clone() },
    }
}

/// Whom a binding is for, each by the one name we have for it. An account without a namespace is of the
/// binding's own.
pub fn subjects_of(binding: &Binding) -> impl Iterator<Item = Subject> {
    binding.subjects.iter().map(|subject| {
        let mut subject = normal(subject);
        if &*subject.kind == "ServiceAccount" && subject.namespace.is_empty() {
            subject.namespace = binding.metadata.namespace.clone();
        }
        subject
    })
}

/// Groups that a subject is in by what it is.
pub(crate) fn implicit_groups(subject: &Subject) -> Vec<Subject> {
    let names = match &*subject.kind {
        "ServiceAccount" => vec![
            "system:serviceaccounts".to_owned(),
            format!("system:serviceaccounts:{}", subject.namespace),
            "system:authenticated".to_owned(),
        ],
        "User" if &*subject.name == "system:anonymous" => vec!["system:unauthenticated".to_owned()],
        "User" => vec!["system:authenticated".to_owned()],
        _ => Vec::new(),
    };
    let group =
        |name: String| Subject { kind: "Group".into(), namespace: "".into(), name: name.into() };
    names.into_iter().map(group).collect()
}

/// Every subject that a binding of this reach names, with what those bindings give it.
pub(crate) fn holders(facts: &Facts<'_>, reach: Where) -> Listing<Holder> {
    let inventory = facts.inventory;
    let sources = match reach {
        Where::Cluster => vec![&inventory.cluster_role_bindings],
        Where::Namespace => vec![&inventory.role_bindings],
        Where::Anywhere => vec![&inventory.cluster_role_bindings, &inventory.role_bindings],
    };
    let (mut bindings, mut gaps) = (Vec::new(), Vec::new());
    for source in sources {
        let seen = source.each(Scope::Cluster, |it| {
            bindings.push(it);
            Ok(())
        });
        // A subject lies in no namespace: a binding that was not read, wherever, may be of any.
        let whole = |it: &Arc<Gap>| Arc::new(Gap { part: None, ..Gap::clone(it) });
        gaps.extend(seen.err().iter().flat_map(Unknown::gaps).map(whole));
    }
    let granted = gather(&bindings, facts);
    let implied = |subject: &Subject| {
        let groups = implicit_groups(subject).into_iter();
        groups.flat_map(|it| granted.get(&it).cloned().unwrap_or_default()).collect()
    };
    let holders = granted.iter().map(|(who, own)| Holder::new(who, own.clone(), implied(who)));
    Listing::partial(holders.collect(), gaps, Vec::new())
}

/// What bindings give, by subject.
fn gather(bindings: &[&Binding], facts: &Facts<'_>) -> BTreeMap<Subject, Vec<Arc<Grant>>> {
    let mut granted: BTreeMap<Subject, Vec<Arc<Grant>>> = BTreeMap::new();
    for binding in bindings {
        let rules = rules_of(binding, facts);
        for subject in subjects_of(binding) {
            let grant = Grant {
                namespace: binding.metadata.namespace.clone(),
                binding: binding.metadata.name.clone(),
                role: binding.role_ref.clone(),
                rules: rules.clone(),
                origin: origin_of(binding, &subject, &rules, facts),
            };
            granted.entry(subject).or_default().push(Arc::new(grant));
        }
    }
    granted
}

/// The rules of the role that a binding hands out; none when there is provably no such role.
pub fn rules_of(binding: &Binding, facts: &Facts<'_>) -> Known<Arc<[PolicyRule]>> {
    let inventory = facts.inventory;
    let role = match &*binding.role_ref.kind {
        "Role" => inventory.roles.get(&binding.metadata.namespace, &binding.role_ref.name)?,
        _ => inventory.cluster_roles.get("", &binding.role_ref.name)?,
    };
    role.map_or_else(|| Ok(Arc::default()), |role| effective_rules(role, &inventory.cluster_roles))
}

/// A role's rules. The controller writes those of an aggregated role into it; a manifest has not been
/// through the controller, so there they are collected here.
pub fn effective_rules(role: &Role, cluster_roles: &Listing<Role>) -> Known<Arc<[PolicyRule]>> {
    let Some(aggregation) = &role.aggregation_rule else { return Ok(role.rules.clone().into()) };
    if !role.rules.is_empty() {
        return Ok(role.rules.clone().into());
    }
    let all = cluster_roles.all(Scope::Cluster)?;
    let selected = |it: &&Role| {
        let label = |key: &str| it.metadata.labels.get(key).map(|value| &**value);
        aggregation.cluster_role_selectors.iter().any(|selector| selector.matches(label))
    };
    let mut rules = Vec::new();
    for part in all.iter().filter(selected).filter(|it| it.metadata.name != role.metadata.name) {
        // Aggregated roles may select each other: admin selects edit, edit selects view.
        if part.aggregation_rule.is_some() {
            let nested = all.iter().filter(|it| {
                let label = |key: &str| it.metadata.labels.get(key).map(|value| &**value);
                it.aggregation_rule.is_none()
                    && part.aggregation_rule.iter().any(|it| {
                        it.cluster_role_selectors.iter().any(|selector| selector.matches(label))
                    })
            });
            rules.extend(nested.flat_map(|it| it.rules.clone()));
        }
        rules.extend(part.rules.clone());
    }
    Ok(rules.into())
}

/// Whether a grant is one that the API server or the installer made itself.
pub fn origin_of(
    binding: &Binding,
    subject: &Subject,
    rules: &Known<Arc<[PolicyRule]>>,
    facts: &Facts<'_>,
) -> Known<Origin> {
    let tables = facts.tables;
    if let Some(row) = tables.installer_of(binding, subject) {
        let rules = rules.as_ref().map_err(Clone::clone)?;
        if row.covers(rules, facts)? {
            return Ok(Origin::Installer(&row.installer));
        }
    }
    if !tables.bootstrap.names_binding(binding, subject) {
        return Ok(Origin::Own);
    }
    // Bootstrap in some version: whether in this one must be known before anything is excused.
    let minor = facts.server_minor()?;
    let rules = rules.as_ref().map_err(Clone::clone)?;
    match tables.bootstrap.owns(binding, subject, rules, minor) {
        bootstrap::Owned::Yes => Ok(Origin::Bootstrap),
        bootstrap::Owned::No => Ok(Origin::Own),
        bootstrap::Owned::NotCovered(unknown) => Err(unknown),
    }
}
