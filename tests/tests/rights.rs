//! Trust, first proof: identities that may read less. What they are told is what the admin is told, or
//! that it is not known; never another verdict.

use std::{collections::BTreeSet, fs, path::Path, sync::OnceLock, thread, time::Duration};

use assay_benchmark::{checks, needed};
use assay_model::resource::Access;
use assay_tests::{ControlPlane, Identity, Options, Report, Run, User, assay, objects};
use serde_json::{Value, json};

const ALL_BUT_ROLE_BINDINGS: &str = "all-but-role-bindings";
const PODS_OF_TWO: &str = "pods-of-two-namespaces";
const NOBODY: &str = "nobody";

/// The namespaces of [`PODS_OF_TWO`].
const TWO: [&str; 2] = ["shop", "payments"];

/// The account that holds the role which the program prints.
const AUDITOR: Identity = Identity::ServiceAccount("default", "auditor");

/// What a scan lists: group and plural.
fn listed() -> Vec<(&'static str, &'static str)> {
    let all: Vec<_> = checks::all().collect();
    let always = needed(&all).into_iter().filter(|it| it.flag().is_none());
    let accesses = always.map(assay_model::Resource::access);
    let kind = |access| match access {
        Access::List(kind) => Some((kind.group, kind.plural)),
        _ => None,
    };
    accesses.filter_map(kind).collect()
}

fn rule(group: &str, plural: &str) -> Value {
    json!({ "apiGroups": [group], "resources": [plural], "verbs": ["list"] })
}

/// A role, and who holds it; in the whole cluster, or in one namespace.
fn grant(namespace: Option<&str>, name: &str, rules: &[Value], subject: &Value) -> [Value; 2] {
    let group = "rbac.authorization.k8s.io";
    let (role, binding) = match namespace {
        Some(_) => ("Role", "RoleBinding"),
        None => ("ClusterRole", "ClusterRoleBinding"),
    };
    let metadata = json!({ "name": name, "namespace": namespace });
    let version = format!("{group}/v1");
    [
        json!({ "apiVersion": version, "kind": role, "metadata": metadata, "rules": rules }),
        json!({
            "apiVersion": version, "kind": binding, "metadata": metadata,
            "roleRef": { "apiGroup": group, "kind": role, "name": name },
            "subjects": [subject],
        }),
    ]
}

/// The example cluster, with every identity that is tried on it.
fn control_plane() -> &'static ControlPlane {
    static CONTROL_PLANE: OnceLock<ControlPlane> = OnceLock::new();
    CONTROL_PLANE.get_or_init(|| {
        let listed = listed();
        let tried = [ALL_BUT_ROLE_BINDINGS, PODS_OF_TWO, NOBODY];
        let users = tried.iter().map(|it| User::new(it, &[])).collect();
        let control_plane =
            ControlPlane::start(&Options { users, ..Options::default() }).expect("a control plane");

        let holder = |name: &str| json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": name });
        let all_but = |hidden: &str| -> Vec<Value> {
            let seen = listed.iter().filter(|(_, plural)| *plural != hidden);
            let lists = seen.map(|(group, plural)| rule(group, plural));
            let named = json!({ "apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"] });
            lists.chain([named]).collect()
        };
        let mut made = Vec::new();
        let name = ALL_BUT_ROLE_BINDINGS;
        made.extend(grant(None, name, &all_but("rolebindings"), &holder(name)));
        for namespace in TWO {
            made.extend(grant(Some(namespace), PODS_OF_TWO, &[rule("", "pods")], &holder(PODS_OF_TWO)));
        }
        let account = json!({ "kind": "ServiceAccount", "namespace": "default", "name": "auditor" });
        made.push(json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "auditor" } }));
        let printed = Run::of(assay(Path::new("/nonexistent")).arg("rbac"));
        let file = control_plane.folder().join("roles.yaml");
        fs::write(&file, printed.stdout).expect("written");
        for role in objects::read(&file).expect("roles") {
            let namespace = role["metadata"]["namespace"].as_str();
            let [_, binding] = grant(namespace, "kube-assay", &[], &account);
            made.extend([role.clone(), binding]);
        }

        let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/cli/demo/objects.yaml");
        let mut world = objects::read(&demo).expect("objects");
        // One of its faults makes everybody who logs in a cluster-admin: with it, nothing is refused.
        world.retain(|it| it["metadata"]["name"] != "old-dashboard");
        world.extend(made);
        let loaded = control_plane.create(world).expect("loaded");
        assert_eq!(loaded.refused, []);
        // A namespace is held to be younger than a list of the same second; and rights take a moment.
        thread::sleep(Duration::from_millis(1100));
        control_plane
    })
}

fn scan(identity: Identity, arguments: &[&str]) -> Run {
    let kubeconfig = control_plane().kubeconfig(identity).expect("a kubeconfig");
    Run::of(assay(&kubeconfig).args(["-o", "json"]).args(arguments))
}

/// The admin's report.
fn full(arguments: &[&str]) -> Report {
    let run = scan(Identity::Admin, arguments);
    let report = run.report();
    assert!(report.is_complete() && run.code == Some(1), "{}", run.stderr);
    report
}

