//! What the checks on rights claim, asked of the authorizer itself: a `SubjectAccessReview` for each power,
//! subject and place, on an API server that authorizes by RBAC alone. No difference.
//!
//! The subjects are those of both clusters of the shared test data, and of roles and bindings made here,
//! which have what real ones seldom have: aggregation, names, wildcards, subresources, groups, paths.

use std::{
    collections::{BTreeMap, BTreeSet},
    thread,
    time::Duration,
};

use assay_benchmark::{
    Check, Facts, Rule, Settings, checks, needed,
    rbac::{
        Origin, Where,
        power::{Attributes, Power, Rights, claimed},
    },
};
use assay_collector::{ConnectOptions, Plan, Silent, Stop, collect, connect};
use assay_model::{Inventory, Scope, Snapshot, rbac::Subject};
use assay_tests::{Api, ControlPlane, Identity, Options, objects, shared};
use serde_json::{Value, json};

const GROUP: &str = "rbac.authorization.k8s.io";

/// Roles and bindings of every form that rules have.
fn made() -> Vec<Value> {
    let version = format!("{GROUP}/v1");
    let rules: &[(&str, Value)] = &[
        ("all", json!([{ "apiGroups": ["*"], "resources": ["*"], "verbs": ["*"] }])),
        (
            "all-reading",
            json!([{ "apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"] }]),
        ),
        ("all-of-core", json!([{ "apiGroups": [""], "resources": ["*"], "verbs": ["*"] }])),
        (
            "any-subresource",
            json!([{ "apiGroups": [""], "resources": ["*/exec", "*/proxy"], "verbs": ["*"] }]),
        ),
        (
            "pods-without-exec",
            json!([{ "apiGroups": [""], "resources": ["pods"], "verbs": ["*"] }]),
        ),
        (
            "one-secret",
            json!([{ "apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list", "create", "deletecollection", "update"], "resourceNames": ["tls"] }]),
        ),
        (
            "one-account",
            json!([{ "apiGroups": [""], "resources": ["serviceaccounts/token"], "verbs": ["create"], "resourceNames": ["builder"] }]),
        ),
        (
            "one-signer",
            json!([{ "apiGroups": ["certificates.k8s.io"], "resources": ["signers"], "verbs": ["approve", "sign"], "resourceNames": ["kubernetes.io/kube-apiserver-client", "example.org/*"] },
            { "apiGroups": ["certificates.k8s.io"], "resources": ["certificatesigningrequests/approval"], "verbs": ["update"] },
            { "apiGroups": ["certificates.k8s.io"], "resources": ["certificatesigningrequests"], "verbs": ["create"] }]),
        ),
        (
            "impersonator",
            json!([{ "apiGroups": ["", "authentication.k8s.io"], "resources": ["users", "groups", "uids", "userextras/scopes"], "verbs": ["impersonate"] }]),
        ),
        (
            "binder",
            json!([{ "apiGroups": [GROUP], "resources": ["clusterroles", "roles"], "verbs": ["bind", "escalate"] }]),
        ),
        (
            "wrong-group",
            json!([{ "apiGroups": ["apps"], "resources": ["pods", "secrets"], "verbs": ["*"] }]),
        ),
        (
            "paths",
            json!([{ "nonResourceURLs": ["/metrics", "/api*", "/logs/*", "*"], "verbs": ["get"] }]),
        ),
        ("nothing", json!([])),
    ];
    let mut made = Vec::new();
    for (name, rules) in rules {
        made.push(json!({ "apiVersion": version, "kind": "ClusterRole", "metadata": { "name": format!("made-{name}"), "labels": { "made": name } }, "rules": rules }));
    }
    made.push(json!({
        "apiVersion": version, "kind": "ClusterRole", "metadata": { "name": "made-aggregated" },
        "aggregationRule": { "clusterRoleSelectors": [{ "matchLabels": { "made": "one-secret" } }, { "matchLabels": { "made": "binder" } }] },
        "rules": [],
    }));
    // Nobody aggregates here but the controller manager, which a bare API server lacks: what it would write.
    let written = made.iter().filter(|it| {
        ["made-one-secret", "made-binder"]
            .contains(&it["metadata"]["name"].as_str().unwrap_or_default())
    });
    let written: Vec<Value> =
        written.flat_map(|it| it["rules"].as_array().cloned().unwrap_or_default()).collect();
    made.last_mut().expect("just made")["rules"] = json!(written);

    let names: Vec<String> =
        rules.iter().map(|(name, _)| (*name).to_owned()).chain(["aggregated".to_owned()]).collect();
    for (at, name) in names.iter().enumerate() {
        let role =
            json!({ "apiGroup": GROUP, "kind": "ClusterRole", "name": format!("made-{name}") });
        let user = |it: &str| json!({ "apiGroup": GROUP, "kind": "User", "name": it });
        let group = |it: &str| json!({ "apiGroup": GROUP, "kind": "Group", "name": it });
        let account = |namespace: &str, it: &str| json!({ "kind": "ServiceAccount", "namespace": namespace, "name": it });
        let wide = [
            user(&format!("wide-{name}")),
            group(&format!("wide-{name}")),
            account("default", &format!("wide-{name}")),
        ];
        made.push(json!({ "apiVersion": version, "kind": "ClusterRoleBinding", "metadata": { "name": format!("made-{name}") }, "roleRef": role, "subjects": wide }));
        // The next role on top: halves of a power may come from two bindings.
        let both = [
            user(&format!("wide-{}", names[(at + 1) % names.len()])),
            user(&format!("narrow-{name}")),
            account("kube-public", &format!("narrow-{name}")),
            group("system:serviceaccounts:kube-node-lease"),
        ];
        made.push(json!({ "apiVersion": version, "kind": "RoleBinding", "metadata": { "name": format!("made-{name}"), "namespace": "kube-public" }, "roleRef": role, "subjects": both }));
    }
    made.push(json!({ "apiVersion": version, "kind": "RoleBinding", "metadata": { "name": "made-dangling", "namespace": "default" },
        "roleRef": { "apiGroup": GROUP, "kind": "Role", "name": "made-missing" }, "subjects": [{ "apiGroup": GROUP, "kind": "User", "name": "dangling" }] }));
    made
}

