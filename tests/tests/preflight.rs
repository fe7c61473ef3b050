//! `preflight` on a real API server: what it says is missing is what a scan is refused, and the checks that
//! it names are those that a scan cannot decide then.

use std::{collections::BTreeSet, fs, path::Path, sync::OnceLock, thread, time::Duration};

use assay_tests::{ControlPlane, Identity, Options, Run, User, assay, objects};
use serde_json::{Value, json};

const NOBODY: &str = "nobody";
const SHOP_ALONE: &str = "shop-alone";
/// Holds the role that the program prints, but for one kind.
const NO_ROLE_BINDINGS: &str = "no-role-bindings";
/// Holds all of it.
const AUDITOR: &str = "auditor";

fn control_plane() -> &'static ControlPlane {
    static CONTROL_PLANE: OnceLock<ControlPlane> = OnceLock::new();
    CONTROL_PLANE.get_or_init(|| {
        let users = [NOBODY, SHOP_ALONE, NO_ROLE_BINDINGS, AUDITOR];
        let users = users.map(|it| User::new(it, &[])).into();
        let control_plane =
            ControlPlane::start(&Options { users, ..Options::default() }).expect("a control plane");
        let loaded = control_plane.create(world(control_plane.folder())).expect("loaded");
        assert_eq!(loaded.refused, []);
        // A namespace is held to be younger than a list of the same second; and rights take a moment.
        thread::sleep(Duration::from_millis(1100));
        control_plane
    })
}

/// The example cluster, and who may read what of it.
fn world(folder: &Path) -> Vec<Value> {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/cli/demo/objects.yaml");
    let mut world = objects::read(&demo).expect("objects");
    // One of its faults makes everybody who logs in a cluster-admin: with it, nothing is refused.
    world.retain(|it| it["metadata"]["name"] != "old-dashboard");

    let printed = Run::of(assay(Path::new("/nonexistent")).args(["rbac", "--name", AUDITOR]));
    fs::write(folder.join("roles.yaml"), printed.stdout).expect("written");
    for role in objects::read(&folder.join("roles.yaml")).expect("roles") {
        let mut less = role.clone();
        less["metadata"]["name"] = NO_ROLE_BINDINGS.into();
        for rule in less["rules"].as_array_mut().expect("rules") {
            if let Some(resources) = rule["resources"].as_array_mut() {
                resources.retain(|it| it != "rolebindings");
            }
        }
        world.extend([bind(&role), role, bind(&less), less]);
    }
    let pods = json!([{ "apiGroups": [""], "resources": ["pods"], "verbs": ["list"] }]);
    let shop_alone = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
        "metadata": { "name": SHOP_ALONE, "namespace": "shop" }, "rules": pods,
    });
    world.extend([bind(&shop_alone), shop_alone]);
    world
}

/// The binding that gives a role to the user of its name, where the role is.
fn bind(role: &Value) -> Value {
    let group = "rbac.authorization.k8s.io";
    let kind = role["kind"].as_str().expect("a kind");
    let name = &role["metadata"]["name"];
    json!({
        "apiVersion": format!("{group}/v1"), "kind": format!("{kind}Binding"),
        "metadata": { "name": name, "namespace": role["metadata"]["namespace"] },
        "roleRef": { "apiGroup": group, "kind": kind, "name": name },
        "subjects": [{ "apiGroup": group, "kind": "User", "name": name }],
    })
}

fn run(identity: Identity, arguments: &[&str]) -> Run {
    let kubeconfig = control_plane().kubeconfig(identity).expect("a kubeconfig");
    Run::of(assay(&kubeconfig).args(arguments))
}

/// Its JSON, which says the same as its exit code.
fn preflight(identity: Identity, arguments: &[&str]) -> Value {
    let run = run(identity, &[&["preflight", "-o", "json"], arguments].concat());
    let said: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let complete = said["complete"].as_bool().expect("a boolean");
    assert_eq!(run.code, Some(if complete { 0 } else { 4 }), "{}", run.stderr);
    said
}

