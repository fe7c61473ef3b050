//! The main job on real input: two foreign clusters in a real API server, and what becomes of them.
//!
//! What the clusters hold was worked out without this program (`expect.json` beside them). It is held
//! against facts, before scope, exceptions and engines are applied: pods that break Pod Security checks,
//! pods that policies isolate, subjects with powers. The reports are the binary's.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
    thread,
    time::Duration,
};

use assay_benchmark::{
    Facts, Settings, checks, isolation, needed,
    pod_security::{self, Level, violations},
    rbac::{Grant, Holder, allows},
};
use assay_collector::{
    ConnectOptions, Plan, Silent, Stop, collect, connect,
    files::{self, Completeness},
};
use assay_model::{
    Inventory, Known, Listing, PodSpec, Scope, Snapshot, Workload,
    network::Direction,
    rbac::{PolicyRule, Subject},
    workload::Live,
};
use assay_tests::{ControlPlane, Identity, Loaded, Options, Run, assay, objects, redacted, shared};
use serde_json::{Map, Value};

/// A cluster that others had, in an API server of ours.
struct Cluster {
    control_plane: ControlPlane,
    kubeconfig: PathBuf,
    /// Its objects, as files.
    files: PathBuf,
    loaded: Loaded,
    dumped: Vec<Value>,
    expected: Value,
    snapshot: Snapshot,
    inventory: Inventory,
}

impl Cluster {
    fn new(files: &Path) -> Self {
        let control_plane = ControlPlane::start(&Options::default()).expect("a control plane");
        let loaded = control_plane.load(files).expect("loaded");
        // A namespace is held to be younger than a list of the same second.
        thread::sleep(Duration::from_millis(1100));
        let kubeconfig = control_plane.kubeconfig(Identity::Admin).expect("a kubeconfig");
        let folder = if files.is_dir() { files } else { files.parent().expect("a folder") };
        let expected = fs::read_to_string(folder.join("expect.json")).expect("the answers");
        let snapshot = scan(&kubeconfig);
        Self {
            control_plane,
            kubeconfig,
            files: files.to_owned(),
            loaded,
            dumped: objects::read(files).expect("objects"),
            expected: serde_json::from_str(&expected).expect("JSON"),
            inventory: Inventory::from(snapshot.clone()),
            snapshot,
        }
    }

    fn run(&self, arguments: &[&str]) -> Run {
        Run::of(assay(&self.kubeconfig).args(arguments))
    }

    /// Pods of the dump that had come to their end: they are not judged.
    fn finished(&self) -> BTreeSet<String> {
        let ended = |it: &&Value| {
            let phase = it.pointer("/status/phase").and_then(Value::as_str);
            it["kind"] == "Pod" && matches!(phase, Some("Succeeded" | "Failed"))
        };
        self.dumped.iter().filter(ended).map(name).collect()
    }
}

/// The library's own scan, of all that any check needs.
fn scan(kubeconfig: &Path) -> Snapshot {
    let all: Vec<_> = checks::all().collect();
    let options =
        ConnectOptions { kubeconfig: Some(kubeconfig.to_owned()), ..ConnectOptions::default() };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let connection = connect(&options).await.expect("a connection");
        let plan = Plan::new(needed(&all));
        collect(&connection, &plan, &Silent, Stop::never()).await.expect("a snapshot")
    })
}

fn kind_goat() -> Option<&'static Cluster> {
    static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
    let folder = || shared().map(|it| it.join("data/clusters/kind-goat"));
    CLUSTER.get_or_init(|| folder().map(|it| Cluster::new(&it))).as_ref()
}

fn platform() -> Option<&'static Cluster> {
    static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
    let file = || shared().map(|it| it.join("data/clusters/platform/snapshot.yaml"));
    CLUSTER.get_or_init(|| file().map(|it| Cluster::new(&it))).as_ref()
}

/// `namespace/name`; of what is in no namespace, `name`.
fn name(object: &Value) -> String {
    let part = |key| object["metadata"][key].as_str().unwrap_or_default();
    [part("namespace"), part("name")].join("/").trim_start_matches('/').to_owned()
}

fn keys(object: &Value) -> impl Iterator<Item = &str> {
    object.as_object().into_iter().flat_map(Map::keys).map(String::as_str)
}

