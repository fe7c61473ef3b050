//! A whole kubeadm node: what the control plane's rows say is what its static pods' manifests say, and one
//! flag made unsafe there turns the one verdict that is about it. And what is shipped to run in a cluster
//! runs in this one.
//!
//! It needs root and a container runtime. Elsewhere these tests say so and are skipped; where `CI` is
//! `true`, they fail.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    thread,
    time::{Duration, Instant},
};

use assay_benchmark::{Check, Rule, checks};
use assay_collector::{ConnectOptions, Plan, Silent, Stop, collect, connect};
use assay_model::{Resource, arguments::KEPT_FLAGS, control_plane::FlagValue};
use assay_tests::{Node, Report, Run, assay, binary, objects};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

/// The node, for one test at a time: each may change it, and puts back what it changed.
fn node() -> Option<MutexGuard<'static, Node>> {
    static NODE: OnceLock<Option<Mutex<Node>>> = OnceLock::new();
    let node = NODE.get_or_init(|| Node::start_where_possible().map(Mutex::new)).as_ref()?;
    Some(node.lock().unwrap_or_else(PoisonError::into_inner))
}

fn scan(node: &Node) -> Report {
    scan_with(node, &[])
}

fn scan_with(node: &Node, arguments: &[&str]) -> Report {
    let run = Run::of(assay(&node.kubeconfig()).args(["-o", "json"]).args(arguments));
    let report = run.report();
    assert!(report.is_complete(), "{}", run.stderr);
    report
}

/// Checks, and the outcome of each.
type Outcomes = BTreeMap<&'static str, String>;

fn outcomes(report: &Report, of: impl Fn(&Check) -> bool) -> Outcomes {
    let checks = report.checks();
    checks::all()
        .filter(|it| of(it))
        .map(|it| (it.id, checks[it.id].outcome().to_owned()))
        .collect()
}

/// By the table of flags; and one that goes by flags and by what the server agrees to in handshakes.
fn judges_a_flag(check: &Check) -> bool {
    matches!(check.rule, Rule::Flag(_)) || check.id == "weak-api-server-tls"
}

fn judges_a_kubelet(check: &Check) -> bool {
    check.item() == "HST-CIS"
}

/// These outcomes, with those turned that a change turns.
fn turned<'a>(
    before: &Outcomes,
    turns: impl IntoIterator<Item = &'a (&'static str, &'static str)>,
) -> Outcomes {
    let mut after = before.clone();
    for (check, outcome) in turns {
        let was = after.insert(check, (*outcome).to_owned());
        assert!(was.is_some_and(|it| it != *outcome), "{check} is turned, and by one change");
    }
    after
}

/// The checks of one kind that a table is about.
fn named<'a>(
    turns: impl IntoIterator<Item = &'a (&'static str, &'static str)>,
) -> BTreeSet<&'a str> {
    turns.into_iter().map(|(check, _)| *check).collect()
}

/// What each check of a flag says of what kubeadm 1.37 sets.
///
/// One is unknown, for what it falls back on is not read: whether the kubelets do what a plug-in would
/// (`cached-image-reuse`).
const KUBEADM: &[(&str, &str)] = &[
    ("always-admit-plugin", "pass"),
    ("always-allow-authorizer", "pass"),
    ("api-server-profiling", "fail"),
    ("audit-policy-gaps", "fail"),
    ("cached-image-reuse", "unknown"),
    ("controller-manager-profiling", "fail"),
    ("default-plugins-off", "pass"),
    ("etcd-open-to-clients", "pass"),
    ("etcd-open-to-peers", "pass"),
    ("etcd-peers-without-tls", "pass"),
    ("etcd-self-signed-for-clients", "pass"),
    ("etcd-self-signed-for-peers", "pass"),
    ("etcd-shares-cluster-ca", "pass"),
    ("etcd-without-tls", "pass"),
    ("exposed-controller-manager", "pass"),
    ("exposed-etcd-listener", "pass"),
    ("exposed-scheduler", "pass"),
    ("external-ips-allowed", "warn"),
    ("few-audit-files", "not-applicable"),
    ("finished-pods-pile-up", "warn"),
    ("implicit-service-account-key", "pass"),
    ("legacy-insecure-access", "pass"),
    ("no-audit-backend", "fail"),
    ("no-audit-policy", "fail"),
    ("no-client-ca", "pass"),
    ("no-etcd-ca", "pass"),
    ("no-etcd-client-certificate", "pass"),
    ("no-event-rate-limit", "warn"),
    ("no-kubelet-client-certificate", "pass"),
    ("no-namespace-lifecycle", "pass"),
    ("no-node-authorizer", "pass"),
    ("no-node-restriction", "pass"),
    ("no-published-root-ca", "pass"),
    ("no-rbac-authorizer", "pass"),
    ("no-service-account-admission", "pass"),
    ("no-service-account-lookup", "pass"),
    ("no-serving-key-pair", "pass"),
    ("no-token-signing-key", "pass"),
    ("scheduler-profiling", "fail"),
    ("server-certificate-rotation-off", "pass"),
    ("shared-controller-account", "pass"),
    ("short-audit-retention", "not-applicable"),
    ("small-audit-files", "not-applicable"),
    ("spoofable-front-proxy", "pass"),
    ("static-token-file", "pass"),
    ("unbounded-token-lifetime", "warn"),
    ("unusual-request-timeout", "pass"),
    ("unverified-kubelet-certificate", "fail"),
    ("weak-api-server-tls", "warn"),
    ("year-long-bound-tokens", "fail"),
];

