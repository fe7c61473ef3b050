//! Nothing that could be a secret is told: not in a report of any format, a snapshot, a log or an error.
//!
//! Canaries stand where secrets do: in the values of Secrets, of config maps and of the environment, in
//! arguments, annotations and credentials, in answers that are no objects and files that do not parse. The
//! program itself is run, as loud as it gets, and all that it writes is searched.

use std::{
    env, fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use serde_json::{Value, json};
use tempfile::TempDir;

/// As the shared test data has them.
const CANARY: &str = "CANARY-0123456789abcdef";
/// The same in base64, as Secrets have it.
const ENCODED: &str = "Q0FOQVJZLTAxMjM0NTY3ODlhYmNkZWY=";

/// A scan in every format.
const SCAN: &[&str] = &["scan", "-o", "table", "-o", "wide=w", "-o", "json=j", "-o", "junit=x"];
const LEVELS: [&[&str]; 3] = [&[], &["-v"], &["-vv"]];

/// What a run wrote to standard output and standard error.
struct Run {
    code: Option<i32>,
    stderr: String,
}

/// Runs the program in `folder`, and searches all that it wrote: there, and to its standard streams.
#[track_caller]
fn run(folder: &Path, arguments: &[&str]) -> Run {
    let before = files_in(folder);
    let output = Command::new(env!("CARGO_BIN_EXE_kubectl-assay"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        .env("HOME", "/nonexistent")
        .env("RUST_BACKTRACE", "full")
        .env("RUST_LOG", "trace")
        .stdin(Stdio::null())
        .output()
        .expect("it runs");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!stderr.contains("panicked"), "{arguments:?}: {stderr}");
    assert_quiet(&format!("{arguments:?} on stdout"), &output.stdout);
    assert_quiet(&format!("{arguments:?} on stderr"), &output.stderr);
    for file in files_in(folder).into_iter().filter(|it| !before.contains(it)) {
        assert_quiet(
            &format!("{arguments:?} in {}", file.display()),
            &fs::read(&file).expect("a file"),
        );
        fs::remove_file(file).expect("a file");
    }
    Run { code: output.status.code(), stderr }
}

#[track_caller]
fn assert_quiet(what: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for canary in ["CANARY-", "Q0FOQVJZ"] {
        if let Some((before, after)) = text.split_once(canary) {
            let from = before.char_indices().rev().nth(200).map_or(0, |it| it.0);
            let before = &before[from..];
            let after: String = after.chars().take(60).collect();
            panic!("{what}: {before}{canary}{after}");
        }
    }
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|it| it.expect("an entry").path());
    entries.filter(|it| it.is_file()).collect()
}

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, content) in files {
        fs::write(folder.path().join(name), content).expect("a file");
    }
    folder
}

/// Scans files into every format, as all there is and as some of it.
fn scan_files(path: &Path) {
    let folder = folder(&[]);
    let from = path.display().to_string();
    for complete in [&["--complete"][..], &[]] {
        let arguments = [SCAN, &["-vv", "--from", &from], complete].concat();
        let Run { code, stderr } = run(folder.path(), &arguments);
        assert!(matches!(code, Some(0 | 1 | 4)), "{code:?} {stderr}");
    }
}

/// One object of any kind, with a canary wherever a secret could be.
fn singing(name: &str) -> Value {
    json!({
        "metadata": {
            "namespace": "shop", "name": name,
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": CANARY, "note": CANARY},
        },
        "spec": {
            "containers": [{
                "name": "c",
                "image": "registry.example/c:1",
                "command": ["sh", "-c", CANARY],
                "args": [format!("--token={CANARY}"), "--password", CANARY, CANARY],
                "env": [
                    {"name": "PASSWORD", "value": CANARY},
                    {"name": "URL", "value": format!("https://u:{CANARY}@host")},
                ],
                "livenessProbe": {
                    "exec": {"command": ["curl", CANARY]},
                    "httpGet": {"port": 1, "httpHeaders": [{"name": "Authorization", "value": CANARY}]},
                },
                "lifecycle": {"preStop": {"exec": {"command": [CANARY]}}},
            }],
            "volumes": [{"name": "v", "csi": {"driver": "d", "volumeAttributes": {"key": CANARY}}}],
        },
        "data": {"key": ENCODED},
        "stringData": {"key": CANARY},
        "webhooks": [{"name": "w", "clientConfig": {"caBundle": ENCODED, "url": "https://host"}}],
        "subjects": [],
        "roleRef": {"kind": "ClusterRole", "name": "view"},
        "rules": [],
    })
}

