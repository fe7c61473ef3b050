//! What is claimed of a subject is what the authorizer allows, and all of it: powers are held against a
//! second evaluation of the same rules, written down from the authorizer's own.
//!
//! Source: `k8s.io/component-helpers/auth/rbac/validation`, `RuleAllows` of
//! `k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac`.

#[path = "common/random.rs"]
mod random;

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    sync::{Arc, OnceLock},
};

use assay_benchmark::{
    Facts, Rule, Settings, checks,
    rbac::{
        Where, normal,
        power::{ANY_RESOURCE, Attributes, Power, Right, Rights, claimed},
    },
};
use assay_collector::files::{self, Completeness};
use assay_model::{
    Inventory, Listing, Meta, Scope, Snapshot,
    rbac::{Binding, PolicyRule, Role, RoleRef, Subject},
};

use self::random::Random;

/// How many worlds are tried.
const WORLDS: u64 = 600;

const VERBS: &[&str] = &[
    "*",
    "get",
    "list",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
    "bind",
    "escalate",
    "impersonate",
    "approve",
    "impersonate:user-info",
];
const GROUPS: &[&str] = &[
    "",
    "*",
    "apps",
    "batch",
    "rbac.authorization.k8s.io",
    "admissionregistration.k8s.io",
    "certificates.k8s.io",
    "authentication.k8s.io",
];
const RESOURCES: &[&str] = &[
    "*",
    "pods",
    "pods/*",
    "pods/exec",
    "*/exec",
    "*/proxy",
    "nodes/proxy",
    "secrets",
    "namespaces",
    "deployments",
    "jobs",
    "roles",
    "clusterroles",
    "users",
    "userextras/scopes",
    "userextras/*",
    "serviceaccounts/token",
    "*/token",
    "signers",
    "certificatesigningrequests/approval",
    "mutatingwebhookconfigurations",
    "persistentvolumes",
];
const NAMES: &[&str] = &["a", "b", "shop"];
const NAMESPACES: &[&str] = &["shop", "kube-system"];
const SUBJECTS: &[(&str, &str, &str)] = &[
    ("User", "", "jane"),
    ("User", "", "system:serviceaccount:shop:web"),
    ("ServiceAccount", "shop", "web"),
    ("ServiceAccount", "", "web"),
    ("Group", "", "system:authenticated"),
    ("Group", "", "team"),
];

/// Whether a rule allows what is asked, as the authorizer has it.
fn rule_allows(rule: &PolicyRule, asked: &Attributes) -> bool {
    let listed = |list: &[Arc<str>], it: &str| list.iter().any(|one| &**one == "*" || &**one == it);
    if !listed(&rule.verbs, &asked.verb) {
        return false;
    }
    if asked.resource.is_empty() {
        return rule.non_resource_urls.iter().any(|url| {
            &**url == "*"
                || url == &asked.path
                || (url.ends_with('*') && asked.path.starts_with(url.trim_end_matches('*')))
        });
    }
    let combined = match &*asked.subresource {
        "" => asked.resource.to_string(),
        sub => format!("{}/{sub}", asked.resource),
    };
    let resource = rule.resources.iter().any(|it| {
        &**it == "*"
            || **it == *combined
            || (!asked.subresource.is_empty() && **it == *format!("*/{}", asked.subresource))
    });
    let name = rule.resource_names.is_empty() || rule.resource_names.contains(&asked.name);
    listed(&rule.api_groups, &asked.group) && resource && name
}

/// Every rule that a subject has by a binding that names it, with the namespace it is for.
fn rules_of<'w>(world: &'w World, who: &Subject) -> Vec<(&'w str, &'w PolicyRule)> {
    let named = |it: &&Binding| {
        it.subjects.iter().any(|subject| {
            let mut subject = subject.clone();
            if &*subject.kind == "ServiceAccount" && subject.namespace.is_empty() {
                subject.namespace = it.metadata.namespace.clone();
            }
            normal(&subject) == *who
        })
    };
    let mut rules = Vec::new();
    for binding in world.bindings.iter().filter(named) {
        let of = |role: &&Role| {
            let namespace =
                if &*binding.role_ref.kind == "Role" { &*binding.metadata.namespace } else { "" };
            role.metadata.name == binding.role_ref.name && *role.metadata.namespace == *namespace
        };
        let found = world.roles.iter().find(of).into_iter().flat_map(|it| &it.rules);
        rules.extend(found.map(|it| (&*binding.metadata.namespace, it)));
    }
    rules
}

/// Whether the authorizer allows a subject what is asked, by the bindings that name it.
fn is_allowed(world: &World, who: &Subject, asked: &Attributes) -> bool {
    is_allowed_by(world, who, asked, Where::Anywhere)
}