/// A change to the command line of one component, and what each check says then that is turned by it.
struct Change {
    component: &'static str,
    /// With a value it is set to that; without one it is taken away.
    flags: &'static [&'static str],
    turns: &'static [(&'static str, &'static str)],
}

const fn change(
    component: &'static str,
    flags: &'static [&'static str],
    turns: &'static [(&'static str, &'static str)],
) -> Change {
    Change { component, flags, turns }
}

const SERVER: &str = "kube-apiserver";
const CONTROLLERS: &str = "kube-controller-manager";
const SCHEDULER: &str = "kube-scheduler";
const ETCD: &str = "etcd";

/// What is changed together, in one restart of each component, and turns one check each: no two changes of a
/// round touch the same flag or the same check.
///
/// A few checks are turned by no flag with which the components work ([`NOT_TURNED`]).
const ROUNDS: [&[Change]; 2] = [
    &[
        change(
            SERVER,
            &["--enable-admission-plugins=AlwaysAdmit,AlwaysPullImages,DenyServiceExternalIPs"],
            &[
                ("always-admit-plugin", "fail"),
                ("cached-image-reuse", "pass"),
                ("external-ips-allowed", "pass"),
                ("no-node-restriction", "fail"),
            ],
        ),
        change(
            SERVER,
            &["--disable-admission-plugins=ServiceAccount,NamespaceLifecycle"],
            &[
                ("default-plugins-off", "fail"),
                ("no-namespace-lifecycle", "fail"),
                ("no-service-account-admission", "fail"),
            ],
        ),
        // ABAC allows everything here, for the kubelet needs either.
        change(
            SERVER,
            &[
                "--authorization-mode=ABAC,RBAC",
                "--authorization-policy-file=/etc/kubernetes/pki/abac.jsonl",
            ],
            &[("no-node-authorizer", "fail")],
        ),
        change(SERVER, &["--audit-log-path=/var/log/audit.log"], &[("no-audit-backend", "pass")]),
        change(SERVER, &["--audit-log-maxage=7"], &[("short-audit-retention", "fail")]),
        change(SERVER, &["--audit-log-maxbackup=2"], &[("few-audit-files", "fail")]),
        change(SERVER, &["--audit-log-maxsize=10"], &[("small-audit-files", "fail")]),
        change(SERVER, &["--profiling=false"], &[("api-server-profiling", "pass")]),
        change(SERVER, &["--request-timeout=10m"], &[("unusual-request-timeout", "warn")]),
        change(
            SERVER,
            &["--service-account-lookup=false"],
            &[("no-service-account-lookup", "fail")],
        ),
        change(
            SERVER,
            &["--service-account-extend-token-expiration=false"],
            &[("year-long-bound-tokens", "pass")],
        ),
        change(
            SERVER,
            &["--service-account-max-token-expiration=24h"],
            &[("unbounded-token-lifetime", "pass")],
        ),
        change(
            SERVER,
            &["--token-auth-file=/etc/kubernetes/pki/tokens.csv"],
            &[("static-token-file", "fail")],
        ),
        change(
            SERVER,
            &["--kubelet-client-certificate"],
            &[("no-kubelet-client-certificate", "fail")],
        ),
        change(
            SERVER,
            &["--kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt"],
            &[("unverified-kubelet-certificate", "pass")],
        ),
        change(
            SERVER,
            &[
                "--tls-cipher-suites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_RSA_WITH_AES_128_CBC_SHA",
            ],
            &[("weak-api-server-tls", "fail")],
        ),
        change(CONTROLLERS, &["--profiling=false"], &[("controller-manager-profiling", "pass")]),
        change(CONTROLLERS, &["--bind-address=0.0.0.0"], &[("exposed-controller-manager", "fail")]),
        change(
            CONTROLLERS,
            &["--terminated-pod-gc-threshold=0"],
            &[("finished-pods-pile-up", "fail")],
        ),
        // What is published, which could make up for it, is not read.
        change(CONTROLLERS, &["--root-ca-file"], &[("no-published-root-ca", "unknown")]),
        change(
            CONTROLLERS,
            &["--feature-gates=RotateKubeletServerCertificate=false"],
            &[("server-certificate-rotation-off", "fail")],
        ),
        change(
            CONTROLLERS,
            &["--service-account-private-key-file"],
            &[("no-token-signing-key", "fail")],
        ),
        change(
            CONTROLLERS,
            &["--use-service-account-credentials=false"],
            &[("shared-controller-account", "fail")],
        ),
        change(SCHEDULER, &["--profiling=false"], &[("scheduler-profiling", "pass")]),
        change(SCHEDULER, &["--bind-address=0.0.0.0"], &[("exposed-scheduler", "fail")]),
        change(ETCD, &["--client-cert-auth=false"], &[("etcd-open-to-clients", "warn")]),
        change(ETCD, &["--auto-tls=true"], &[("etcd-self-signed-for-clients", "fail")]),
        change(ETCD, &["--peer-client-cert-auth=false"], &[("etcd-open-to-peers", "warn")]),
        change(
            ETCD,
            &["--listen-metrics-urls=http://0.0.0.0:2381"],
            &[("exposed-etcd-listener", "warn")],
        ),
        // One bundle for both, which neither alone makes a fault.
        change(
            ETCD,
            &["--trusted-ca-file=/etc/kubernetes/pki/etcd/both.crt"],
            &[("etcd-shares-cluster-ca", "fail")],
        ),
        change(SERVER, &["--client-ca-file=/etc/kubernetes/pki/etcd/both.crt"], &[]),
    ],
    &[
        change(
            SERVER,
            &[
                "--authorization-mode=Node,ABAC",
                "--authorization-policy-file=/etc/kubernetes/pki/abac.jsonl",
            ],
            &[("no-rbac-authorizer", "fail")],
        ),
        change(
            SERVER,
            &[
                "--enable-admission-plugins=NodeRestriction,EventRateLimit",
                "--admission-control-config-file=/etc/kubernetes/pki/admission.yaml",
            ],
            &[("no-event-rate-limit", "pass")],
        ),
        change(
            SERVER,
            &["--audit-policy-file=/etc/kubernetes/pki/audit.yaml"],
            // What the policy says stands on the node alone.
            &[("no-audit-policy", "pass"), ("audit-policy-gaps", "manual")],
        ),
        // Whether anybody collects what a container prints, only a person can tell.
        change(SERVER, &["--audit-log-path=-"], &[("no-audit-backend", "manual")]),
        change(SERVER, &["--tls-min-version=VersionTLS11"], &[("weak-api-server-tls", "fail")]),
        // With one CA for both, a server of 1.35 or later does not start.
        change(SERVER, &["--requestheader-allowed-names"], &[("spoofable-front-proxy", "unknown")]),
        // In clear text, for a server that knows no CA speaks to no etcd that has a certificate.
        change(
            SERVER,
            &[
                "--etcd-servers=http://127.0.0.1:2379",
                "--etcd-cafile",
                "--etcd-certfile",
                "--etcd-keyfile",
            ],
            &[("no-etcd-ca", "fail"), ("no-etcd-client-certificate", "fail")],
        ),
        change(
            ETCD,
            &[
                "--listen-client-urls=http://127.0.0.1:2379",
                "--advertise-client-urls=http://127.0.0.1:2379",
                "--cert-file",
                "--key-file",
            ],
            &[("etcd-without-tls", "fail")],
        ),
        change(
            ETCD,
            &["--client-cert-auth", "--trusted-ca-file"],
            &[("etcd-open-to-clients", "fail"), ("etcd-shares-cluster-ca", "fail")],
        ),
        change(
            ETCD,
            &["--peer-cert-file", "--peer-key-file", "--peer-auto-tls=true"],
            &[("etcd-peers-without-tls", "warn"), ("etcd-self-signed-for-peers", "fail")],
        ),
        change(
            CONTROLLERS,
            &["--terminated-pod-gc-threshold=100"],
            &[("finished-pods-pile-up", "pass")],
        ),
        change(CONTROLLERS, &["--bind-address"], &[("exposed-controller-manager", "warn")]),
        change(SCHEDULER, &["--bind-address"], &[("exposed-scheduler", "warn")]),
    ],
];

