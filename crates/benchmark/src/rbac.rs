//! Who may do what: RBAC by the authorizer's semantics, over effective permissions.
//!
//! One engine for all checks on rights. [`Facts`] gathers, for each subject that a binding names,
//! everything it was granted, its implicit groups included; a [`Power`] is one row of a table.
//! Source: `k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac` and
//! `k8s.io/component-helpers/auth/rbac/validation`; grading by the catalogue's RBAC-rule.

use std::{collections::BTreeMap, sync::Arc};

use assay_model::{
    Findings, Gap, Known, Listing, Location, Object, Scope, Unknown, both,
    rbac::{Binding, PolicyRule, Role, RoleRef, Subject},
};

use crate::{Check, Facts, Ruled, Ruling, data::bootstrap};

/// Where a grant reaches, and for which names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Any name.
    Any,
    /// These names only.
    Named(Vec<Arc<str>>),
}

/// Whether a rule allows a verb on a resource (`pods`, or `pods/exec`), and for which names.
///
/// A rule with `resourceNames` never matches `create` by POST or `deletecollection`, for those carry
/// no name; subresources do carry one.
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
    /// An installer's own: the binding, the role and the subject are in the table.
    Installer(&'static str),
    /// Somebody's decision.
    Own,
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
    /// Whether it is excused; unknown when the server's version was not read.
    pub origin: Known<Origin>,
}

