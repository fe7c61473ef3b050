//! A whole kubeadm node: what the control plane's rows say is what its static pods' manifests say, and one
//! flag made unsafe there turns the one verdict that is about it. And what is shipped to run in a cluster
//! runs in this one.
//!
//! It needs root and a container runtime. Elsewhere these tests say so and are skipped; where `CI` is
//! `true`, they fail.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    thread,
    time::{Duration, Instant},
};

use assay_benchmark::{Rule, checks};
use assay_tests::{Node, Report, Run, assay, objects};
use serde_json::{Value, json};

/// The node, for one test at a time: each may change it, and puts back what it changed.
fn node() -> Option<MutexGuard<'static, Node>> {
    static NODE: OnceLock<Option<Mutex<Node>>> = OnceLock::new();
    let node = NODE.get_or_init(|| Node::start_where_possible().map(Mutex::new)).as_ref()?;
    Some(node.lock().unwrap_or_else(PoisonError::into_inner))
}

fn scan(node: &Node) -> Report {
    let run = Run::of(assay(&node.kubeconfig()).args(["-o", "json"]));
    let report = run.report();
    assert!(report.is_complete(), "{}", run.stderr);
    report
}

/// Checks that judge a flag of a component.
fn flag_checks() -> impl Iterator<Item = &'static str> {
    checks::all().filter(|it| matches!(it.rule, Rule::Flag(_))).map(|it| it.id)
}

/// What kubeadm 1.37 sets, and hence what a scan must say of it.
const KUBEADM: &[(&str, &str)] = &[
    ("no-audit-backend", "fail"),
    ("no-kubelet-client-certificate", "pass"),
    ("no-node-restriction", "pass"),
    ("static-token-file", "pass"),
];

/// One flag of kube-apiserver: the check, what the flag is made, and what the check then says.
struct Change {
    check: &'static str,
    flag: &'static str,
    /// `None` takes the flag away.
    value: Option<&'static str>,
    outcome: &'static str,
}

const CHANGES: &[Change] = &[
    Change {
        check: "no-node-restriction",
        flag: "--enable-admission-plugins",
        value: Some("NamespaceLifecycle"),
        outcome: "fail",
    },
    Change {
        check: "static-token-file",
        flag: "--token-auth-file",
        value: Some("/etc/kubernetes/pki/tokens.csv"),
        outcome: "fail",
    },
    Change {
        check: "no-kubelet-client-certificate",
        flag: "--kubelet-client-certificate",
        value: None,
        outcome: "fail",
    },
    Change {
        check: "no-audit-backend",
        flag: "--audit-log-path",
        value: Some("/var/log/kube-apiserver-audit.log"),
        outcome: "pass",
    },
];

impl Change {
    /// A command line with this change made.
    fn made_to(&self, command: &[String]) -> Vec<String> {
        let is_it = |it: &&String| it.split_once('=').is_some_and(|(name, _)| name == self.flag);
        let mut changed: Vec<String> = command.iter().filter(|it| !is_it(it)).cloned().collect();
        changed.extend(self.value.map(|value| format!("{}={value}", self.flag)));
        assert_ne!(changed, command, "{} changes something", self.check);
        changed
    }
}

/// The outcome of each check that judges a flag.
fn outcomes(report: &Report) -> BTreeMap<&'static str, String> {
    let checks = report.checks();
    flag_checks().map(|id| (id, checks[id].outcome().to_owned())).collect()
}

#[test]
#[ignore = "minutes long: run it with `cargo test -p assay-tests --test node -- --ignored`"]
fn mirror_pods_declare_the_flags_of_the_manifests() {
    let Some(node) = node() else { return };
    let report = scan(&node);
    let checks = report.checks();
    for id in flag_checks() {
        let verdict = checks[id];
        assert_ne!(verdict.outcome(), "unknown", "{id}: {:?}", verdict.reasons());
        assert_eq!(verdict.0["basis"], "declared", "{id}");
    }
    let outcomes = outcomes(&report);
    for (id, outcome) in KUBEADM {
        assert_eq!(outcomes[id], *outcome, "{id}");
    }
}