/// Checks that no change turns, and why.
const NOT_TURNED: &[(&str, &str)] = &[
    (
        "always-allow-authorizer",
        "with it the server turns away strangers, the kubelet's probes too",
    ),
    ("implicit-service-account-key", "a server of 1.34 or later does not start without the key"),
    ("legacy-insecure-access", "a server of 1.24 or later does not start with such a flag"),
    ("no-client-ca", "no certificate would be believed, the kubelet's neither"),
    (
        "no-serving-key-pair",
        "nobody would believe the certificate that the server makes for itself",
    ),
];

/// Files that the changed flags name. What begins with a brace, the server takes for JSON.
const FILES: &[(&str, &str)] = &[
    ("tokens.csv", "t,u,u\n"),
    ("audit.yaml", "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{ level: Metadata }]\n"),
    (
        "admission.yaml",
        "apiVersion: apiserver.config.k8s.io/v1\n\
         kind: AdmissionConfiguration\n\
         plugins: [{ name: EventRateLimit, path: event-rate-limit.yaml }]\n",
    ),
    (
        "event-rate-limit.yaml",
        "apiVersion: eventratelimit.admission.k8s.io/v1alpha1\n\
         kind: Configuration\n\
         limits: [{ type: Server, qps: 5000, burst: 20000 }]\n",
    ),
    (
        "abac.jsonl",
        concat!(
            r#"{"apiVersion": "abac.authorization.kubernetes.io/v1beta1", "kind": "Policy", "spec": {"#,
            r#""group": "system:authenticated", "namespace": "*", "resource": "*", "apiGroup": "*", "#,
            "\"nonResourcePath\": \"*\"}}\n",
            r#"{"apiVersion": "abac.authorization.kubernetes.io/v1beta1", "kind": "Policy", "spec": {"#,
            r#""group": "system:unauthenticated", "readonly": true, "nonResourcePath": "*"}}"#,
        ),
    ),
];