/// A subject, and everything it was granted.
#[derive(Debug, Clone, PartialEq)]
pub struct Holder {
    /// Who.
    pub subject: Subject,
    /// `Kind name`, for sorting.
    key: String,
    /// By bindings of the listing's kind that name it.
    pub own: Vec<Arc<Grant>>,
    /// By others: those that name a group it is in by what it is, and see [`Facts::namespaced_holders`].
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

/// Groups that a subject is in by what it is.
fn implicit_groups(subject: &Subject) -> Vec<Subject> {
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

/// Every subject that a `ClusterRoleBinding` names, with what it was granted cluster-wide.
pub(crate) fn cluster_holders(facts: &Facts<'_>) -> Listing<Holder> {
    let bindings = &facts.inventory.cluster_role_bindings;
    bindings.derive(&[], |bindings| {
        let granted = gather(bindings, facts);
        let implied = |subject: &Subject| {
            let groups = implicit_groups(subject).into_iter();
            groups.flat_map(|it| granted.get(&it).cloned().unwrap_or_default()).collect()
        };
        granted.iter().map(|(who, own)| Holder::new(who, own.clone(), implied(who))).collect()
    })
}

/// Every subject that a `RoleBinding` names, with what it was granted in namespaces; what it was
/// granted cluster-wide counts as implied.
pub(crate) fn namespaced_holders(facts: &Facts<'_>) -> Listing<Holder> {
    let inventory = facts.inventory;
    let cluster_wide = inventory.cluster_role_bindings.covers(Scope::Cluster);
    let mut holders = inventory.role_bindings.derive(&[cluster_wide], |bindings| {
        let granted = gather(bindings, facts);
        let implied = |subject: &Subject| {
            let mut implied: Vec<Arc<Grant>> = Vec::new();
            for who in std::iter::once(subject.clone()).chain(implicit_groups(subject)) {
                if who != *subject {
                    implied.extend(granted.get(&who).cloned().unwrap_or_default());
                }
                // A cluster-wide grant that was not read is a gap of the listing.
                let holder = facts.cluster_holders().get("", &who.to_string()).ok().flatten();
                implied.extend(holder.map(|it| it.own.clone()).unwrap_or_default());
            }
            implied
        };
        granted.iter().map(|(who, own)| Holder::new(who, own.clone(), implied(who))).collect()
    });
    // A subject lies in no namespace: a binding that was not read, wherever, may be of any.
    let gaps: Vec<Gap> = inventory.role_bindings.gaps().iter().map(|it| (**it).clone()).collect();
    for gap in gaps {
        holders.hide(Gap { part: None, ..gap });
    }
    holders
}

/// What bindings give, by subject.
fn gather(bindings: &[Binding], facts: &Facts<'_>) -> BTreeMap<Subject, Vec<Arc<Grant>>> {
    let mut granted: BTreeMap<Subject, Vec<Arc<Grant>>> = BTreeMap::new();
    for binding in bindings {
        let rules = rules_of(binding, facts);
        for subject in &binding.subjects {
            let grant = Grant {
                namespace: binding.metadata.namespace.clone(),
                binding: binding.metadata.name.clone(),
                role: binding.role_ref.clone(),
                rules: rules.clone(),
                origin: origin_of(binding, subject, &rules, facts),
            };
            granted.entry(normal(subject)).or_default().push(Arc::new(grant));
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
fn effective_rules(role: &Role, cluster_roles: &Listing<Role>) -> Known<Arc<[PolicyRule]>> {
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
    if let Some(installer) = tables.installer_of(binding, subject) {
        return Ok(Origin::Installer(installer));
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

/// One row of the table of powers: what a subject should rarely be able to do.
#[derive(Debug)]
pub struct Power {
    /// How it is recognised.
    pub recognise: Recognise,
    /// Whether a grant in one namespace counts, or only one for the whole cluster.
    pub reach: Where,
}

/// How a power is recognised.
#[derive(Debug, Clone, Copy)]
pub enum Recognise {
    /// Any of the verbs on the resource of the group.
    Any {
        /// API group.
        group: &'static str,
        /// `pods` or `pods/exec`.
        resource: &'static str,
        /// Any of them is enough.
        verbs: &'static [&'static str],
    },
    /// All of the verbs on everything in all of the groups, by one rule or by many together.
    All {
        /// API groups.
        groups: &'static [&'static str],
        /// All of them are needed.
        verbs: &'static [&'static str],
    },
}

/// Which grants count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    /// Those for the whole cluster.
    Cluster,
    /// Those for one namespace.
    Namespace,
}

/// A resource that nobody names: only a wildcard matches it.
const ANY_RESOURCE: &str = "kube-assay.any-resource";

/// One grant that gives a holder a power.
#[derive(Debug, Clone, PartialEq)]
pub struct Held<'a> {
    /// For which names.
    pub reach: Reach,
    /// The grant.
    pub grant: &'a Grant,
}

/// The grants of a holder's own that give it a power and that nothing excuses.
///
/// The second part is an error when a grant that was not read, or whose origin is not known, could
/// give it too. What is certain is in the first part all the same.
pub fn held<'a>(power: &Power, holder: &'a Holder) -> (Vec<Held<'a>>, Known<()>) {
    let mut unknown = Ok(());
    let mut held = Vec::new();
    for grant in &holder.own {
        match &grant.origin {
            Ok(Origin::Own) => {}
            Ok(Origin::Bootstrap | Origin::Installer(_)) => continue,
            Err(it) => {
                unknown = both(unknown, relevant(power, grant, it));
                continue;
            }
        }
        match &grant.rules {
            Ok(rules) => match gives(power, holder, grant, rules) {
                Some(it) => held.push(it),
                None => unknown = both(unknown, complemented(power, holder, grant, rules)),
            },
            Err(it) => unknown = both(unknown, Err(it.clone())),
        }
    }
    (held, unknown)
}

/// Whether a grant gives its holder a power: alone, or with what else the holder has there.
pub fn gives<'a>(
    power: &Power,
    holder: &Holder,
    grant: &'a Grant,
    rules: &[PolicyRule],
) -> Option<Held<'a>> {
    let others = holder.own.iter().chain(&holder.implied);
    let reach = recognise(power.recognise, rules, || {
        let there = others.filter(|it| it.namespace.is_empty() || it.namespace == grant.namespace);
        there.filter_map(|it| it.rules.as_ref().ok()).flat_map(|it| it.iter()).collect()
    })?;
    Some(Held { reach, grant })
}

