//! Objects that speak to the terminal, the browser or the parser of whoever reads the report. Whoever may
//! create one object chooses these strings, and the reader of an audit is worth an attack.

use std::{fs, path::Path, sync::OnceLock, thread, time::Duration};

use assay_tests::{
    ControlPlane, Identity, Options, Run, assay, assert_valid_json, assert_valid_junit,
};
use serde_json::{Value, json};

/// Escapes of terminals (colour, title, clear, C1), line ends, a bell, what hides or turns text, what ends
/// markup, and what a shell, a spreadsheet or a format string would make something of.
const EVIL: &str = "\u{1b}[31mred\u{1b}]0;title\u{7}\u{9b}2J\r\n\t\u{8}\u{202e}txt.exe\u{2066}\u{200b}\u{feff}\u{2028}\
                    <script>alert(1)</script>]]>--><!--&amp;&#x1b;\"'`$(id){0}%s=1+1\u{fffe}\u{7f}é日本";

/// Longer than any name has a right to be.
fn huge() -> String {
    format!("{}{EVIL}", "x".repeat(100_000))
}

/// Everything hostile that an API server accepts.
fn accepted() -> Vec<Value> {
    let rbac = "rbac.authorization.k8s.io";
    let version = format!("{rbac}/v1");
    let group = |name: &str| json!({ "apiGroup": rbac, "kind": "Group", "name": name });
    let annotated = |name: &str| json!({ "name": name, "annotations": { "note": EVIL, "kubectl.kubernetes.io/last-applied-configuration": huge() } });
    let everything = json!([{ "apiGroups": ["*"], "resources": ["*"], "verbs": ["*"] }]);
    // Slash and per cent are all that a name of RBAC may not have.
    let name = EVIL.replace(['/', '%'], "");
    let pod = |name: &str, image: &str, path: &str| {
        json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": annotated(name),
            "spec": {
                "hostPID": true,
                "containers": [{
                    "name": "c", "image": image, "args": [EVIL, huge()], "command": [EVIL],
                    "env": [
                        { "name": "PASSWORD<b>]]>&", "value": EVIL },
                        { "name": "HUGE", "value": huge() },
                    ],
                    "securityContext": { "privileged": true },
                }],
                "volumes": [{ "name": "v", "hostPath": { "path": path } }],
            },
        })
    };
    vec![
        pod("evil", EVIL, &format!("/{EVIL}")),
        pod("huge", &huge(), &format!("/{}", huge())),
        json!({
            "apiVersion": "v1", "kind": "Node", "metadata": annotated("n"),
            "status": { "nodeInfo": {
                "osImage": EVIL, "kubeletVersion": EVIL, "containerRuntimeVersion": format!("containerd://{EVIL}"),
                "machineID": "", "systemUUID": "", "bootID": "", "kernelVersion": huge(),
                "kubeProxyVersion": "", "operatingSystem": "linux", "architecture": "amd64",
            } },
        }),
        json!({ "apiVersion": version, "kind": "ClusterRole", "metadata": annotated(&name), "rules": everything }),
        json!({
            "apiVersion": version, "kind": "ClusterRoleBinding", "metadata": annotated(&name),
            "roleRef": { "apiGroup": rbac, "kind": "ClusterRole", "name": name },
            "subjects": [group(EVIL), group(&huge())],
        }),
        json!({
            "apiVersion": version, "kind": "ClusterRoleBinding", "metadata": annotated("admins"),
            "roleRef": { "apiGroup": rbac, "kind": "ClusterRole", "name": "cluster-admin" },
            "subjects": [group(EVIL)],
        }),
    ]
}

/// The same, and what only a file can hold: names, labels and namespaces that no server would take.
fn written() -> Vec<Value> {
    let mut objects = accepted();
    let labels = json!({ EVIL: EVIL, "app": huge() });
    let container = json!({
        "name": EVIL, "image": format!("{EVIL}:latest"),
        "env": [{ "name": EVIL, "valueFrom": { "secretKeyRef": { "name": EVIL, "key": EVIL } } }],
        "securityContext": { "privileged": true, "capabilities": { "add": [EVIL, huge()] } },
    });
    let spec = json!({
        "containers": [container], "initContainers": [container], "serviceAccountName": EVIL,
        "volumes": [{ "name": EVIL, "hostPath": { "path": EVIL } }, { "name": "s", "secret": { "secretName": EVIL } }],
    });
    let metadata = json!({ "name": EVIL, "namespace": EVIL, "labels": labels, "uid": EVIL });
    objects.extend([
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": EVIL, "labels": labels } }),
        json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata }),
        json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec }),
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata,
            "spec": { "template": { "metadata": { "labels": labels }, "spec": spec } },
        }),
        json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": huge(), "namespace": huge() }, "spec": spec }),
        json!({ "apiVersion": EVIL, "kind": EVIL, "metadata": { "name": EVIL } }),
        json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "malformed" }, "spec": { "containers": EVIL } }),
    ]);
    objects
}