/// The command line of each component that a round changes, made from kubeadm's.
fn changed(
    kubeadm: &BTreeMap<&'static str, Vec<String>>,
    round: &[Change],
) -> BTreeMap<&'static str, Vec<String>> {
    let mut lines = kubeadm.clone();
    let mut flags = BTreeSet::new();
    for change in round {
        let line = lines.get_mut(change.component).expect("a component");
        for flag in change.flags {
            let name = flag.split('=').next().expect("a name");
            assert!(flags.insert((change.component, name)), "{flag} is changed once");
            let before = line.clone();
            line.retain(|it| it.split('=').next() != Some(name));
            line.extend(flag.contains('=').then(|| (*flag).to_owned()));
            assert_ne!(*line, before, "{flag} changes something");
        }
    }
    lines
}

#[test]
fn mirror_pods_declare_the_flags_of_the_manifests() {
    let Some(node) = node() else { return };
    let report = scan(&node);
    let expected: Outcomes = KUBEADM.iter().map(|(id, it)| (*id, (*it).to_owned())).collect();
    assert_eq!(
        outcomes(&report, judges_a_flag),
        expected,
        "every check of a flag, and what it says"
    );
    let checks = report.checks();
    for (id, outcome) in KUBEADM {
        let basis = match *outcome {
            "unknown" | "not-applicable" => Value::Null,
            _ if *id == "weak-api-server-tls" => "observed".into(),
            _ => "declared".into(),
        };
        assert_eq!(checks[id].0["basis"], basis, "{id}");
        assert_eq!(checks[id].reasons().is_empty(), *outcome != "unknown", "{id} says why");
    }
}

#[test]
fn a_flag_turns_its_verdict_and_back() {
    let Some(node) = node() else { return };
    let pki = |file: &str| node.path("/etc/kubernetes/pki").join(file);
    for (file, content) in FILES {
        fs::write(pki(file), content).expect("written");
    }
    let authority = |file| fs::read_to_string(pki(file)).expect("a certificate");
    let both = authority("ca.crt") + &authority("etcd/ca.crt");
    fs::write(pki("etcd/both.crt"), both).expect("written");

    let kubeadm: BTreeMap<&str, Vec<String>> = [SERVER, CONTROLLERS, SCHEDULER, ETCD]
        .map(|it| (it, node.command_line(it).expect("a manifest")))
        .into();
    let before = outcomes(&scan(&node), judges_a_flag);
    let of = |round: &'static [Change]| round.iter().flat_map(|it| it.turns);
    let all = ROUNDS.iter().flat_map(|it| of(it)).chain(NOT_TURNED);
    assert_eq!(
        named(all),
        before.keys().copied().collect(),
        "every check is turned, or says why not"
    );

    // From one round straight to the next: each shows its verdicts turned and the last ones back.
    for round in ROUNDS {
        node.set_command_lines(&changed(&kubeadm, round)).expect("they run");
        assert_eq!(outcomes(&scan(&node), judges_a_flag), turned(&before, of(round)));
    }
    node.set_command_lines(&kubeadm).expect("they run");
    assert_eq!(outcomes(&scan(&node), judges_a_flag), before);
}

/// What each check says of the kubelet that kubeadm 1.37 sets up, and of kube-proxy beside it.
const KUBEADM_KUBELET: &[(&str, &str)] = &[
    ("allowed-unsafe-sysctl", "pass"),
    ("anonymous-kubelet", "pass"),
    ("endless-stream", "pass"),
    ("kubelet-allows-all", "pass"),
    ("kubelet-read-only-port", "pass"),
    ("no-default-seccomp-profile", "fail"),
    ("no-iptables-utility-chains", "pass"),
    ("no-kubelet-client-ca", "pass"),
    ("no-kubelet-client-rotation", "pass"),
    ("no-kubelet-serving-rotation", "warn"),
    ("no-pod-pids-limit", "fail"),
    ("open-kube-proxy-metrics", "pass"),
    ("overridden-host-name", "pass"),
    ("self-signed-kubelet-certificate", "warn"),
    ("static-pod-url", "pass"),
    ("throttled-kubelet-events", "pass"),
    ("weak-kubelet-cipher-suite", "warn"),
];

/// A change to the kubelet's configuration file, as a merge patch in YAML, and what checks say then.
type Setting = (&'static str, &'static [(&'static str, &'static str)]);

