//! The table of powers: what a subject should rarely be able to do, and how that is graded.
//!
//! A row names rights, and says of a grant that gives some of them what it makes of that: see
//! [`Grade`]. Whoever is excused, and what the catalogue's RBAC-rule says of the rest, is the same for
//! all rows and stands in `judge`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use assay_model::{
    Findings, Known, Location, Resource, Scope, Severity, any, both,
    rbac::{PolicyRule, Role, Subject},
};

use super::{Grant, Holder, Origin, Reach, Where, allows, is_everyone};
use crate::{
    Check, Facts, Ruled, Ruling, accounts,
    version::{Minor, minor_name},
};

/// One row of the table of powers.
#[derive(Debug)]
pub struct Power {
    /// What is looked for.
    pub rights: Rights,
    /// Which bindings count.
    pub reach: Where,
    /// What a grant of some of it amounts to; [`as_usual`] where the row has nothing to add.
    pub grade: fn(&Held<'_>, &Ask<'_>) -> Known<Grade>,
    /// Whether a role that nobody is bound to counts as well.
    pub unbound_too: bool,
    /// The first version that asks for these rights.
    pub since: Option<Minor>,
}

impl Power {
    /// What most rows leave as it is: any binding counts, in any version, as the RBAC-rule says.
    pub const USUAL: Power = Power {
        rights: Rights::Any(&[]),
        reach: Where::Anywhere,
        grade: as_usual,
        unbound_too: false,
        since: None,
    };
}

/// What a row reads beside its rights: whether an account that is allowed is lent to the outside.
pub(crate) const READ_OF_ALLOWED: &[&[Resource]] =
    &[Resource::WORKLOADS, &[Resource::ServiceAccounts, Resource::Services, Resource::Ingresses]];

/// What is looked for in a role's rules.
#[derive(Debug, Clone, Copy)]
pub enum Rights {
    /// What the authorizer would allow by them.
    Any(&'static [Right]),
    /// What stands in them, whatever it means.
    Written(fn(&PolicyRule) -> Vec<Claim>),
}

/// Any of some verbs on a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Right {
    /// API group.
    pub group: &'static str,
    /// `pods`, `pods/exec`, or `userextras/` for any subresource.
    pub resource: &'static str,
    /// The verbs.
    pub verbs: &'static [&'static str],
    /// Whether it is asked for in a namespace: else a `RoleBinding` does not give it.
    pub namespaced: bool,
}

impl Right {
    /// On a resource that lies in a namespace, or whose requests are asked for in one.
    pub const fn namespaced(
        group: &'static str,
        resource: &'static str,
        verbs: &'static [&'static str],
    ) -> Self {
        Right { group, resource, verbs, namespaced: true }
    }

    /// On a resource of the whole cluster.
    pub const fn cluster(
        group: &'static str,
        resource: &'static str,
        verbs: &'static [&'static str],
    ) -> Self {
        Right { group, resource, verbs, namespaced: false }
    }
}

/// A resource that nobody names: only a wildcard matches it.
pub const ANY_RESOURCE: &str = "kube-assay.any-resource";

/// One thing that a role's rules allow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claim {
    /// The verb.
    pub verb: Arc<str>,
    /// On what.
    pub target: Target,
    /// For which names.
    pub reach: Reach,
}

/// What a verb is allowed on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// A resource, with its subresource.
    Resource {
        /// API group, empty for the core group.
        group: Arc<str>,
        /// `pods` or `pods/exec`.
        resource: Arc<str>,
    },
    /// A path that is no resource's.
    Url(Arc<str>),
}

impl Claim {
    /// Whether it is on one of these: resources of any group.
    pub fn is_on(&self, resources: &[&str]) -> bool {
        matches!(&self.target, Target::Resource { resource, .. } if resources.contains(&&**resource))
    }
}

impl fmt::Display for Target {
    /// As kubectl writes it: `pods/exec`, `deployments.apps`, `/metrics`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Resource { group, resource } if group.is_empty() => f.write_str(resource),
            Target::Resource { group, resource } => match resource.split_once('/') {
                Some((resource, sub)) => write!(f, "{resource}.{group}/{sub}"),
                None => write!(f, "{resource}.{group}"),
            },
            Target::Url(it) => f.write_str(it),
        }
    }
}