/// What one side has and the other has not, a line each: `- ` expected only, `+ ` seen only.
fn differences(expected: &BTreeSet<String>, seen: &BTreeSet<String>) -> Vec<String> {
    let missing = expected.difference(seen).map(|it| format!("- {it}"));
    missing.chain(seen.difference(expected).map(|it| format!("+ {it}"))).collect()
}

/// Each difference begins as one of the reasons does, and each reason has a difference.
fn assert_explained(differences: &[String], reasons: &[(&str, &str)]) {
    let unexplained: Vec<&String> = differences
        .iter()
        .filter(|it| !reasons.iter().any(|(start, _)| it.starts_with(start)))
        .collect();
    let idle: Vec<&str> = reasons
        .iter()
        .filter(|(start, _)| !differences.iter().any(|it| it.starts_with(start)))
        .map(|(start, _)| *start)
        .collect();
    assert!(unexplained.is_empty() && idle.is_empty(), "{unexplained:#?} and no more: {idle:#?}");
}

#[test]
fn what_the_server_accepts() {
    let (Some(goat), Some(platform)) = (kind_goat(), platform()) else { return };
    insta::assert_snapshot!("kind-goat-loaded", goat.loaded);
    insta::assert_snapshot!("platform-loaded", platform.loaded);
}

/// The controls that a pod spec breaks, and the paths at which, from the pod on.
fn broken(spec: &PodSpec) -> BTreeSet<String> {
    // Each level has its own of two controls, where restricted replaces one of baseline's.
    let levels = [Level::Baseline, Level::Restricted].into_iter();
    let violations = levels.flat_map(|level| violations(spec, pod_security::LATEST, level));
    violations.map(|it| format!("{} spec.{}", it.control.id, it.seen.at.path)).collect()
}

fn each_live(inventory: &Inventory, mut visit: impl FnMut(&Workload, &Live)) {
    let read = inventory.workloads.each(Scope::Cluster, |workload| {
        workload.live.iter().for_each(|live| visit(workload, live));
        Ok(())
    });
    assert_eq!(read, Ok(()));
}

/// Pods that are known by name: every one of a group of at most three.
fn named<'a>(workload: &'a Workload, live: &'a Live) -> impl Iterator<Item = String> + 'a {
    assert_eq!(live.samples.len(), usize::try_from(live.pods).expect("a number"), "{live:?}");
    live.samples.iter().map(|it| format!("{}/{it}", workload.namespace))
}

fn assert_pod_security(cluster: &Cluster, reasons: &[(&str, &str)]) {
    let mut seen = BTreeSet::new();
    let mut pods = BTreeSet::new();
    each_live(&cluster.inventory, |workload, live| {
        for pod in named(workload, live) {
            seen.extend(broken(&live.spec).iter().map(|it| format!("{pod} {it}")));
            pods.insert(pod);
        }
    });

    let mut expected = BTreeSet::new();
    let mut named: BTreeSet<String> = keys(&cluster.expected["pods"])
        .map(|it| it.trim_start_matches("Pod/").to_owned())
        .collect();
    let finished = cluster.finished();
    named.retain(|it| !finished.contains(it));
    assert_eq!(differences(&named, &pods), [""; 0], "every pod is looked at");
    for pod in &named {
        for level in cluster.expected["pods"][format!("Pod/{pod}")].as_object().expect("levels") {
            for (check, paths) in level.1.as_object().expect("checks") {
                for path in paths.as_array().into_iter().flatten() {
                    let path = path.as_str().expect("a path");
                    // Ours is one finding a container, which names the capabilities.
                    let path = path.find(".add[").map_or(path, |it| &path[..it + ".add".len()]);
                    expected.insert(format!("{pod} {check} {path}"));
                }
            }
        }
    }
    assert!(expected.len() > 100, "{}", expected.len());
    assert_explained(&differences(&expected, &seen), reasons);
}

#[test]
fn pods_break_the_pod_security_checks_they_should() {
    let (Some(goat), Some(platform)) = (kind_goat(), platform()) else { return };
    assert_pod_security(goat, &[]);
    let inherited = "the pod's own `false` is the finding, and what inherits it is not told apart";
    assert_pod_security(
        platform,
        &[
            ("- kube-system/ebs-csi-node-g7txg runAsNonRoot spec.containers[", inherited),
            ("- kube-system/ebs-csi-node-mt4nn runAsNonRoot spec.containers[", inherited),
            ("- kube-system/ebs-csi-node-zcflw runAsNonRoot spec.containers[", inherited),
        ],
    );
    let ended: Vec<String> = goat.finished().into_iter().chain(platform.finished()).collect();
    assert_eq!(ended, [""; 0], "none of the pods had come to its end");
}