/// A question to the authorizer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Question {
    who: Subject,
    what: Attributes,
}

impl Question {
    /// The review to be sent: a subject with the groups it is in by what it is.
    fn review(&self) -> Value {
        let Subject { kind, namespace, name } = &self.who;
        let (user, groups) = match &**kind {
            "ServiceAccount" => (
                format!("system:serviceaccount:{namespace}:{name}"),
                vec![
                    "system:serviceaccounts".to_owned(),
                    format!("system:serviceaccounts:{namespace}"),
                    "system:authenticated".to_owned(),
                ],
            ),
            "Group" => (String::new(), vec![name.to_string()]),
            _ if &**name == "system:anonymous" => {
                (name.to_string(), vec!["system:unauthenticated".to_owned()])
            }
            _ => (name.to_string(), vec!["system:authenticated".to_owned()]),
        };
        let what = &self.what;
        let mut spec = json!({ "user": user, "groups": groups });
        if what.path.is_empty() {
            spec["resourceAttributes"] = json!({
                "verb": what.verb, "group": what.group, "resource": what.resource,
                "subresource": what.subresource, "namespace": what.namespace, "name": what.name,
            });
        } else {
            spec["nonResourceAttributes"] = json!({ "verb": what.verb, "path": what.path });
        }
        json!({ "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec })
    }
}

/// The answers, asked by several at a time.
fn ask(api: &Api, questions: &BTreeSet<Question>) -> BTreeMap<Question, bool> {
    let questions: Vec<&Question> = questions.iter().collect();
    let share = questions.len().div_ceil(8).max(1);
    thread::scope(|scope| {
        let askers = questions.chunks(share).map(|share| {
            let api = api.clone();
            scope.spawn(move || {
                let answer = |it: &&Question| {
                    let path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
                    let review = api.post(path, &it.review()).and_then(|it| it.success());
                    let allowed = review.expect("an answer")["status"]["allowed"] == true;
                    ((*it).clone(), allowed)
                };
                share.iter().map(answer).collect::<Vec<_>>()
            })
        });
        let askers: Vec<_> = askers.collect();
        askers.into_iter().flat_map(|it| it.join().expect("answers")).collect()
    })
}

fn scan(control_plane: &ControlPlane) -> Snapshot {
    let kubeconfig = Some(control_plane.kubeconfig(Identity::Admin).expect("a kubeconfig"));
    let options = ConnectOptions { kubeconfig, ..ConnectOptions::default() };
    let all: Vec<&Check> = checks::all().filter(|it| matches!(it.rule, Rule::Power(_))).collect();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let connection = connect(&options).await.expect("a connection");
        collect(&connection, &Plan::new(needed(&all)), &Silent, Stop::never())
            .await
            .expect("a snapshot")
    })
}