/// What hides that a grant gives the power together with others: their rules, where it adds something
/// itself.
fn complemented(power: &Power, holder: &Holder, grant: &Grant, rules: &[PolicyRule]) -> Known<()> {
    let Recognise::All { groups, verbs } = power.recognise else { return Ok(()) };
    let adds = groups.iter().any(|group| {
        let one = |verb: &&str| rules.iter().any(|rule| covers(rule, group, verb));
        verbs.iter().any(one)
    });
    let others = holder.own.iter().chain(&holder.implied);
    let there = others.filter(|it| it.namespace.is_empty() || it.namespace == grant.namespace);
    let hidden = there.filter(|_| adds).filter_map(|it| it.rules.as_ref().err()).cloned();
    hidden.reduce(Unknown::and).map_or(Ok(()), Err)
}

/// Whether a rule gives a verb on everything in a group.
fn covers(rule: &PolicyRule, group: &str, verb: &str) -> bool {
    allows(rule, verb, group, ANY_RESOURCE) == Some(Reach::Any)
}

/// An origin that is not known matters only if the grant could give the power.
fn relevant(power: &Power, grant: &Grant, unknown: &Unknown) -> Known<()> {
    match &grant.rules {
        Ok(rules) if recognise(power.recognise, rules, || rules.iter().collect()).is_none() => {
            Ok(())
        }
        _ => Err(unknown.clone()),
    }
}

/// Whether a grant's rules give the power, alone or, where it takes many, with `all` of the holder's.
fn recognise<'a>(
    recognise: Recognise,
    rules: &[PolicyRule],
    all: impl FnOnce() -> Vec<&'a PolicyRule>,
) -> Option<Reach> {
    match recognise {
        Recognise::Any { group, resource, verbs } => {
            let reaches = rules.iter().flat_map(|rule| {
                verbs.iter().filter_map(|verb| allows(rule, verb, group, resource))
            });
            reaches.reduce(|a, b| match (a, b) {
                (Reach::Any, _) | (_, Reach::Any) => Reach::Any,
                (Reach::Named(mut a), Reach::Named(b)) => {
                    a.extend(b);
                    a.sort();
                    a.dedup();
                    Reach::Named(a)
                }
            })
        }
        Recognise::All { groups, verbs } => {
            let needed =
                || groups.iter().flat_map(|group| verbs.iter().map(move |verb| (*group, *verb)));
            // The grant itself has to add something.
            if !needed().any(|(group, verb)| rules.iter().any(|rule| covers(rule, group, verb))) {
                return None;
            }
            let all = all();
            let covered =
                needed().all(|(group, verb)| all.iter().any(|rule| covers(rule, group, verb)));
            covered.then_some(Reach::Any)
        }
    }
}

/// Judges one subject by one power, as the catalogue's RBAC-rule grades: a grant is a fault if it is
/// for the whole cluster, or goes to everybody or to a `default` account; else a weakness.
pub(crate) fn judge(
    power: &Power,
    check: &Check,
    holder: &Holder,
    facts: &Facts<'_>,
    out: &mut Findings,
) -> Ruled {
    let subject = &holder.subject;
    let everyone = is_everyone(subject);
    let default_account = &*subject.kind == "ServiceAccount" && &*subject.name == "default";
    let allowed = facts.settings.allows(check.id, subject);
    let (held, unknown) = held(power, holder);
    for Held { reach, grant } in held {
        let binding = match &*grant.namespace {
            "" => format!("ClusterRoleBinding {}", grant.binding),
            namespace => format!("RoleBinding {namespace}/{}", grant.binding),
        };
        let says = format!("{binding} -> {}", grant.role.name);
        let at = Location::object();
        match reach {
            Reach::Named(names) => out.warn(at, format!("{says}, only {}", names.join(", "))),
            Reach::Any if allowed => {}
            Reach::Any if everyone => out.fail_as(check.severity.raised(), at, says),
            Reach::Any if grant.namespace.is_empty() || default_account => out.fail(at, says),
            Reach::Any => out.warn(at, says),
        }
    }
    // A binding that was not read may name the subject as well.
    let bindings = facts.holders(power.reach).covers(Scope::Cluster);
    both(unknown, bindings).map(|()| Ruling::Applies)
}