/// The only pods of a workload that run this spec, as a workload of their own.
fn alone(workload: &Workload, live: &Live) -> Workload {
    Workload { template: Ok(None), live: vec![live.clone()], ..workload.clone() }
}

fn assert_isolation(cluster: &Cluster) {
    let directions = [("ingress", Direction::Ingress), ("egress", Direction::Egress)];
    let mut seen = BTreeSet::new();
    let mut on_host = BTreeSet::new();
    each_live(&cluster.inventory, |workload, live| {
        let alone = alone(workload, live);
        for (word, direction) in directions {
            let (found, read) = isolation::of(&alone, direction, &cluster.inventory);
            assert_eq!(read, Ok(()));
            for pod in named(workload, live) {
                if found.host_network == live.pods {
                    on_host.insert(pod);
                } else {
                    let all = found.isolated == live.pods;
                    assert!(all || found.open == live.pods, "{pod} is told apart: {found:?}");
                    seen.insert(format!("{pod} {word} {all}"));
                }
            }
        }
    });

    let mut expected = BTreeSet::new();
    for pod in keys(&cluster.expected["network"]) {
        for (word, _) in directions {
            let isolated = &cluster.expected["network"][pod][format!("{word}_isolated")];
            expected.insert(format!("{pod} {word} {isolated}"));
        }
    }
    assert!(expected.len() >= 40, "{}", expected.len());
    assert_eq!(differences(&expected, &seen), [""; 0]);
    let on_pod_network: BTreeSet<&str> = keys(&cluster.expected["network"]).collect();
    let others: BTreeSet<String> = keys(&cluster.expected["pods"])
        .map(|it| it.trim_start_matches("Pod/"))
        .filter(|it| !on_pod_network.contains(it))
        .map(str::to_owned)
        .collect();
    assert_eq!(others, on_host, "policies do not reach the others");
}

#[test]
fn pods_are_isolated_as_they_should() {
    let (Some(goat), Some(platform)) = (kind_goat(), platform()) else { return };
    assert_isolation(goat);
    assert_isolation(platform);
}