fn powers() -> impl Iterator<Item = (&'static Check, &'static Power)> {
    checks::all().filter_map(|check| match check.rule {
        Rule::Power(power) => Some((check, power)),
        _ => None,
    })
}

#[test]
fn the_authorizer_agrees_with_every_claim() {
    let Some(data) = shared().map(|it| it.join("data/clusters")) else { return };
    let options = Options { authorization_mode: "RBAC".to_owned(), ..Options::default() };
    let control_plane = ControlPlane::start(&options).expect("a control plane");
    let mut world = objects::read(&data.join("kind-goat")).expect("objects");
    world.extend(objects::read(&data.join("platform/snapshot.yaml")).expect("objects"));
    let about = |it: &Value| {
        it["apiVersion"].as_str().is_some_and(|it| it.starts_with(GROUP))
            || it["kind"] == "Namespace"
            || it["kind"] == "ServiceAccount"
    };
    world.retain(about);
    control_plane.create(world).expect("loaded");
    let made = control_plane.create(made()).expect("made");
    assert_eq!(made.refused, []);
    // The authorizer's own lists follow within moments.
    thread::sleep(Duration::from_millis(1500));

    let inventory = Inventory::from(scan(&control_plane));
    let settings = Settings::default();
    let facts = Facts::of(&inventory, &settings);
    let mut expected: BTreeMap<Question, bool> = BTreeMap::new();
    let (mut subjects, mut rows) = (BTreeSet::new(), 0);
    for (check, power) in powers() {
        rows += 1;
        let mut claims = 0;
        let holders = facts.holders(power.reach).all(Scope::Cluster).expect("all was read");
        for holder in holders {
            let who = &holder.subject;
            subjects.insert(who.clone());
            let claimed = claimed(power, holder);
            claims += claimed.len();
            for what in &claimed {
                expected.insert(Question { who: who.clone(), what: what.clone() }, true);
            }
            // What it does not claim must be refused: of a power that asks what the authorizer would allow,
            // by all bindings that count for it.
            // The defaults of every API server are excused, and claimed of nobody; nor is what the members of
            // system:masters may do without any role.
            let excused = holder.own.iter().any(|it| it.origin != Ok(Origin::Own));
            if power.reach != Where::Anywhere || excused {
                continue;
            }
            let Rights::Any(rights) = power.rights else { continue };
            for right in rights.iter().filter(|it| !it.resource.ends_with('/')) {
                let (resource, subresource) =
                    right.resource.split_once('/').unwrap_or((right.resource, ""));
                for (verb, namespace) in right
                    .verbs
                    .iter()
                    .flat_map(|verb| ["", "default", "kube-public"].map(|it| (*verb, it)))
                {
                    if !right.namespaced && !namespace.is_empty() {
                        continue;
                    }
                    let what = Attributes {
                        verb: verb.into(),
                        group: right.group.into(),
                        resource: resource.into(),
                        subresource: subresource.into(),
                        namespace: namespace.into(),
                        name: "".into(),
                        path: "".into(),
                    };
                    let wide = Attributes { namespace: "".into(), ..what.clone() };
                    let holds = claimed.contains(&what) || claimed.contains(&wide);
                    expected.entry(Question { who: who.clone(), what }).or_insert(holds);
                }
            }
        }
        assert!(claims > 0, "nobody holds {}: the world has no such role", check.id);
    }
    let api = control_plane.api(Identity::Admin).expect("a client");
    let answers = ask(&api, &expected.keys().cloned().collect());
    let yes = expected.values().filter(|it| **it).count();
    #[expect(clippy::print_stdout, reason = "the count is what the test has to show")]
    {
        println!(
            "{rows} powers, {} subjects: {yes} claims, {} denials",
            subjects.len(),
            expected.len() - yes
        );
    }
    let wrong: Vec<_> =
        expected.iter().filter(|(question, claimed)| answers[question] != **claimed).collect();
    let lines: Vec<String> = wrong
        .iter()
        .map(|(Question { who, what }, claimed)| {
            let Attributes { verb, group, resource, subresource, namespace, name, path } = what;
            let said = if **claimed { "claimed, refused" } else { "allowed, not claimed" };
            format!(
                "{said}: {who}: {verb} {resource}/{subresource}.{group} {path} in {namespace:?} {name:?}"
            )
        })
        .collect();
    assert!(
        lines.is_empty(),
        "{} of {} differ:\n{}",
        lines.len(),
        expected.len(),
        lines.join("\n")
    );
    assert!(
        rows > 25 && subjects.len() > 60 && expected.len() - yes > 2000,
        "{} asked",
        expected.len()
    );
}