/// One at a time. Longer streams than 4 h are the worst that a file can ask for, since 0 is the default there.
const SETTINGS: &[Setting] = &[
    ("authentication: { anonymous: { enabled: true } }", &[("anonymous-kubelet", "fail")]),
    ("authorization: { mode: AlwaysAllow }", &[("kubelet-allows-all", "fail")]),
    ("readOnlyPort: 10255", &[("kubelet-read-only-port", "fail")]),
    ("streamingConnectionIdleTimeout: 5h", &[("endless-stream", "warn")]),
    // How kube-proxy works, which decides how bad that is, stands in a file that is not read for it.
    ("makeIPTablesUtilChains: false", &[("no-iptables-utility-chains", "unknown")]),
    ("eventRecordQPS: 2", &[("throttled-kubelet-events", "warn")]),
    ("rotateCertificates: false", &[("no-kubelet-client-rotation", "fail")]),
    (
        "tlsCipherSuites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_RSA_WITH_AES_128_CBC_SHA]",
        &[("weak-kubelet-cipher-suite", "fail")],
    ),
    ("tlsMinVersion: VersionTLS13", &[("weak-kubelet-cipher-suite", "pass")]),
    ("podPidsLimit: 1024", &[("no-pod-pids-limit", "pass")]),
    ("seccompDefault: true", &[("no-default-seccomp-profile", "pass")]),
    ("allowedUnsafeSysctls: [net.*]", &[("allowed-unsafe-sysctl", "fail")]),
    ("staticPodURL: http://127.0.0.1:1/", &[("static-pod-url", "fail")]),
    (
        "featureGates: { RotateKubeletServerCertificate: false }",
        &[("no-kubelet-serving-rotation", "fail")],
    ),
    (
        MANAGED_CERTIFICATE,
        &[("no-kubelet-serving-rotation", "pass"), ("self-signed-kubelet-certificate", "pass")],
    ),
];

/// With it, a kubelet can be dialled: its certificate proves whose it is.
const MANAGED_CERTIFICATE: &str = "serverTLSBootstrap: true";

/// Turned elsewhere: by a flag, by the file of kube-proxy, and where a kubelet is dialled, for without a
/// client CA it does not know the API server.
const OTHER_SETTINGS: &[(&str, &str)] = &[
    ("overridden-host-name", "fail"),
    ("open-kube-proxy-metrics", "fail"),
    ("no-kubelet-client-ca", "fail"),
];

/// The flags that kubeadm gives to the kubelet, read whenever it starts.
const KUBELET_FLAGS: &str = "/var/lib/kubelet/kubeadm-flags.env";

/// A configuration with a merge patch, in YAML, applied.
fn patched(config: &Value, patch: &str) -> Value {
    let mut patched = config.clone();
    merge(&mut patched, &serde_saphyr::from_str(patch).expect("YAML"));
    patched
}

fn merge(into: &mut Value, patch: &Value) {
    match patch {
        Value::Null => *into = Value::Null,
        Value::Object(fields) => {
            if !into.is_object() {
                *into = json!({});
            }
            for (name, value) in fields {
                merge(&mut into[name], value);
            }
        }
        other => *into = other.clone(),
    }
}

const BY_PROXY: [&str; 2] = ["--kubelet=proxy", "--check=HST-CIS"];

#[test]
fn a_kubelets_setting_turns_its_verdict_and_back() {
    let Some(node) = node() else { return };
    let expected: Outcomes =
        KUBEADM_KUBELET.iter().map(|(id, it)| (*id, (*it).to_owned())).collect();
    let ask = || outcomes(&scan_with(&node, &BY_PROXY), judges_a_kubelet);
    assert_eq!(ask(), expected, "every check of a kubelet, and what it says");
    let all = SETTINGS.iter().flat_map(|(_, turns)| *turns).chain(OTHER_SETTINGS);
    assert_eq!(named(all), expected.keys().copied().collect(), "every check is turned");

    let kubeadm = node.kubelet_config().expect("a configuration");
    for (patch, turns) in SETTINGS {
        node.set_kubelet_config(&patched(&kubeadm, patch)).expect("it runs");
        assert_eq!(ask(), turned(&expected, *turns), "{patch}");
    }

    let flags = node.path(KUBELET_FLAGS);
    let given = fs::read_to_string(&flags).expect("a file");
    let (arguments, quote) = given.trim_end().split_at(given.trim_end().len() - 1);
    // By the name that it has anyway: the node stays the node it is.
    fs::write(&flags, format!("{arguments} --hostname-override=node{quote}\n")).expect("written");
    node.set_kubelet_config(&kubeadm).expect("it runs");
    assert_eq!(ask(), turned(&expected, &OTHER_SETTINGS[..1]));
    fs::write(&flags, given).expect("written");
    node.set_kubelet_config(&kubeadm).expect("it runs");
    assert_eq!(ask(), expected);

    let map = "/api/v1/namespaces/kube-system/configmaps/kube-proxy";
    let answer = node.api().get(map).expect("an answer").success().expect("a map");
    let config = answer["data"]["config.conf"].as_str().expect("a file");
    let set = |config: &str| {
        let change = json!({ "data": { "config.conf": config } });
        node.api().patch(map, &change).expect("an answer").success().expect("a success");
    };
    let open = config.replace("metricsBindAddress: \"\"", "metricsBindAddress: 0.0.0.0:10249");
    assert_ne!(open, config);
    set(&open);
    assert_eq!(ask(), turned(&expected, &OTHER_SETTINGS[1..2]));
    set(config);
    assert_eq!(ask(), expected);
}