/// What a scan would be refused in the whole cluster.
fn missing(said: &Value) -> Vec<&Value> {
    let rights = said["rights"].as_array().expect("rights").iter();
    rights.filter(|it| it["allowed"] == "no" && it["namespace"].is_null()).collect()
}

#[test]
fn nothing_is_missing_to_the_admin_and_to_the_printed_role() {
    for identity in [Identity::Admin, Identity::User(AUDITOR)] {
        let said = preflight(identity, &[]);
        assert_eq!(said["complete"], true, "{said:#}");
        assert_eq!(missing(&said), [&Value::Null; 0]);
        let table = run(identity, &["preflight"]);
        assert_eq!(table.code, Some(0));
        assert!(table.stdout.ends_with("\nNothing is missing.\n"), "{}", table.stdout);
    }
    assert_eq!(preflight(Identity::User(AUDITOR), &[])["user"], AUDITOR);
}

#[test]
fn what_is_missing_is_what_a_scan_is_refused_and_costs_what_it_says() {
    let identity = Identity::User(NO_ROLE_BINDINGS);
    let said = preflight(identity, &[]);
    let missing = missing(&said);
    assert_eq!(missing.len(), 1, "{said:#}");
    assert_eq!(missing[0]["verb"], "list");
    assert_eq!(missing[0]["resource"], "rolebindings.rbac.authorization.k8s.io");
    let named = missing[0]["checks"].as_array().expect("checks").iter();
    let named: BTreeSet<String> = named.filter_map(|it| Some(it.as_str()?.to_owned())).collect();

    let full = run(Identity::Admin, &["-o", "json"]).report();
    let scan = run(identity, &["-o", "json"]);
    assert_eq!(scan.code, Some(4), "{}", scan.stderr);
    let lost = scan.report().lost_against(&full);
    assert!(!lost.is_empty() && lost.is_subset(&named), "{lost:?} is within {named:?}");

    let table = run(identity, &["preflight"]);
    assert_eq!(table.code, Some(4));
    assert!(table.stdout.contains("\n1 right is missing."), "{}", table.stdout);
}

#[test]
fn a_right_in_a_namespace_is_told_and_makes_up_for_nothing() {
    let said = preflight(Identity::User(SHOP_ALONE), &["-n", "shop", "-n", "default"]);
    let pods = |namespace: Value| {
        let rights = said["rights"].as_array().expect("rights").iter();
        rights
            .filter(|it| it["resource"] == "pods" && it["namespace"] == namespace)
            .map(|it| it["allowed"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(pods(Value::Null), ["no"]);
    assert_eq!(pods("shop".into()), ["yes"]);
    assert_eq!(pods("default".into()), ["no"]);
    assert_eq!(said["complete"], false);
}

#[test]
fn nobody_is_told_so_and_nothing_is_read_or_written() {
    let before = control_plane().audit().expect("a log").len();
    let said = preflight(Identity::User(NOBODY), &[]);
    assert!(missing(&said).len() > 15, "{said:#}");
    let reviews =
        |it: &str| it.contains("/selfsubjectaccessreviews") || it.contains("/selfsubjectreviews");
    let mut asked = 0;
    for event in &control_plane().audit().expect("a log")[before..] {
        if event.user != NOBODY {
            continue;
        }
        match event.verb.as_str() {
            "create" => {
                assert!(reviews(&event.uri), "{event:?}");
                asked += 1;
            }
            "get" => {
                let about = ["/version", "/api"].iter().any(|it| event.uri.starts_with(it));
                assert!(about && !event.uri.contains("/namespaces/"), "{event:?}");
            }
            _ => panic!("{event:?}"),
        }
    }
    assert!(asked > missing(&said).len(), "{asked}");
}

#[test]
fn a_cluster_that_cannot_be_reached_is_no_missing_right() {
    let broken = assay_tests::Broken::UnknownToken;
    let kubeconfig = control_plane().broken_kubeconfig(broken).expect("a kubeconfig");
    let refused = Run::of(assay(&kubeconfig).arg("preflight"));
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(3), ""), "{}", refused.stderr);
}