/// Whether a character shows itself, and nothing else happens.
fn is_plain(it: char) -> bool {
    let hidden = ['\u{200b}', '\u{202e}', '\u{2028}', '\u{2066}', '\u{feff}', '\u{fffe}'];
    it == '\n' || !(it.is_control() || hidden.contains(&it))
}

#[track_caller]
fn assert_plain(what: &str, text: &str) {
    if let Some(at) = text.find(|it| !is_plain(it)) {
        let around: String = text[at..].chars().take(20).collect();
        panic!("{what} holds {around:?} at byte {at}");
    }
}

/// Each format of a scan, looked at as its reader would.
fn assert_harmless(name: &str, run: &dyn Fn(&[&str]) -> Run) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |end: &str| folder.path().join(format!("{name}.{end}"));
    let json = format!("json={}", file("json").display());
    let junit = format!("junit={}", file("xml").display());
    let wide = format!("wide={}", file("wide").display());
    let scanned = run(&["-o", "table", "-o", &wide, "-o", &json, "-o", &junit, "--color", "never"]);
    assert!(matches!(scanned.code, Some(1 | 4)), "{:?} {}", scanned.code, scanned.stderr);

    let read = |end: &str| fs::read_to_string(file(end)).expect("UTF-8");
    for (what, text) in [
        ("stderr", scanned.stderr.clone()),
        ("the table", scanned.stdout.clone()),
        ("wide", read("wide")),
        ("JSON", read("json")),
        ("JUnit", read("xml")),
    ] {
        assert_plain(what, &text);
    }
    // It is told all the same, in letters.
    for text in [&scanned.stdout, &read("wide")] {
        assert!(text.contains("\\u{1b}[31mred"), "{text}");
    }
    for line in scanned.stdout.lines() {
        assert!(line.chars().count() <= 80, "{} columns: {line}", line.chars().count());
    }
    // The report is as long as what it tells, and no longer: a name is not repeated by the megabyte.
    assert!(scanned.stdout.len() < 100_000, "{} bytes", scanned.stdout.len());

    let report: Value = serde_json::from_str(&read("json")).expect("JSON");
    let found = report["checks"].as_array().expect("checks").iter().flat_map(|check| {
        check["findings"].as_array().into_iter().flatten().map(|it| it["detail"].to_string())
    });
    assert!(found.filter(|it| it.contains("<script>")).count() > 2, "it is told");
    assert_valid_json(&file("json"));
    assert_valid_junit(&file("xml"));
}

#[test]
fn what_the_server_accepts() {
    static CONTROL_PLANE: OnceLock<ControlPlane> = OnceLock::new();
    let control_plane = CONTROL_PLANE
        .get_or_init(|| ControlPlane::start(&Options::default()).expect("a control plane"));
    let loaded = control_plane.create(accepted()).expect("loaded");
    assert_eq!(loaded.refused, [], "the server takes all of it");
    // A namespace is held to be younger than a list of the same second.
    thread::sleep(Duration::from_millis(1100));
    let kubeconfig = control_plane.kubeconfig(Identity::Admin).expect("a kubeconfig");
    assert_harmless("live", &|arguments| Run::of(assay(&kubeconfig).args(arguments)));
}

#[test]
fn what_only_a_file_can_hold() {
    let folder = tempfile::tempdir().expect("a folder");
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": written() });
    let file = folder.path().join("objects.json");
    fs::write(&file, list.to_string()).expect("written");
    assert_harmless("files", &|arguments| {
        let mut command = assay(Path::new("/nonexistent"));
        Run::of(command.arg("--from").arg(&file).arg("--complete").args(arguments))
    });
}

#[test]
fn a_file_with_a_hostile_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let name = EVIL.replace('/', "");
    let file = folder.path().join(name.chars().take(60).collect::<String>());
    fs::write(&file, "not: {an object").expect("written");
    let run = Run::of(assay(Path::new("/nonexistent")).arg("--from").arg(&file));
    assert_eq!(run.code, Some(2));
    assert_plain("stderr", &run.stderr);
    let run = Run::of(assay(Path::new("/nonexistent")).args(["--check", EVIL]));
    assert_eq!(run.code, Some(2));
    assert_plain("stderr", &run.stderr);
}
