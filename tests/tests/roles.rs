//! Every right, one by one: with exactly the roles that the program prints nothing is missing, and with
//! any one line of them taken out exactly that is missing.
//!
//! The cluster holds both clusters of the shared test data.

use std::{collections::BTreeSet, fmt, fs, path::Path, sync::OnceLock, thread, time::Duration};

use assay_tests::{ControlPlane, Identity, Options, Report, Run, User, assay, objects, shared};
use serde_json::{Value, json};

const GROUP: &str = "rbac.authorization.k8s.io";

/// Who holds every line of the printed roles.
const HOLDER: &str = "holder";

/// One right: a verb on one resource, or on one named object, or on a URL.
#[derive(Clone, Debug, PartialEq)]
struct Line {
    /// The printed role's; `None` for a `ClusterRole`.
    namespace: Option<String>,
    rule: Value,
}

impl Line {
    /// What reports call it that is read by this right.
    fn resource(&self) -> String {
        let first = |key: &str| self.rule[key][0].as_str().unwrap_or_default();
        match first("resources") {
            "configmaps" => format!("config map {}", first("resourceNames")),
            plural => plural.to_owned(),
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = |key: &str| self.rule[key][0].as_str().unwrap_or_default();
        let what = [first("resources"), first("nonResourceURLs")].concat();
        write!(f, "{} {what}", first("verbs"))?;
        let parts = [first("resourceNames"), self.namespace.as_deref().unwrap_or_default()];
        parts.iter().filter(|it| !it.is_empty()).try_for_each(|it| write!(f, " {it}"))
    }
}

/// The lines of the roles that the program prints.
fn lines() -> Vec<Line> {
    let printed = Run::of(assay(Path::new("/nonexistent")).arg("rbac"));
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("roles.yaml");
    fs::write(&file, printed.stdout).expect("written");
    let mut lines = Vec::new();
    for role in objects::read(&file).expect("roles") {
        let namespace = role["metadata"]["namespace"].as_str().map(str::to_owned);
        for rule in role["rules"].as_array().into_iter().flatten() {
            // One of each list: the rule is what they span.
            let mut spanned = vec![json!({})];
            for (key, values) in rule.as_object().into_iter().flatten() {
                let values: Vec<_> = values.as_array().into_iter().flatten().collect();
                spanned = spanned
                    .iter()
                    .flat_map(|it| {
                        values.iter().map(move |value| {
                            let mut it = it.clone();
                            it[key] = json!([value]);
                            it
                        })
                    })
                    .collect();
            }
            let line = |rule| Line { namespace: namespace.clone(), rule };
            lines.extend(spanned.into_iter().map(line));
        }
    }
    lines
}

/// The objects that give `user` these lines.
fn grant<'a>(user: &str, lines: impl Iterator<Item = &'a Line>) -> Vec<Value> {
    let lines: Vec<&Line> = lines.collect();
    let namespaces: BTreeSet<&Option<String>> = lines.iter().map(|it| &it.namespace).collect();
    let mut made = Vec::new();
    for namespace in namespaces {
        let (role, binding) = match namespace {
            Some(_) => ("Role", "RoleBinding"),
            None => ("ClusterRole", "ClusterRoleBinding"),
        };
        let version = format!("{GROUP}/v1");
        let metadata = json!({ "name": user, "namespace": namespace });
        let of_it = lines.iter().filter(|it| it.namespace == *namespace);
        let rules: Vec<_> = of_it.map(|it| it.rule.clone()).collect();
        made.push(
            json!({ "apiVersion": version, "kind": role, "metadata": metadata, "rules": rules }),
        );
        made.push(json!({
            "apiVersion": version, "kind": binding, "metadata": metadata,
            "roleRef": { "apiGroup": GROUP, "kind": role, "name": user },
            "subjects": [{ "apiGroup": GROUP, "kind": "User", "name": user }],
        }));
    }
    made
}

/// Who holds every line but this one.
fn without(index: usize) -> String {
    format!("without-{index}")
}