/// Whether it does so by bindings of this reach.
fn is_allowed_by(world: &World, who: &Subject, asked: &Attributes, reach: Where) -> bool {
    rules_of(world, who).iter().any(|(namespace, rule)| {
        let counts = match reach {
            Where::Cluster => namespace.is_empty(),
            Where::Namespace => !namespace.is_empty(),
            Where::Anywhere => true,
        };
        counts
            && (namespace.is_empty() || **namespace == *asked.namespace)
            && rule_allows(rule, asked)
    })
}

#[derive(Debug)]
struct World {
    roles: Vec<Role>,
    bindings: Vec<Binding>,
}

impl World {
    fn any(random: &mut Random) -> Self {
        let meta = |namespace: &str, name: String| Meta {
            namespace: namespace.into(),
            name: name.into(),
            ..Meta::default()
        };
        let (mut roles, mut bindings) = (Vec::new(), Vec::new());
        for number in 0..=random.below(3) {
            let namespace = if random.once_in(2) { "" } else { *random.pick(NAMESPACES) };
            let role = meta(namespace, format!("role-{number}"));
            let kind = if namespace.is_empty() { "ClusterRole" } else { "Role" };
            let for_cluster = namespace.is_empty() && random.once_in(2);
            let bound_in = match (for_cluster, namespace) {
                (true, _) => "",
                (false, "") => *random.pick(NAMESPACES),
                (false, it) => it,
            };
            let subjects = random.some(SUBJECTS).into_iter();
            let subjects = subjects.filter(|it| !(for_cluster && *it == SUBJECTS[3]));
            let subjects = subjects.map(|(kind, namespace, name)| Subject {
                kind: kind.into(),
                namespace: namespace.into(),
                name: name.into(),
            });
            bindings.push(Binding {
                metadata: meta(bound_in, format!("binding-{number}")),
                role_ref: RoleRef { kind: kind.into(), name: role.name.clone() },
                subjects: subjects.collect(),
            });
            roles.push(Role {
                metadata: role,
                rules: (0..=random.below(3)).map(|_| any_rule(random)).collect(),
                aggregation_rule: None,
            });
        }
        World { roles, bindings }
    }

    fn snapshot(&self) -> Snapshot {
        let mut snapshot = nothing().clone();
        let of_cluster = |it: &Meta| it.namespace.is_empty();
        let (cluster, own) = self.roles.iter().cloned().partition(|it| of_cluster(&it.metadata));
        snapshot.cluster_roles = Listing::complete(cluster);
        snapshot.roles = Listing::complete(own);
        let (cluster, own) = self.bindings.iter().cloned().partition(|it| of_cluster(&it.metadata));
        snapshot.cluster_role_bindings = Listing::complete(cluster);
        snapshot.role_bindings = Listing::complete(own);
        snapshot
    }
}

/// A cluster of nothing.
fn nothing() -> &'static Snapshot {
    static NOTHING: OnceLock<Snapshot> = OnceLock::new();
    NOTHING.get_or_init(|| {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("nothing.yaml");
        fs::write(&file, "apiVersion: v1\nkind: List\nitems: []\n").expect("a file");
        let now = "2026-11-23T12:00:00Z".parse().expect("a time");
        files::read(&file, &Completeness::Everything, now).expect("no objects").snapshot
    })
}

fn any_rule(random: &mut Random) -> PolicyRule {
    let some = |of: &[&str], random: &mut Random| -> Vec<Arc<str>> {
        (0..=random.below(2)).map(|_| Arc::from(*random.pick(of))).collect()
    };
    if random.once_in(8) {
        let urls = ["*", "/*", "/metrics", "/debug/*", "/api*"];
        return PolicyRule {
            verbs: some(VERBS, random),
            non_resource_urls: some(&urls, random),
            ..PolicyRule::default()
        };
    }
    PolicyRule {
        verbs: some(VERBS, random),
        api_groups: some(GROUPS, random),
        resources: some(RESOURCES, random),
        resource_names: if random.once_in(3) { some(NAMES, random) } else { Vec::new() },
        non_resource_urls: Vec::new(),
    }
}

fn powers() -> impl Iterator<Item = (&'static str, &'static Power)> {
    checks::all().filter_map(|check| match check.rule {
        Rule::Power(power) => Some((check.id, power)),
        _ => None,
    })
}

/// What one may ask about a right of a power: in each namespace, for no name and for each.
fn questions(power: &Power) -> Vec<Attributes> {
    let Rights::Any(rights) = power.rights else { return Vec::new() };
    let mut all = Vec::new();
    for Right { group, resource, verbs, namespaced } in rights {
        let concrete = resource.strip_suffix('/').map(|it| format!("{it}/scopes"));
        let resource = concrete.as_deref().unwrap_or(resource);
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        let places = match power.reach {
            Where::Cluster => &[""][..],
            Where::Namespace => NAMESPACES,
            Where::Anywhere if *namespaced => &["", "shop", "kube-system"],
            Where::Anywhere => &[""],
        };
        for verb in *verbs {
            for namespace in places {
                for name in [""].iter().chain(NAMES) {
                    all.push(Attributes {
                        verb: (*verb).into(),
                        group: (*group).into(),
                        resource: resource.into(),
                        subresource: subresource.into(),
                        namespace: (*namespace).into(),
                        name: (*name).into(),
                        path: "".into(),
                    });
                }
            }
        }
    }
    all
}