/// A service account with the rights that `kubectl assay rbac` prints for these arguments, and a kubeconfig of
/// it for what runs on the node.
fn reader(node: &Node, name: &str, arguments: &[&str]) -> PathBuf {
    let create = |object: &Value| {
        let made = node.api().post(&collection(object), object).expect("an answer");
        made.success().unwrap_or_else(|error| panic!("{error}: {object:#}"))
    };
    let printed =
        Run::of(assay(Path::new("/nonexistent")).args(["rbac", "--name", name]).args(arguments));
    let roles = node.path("/run").join(format!("{name}.yaml"));
    fs::write(&roles, printed.stdout).expect("written");
    for role in objects::read(&roles).expect("roles") {
        create(&role);
        create(&json!({
            "apiVersion": role["apiVersion"],
            "kind": format!("{}Binding", role["kind"].as_str().expect("a kind")),
            "metadata": role["metadata"],
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io", "kind": role["kind"], "name": name,
            },
            "subjects": [{ "kind": "ServiceAccount", "namespace": "default", "name": name }],
        }));
    }
    let account = json!({
        "apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": { "name": name, "namespace": "default" },
    });
    create(&account);
    let token = format!("{}/{name}/token", collection(&account));
    let request = json!({ "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest" });
    let answer = node.api().post(&token, &request).expect("an answer").success().expect("a token");

    let admin = fs::read_to_string(node.kubeconfig()).expect("a kubeconfig");
    let mut config: Value = serde_json::from_str(&admin).expect("JSON");
    config["clusters"][0]["cluster"]["server"] = node.server().into();
    config["users"][0]["user"] = json!({ "token": answer["status"]["token"] });
    let kubeconfig = format!("/run/{name}.kubeconfig");
    fs::write(node.path(&kubeconfig), config.to_string()).expect("written");
    kubeconfig.into()
}

/// A scan on the node itself, from where kubelets are reached.
fn scan_there(node: &Node, kubeconfig: &Path, arguments: &[&str]) -> Run {
    let mut command = node.run(binary());
    command
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("KUBECONFIG", kubeconfig)
        .env("HOME", "/nonexistent")
        .args(["-o", "json", "--fail-on=never"])
        .args(arguments);
    Run::of(&mut command)
}

/// What was not read although it was asked for, with what was said.
fn refusals(report: &Report) -> Vec<&str> {
    let kinds = report.0["collection"].as_array().into_iter().flatten();
    let gaps = kinds.flat_map(|it| it["gaps"].as_array().into_iter().flatten());
    gaps.filter(|it| it["cause"] != "not-requested")
        .map(|it| it["message"].as_str().unwrap_or_default())
        .collect()
}

#[test]
fn a_kubelet_that_proves_who_it_is_tells_the_same_when_dialled() {
    let Some(node) = node() else { return };
    let kubeconfig = reader(&node, "dialler", &["--kubelet=direct", "--check=HST-CIS"]);
    let ask = |way: &str| {
        scan_there(&node, &kubeconfig, &[&format!("--kubelet={way}"), "--check=HST-CIS"]).report()
    };
    // What kubeadm sets up proves nothing, so no token was sent; and by proxy takes a right that is not given.
    for (way, says) in [
        ("direct", &["serverTLSBootstrap", "--kubelet proxy"][..]),
        ("proxy", &["nodes/proxy"]),
        ("auto", &["serverTLSBootstrap", "nodes/proxy"]),
    ] {
        let report = ask(way);
        assert!(!report.is_complete());
        let refusals = refusals(&report);
        let [refusal] = refusals[..] else { panic!("one: {refusals:?}") };
        assert!(says.iter().all(|it| refusal.contains(it)), "{way}: {refusal}");
        assert_eq!(report.checks()["anonymous-kubelet"].outcome(), "unknown");
    }

    let kubeadm = node.kubelet_config().expect("a configuration");
    let managed = patched(&kubeadm, MANAGED_CERTIFICATE);
    node.set_kubelet_config(&managed).expect("it runs");
    let by_proxy = outcomes(&scan_with(&node, &BY_PROXY), judges_a_kubelet);
    for way in ["direct", "auto"] {
        let report = ask(way);
        assert_eq!(refusals(&report), [""; 0], "{way}");
        assert_eq!(outcomes(&report, judges_a_kubelet), by_proxy, "{way}");
    }

    // It knows no certificate then, and still the token, which it has the API server review.
    let stranger = patched(&managed, "authentication: { x509: { clientCAFile: '' } }");
    node.set_kubelet_config(&stranger).expect("it runs");
    let report = ask("direct");
    assert_eq!(outcomes(&report, judges_a_kubelet), turned(&by_proxy, &OTHER_SETTINGS[2..]));
    node.set_kubelet_config(&kubeadm).expect("it runs");
}

/// All that is read only when it is asked for.
const ALL_OF_IT: [&str; 4] = ["--kubelet=proxy", "--metrics", "--flagz", "--secrets"];

/// Nobody has this password.
const PASSWORD: &str = "canary-3c1f9a77b2d84e06";