/// A grant that gives a holder some of a power.
#[derive(Debug, Clone, PartialEq)]
pub struct Held<'a> {
    /// The grant.
    pub grant: &'a Grant,
    /// What of the power its role allows: sorted, and not empty.
    pub claims: Vec<Claim>,
}

/// What a grant of a power amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grade {
    /// Nothing.
    Harmless,
    /// A weakness, whoever has it, and why it is no more.
    Weakness(&'static str),
    /// The same, of another severity than the check's.
    Milder(Severity, &'static str),
    /// What the RBAC-rule says of a grant for some names: a weakness, unless it goes to everybody or to
    /// a `default` account.
    Pinned,
    /// What the RBAC-rule says: a fault if it is for the whole cluster, or goes to everybody or to a
    /// `default` account; else a weakness.
    Counts,
    /// A fault, also in one namespace only or for some names, and why.
    Fault(&'static str),
}

/// What a row may ask about a holder to grade what it holds.
pub struct Ask<'a> {
    /// Who holds it.
    pub holder: &'a Holder,
    /// The rest of the cluster.
    pub facts: &'a Facts<'a>,
    reach: Where,
}

impl Ask<'_> {
    /// Whether the holder is everybody, or what pods run as that name no account.
    pub fn is_exposed(&self) -> bool {
        is_exposed(&self.holder.subject)
    }

    /// Whether the holder has one of the rights for any name, by all its grants together, in a
    /// namespace; in any, when that is empty.
    pub fn has(&self, rights: &[Right], namespace: &str) -> Known<bool> {
        self.may(namespace, rights, |reach| reach == Reach::Any)
    }

    /// Whether the holder has one of the rights, be it for some names only.
    pub fn has_some(&self, rights: &[Right], namespace: &str) -> Known<bool> {
        self.may(namespace, rights, |_| true)
    }

    fn may(&self, namespace: &str, rights: &[Right], far: impl Fn(Reach) -> bool) -> Known<bool> {
        self.any_rule(namespace, |grant, rule| {
            let counts = |it: &&Right| it.namespaced || grant.namespace.is_empty();
            rights.iter().filter(counts).any(|right| {
                let mut reaches = right
                    .verbs
                    .iter()
                    .filter_map(|it| allows(rule, it, right.group, right.resource));
                reaches.any(&far)
            })
        })
    }

    /// Whether a rule of one of the holder's grants that count in a namespace satisfies `test`; of any
    /// grant, when that is empty.
    pub fn any_rule(
        &self,
        namespace: &str,
        test: impl Fn(&Grant, &PolicyRule) -> bool,
    ) -> Known<bool> {
        let one = |grant: &Grant| {
            let rules = grant.rules.as_ref().map_err(Clone::clone)?;
            Ok(rules.iter().any(|rule| test(grant, rule)))
        };
        any(self.there(namespace).map(one).chain([self.read().map(|()| false)]))
    }

    /// The holder's grants that count in a namespace; all of them, when that is empty.
    fn there<'s>(&'s self, namespace: &'s str) -> impl Iterator<Item = &'s Grant> {
        let grants = self.holder.own.iter().chain(&self.holder.implied).map(|it| &**it);
        grants.filter(move |it| {
            it.namespace.is_empty() || namespace.is_empty() || *it.namespace == *namespace
        })
    }

    /// Whether every binding that may name the holder was read.
    fn read(&self) -> Known<()> {
        self.facts.holders(self.reach).covers(Scope::Cluster)
    }
}

fn is_exposed(subject: &Subject) -> bool {
    is_everyone(subject) || (&*subject.kind == "ServiceAccount" && &*subject.name == "default")
}

/// What a grant amounts to where a row has nothing to add.
///
/// # Errors
///
/// None; the signature is that of [`Power::grade`].
pub fn as_usual(held: &Held<'_>, _: &Ask<'_>) -> Known<Grade> {
    Ok(usual(&held.claims))
}

/// What some claims amount to where a row has nothing to add.
pub fn usual<'c>(claims: impl IntoIterator<Item = &'c Claim>) -> Grade {
    let mut grade = Grade::Harmless;
    for claim in claims {
        match claim.reach {
            Reach::Any => return Grade::Counts,
            Reach::Named(_) => grade = Grade::Pinned,
        }
    }
    grade
}