/// Whether a claim covers a question: for any name, and for any namespace when it has none.
fn covers(claim: &Attributes, asked: &Attributes) -> bool {
    let subresource = claim.subresource == asked.subresource
        || (&*claim.subresource, &*claim.resource) == ("*", "userextras");
    (&claim.verb, &claim.group, &claim.resource) == (&asked.verb, &asked.group, &asked.resource)
        && subresource
        && (claim.namespace.is_empty() || claim.namespace == asked.namespace)
        && (claim.name.is_empty() || claim.name == asked.name)
}

/// A request that the server never makes, though a rule would allow it: `create` by POST and
/// `deletecollection` carry no name, and an apply that creates needs `patch` as well.
fn is_never_asked(world: &World, who: &Subject, asked: &Attributes) -> bool {
    if asked.name.is_empty() || !asked.subresource.is_empty() {
        return false;
    }
    let patch = Attributes { verb: "patch".into(), ..asked.clone() };
    match &*asked.verb {
        "deletecollection" => true,
        "create" => !is_allowed(world, who, &patch),
        _ => false,
    }
}

#[test]
fn claims_are_what_the_authorizer_allows() {
    let settings = Settings::default();
    let mut made: BTreeSet<&str> = BTreeSet::new();
    let rows: Vec<_> = powers().map(|(id, power)| (id, power, questions(power))).collect();
    for seed in 0..WORLDS {
        let mut random = Random::new(seed);
        let world = World::any(&mut random);
        let inventory = Inventory::from(world.snapshot());
        let facts = Facts::of(&inventory, &settings);
        for (id, power, questions) in &rows {
            let visited = facts.holders(power.reach).each(Scope::Cluster, |holder| {
                let who = &holder.subject;
                let claims = claimed(power, holder);
                for claim in &claims {
                    made.insert(*id);
                    assert!(
                        is_allowed(&world, who, claim),
                        "case {seed}: {id} claims of {who} what is not allowed: {claim:?}\n{world:#?}"
                    );
                }
                for asked in questions {
                    let missed = is_allowed_by(&world, who, asked, power.reach)
                        && !is_never_asked(&world, who, asked)
                        && !claims.iter().any(|it| covers(it, asked));
                    // Of an apply that creates by name, the other half may come by another grant: that is
                    // not claimed, and for some names it would be a weakness at most.
                    let split = &*asked.verb == "create" && !asked.name.is_empty();
                    assert!(
                        !missed || split,
                        "case {seed}: {id} misses of {who} what is allowed: {asked:?}\n{world:#?}"
                    );
                }
                Ok(())
            });
            assert!(visited.is_ok(), "nothing is hidden");
        }
    }
    let all: BTreeSet<&str> = powers().map(|(id, _)| id).collect();
    let silent: Vec<&&str> = all.difference(&made).collect();
    assert!(silent.is_empty(), "never claimed, so never tried: {silent:?}");
}

/// A grant for any resource is claimed of a resource that nobody has named.
#[test]
fn a_wildcard_is_claimed_of_what_nobody_names() {
    let role = |resource: &str| Role {
        metadata: Meta { name: "all".into(), ..Meta::default() },
        rules: vec![PolicyRule {
            verbs: vec!["*".into()],
            api_groups: vec!["*".into()],
            resources: vec![resource.into()],
            ..PolicyRule::default()
        }],
        aggregation_rule: None,
    };
    let claims = |resource: &str| {
        let jane = Subject { kind: "User".into(), namespace: "".into(), name: "jane".into() };
        let binding = Binding {
            metadata: Meta { name: "all".into(), ..Meta::default() },
            role_ref: RoleRef { kind: "ClusterRole".into(), name: "all".into() },
            subjects: vec![jane],
        };
        let world = World { roles: vec![role(resource)], bindings: vec![binding] };
        let inventory = Inventory::from(world.snapshot());
        let settings = Settings::default();
        let facts = Facts::of(&inventory, &settings);
        let (_, power) = powers().find(|(id, _)| *id == "cluster-admin-equivalent").expect("a row");
        let holder = facts.cluster_holders().get("", "User jane").expect("all was read");
        claimed(power, holder.expect("she is bound"))
    };
    assert!(claims("pods").is_empty());
    assert!(claims("*").iter().all(|it| &*it.resource == ANY_RESOURCE));
    assert!(!claims("*").is_empty());
}
