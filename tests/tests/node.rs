//! A whole kubeadm node: what the control plane's rows say is what its static pods' manifests say, and one
//! flag made unsafe there turns the one verdict that is about it.
//!
//! It needs root and a container runtime. Elsewhere these tests say so and are skipped; where `CI` is
//! `true`, they fail.

use std::{
    collections::BTreeMap,
    fs,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
};

use assay_benchmark::{Rule, checks};
use assay_tests::{Node, Report, Run, assay};

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