/// Verbs on a resource, where one of each is enough.
type Rights = (&'static [&'static str], &'static str, &'static [&'static str]);

/// What each power of the answers means, read off them: any of the rights.
const POWERS: &[(&str, &[Rights])] = &[
    (
        "bind-escalate",
        &[(&["bind", "escalate"], "rbac.authorization.k8s.io", &["clusterroles", "roles"])],
    ),
    (
        "csr-approve",
        &[(&["update", "patch"], "certificates.k8s.io", &["certificatesigningrequests/approval"])],
    ),
    ("impersonate", &[(&["impersonate"], "", &["users", "groups", "serviceaccounts"])]),
    ("nodes-proxy", &[(&["get", "create"], "", &["nodes/proxy"])]),
    ("pods-create", &[(&["create"], "", &["pods"])]),
    ("pods-exec", &[(&["get", "create"], "", &["pods/exec"])]),
    ("pv-create", &[(&["create"], "", &["persistentvolumes"])]),
    ("secrets-read", &[(&["get", "list", "watch"], "", &["secrets"])]),
    ("token-create", &[(&["create"], "", &["serviceaccounts/token"])]),
    (
        "webhooks-write",
        &[(
            &["create", "update", "patch"],
            "admissionregistration.k8s.io",
            &["mutatingwebhookconfigurations", "validatingwebhookconfigurations"],
        )],
    ),
    (
        "workloads-create",
        &[
            (
                &["create", "update", "patch"],
                "apps",
                &["daemonsets", "deployments", "replicasets", "statefulsets"],
            ),
            (&["create", "update", "patch"], "batch", &["cronjobs", "jobs"]),
            (&["create", "update", "patch"], "", &["replicationcontrollers"]),
        ],
    ),
];

/// Whether rules allow any of what a power means.
fn gives(power: &str, rules: &[PolicyRule]) -> bool {
    let may = |verb: &str, group: &str, resource: &str| {
        rules.iter().any(|rule| allows(rule, verb, group, resource).is_some())
    };
    if power == "everything" {
        return may("*", "*", "*");
    }
    let (_, rights) = POWERS.iter().find(|(it, _)| *it == power).expect("a power we know");
    rights.iter().any(|(verbs, group, resources)| {
        resources.iter().any(|resource| verbs.iter().any(|verb| may(verb, group, resource)))
    })
}

fn shown(subject: &Subject) -> String {
    format!("{}/{}/{}", subject.kind, subject.namespace, subject.name)
}

/// `power, where: subject` for each grant by itself, of all bindings that `counts` says.
fn holders(cluster: &Cluster, counts: impl Fn(&Grant) -> bool) -> BTreeSet<String> {
    let settings = Settings::default();
    let facts = Facts::of(&cluster.inventory, &settings);
    let mut found = BTreeSet::new();
    let mut visit = |holders: &Listing<Holder>| -> Known<()> {
        holders.each(Scope::Cluster, |holder| {
            for grant in holder.own.iter().filter(|it| counts(it)) {
                let rules = grant.rules.clone()?;
                for power in keys(&cluster.expected["rbac"]["powers"]) {
                    if gives(power, &rules) {
                        let at = if grant.namespace.is_empty() { "*" } else { &grant.namespace };
                        found.insert(format!("{power}, {at}: {}", shown(&holder.subject)));
                    }
                }
            }
            Ok(())
        })
    };
    assert_eq!(visit(facts.cluster_holders()), Ok(()));
    assert_eq!(visit(facts.namespaced_holders()), Ok(()));
    found
}

/// Who holds which power by the bindings of the dump; and by the server's own, which the dump need not have.
fn powers(cluster: &Cluster) -> (Vec<String>, BTreeSet<String>) {
    let kinds = ["ClusterRoleBinding", "RoleBinding"];
    let bindings = cluster.dumped.iter().filter(|it| kinds.iter().any(|kind| it["kind"] == *kind));
    let dumped: BTreeSet<String> = bindings.map(name).collect();
    let binding =
        |it: &Grant| format!("{}/{}", it.namespace, it.binding).trim_start_matches('/').to_owned();

    let powers = cluster.expected["rbac"]["powers"].as_object().expect("powers");
    let expected: BTreeSet<String> = powers
        .iter()
        .flat_map(|(power, places)| {
            places.as_object().into_iter().flatten().flat_map(move |(place, subjects)| {
                let subjects = subjects.as_array().into_iter().flatten();
                subjects
                    .map(move |it| format!("{power}, {place}: {}", it.as_str().expect("a name")))
            })
        })
        .collect();
    let seen = holders(cluster, |it| dumped.contains(&binding(it)));
    let own = holders(cluster, |it| {
        let foreign = !dumped.contains(&binding(it));
        // What nobody loaded, the server has made: its names begin so.
        assert!(!foreign || it.binding.starts_with("system:") || &*it.binding == "cluster-admin");
        foreign
    });
    (differences(&expected, &seen), own)
}

#[test]
fn powers_are_held_by_whom_they_should() {
    let (Some(goat), Some(platform)) = (kind_goat(), platform()) else { return };
    let (differences, own) = powers(goat);
    assert_explained(&differences, &[]);
    insta::assert_snapshot!("powers-of-the-server", own.into_iter().collect::<Vec<_>>().join("\n"));
    let (differences, own) = powers(platform);
    let made = "kops binds a role that the dump lacks, and that every API server makes: \
                system:kubelet-api-admin";
    assert_explained(&differences, &[("+ nodes-proxy, *: User//kubelet-api", made)]);
    // Every one of them is among those of the other cluster's dump.
    assert!(
        own.iter().all(|it| it.contains("system:") || it.contains("/kube-system/")),
        "{own:#?}"
    );
}

/// The verdicts of a report, for reading: object and path of each finding, words only where there is no
/// path. Those on lifecycles change with the day and are left out.
fn verdicts(run: &Run) -> String {
    let report = run.report();
    let mut lines = vec![format!("exit {}", run.code.expect("an exit code"))];
    for (id, verdict) in report.checks() {
        if id.starts_with("end-of-life-") {
            continue;
        }
        lines.push(format!("\n{id}: {} {}", verdict.outcome(), verdict.0["subjects"]));
        lines.extend(verdict.reasons().iter().map(|it| format!("  because {it}")));
        for line in verdict.findings() {
            let parts: Vec<&str> = line.splitn(3, "  ").collect();
            lines.push(format!("  {}", parts[..parts.len().min(2)].join("  ")));
        }
    }
    redacted(&lines.join("\n"), &[])
}

#[test]
fn the_verdicts_on_kind_goat() {
    let Some(goat) = kind_goat() else { return };
    let run = goat.run(&["-o", "json"]);
    insta::assert_snapshot!("kind-goat", verdicts(&run));
    for (id, verdict) in run.report().checks() {
        // A kind of 2021 on machines of 2021, and a server of today.
        match id {
            "end-of-life-os" | "end-of-life-runtime" => assert_eq!(verdict.outcome(), "fail"),
            "end-of-life-kubernetes" => assert_ne!(verdict.outcome(), "not-applicable"),
            _ => {}
        }
    }
}

#[test]
fn the_verdicts_on_platform() {
    let Some(platform) = platform() else { return };
    insta::assert_snapshot!("platform", verdicts(&platform.run(&["-o", "json"])));
}

/// A report as written, without the scan's own circumstances, and without what reading has cost. The numbers
/// of objects stay.
fn unbilled(report: &str) -> String {
    let mut kept = String::new();
    let mut in_scan = false;
    for line in report.lines() {
        let cost = ["requests", "bytes", "retries", "seconds"];
        let billed = cost.iter().any(|it| line.trim_start().starts_with(&format!("\"{it}\": ")));
        in_scan |= line == "  \"scan\": {";
        if !in_scan && !billed {
            kept += line;
            kept.push('\n');
        }
        in_scan &= line != "  },";
    }
    kept
}

#[test]
fn a_snapshot_gives_the_report_that_the_cluster_gave() {
    for cluster in [kind_goat(), platform()].into_iter().flatten() {
        let live = cluster.run(&["-o", "json"]);
        let file = cluster.control_plane.folder().join("snapshot.zst");
        let file = file.to_str().expect("a path");
        let collected = cluster.run(&["collect", "-o", file]);
        assert_eq!((collected.code, collected.stdout.as_str()), (Some(0), ""), "{collected:?}");
        // Where there is no cluster to ask.
        let nowhere = Path::new("/nonexistent");
        let judged = Run::of(assay(nowhere).args(["--from", file, "-o", "json"]));
        assert_eq!(judged.report().0["scan"]["source"], "snapshot");
        assert_eq!(judged.code, live.code, "{}", judged.stderr);
        let (judged, live) = (unbilled(&judged.stdout), unbilled(&live.stdout));
        assert!(live.contains("\"objects\": ") && live.contains("\"findings\": "));
        assert!(judged == live, "{}", line_differences(&live, &judged));
    }
}

fn line_differences(live: &str, judged: &str) -> String {
    let pairs = live.lines().zip(judged.lines()).filter(|(a, b)| a != b).take(10);
    pairs.map(|(a, b)| format!("live: {a}\nfile: {b}")).collect::<Vec<_>>().join("\n")
}

/// What the server makes of an object that is not in its file, by the end of its path.
const SERVER_MADE: &[(&str, &str)] = &[
    (".metadata.uid", "assigned"),
    (".owner.uid", "assigned to the owner"),
    (".metadata.creationTimestamp", "assigned"),
    ("jobs.metadata.labels", "made of the assigned uid, and the name"),
    (".template.metadata.labels", "made of the assigned uid, and the name"),
    (".template.metadata.labels.controller-uid", "as above"),
    (".template.metadata.labels.job-name", "as above"),
    (".template.metadata.labels.batch.kubernetes.io/controller-uid", "as above"),
    (".template.metadata.labels.batch.kubernetes.io/job-name", "as above"),
    ("jobs.spec.selector", "made of the assigned uid"),
    ("deployments.spec.replicas", "one, where the file says nothing"),
    ("services.spec.type", "ClusterIP, where the file says nothing"),
    (".webhooks[].rules[].scope", "any, where the file says nothing"),
    (
        ".serviceAccount",
        "a copy of serviceAccountName, which the server keeps under the former name",
    ),
    (".serviceAccountName", "a copy of the former name, where the file has that alone"),
    (".namespaceSelector", "all, where the file says nothing"),
    (".objectSelector", "all, where the file says nothing"),
    (".spec.securityContext", "an empty one says what none says"),
    ("ontainers[].resources", "an empty one says what none says"),
    (".resources.requests", "as the limits, where the file has no requests"),
];

/// The objects of a snapshot, by kind, namespace and name; pods by each of their names.
fn kept(snapshot: &Snapshot) -> BTreeMap<String, Value> {
    let Ok(Value::Object(fields)) = serde_json::to_value(snapshot) else { panic!("an object") };
    let mut kept = BTreeMap::new();
    // No API server serves kubelet configuration: it comes from files, or from nodes, which are not here.
    // Of Secrets it gives a table, without labels.
    let served = |kind: &str| !matches!(kind, "kubeletConfigs" | "secrets");
    for (kind, listing) in fields.into_iter().filter(|(kind, _)| served(kind)) {
        for item in listing["items"].as_array().into_iter().flatten() {
            let names = match item["samples"].as_array() {
                Some(samples) => samples
                    .iter()
                    .map(|it| format!("{}/{}", item["namespace"], it).replace('"', ""))
                    .collect(),
                None => vec![name(item)],
            };
            for name in names {
                kept.insert(format!("{kind} {name}"), item.clone());
            }
        }
    }
    kept
}

/// Where two values differ, as paths without indexes; what they are told apart by is left out.
fn compare(path: &str, file: &Value, live: &Value, differences: &mut BTreeMap<String, String>) {
    match (file, live) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys()).collect::<BTreeSet<_>>() {
                let none = &Value::Null;
                let (a, b) = (a.get(key).unwrap_or(none), b.get(key).unwrap_or(none));
                compare(&format!("{path}.{key}"), a, b, differences);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (a, b) in a.iter().zip(b) {
                compare(&format!("{path}[]"), a, b, differences);
            }
        }
        (a, b) if a == b => {}
        (a, b) => {
            differences.entry(path.to_owned()).or_insert_with(|| format!("{a} -> {b}"));
        }
    }
}