/// The grants of a holder's own that give it some of a power and that nothing excuses.
///
/// The second part is an error when a grant that was not read, or whose origin is not known, could
/// give some too. What is certain is in the first part all the same.
pub fn held<'a>(power: &Power, holder: &'a Holder) -> (Vec<Held<'a>>, Known<()>) {
    let mut unknown = Ok(());
    let mut held = Vec::new();
    for grant in &holder.own {
        if let Ok(Origin::Bootstrap | Origin::Installer(_)) = grant.origin {
            continue;
        }
        match &grant.rules {
            Ok(rules) => {
                let claims = claims_of(power.rights, rules, &grant.namespace);
                match &grant.origin {
                    _ if claims.is_empty() => {}
                    Ok(_) => held.push(Held { grant, claims }),
                    Err(it) => unknown = both(unknown, Err(it.clone())),
                }
            }
            Err(it) => unknown = both(unknown, Err(it.clone())),
        }
    }
    (held, unknown)
}

/// What a role's rules allow of what is looked for, through a binding in a namespace; through one for
/// the whole cluster, when that is empty.
pub fn claims_of(rights: Rights, rules: &[PolicyRule], namespace: &str) -> Vec<Claim> {
    let mut claims: Vec<Claim> = match rights {
        Rights::Any(rights) => {
            let counts = |it: &&Right| it.namespaced || namespace.is_empty();
            rights.iter().filter(counts).flat_map(|right| allowed(right, rules)).collect()
        }
        Rights::Written(read) => {
            let claims = rules.iter().flat_map(read);
            let counts = |it: &Claim| namespace.is_empty() || !matches!(it.target, Target::Url(_));
            claims.filter(counts).collect()
        }
    };
    claims.sort();
    claims.dedup();
    claims
}

/// What rules allow of a right: a claim a verb, and a subresource where the right is on any.
fn allowed(right: &Right, rules: &[PolicyRule]) -> Vec<Claim> {
    let mut claims = Vec::new();
    for resource in resources(right, rules) {
        let claim = |verb: &&'static str| {
            let reaches = rules.iter().filter_map(|rule| {
                allows(rule, verb, right.group, &resource)
                    .or_else(|| created_by_name(right, verb, rule, rules))
            });
            let target = Target::Resource { group: right.group.into(), resource: resource.clone() };
            Some(Claim { verb: (*verb).into(), target, reach: reaches.reduce(Reach::or)? })
        };
        claims.extend(right.verbs.iter().filter_map(claim));
    }
    claims
}

/// The resources that a right is on. One that ends in a slash is on any subresource: those that the
/// rules name, and `*`, by which the API server asks for all at once.
fn resources(right: &Right, rules: &[PolicyRule]) -> BTreeSet<Arc<str>> {
    if !right.resource.ends_with('/') {
        return [right.resource.into()].into();
    }
    let named = rules.iter().flat_map(|it| &it.resources);
    let is_one =
        |it: &&Arc<str>| it.strip_prefix(right.resource).is_some_and(|sub| !sub.is_empty());
    let named = named.filter(is_one).cloned();
    named.chain([format!("{}*", right.resource).into()]).collect()
}

/// A rule for some names allows no POST, but a server-side apply that creates carries the name: with
/// `patch` of that name, it does create.
fn created_by_name(
    right: &Right,
    verb: &str,
    rule: &PolicyRule,
    rules: &[PolicyRule],
) -> Option<Reach> {
    if verb != "create" || rule.resource_names.is_empty() || right.resource.contains('/') {
        return None;
    }
    let nameless = PolicyRule { resource_names: Vec::new(), ..rule.clone() };
    allows(&nameless, verb, right.group, right.resource)?;
    let changed = |name: &&Arc<str>| {
        rules.iter().any(|it| match allows(it, "patch", right.group, right.resource) {
            Some(Reach::Any) => true,
            Some(Reach::Named(names)) => names.contains(name),
            None => false,
        })
    };
    let names: Vec<Arc<str>> = rule.resource_names.iter().filter(changed).cloned().collect();
    (!names.is_empty()).then_some(Reach::Named(names))
}