#[test]
fn all_is_read_that_can_be_asked_for_and_no_value_of_a_secret() {
    let Some(node) = node() else { return };
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {
            "name": "canary", "namespace": "default",
            "annotations": { "kubectl.kubernetes.io/last-applied-configuration": PASSWORD },
        },
        "stringData": { "password": PASSWORD },
    });
    let path = format!("{}/canary", collection(&secret));
    let made = node.api().post(&collection(&secret), &secret).expect("an answer");
    let secret = made.success().expect("a secret");
    let tokens =
        "/api/v1/namespaces/kube-system/secrets?fieldSelector=type%3Dbootstrap.kubernetes.io/token";
    let tokens = node.api().get(tokens).expect("an answer").success().expect("a list");
    let token = &tokens["items"][0]["data"];
    let encoded = |value: &Value| value.as_str().expect("a value").to_owned();
    let decoded = |value: &Value| {
        let bytes = BASE64_STANDARD.decode(encoded(value)).expect("base 64");
        String::from_utf8(bytes).expect("UTF-8")
    };
    let told = [&secret["data"]["password"], &token["token-secret"]];
    let values: Vec<String> = told.iter().flat_map(|it| [encoded(it), decoded(it)]).collect();

    let everything = ["-o", "json", "--fail-on=never", "-vv"];
    let run = Run::of(assay(&node.kubeconfig()).args(everything).args(ALL_OF_IT));
    let report = run.report();
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(report.gaps(), [""; 0], "all that a check needs was read");
    let secrets = report.0["collection"].as_array().expect("kinds").iter();
    let mut read = secrets.filter(|it| it["resource"] == "secrets").map(|it| &it["objects"]);
    assert!(read.next().is_some_and(|it| it.as_u64() >= Some(2)), "both were read");

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("snapshot");
    let collected =
        Run::of(assay(&node.kubeconfig()).args(["collect", "-o"]).arg(&file).args(ALL_OF_IT));
    assert_eq!(collected.code, Some(0), "{}", collected.stderr);
    let mut snapshot = File::open(&file).expect("a file");
    let snapshot = assay_collector::snapshot_file::read(&mut snapshot).expect("a snapshot");
    let kept = serde_json::to_string(&snapshot).expect("JSON");
    assert!(kept.contains("\"canary\""), "the Secret is there");
    for (what, text) in [("report", &run.stdout), ("log", &run.stderr), ("snapshot", &kept)] {
        for value in &values {
            assert!(!text.contains(value), "a Secret's value is in the {what}");
        }
    }
    node.api().delete(&path).expect("an answer").success().expect("deleted");
}

/// One provider for Secrets, and plain ones that are still to be read.
const ENCRYPTION: &str = "\
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
  - resources: [secrets]
    providers:
      - secretbox: { keys: [{ name: a, secret: MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY= }] }
      - identity: {}
";

#[test]
fn secrets_are_seen_to_be_encrypted_by_what_the_server_counts() {
    let Some(node) = node() else { return };
    let is_one =
        |it: &Check| it.id.ends_with("-secret-encryption") || it.id == "unencrypted-secrets";
    let ask = || outcomes(&scan_with(&node, &["--metrics", "--fail-on=never"]), is_one);
    // Without a provider nothing is counted, and the command line tells.
    let plain: Outcomes = [
        ("stale-secret-encryption", "unknown"),
        ("unencrypted-secrets", "fail"),
        ("weak-secret-encryption", "unknown"),
    ]
    .map(|(id, it)| (id, it.to_owned()))
    .into();
    assert_eq!(ask(), plain);

    let file = "/etc/kubernetes/pki/encryption.yaml";
    fs::write(node.path(file), ENCRYPTION).expect("written");
    let kubeadm = node.command_line(SERVER).expect("a manifest");
    let mut with = kubeadm.clone();
    with.push(format!("--encryption-provider-config={file}"));
    node.set_command_lines(&[(SERVER, with)].into()).expect("it runs");
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": { "name": "encrypted", "namespace": "default" }, "stringData": { "a": "b" },
    });
    let secrets = collection(&secret);
    node.api().post(&secrets, &secret).expect("an answer").success().expect("created");
    // Kubeadm's own Secret was written before, and is read in clear.
    let turns = [
        ("stale-secret-encryption", "warn"),
        ("unencrypted-secrets", "pass"),
        ("weak-secret-encryption", "pass"),
    ];
    assert_eq!(ask(), turned(&plain, &turns));

    // A server without the key could not list Secrets any more.
    let path = format!("{secrets}/encrypted");
    node.api().delete(&path).expect("an answer").success().expect("deleted");
    node.set_command_lines(&[(SERVER, kubeadm)].into()).expect("it runs");
    assert_eq!(ask(), plain);
}