/// Both clusters, and everybody who is tried on them. `None` without the shared test data.
fn control_plane() -> Option<&'static ControlPlane> {
    static CONTROL_PLANE: OnceLock<Option<ControlPlane>> = OnceLock::new();
    CONTROL_PLANE
        .get_or_init(|| {
            let data = shared()?.join("data/clusters");
            let lines = lines();
            let names = (0..lines.len()).map(without).chain([HOLDER.to_owned()]);
            let users = names.map(|it| User::new(&it, &[])).collect();
            let control_plane = ControlPlane::start(&Options { users, ..Options::default() })
                .expect("a control plane");
            let mut world = objects::read(&data.join("kind-goat")).expect("objects");
            world.extend(objects::read(&data.join("platform/snapshot.yaml")).expect("objects"));
            // What everybody may do, nobody can be refused.
            let everybody = |it: &Value| it["name"] == "system:authenticated";
            world.retain(|it| {
                let own = it["metadata"]["labels"]["kubernetes.io/bootstrapping"].is_string();
                own || !it["subjects"].as_array().into_iter().flatten().any(everybody)
            });
            control_plane.create(world).expect("loaded");
            let mut made = grant(HOLDER, lines.iter());
            for index in 0..lines.len() {
                let others = lines.iter().enumerate().filter(|(at, _)| *at != index);
                made.extend(grant(&without(index), others.map(|(_, line)| line)));
            }
            let granted = control_plane.create(made).expect("granted");
            assert_eq!(granted.refused, []);
            // A namespace is held to be younger than a list of the same second; rights take a moment.
            thread::sleep(Duration::from_millis(1100));
            Some(control_plane)
        })
        .as_ref()
}

fn scan(control_plane: &ControlPlane, identity: Identity) -> Run {
    let kubeconfig = control_plane.kubeconfig(identity).expect("a kubeconfig");
    Run::of(assay(&kubeconfig).args(["-o", "json"]))
}

/// What is missing although it was asked for.
fn refused(report: &Report) -> Vec<String> {
    // What does not tell was read: the shared clusters have a word in a certificate's place.
    let read = |it: &String| it.ends_with(": not-requested") || it.ends_with(": inconclusive");
    report.gaps().into_iter().filter(|it| !read(it)).collect()
}

#[test]
fn no_line_of_the_printed_roles_is_without_effect() {
    let Some(control_plane) = control_plane() else { return };
    let full = scan(control_plane, Identity::Admin).report();
    assert!(full.is_complete(), "{:?}", full.gaps());

    let run = scan(control_plane, Identity::User(HOLDER));
    let report = run.report();
    assert_eq!(refused(&report), [""; 0]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert_eq!(report.lost_against(&full), BTreeSet::new());
    for (id, verdict) in full.checks() {
        assert_eq!(verdict.findings(), report.checks()[id].findings(), "{id}");
    }

    let served = |plural: &str| {
        let rows = full.0["collection"].as_array().into_iter().flatten();
        rows.filter(|it| it["resource"] == plural).any(|it| it["requests"] != 0)
    };
    let mut effects = Vec::new();
    for (index, line) in lines().iter().enumerate() {
        let resource = line.resource();
        let plural = resource.as_str();
        let run = scan(control_plane, Identity::User(&without(index)));
        let report = run.report();
        let refused = refused(&report);
        if !served(plural) {
            // Proven to be absent: nobody was asked.
            assert_eq!(refused, [""; 0], "{line}");
            effects.push(format!("{line}: not served here"));
            continue;
        }
        assert_eq!(run.code, Some(4), "{line}: {}", run.stderr);
        let own = |it: &String| {
            it.starts_with(&format!("{plural}:")) || it.starts_with(&format!("{plural} of "))
        };
        assert!(!refused.is_empty() && refused.iter().all(own), "{line}: {refused:?}");
        assert!(refused.iter().all(|it| it.ends_with(": forbidden")), "{line}: {refused:?}");

        // What is lost, needs it.
        let lost = report.lost_against(&full);
        for id in &lost {
            let needs = full.checks()[&**id].0["needs"].as_array().expect("a list");
            let needed = needs.iter().filter_map(Value::as_str).any(|it| it == plural);
            assert!(needed, "{line}: {id} does not need it");
        }
        let lost: Vec<_> = lost.into_iter().collect();
        effects.push(format!("{line}: {} lost: {}", lost.len(), lost.join(" ")));
    }
    insta::assert_snapshot!("effects", effects.join("\n"));
}