/// Judges one subject by one power, as the catalogue's RBAC-rule grades.
pub(crate) fn judge(
    power: &Power,
    check: &Check,
    holder: &Holder,
    facts: &Facts<'_>,
    out: &mut Findings,
) -> Ruled {
    if let Some(since) = power.since
        && facts.server_minor()? < since
    {
        let since = minor_name(since);
        return Ok(Ruling::NotApplicable(format!("nothing asks for it before Kubernetes {since}")));
    }
    let subject = &holder.subject;
    hint_at_installers(power, holder, out);
    let allowed = !is_exposed(subject) && facts.settings.allows(check.id, subject);
    // Whom a subject lends its rights to is all that can be held against one that is allowed.
    let lent = allowed.then(|| accounts::is_exposed(subject, facts));
    if lent == Some(Ok(false)) {
        return Ok(Ruling::Applies);
    }
    let ask = Ask { holder, facts, reach: power.reach };
    let (held, mut unknown) = held(power, holder);
    for held in held {
        let grade = (power.grade)(&held, &ask).and_then(|it| match &lent {
            None => Ok(it),
            Some(lent) => as_allowed(it, lent),
        });
        match grade {
            Ok(grade) => report(grade, &held, check, subject, out),
            Err(it) => unknown = both(unknown, Err(it)),
        }
    }
    // A binding that was not read may name the subject as well.
    both(unknown, ask.read()).map(|()| Ruling::Applies)
}

/// What a grant amounts to that is allowed, of an account that pods which are exposed may lend.
fn as_allowed(grade: Grade, lent: &Known<bool>) -> Known<Grade> {
    const WHY: &str = "which is allowed, but a pod that mounts its token is exposed to the outside";
    match grade {
        Grade::Harmless => Ok(Grade::Harmless),
        Grade::Milder(severity, _) => lent.clone().map(|_| Grade::Milder(severity, WHY)),
        _ => lent.clone().map(|_| Grade::Weakness(WHY)),
    }
}

/// Reports a grant by its grade and by who has it.
fn report(grade: Grade, held: &Held<'_>, check: &Check, subject: &Subject, out: &mut Findings) {
    let exposed = is_exposed(subject);
    let severity = if is_everyone(subject) { check.severity.raised() } else { check.severity };
    let at = Location::object();
    let because = |why: &str| format!("{held}, {why}");
    match grade {
        Grade::Harmless => {}
        Grade::Fault(why) if exposed => out.fail_as(severity, at, because(why)),
        Grade::Counts if exposed => out.fail_as(severity, at, held.to_string()),
        Grade::Pinned if exposed => out.fail(at, held.to_string()),
        Grade::Fault(why) => out.fail(at, because(why)),
        Grade::Counts if held.grant.namespace.is_empty() => out.fail(at, held.to_string()),
        Grade::Milder(severity, why) => out.warn_as(severity, at, because(why)),
        Grade::Weakness(why) => out.warn(at, because(why)),
        Grade::Pinned | Grade::Counts => out.warn(at, held.to_string()),
    }
}

/// Says whose a grant is that counts for nothing because an installer made it.
fn hint_at_installers(power: &Power, holder: &Holder, out: &mut Findings) {
    for grant in &holder.own {
        if let (Ok(Origin::Installer(installer)), Ok(rules)) = (&grant.origin, &grant.rules)
            && !claims_of(power.rights, rules, &grant.namespace).is_empty()
        {
            out.hint(format!("{} has it by {grant}, which is {installer}'s own", holder.subject));
        }
    }
}

impl fmt::Display for Grant {
    /// `ClusterRoleBinding ci`, `RoleBinding shop/ci`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.namespace {
            "" => write!(f, "ClusterRoleBinding {}", self.binding),
            namespace => write!(f, "RoleBinding {namespace}/{}", self.binding),
        }
    }
}

impl fmt::Display for Held<'_> {
    /// `RoleBinding shop/ci -> deployer: create, patch pods; get secrets (tls)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Grant { role, .. } = self.grant;
        write!(f, "{} -> {}", self.grant, role.name)?;
        let said = words(&self.claims);
        if said.is_empty() { Ok(()) } else { write!(f, ": {said}") }
    }
}