/// The same, malformed: each field is a canary, or holds one of a type that it may not have.
fn broken(name: &str) -> Value {
    let mut object = json!({"metadata": {"namespace": "shop", "name": name, "labels": CANARY}});
    for field in
        ["data", "roleRef", "rules", "spec", "status", "stringData", "subjects", "webhooks"]
    {
        object[field] = CANARY.into();
    }
    object
}

const KINDS: &[(&str, &str)] = &[
    ("v1", "ConfigMap"),
    ("v1", "Namespace"),
    ("v1", "Node"),
    ("v1", "Pod"),
    ("v1", "Secret"),
    ("v1", "Service"),
    ("v1", "ServiceAccount"),
    ("apps/v1", "Deployment"),
    ("rbac.authorization.k8s.io/v1", "ClusterRole"),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
    ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
];

#[test]
fn objects_in_files() {
    let mut objects = Vec::new();
    for (version, kind) in KINDS {
        for mut object in [singing("sings"), broken("broken")] {
            object["apiVersion"] = (*version).into();
            object["kind"] = (*kind).into();
            objects.push(object);
        }
    }
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string();
    let configz = json!({"kubeletconfig": {"staticPodURLHeader": {"X": [CANARY]}, "address": 1}});
    let files = folder(&[("all.json", list.as_bytes())]);
    fs::create_dir(files.path().join("configz")).expect("a folder");
    fs::write(files.path().join("configz/sings.json"), configz.to_string()).expect("a file");
    scan_files(files.path());
}

#[test]
fn the_shared_test_data() {
    let Some(data) = shared() else { return };
    let secrets = data.join("clusters/kind-goat/secrets.json");
    assert!(fs::read_to_string(&secrets).expect("a file").contains("Q0FOQVJZ"), "it is there");
    for place in
        ["clusters/kind-goat", "clusters/kind-goat/secrets.json", "clusters/platform/snapshot.yaml"]
    {
        scan_files(&data.join(place));
    }
}