#[test]
#[ignore = "minutes long: run it with `cargo test -p assay-tests --test node -- --ignored`"]
fn one_flag_turns_one_verdict_and_back() {
    let Some(node) = node() else { return };
    let before = outcomes(&scan(&node));
    let kubeadm = node.command_line("kube-apiserver").expect("a manifest");
    fs::write(node.path("/etc/kubernetes/pki/tokens.csv"), "t,u,u\n").expect("written");

    // From one change straight to the next: each step shows one verdict turned and the last one back.
    for change in CHANGES {
        node.set_command_line("kube-apiserver", &change.made_to(&kubeadm)).expect("it runs");
        let mut expected = before.clone();
        expected.insert(change.check, change.outcome.to_owned());
        assert_ne!(expected, before, "{} is turned", change.check);
        assert_eq!(outcomes(&scan(&node)), expected, "{}", change.check);
    }
    node.set_command_line("kube-apiserver", &kubeadm).expect("it runs");
    assert_eq!(outcomes(&scan(&node)), before);
}

#[test]
#[ignore = "minutes long: run it with `cargo test -p assay-tests --test node -- --ignored`"]
fn the_node_is_seen_as_it_is() {
    let Some(node) = node() else { return };
    let report = scan(&node);
    let cluster = &report.0["scan"]["cluster"];
    let version = Run::of(node.run("kubelet").arg("--version")).stdout;
    assert_eq!(
        format!("Kubernetes {}\n", cluster["version"].as_str().expect("a version")),
        version
    );
    let checks = report.checks();
    // The kubelet is of the API server's release; and the container runtime that Debian 12 has is not
    // supported any more.
    assert_eq!(checks["kubelet-version-skew"].outcome(), "pass");
    let runtime = checks["end-of-life-runtime"];
    let containerd = Run::of(node.run("containerd").arg("--version")).stdout;
    if containerd.contains(" 1.6.") {
        assert_ne!(runtime.outcome(), "pass", "{containerd}");
    }
}

/// The namespace, and the name of all that is in it.
const KUBE_ASSAY: &str = "kube-assay";

const DEPLOY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy");

/// The objects that `kubectl apply -k` would make, in its order.
fn shipped() -> Vec<Value> {
    let folder = Path::new(DEPLOY).join("kustomize");
    let kustomization = fs::read_to_string(folder.join("kustomization.yaml")).expect("a file");
    let kustomization: Value = serde_saphyr::from_str(&kustomization).expect("YAML");
    let files = kustomization["resources"].as_array().expect("resources").iter();
    files
        .flat_map(|it| objects::read(&folder.join(it.as_str().expect("a name"))).expect("objects"))
        .collect()
}

/// The collection that an object belongs to.
fn collection(object: &Value) -> String {
    let text = |pointer| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let kind = text("/kind").to_lowercase();
    let plural = kind.strip_suffix('y').map_or_else(|| format!("{kind}s"), |it| format!("{it}ies"));
    let root = if text("/apiVersion").contains('/') { "apis" } else { "api" };
    let place = match text("/metadata/namespace") {
        "" => String::new(),
        namespace => format!("/namespaces/{namespace}"),
    };
    format!("/{root}/{}{place}/{plural}", text("/apiVersion"))
}

/// An archive of the image that the shipped `CronJob` names.
fn image(reference: &str) -> PathBuf {
    let archive = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kube-assay.tar");
    let built = Command::new(Path::new(DEPLOY).join("build-image"))
        .args([reference, "dev"])
        .stdout(File::create(&archive).expect("a file"))
        .status();
    assert!(built.expect("a script").success());
    archive
}