/// Claims in words: verbs that go for the same resources once, and names behind them.
pub fn words(claims: &[Claim]) -> String {
    let mut verbs: BTreeMap<(&Reach, &Target), Vec<&str>> = BTreeMap::new();
    for Claim { verb, target, reach } in claims {
        if !matches!(target, Target::Resource { resource, .. } if &**resource == ANY_RESOURCE) {
            verbs.entry((reach, target)).or_default().push(verb);
        }
    }
    let mut targets: BTreeMap<(&Reach, Vec<&str>), Vec<String>> = BTreeMap::new();
    for ((reach, target), mut verbs) in verbs {
        verbs.dedup();
        targets.entry((reach, verbs)).or_default().push(target.to_string());
    }
    let phrases = targets.into_iter().map(|((reach, verbs), targets)| {
        let names = match reach {
            Reach::Any => String::new(),
            Reach::Named(names) => format!(" ({})", names.join(", ")),
        };
        format!("{} {}{names}", verbs.join(", "), targets.join(", "))
    });
    phrases.collect::<Vec<_>>().join("; ")
}

/// Judges a role that nobody may be bound to, by what stands in it.
pub(crate) fn judge_unbound(
    power: &Power,
    role: &Role,
    facts: &Facts<'_>,
    out: &mut Findings,
) -> Ruled {
    let namespace = &role.metadata.namespace;
    let claims = claims_of(power.rights, &role.rules, namespace);
    if claims.is_empty() {
        return Ok(Ruling::NotApplicable("has none of it".to_owned()));
    }
    if facts.tables.bootstrap.has_role(namespace, &role.metadata.name) {
        return Ok(Ruling::NotApplicable("is the API server's own".to_owned()));
    }
    if is_bound(role, facts)? {
        return Ok(Ruling::NotApplicable("is bound: its subjects are judged".to_owned()));
    }
    out.warn_as(
        Severity::Low,
        Location::field("rules"),
        format!("grant {}, and nobody is bound to it", words(&claims)),
    );
    Ok(Ruling::Applies)
}

/// Whether a binding hands out a role to somebody.
fn is_bound(role: &Role, facts: &Facts<'_>) -> Known<bool> {
    let inventory = facts.inventory;
    let (namespace, name) = (&*role.metadata.namespace, &role.metadata.name);
    let (kind, scope) = match namespace {
        "" => ("ClusterRole", Scope::Cluster),
        _ => ("Role", Scope::Part(namespace)),
    };
    let hands_out = |it: &assay_model::rbac::Binding| {
        let role = &it.role_ref;
        Ok(&*role.kind == kind && role.name == *name && !it.subjects.is_empty())
    };
    let in_namespaces = inventory.role_bindings.find(scope, hands_out);
    let cluster_wide = match namespace {
        "" => inventory.cluster_role_bindings.find(Scope::Cluster, hands_out),
        _ => Ok(None),
    };
    any([in_namespaces, cluster_wide].map(|it| it.map(|it| it.is_some())))
}

/// What may be asked of the API server in a `SubjectAccessReview`: each must be allowed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attributes {
    /// The verb.
    pub verb: Arc<str>,
    /// API group.
    pub group: Arc<str>,
    /// Without the subresource; empty for a path.
    pub resource: Arc<str>,
    /// Empty for none.
    pub subresource: Arc<str>,
    /// Empty for a resource of the cluster, or for all namespaces.
    pub namespace: Arc<str>,
    /// Empty for any.
    pub name: Arc<str>,
    /// Of a request that is for no resource; else empty.
    pub path: Arc<str>,
}

/// All that is claimed of a holder by one power: what the authorizer has to allow, if the claims are
/// true.
pub fn claimed(power: &Power, holder: &Holder) -> Vec<Attributes> {
    let mut all = Vec::new();
    for Held { grant, claims } in held(power, holder).0 {
        for claim in claims {
            let names = match claim.reach {
                Reach::Any => vec!["".into()],
                Reach::Named(names) => names,
            };
            all.extend(names.into_iter().map(|name| {
                let (group, whole, path): (Arc<str>, Arc<str>, Arc<str>) = match &claim.target {
                    Target::Resource { group, resource } => {
                        (group.clone(), resource.clone(), "".into())
                    }
                    Target::Url(it) => ("".into(), "".into(), it.clone()),
                };
                let (resource, subresource) = whole.split_once('/').unwrap_or((&whole, ""));
                Attributes {
                    verb: claim.verb.clone(),
                    group,
                    resource: resource.into(),
                    subresource: subresource.into(),
                    namespace: grant.namespace.clone(),
                    name,
                    path,
                }
            }));
        }
    }
    all.sort();
    all.dedup();
    all
}