/// The shared test data; `None`, with a printed line, where there is none. CI must have it.
#[expect(clippy::print_stdout, reason = "a skipped test must be seen")]
fn shared() -> Option<PathBuf> {
    let root = env::var_os("ASSAY_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let path = root.join("data");
    if path.exists() {
        return Some(path);
    }
    assert!(env::var_os("CI").is_none(), "{} is missing", path.display());
    println!("skipped: {} is missing", path.display());
    None
}

#[test]
fn files_that_do_not_parse() {
    let secret = format!(
        "apiVersion: v1\nkind: Secret\ndata: {{key: {ENCODED}}}\nstringData: {{key: {CANARY}}}\n"
    );
    let cases = [
        (
            "cut.json",
            format!(r#"{{"kind":"Secret","apiVersion":"v1","stringData":{{"key":"{CANARY}"#),
        ),
        ("word.json", format!(r#"{{"kind":"Secret","data":{CANARY}}}"#)),
        ("escape.json", format!(r#"{{"kind":"Secret","data":"{CANARY}\x"}}"#)),
        ("tab.yaml", format!("{secret}\t{CANARY}: [\n")),
        ("anchor.yaml", format!("{secret}other: *{CANARY}\n")),
        ("tag.yaml", format!("{secret}other: !<{CANARY}> {{\n")),
        ("twice.yaml", format!("{secret}{CANARY}: 1\n{CANARY}: 2\n")),
        ("table.yaml", format!("NAME  VALUE\n{CANARY}  1\n")),
        ("snapshot.json", format!(r#"{{"format":"kube-assay/snapshot-v1","pods":"{CANARY}"}}"#)),
        (
            "config.json",
            format!(r#"{{"kind":"Secret","format":"kube-assay/snapshot-v0","data":"{CANARY}"}}"#),
        ),
    ];
    for (name, content) in &cases {
        let folder = folder(&[(name, content.as_bytes())]);
        for level in LEVELS {
            run(folder.path(), &[SCAN, &["--from", name], level].concat());
        }
    }
}

/// What the server answers to a list.
#[derive(Debug, Clone, Copy)]
enum Mood {
    /// Objects, half of them malformed.
    Lists,
    /// The same, broken off.
    BreaksOff,
    /// A page of somebody between.
    Gateway,
    /// An object where a status should be.
    Refuses,
    /// Nothing that is HTTP.
    Babbles,
}

/// A server on loopback that sings; and how often the canary came as credentials.
fn server(mood: Mood) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let credentials = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&credentials);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let seen = Arc::clone(&seen);
            thread::spawn(move || answer(stream, mood, &seen));
        }
    });
    (address, credentials)
}

/// Answers one request; a client that goes away is none of the server's business.
fn answer(mut stream: TcpStream, mood: Mood, credentials: &AtomicUsize) -> Option<()> {
    let mut request = Vec::new();
    let mut chunk = [0; 4096];
    while !request.windows(4).any(|it| it == b"\r\n\r\n") {
        match stream.read(&mut chunk).ok()? {
            0 => return None,
            read => request.extend_from_slice(&chunk[..read]),
        }
    }
    let request = String::from_utf8_lossy(&request);
    credentials.fetch_add(usize::from(request.contains(CANARY)), Ordering::Relaxed);
    let path = request.split(' ').nth(1)?;
    let list = json!({
        "kind": "List", "apiVersion": "v1", "metadata": {}, "items": [singing("a"), broken("b")],
    })
    .to_string();
    let (status, length, body) = match (path, mood) {
        ("/version", _) => ("200 OK", None, json!({"gitVersion": "v1.37.2"}).to_string()),
        ("/api" | "/apis", _) => ("404 Not Found", None, format!("<html>{CANARY}</html>")),
        (_, Mood::Lists) => ("200 OK", None, list),
        (_, Mood::BreaksOff) => {
            ("200 OK", Some(list.len()), list.split_at(list.len() / 2).0.to_owned())
        }
        (_, Mood::Gateway) => ("400 Bad Request", None, format!("<html>{CANARY}</html>")),
        (_, Mood::Refuses) => {
            let secret = json!({"kind": "Secret", "message": CANARY, "data": {"key": ENCODED}});
            ("403 Forbidden", None, secret.to_string())
        }
        (_, Mood::Babbles) => return stream.write_all(CANARY.as_bytes()).ok(),
    };
    let length = length.unwrap_or(body.len());
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nX-Note: {CANARY}\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body.as_bytes()).ok()
}

fn kubeconfig(server: &str, user: &Value) -> String {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
    })
    .to_string()
}

/// Scans a server and collects from it, at every level.
fn ask_server(config: &str, level: &[&str]) -> Vec<Run> {
    let folder = folder(&[("config", config.as_bytes())]);
    let limits = ["--timeout", "5s", "--read-timeout", "1s", "--kubeconfig", "config"];
    [SCAN, &["collect", "-o", "snapshot"]]
        .map(|it| run(folder.path(), &[it, &limits, level].concat()))
        .into()
}

#[test]
fn servers() {
    thread::scope(|scope| {
        for mood in [Mood::Lists, Mood::BreaksOff, Mood::Gateway, Mood::Refuses, Mood::Babbles] {
            scope.spawn(move || {
                let (address, credentials) = server(mood);
                let config = kubeconfig(&address, &json!({"token": CANARY}));
                for level in LEVELS {
                    for Run { code, stderr } in ask_server(&config, level) {
                        assert!(matches!(code, Some(1 | 4)), "{mood:?} {code:?} {stderr}");
                        assert_eq!(stderr.contains("answered"), !level.is_empty(), "{stderr}");
                    }
                }
                assert!(credentials.load(Ordering::Relaxed) > 20, "{mood:?}: it was sent");
            });
        }
    });
}

#[test]
fn credentials_that_do_not_work() {
    let closed = "https://127.0.0.1:1";
    let plugin = |script: String| {
        json!({"exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": "sh",
            "args": ["-c", script],
            "env": [{"name": "PASSWORD", "value": CANARY}],
            "interactiveMode": "Never",
        }})
    };
    let credential = json!({
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": CANARY},
    });
    for user in [
        json!({"token": CANARY}),
        json!({"username": "u", "password": CANARY}),
        json!({"client-certificate-data": CANARY, "client-key-data": CANARY}),
        json!({"client-certificate-data": ENCODED, "client-key-data": ENCODED}),
        json!({"token": {"is": CANARY}}),
        json!({"auth-provider": {"name": "azure", "config": {"access-token": CANARY}}}),
        plugin(format!("echo '{credential}'")),
        plugin(format!("echo '{credential}'; exit 1")),
        plugin(format!("echo '{CANARY}'")),
        plugin(format!("echo '{CANARY}'; exit 1")),
        plugin(format!(r#"echo '{{"status":{{"token":["{CANARY}"]}}}}'"#)),
    ] {
        for level in LEVELS {
            for Run { code, stderr } in ask_server(&kubeconfig(closed, &user), level) {
                assert!(matches!(code, Some(2 | 3)), "{user}: {code:?} {stderr}");
            }
        }
    }
}