/// Runs a job to its end: its last condition, and its one pod with what it wrote.
fn ran(node: &Node, name: &str, spec: &Value) -> (Value, Value, String) {
    let job = json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": { "name": name, "namespace": KUBE_ASSAY },
        "spec": spec,
    });
    let get = |path: &str| node.api().get(path).expect("an answer").success().expect("a success");
    let jobs = collection(&job);
    node.api().post(&jobs, &job).expect("an answer").success().expect("a job");
    let begin = Instant::now();
    let condition = loop {
        let job = get(&format!("{jobs}/{name}"));
        let ended = |it: &&Value| {
            it["status"] == "True" && (it["type"] == "Complete" || it["type"] == "Failed")
        };
        let conditions = job.pointer("/status/conditions").and_then(Value::as_array);
        if let Some(condition) = conditions.into_iter().flatten().find(ended) {
            break condition.clone();
        }
        assert!(begin.elapsed() < Duration::from_mins(5), "{job:#}");
        thread::sleep(Duration::from_millis(200));
    };
    let pods = format!("/api/v1/namespaces/{KUBE_ASSAY}/pods");
    let mut list = get(&format!("{pods}?labelSelector=batch.kubernetes.io/job-name%3D{name}"));
    let [pod] = list["items"].as_array_mut().expect("a list").as_mut_slice() else {
        panic!("one pod, not tried again: {list:#}");
    };
    let pod = pod.take();
    let log = format!("{pods}/{}/log", pod["metadata"]["name"].as_str().expect("a name"));
    let log = node.api().get(&log).expect("an answer");
    assert_eq!(log.status, 200);
    (condition, pod, String::from_utf8(log.body.to_vec()).expect("UTF-8"))
}

#[test]
#[ignore = "minutes long: run it with `cargo test -p assay-tests --test node -- --ignored`"]
fn the_shipped_job_runs_with_its_role_and_reports() {
    let Some(node) = node() else { return };
    let shipped = shipped();
    for object in &shipped {
        let made = node.api().post(&collection(object), object).expect("an answer");
        made.success().unwrap_or_else(|error| panic!("{error}: {object:#}"));
    }
    let cron_job = shipped.iter().find(|it| it["kind"] == "CronJob").expect("a cron job");
    let mut spec = cron_job["spec"]["jobTemplate"]["spec"].clone();
    let container = "/template/spec/containers/0";
    let reference = spec.pointer(container).expect("a container")["image"].clone();
    node.import(&image(reference.as_str().expect("a reference"))).expect("imported");

    // Debian's runtime is out of support, so there is a finding: the job has failed, and is not tried again.
    let (condition, pod, log) = ran(&node, "finds", &spec);
    let ended = &pod["status"]["containerStatuses"][0]["state"]["terminated"];
    assert_eq!(ended["exitCode"], 1, "{log}");
    assert_eq!(condition["type"], "Failed");
    assert_eq!(condition["reason"], "PodFailurePolicy", "{condition:#}");
    let summary = ended["message"].as_str().expect("a message");
    assert!(summary.starts_with("cluster ") && summary.contains("\nscore "), "{summary}");

    // What it wrote is the whole report, of all that its role lets it read.
    let report = Report(serde_json::from_str(&log).expect("JSON"));
    let user = format!("system:serviceaccount:{KUBE_ASSAY}:{KUBE_ASSAY}");
    assert_eq!(report.0["scan"]["identity"]["user"], user);
    assert!(report.is_complete(), "{:?}", report.gaps());
    let unread: Vec<String> =
        report.gaps().into_iter().filter(|it| !it.ends_with(": not-requested")).collect();
    assert_eq!(unread, [""; 0]);
    let full = scan(&node);
    assert_eq!(report.lost_against(&full).into_iter().collect::<Vec<_>>(), [""; 0]);

    // We hold ourselves to what we hold others to.
    for (id, verdict) in full.checks() {
        let serious = |it: &String| {
            let worst = it.starts_with("fail critical") || it.starts_with("fail high");
            worst && it.contains(&format!("{KUBE_ASSAY}/"))
        };
        let ours: Vec<String> = verdict.findings().into_iter().filter(serious).collect();
        assert_eq!(ours, [""; 0], "{id}");
    }

    // Without a bar for findings it is done.
    let arguments = spec.pointer_mut(&format!("{container}/args")).expect("arguments");
    arguments.as_array_mut().expect("a list").push("--fail-on=never".into());
    let (condition, _, _) = ran(&node, "reports", &spec);
    assert_eq!(condition["type"], "Complete", "{condition:#}");
}