#[test]
fn flagz_says_what_the_command_line_says() {
    let Some(node) = node() else { return };
    let options =
        ConnectOptions { kubeconfig: Some(node.kubeconfig()), ..ConnectOptions::default() };
    let snapshot = tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
        let connection = connect(&options).await.expect("a connection");
        let plan = Plan::new([Resource::Flagz]);
        collect(&connection, &plan, &Silent, Stop::never()).await.expect("a snapshot")
    });
    let flagz = snapshot.flagz.expect("it is served").0;
    let mut held = 0;
    for word in node.command_line(SERVER).expect("a manifest") {
        let Some((flag, value)) = word.trim_start_matches("--").split_once('=') else { continue };
        match flagz.get(flag).unwrap_or_else(|| panic!("{flag} is told")) {
            FlagValue::Kept(told) => {
                // Lists are told in brackets.
                let list = told.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
                assert_eq!(list.unwrap_or(told), value, "{flag}");
                held += 1;
            }
            FlagValue::Hidden => {
                assert!(!KEPT_FLAGS.contains(&flag), "{flag} is kept");
            }
        }
    }
    assert!(held > 10, "{held} were held");
    assert_eq!(flagz["profiling"], FlagValue::Kept("true".into()), "defaults are told too");
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
    for (id, outcome) in TRUE_OF_THE_NODE {
        let verdict = checks[id];
        let why = [verdict.findings(), verdict.reasons()].concat();
        assert_eq!(verdict.outcome(), *outcome, "{id}: {why:#?}");
    }
    // The container runtime that Debian 12 has is not supported any more.
    let runtime = checks["end-of-life-runtime"];
    let containerd = Run::of(node.run("containerd").arg("--version")).stdout;
    if containerd.contains(" 1.6.") {
        assert_eq!(runtime.outcome(), "fail", "{containerd}");
    }
    // The system is that of this machine.
    let name =
        Run::of(node.run("sh").args(["-c", ". /etc/os-release && echo $PRETTY_NAME"])).stdout;
    let system = checks["general-purpose-os"].findings();
    if name.contains("Debian") {
        assert!(system.len() == 1 && system[0].contains(name.trim()), "{system:?}");
    }
}

/// What a scan must say of a cluster that kubeadm has just made, of one node without a taint: nothing has
/// expired, nobody was given more than is shipped, all is of one version, and the way in for nodes to come is
/// still open.
const TRUE_OF_THE_NODE: &[(&str, &str)] = &[
    ("anonymous-api-requests", "warn"),
    ("anonymous-binding", "warn"),
    ("anonymous-cluster-info", "warn"),
    ("api-server-certificate", "pass"),
    ("bootstrap-token", "unknown"),
    ("changed-default-rbac", "pass"),
    ("cluster-admin-binding", "pass"),
    ("cluster-admin-equivalent", "pass"),
    ("end-of-life-kubernetes", "pass"),
    ("escalate-verb", "pass"),
    ("expiring-certificate-authority", "pass"),
    ("impersonation", "pass"),
    ("kubelet-version-skew", "pass"),
    ("masters-group-binding", "pass"),
    ("mixed-kubelet-minors", "pass"),
    ("node-proxy", "pass"),
    ("privileged-certificate-request", "pass"),
    ("shared-control-plane-node", "warn"),
    ("unanswered-certificate-request", "pass"),
    ("unauthenticated-group-binding", "pass"),
    ("unhealthy-node", "pass"),
    ("wildcard-verb", "pass"),
];

#[test]
fn an_object_turns_its_verdict_and_back() {
    let Some(node) = node() else { return };
    let ask = || outcomes(&scan(&node), |it| TRUE_OF_THE_NODE.iter().any(|(id, _)| *id == it.id));
    let before = ask();
    let get = |path: &str| node.api().get(path).expect("an answer").success().expect("it is there");
    let patch = |path: &str, change: &Value| {
        node.api().patch(path, change).expect("an answer").success().expect("changed");
    };

    let rbac = "/apis/rbac.authorization.k8s.io/v1";
    // A right that a role of the API server's own does not ship with, as an intruder would hide it.
    let role = format!("{rbac}/clusterroles/system:public-info-viewer");
    let rules = json!({ "rules": get(&role)["rules"] });
    let mut more = rules.clone();
    more["rules"].as_array_mut().expect("rules").push(json!({
        "apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"],
    }));
    patch(&role, &more);
    assert_eq!(ask()["changed-default-rbac"], "fail");
    patch(&role, &rules);
    assert_eq!(ask(), before);

    // kubeadm opens cluster-info to strangers; with the binding gone, it is closed.
    let bindings = format!("{rbac}/namespaces/kube-public/rolebindings");
    let opened = format!("{bindings}/kubeadm:bootstrap-signer-clusterinfo");
    let binding = get(&opened);
    node.api().delete(&opened).expect("an answer").success().expect("deleted");
    let turns = [("anonymous-binding", "pass"), ("anonymous-cluster-info", "pass")];
    assert_eq!(ask(), turned(&before, &turns));
    let again = json!({
        "apiVersion": binding["apiVersion"], "kind": binding["kind"],
        "metadata": { "name": binding["metadata"]["name"], "namespace": "kube-public" },
        "roleRef": binding["roleRef"], "subjects": binding["subjects"],
    });
    node.api().post(&bindings, &again).expect("an answer").success().expect("created");
    assert_eq!(ask(), before);
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