#[test]
fn files_give_the_facts_that_the_cluster_gave() {
    let mut differences = BTreeMap::new();
    for cluster in [kind_goat(), platform()].into_iter().flatten() {
        let read = files::read(&cluster.files, &Completeness::Everything, jiff::Timestamp::now());
        let files = kept(&read.expect("files").snapshot);
        let live = kept(&cluster.snapshot);
        let refused: BTreeSet<String> =
            cluster.loaded.refused.iter().map(|(it, _)| it.to_string()).collect();
        assert!(files.len() > 200, "{}", files.len());
        for (object, file) in &files {
            match live.get(object) {
                Some(live) => {
                    let kind = object.split(' ').next().expect("a kind");
                    compare(kind, file, live, &mut differences);
                }
                None => assert!(
                    refused.iter().any(|it| it.split(' ').nth(1) == object.split(' ').nth(1)),
                    "{object} is not there"
                ),
            }
        }
    }
    let unexplained: Vec<_> = differences
        .iter()
        .filter(|(path, _)| !SERVER_MADE.iter().any(|(end, _)| path.ends_with(end)))
        .collect();
    assert!(unexplained.is_empty(), "{unexplained:#?}");
    for (end, reason) in SERVER_MADE {
        assert!(differences.keys().any(|it| it.ends_with(end)), "no {end} is {reason}");
    }
}

#[test]
fn files_give_the_verdicts_that_the_cluster_gave() {
    let (Some(goat), Some(platform)) = (kind_goat(), platform()) else { return };
    let mut differences = Vec::new();
    for (name, cluster) in [("kind-goat", goat), ("platform", platform)] {
        let files = cluster.files.to_str().expect("a path");
        let judged = cluster.run(&["--from", files, "--complete", "-o", "json"]).report();
        let live = cluster.run(&["-o", "json"]).report();
        let (files, live) = (judged.checks(), live.checks());
        assert_eq!(files.len(), live.len());
        for (id, live) in live {
            let (live, file) = (live.outcome(), files[id].outcome());
            if live != file {
                differences.push(format!("{name} {id}: {live} -> {file}"));
            }
        }
    }
    // The dumps have the kubelets' configuration, and lack the version, a certificate and a probe.
    insta::assert_snapshot!("files-lack", differences.join("\n"));
}