/// What is refused, and asked for.
fn refused(report: &Report) -> Vec<String> {
    report.gaps().into_iter().filter(|it| !it.ends_with(": not-requested")).collect()
}

#[test]
fn all_but_role_bindings() {
    let run = scan(Identity::User(ALL_BUT_ROLE_BINDINGS), &[]);
    let report = run.report();
    assert_eq!(run.code, Some(4), "{}", run.stderr);
    assert_eq!(
        refused(&report)
            .iter()
            .map(|it| it.rsplit_once(": ").expect("a cause").1)
            .collect::<BTreeSet<_>>(),
        BTreeSet::from(["forbidden"])
    );
    assert!(
        refused(&report).iter().all(|it| it.starts_with("rolebindings")),
        "{:?}",
        report.gaps()
    );

    let lost = report.lost_against(&full(&[]));
    insta::assert_snapshot!(
        "lost-without-role-bindings",
        lost.iter().cloned().collect::<Vec<_>>().join("\n")
    );
    for id in &lost {
        let reasons = report.checks()[&**id].reasons().join("\n");
        let named = reasons.contains("rolebindings")
            && reasons.contains(&format!("User \"{ALL_BUT_ROLE_BINDINGS}\" cannot list resource"));
        assert!(named, "{id}: {reasons}");
    }

    // The exit code is a choice, and the verdicts are not.
    let allowed = scan(Identity::User(ALL_BUT_ROLE_BINDINGS), &["--allow-incomplete"]);
    assert_eq!(allowed.code, Some(1));
    let kubeconfig =
        control_plane().kubeconfig(Identity::User(ALL_BUT_ROLE_BINDINGS)).expect("known");
    let table = Run::of(assay(&kubeconfig).args(["-o", "wide"]));
    assert!(table.stdout.contains("cannot list resource \"rolebindings\""), "{}", table.stdout);
    assert_eq!(table.code, Some(4));
}

#[test]
fn pods_of_two_namespaces() {
    let user = Identity::User(PODS_OF_TWO);
    let two = ["-n", TWO[0], "-n", TWO[1]];
    let full_of_two = full(&two);
    let in_two = scan(user, &two);
    let report = in_two.report();
    assert_eq!(in_two.code, Some(4), "{}", in_two.stderr);
    assert!(!refused(&report).iter().any(|it| it.starts_with("pods of")), "{:?}", report.gaps());
    let lost = report.lost_against(&full_of_two);
    // Pods alone decide: their faults are told.
    let checks = report.checks();
    for id in ["privileged-container", "root-container"] {
        assert_eq!(full_of_two.checks()[id].outcome(), "fail");
        assert_eq!(checks[id].outcome(), "fail", "{:?}", checks[id].reasons());
    }
    insta::assert_snapshot!(
        "lost-with-pods-of-two",
        lost.into_iter().collect::<Vec<_>>().join("\n")
    );

    // Without being told which, it does not know the namespaces, and may list nothing of all of them.
    let everywhere = scan(user, &[]);
    assert_eq!(everywhere.code, Some(4), "{}", everywhere.stderr);
    everywhere.report().lost_against(&full(&[]));
    let one = scan(user, &["-n", TWO[0], "-n", "default"]);
    assert_eq!(one.code, Some(4), "{}", one.stderr);
    one.report().lost_against(&full(&["-n", TWO[0], "-n", "default"]));
}

#[test]
fn no_rights_at_all() {
    let run = scan(Identity::User(NOBODY), &[]);
    let report = run.report();
    // Not even where that is allowed, if nothing of the cluster's objects was judged.
    assert_eq!(run.code, Some(4), "{}", run.stderr);
    report.lost_against(&full(&[]));
    let refused = refused(&report);
    for (group, plural) in listed() {
        // What is not the API server's own is not served here.
        let served = !group.contains('.') || group.ends_with(".k8s.io");
        assert_eq!(
            refused.iter().any(|it| it.starts_with(&format!("{plural}: forbidden"))),
            served,
            "{plural}"
        );
    }
    for id in ["privileged-container", "cluster-wide-secret-read", "no-default-deny-ingress"] {
        let verdict = report.checks()[id];
        assert_eq!(verdict.outcome(), "unknown");
        assert_eq!(verdict.findings(), [""; 0]);
    }
    let narrow =
        scan(Identity::User(NOBODY), &["--check", "privileged-container", "--allow-incomplete"]);
    assert_eq!(narrow.code, Some(4), "nothing was judged at all: {}", narrow.stderr);
}

#[test]
fn the_printed_role_is_enough() {
    let run = scan(AUDITOR, &[]);
    let report = run.report();
    assert_eq!(refused(&report), [""; 0]);
    assert!(report.is_complete());
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let full = full(&[]);
    assert_eq!(report.lost_against(&full), BTreeSet::new());
    for (id, verdict) in full.checks() {
        assert_eq!(verdict.findings(), report.checks()[id].findings(), "{id}");
    }
}
