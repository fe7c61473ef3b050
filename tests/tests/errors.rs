//! Bad input: what it says, and how it ends. Nothing panics, and nothing is written to standard output.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

use assay_tests::{
    Broken, ControlPlane, Fault, Harm, Identity, Options, Run, assay, assert_valid_json, redacted,
};

fn control_plane() -> &'static ControlPlane {
    static CONTROL_PLANE: OnceLock<ControlPlane> = OnceLock::new();
    CONTROL_PLANE.get_or_init(|| ControlPlane::start(&Options::default()).expect("a control plane"))
}

fn kubeconfig() -> PathBuf {
    control_plane().kubeconfig(Identity::Admin).expect("a kubeconfig")
}

const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/cli/demo/objects.yaml");
const NOWHERE: &str = "/nonexistent";

/// Files that are not what they are given as.
struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, content: &[u8]| {
            fs::write(folder.path().join(name), content).expect("written");
        };
        write("empty", b"");
        write("binary", &[0x7f, b'E', b'L', b'F', 0, 0xff, 0xfe, 0, 1, 2]);
        write("page.html", b"<html><body>sign in</body></html>\n");
        let kubeconfig = fs::read(kubeconfig()).expect("read");
        write("half-a-kubeconfig", &kubeconfig[..kubeconfig.len() / 2]);
        write("half-a-manifest", b"apiVersion: v1\nkind: Pod\nmetadata: {name: a\n");
        for (half, whole) in [
            ("half-a-certificate", "admin.crt"),
            ("half-a-key", "admin.key"),
            ("half-an-authority", "ca.crt"),
        ] {
            let pem = fs::read(control_plane().folder().join(whole)).expect("read");
            write(half, &pem[..pem.len() / 2]);
        }
        write(
            "half-a-configuration",
            b"allow:\n  - check: cluster-admin-binding\n    subjects: [\"Group:a\n",
        );
        write("other-configuration", b"rules:\n  - id: 1\n");
        let run =
            Run::of(assay(&control_plane().kubeconfig(Identity::Admin).expect("known")).args([
                "collect",
                "-o",
                &folder.path().join("snapshot").display().to_string(),
            ]));
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        let snapshot = fs::read(folder.path().join("snapshot")).expect("read");
        write("half-a-snapshot", &snapshot[..snapshot.len() / 2]);
        Self { folder }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }
}

/// Runs with these arguments, and shows how it ended and what it said.
fn shown(title: &str, kubeconfig: &Path, arguments: &[&str], folder: &Path) -> String {
    let run = Run::of(assay(kubeconfig).args(arguments));
    assert_eq!(run.stdout, "", "{title}");
    let paths =
        [(kubeconfig, "KUBECONFIG"), (folder, "DIR"), (control_plane().folder(), "CLUSTER")];
    let code = run.code.expect("an exit code");
    assert!(code == 2 || code == 3, "{title}: {code}\n{}", run.stderr);
    format!("## {title}\nexit {code}\n{}\n", redacted(run.stderr.trim_end(), &paths))
}

#[test]
fn files_that_are_not_what_they_should_be() {
    let files = Files::new();
    let folder = files.folder.path();
    let own_half = |flag: &str| match flag {
        "--config" => "half-a-configuration",
        "--from" => "half-a-snapshot",
        "--kubeconfig" => "half-a-kubeconfig",
        "--certificate-authority" => "half-an-authority",
        "--client-certificate" => "half-a-certificate",
        _ => "half-a-key",
    };
    let flags = [
        "--config",
        "--from",
        "--kubeconfig",
        "--certificate-authority",
        "--client-certificate",
        "--client-key",
    ];
    let kubeconfig = kubeconfig();
    // A file of the user's is at fault, and no cluster was asked.
    let mut wrong_code = false;
    for flag in flags {
        let mut all = String::new();
        // A folder stands for a file that cannot be read: who runs the tests may read everything.
        let unreadable = if flag == "--from" { "folder/nothing-here" } else { "." };
        for name in ["missing", unreadable, "empty", "binary", "page.html", own_half(flag)] {
            let path = files.path(name);
            let mut arguments = vec![flag, path.as_str()];
            if flag == "--config" {
                arguments.extend(["--from", DEMO]);
            }
            // An empty configuration is one, and so is an empty file of objects.
            if name == "empty" && matches!(flag, "--config") {
                continue;
            }
            let shown = shown(&format!("{flag} {name}"), &kubeconfig, &arguments, folder);
            wrong_code |= !shown.contains("\nexit 2\n");
            all += &shown;
            all.push('\n');
        }
        insta::assert_snapshot!(format!("files{flag}"), all);
    }
    assert!(!wrong_code, "not all of them end with 2");
    let foreign = shown(
        "--config",
        &kubeconfig,
        &["--config", &files.path("other-configuration"), "--from", DEMO],
        folder,
    );
    insta::assert_snapshot!("other-configuration", foreign);
}

#[test]
fn a_half_manifest_among_others() {
    let files = Files::new();
    let run = Run::of(assay(Path::new(NOWHERE)).args(["--from", &files.path("half-a-manifest")]));
    assert_eq!(run.code, Some(2), "{run:?}");
    let folder = files.folder.path();
    insta::assert_snapshot!("half-a-manifest", redacted(&run.stderr, &[(folder, "DIR")]));
}

#[test]
fn names_that_are_not_known() {
    let kubeconfig = kubeconfig();
    let folder = Path::new(NOWHERE);
    let cases: &[&[&str]] = &[
        &["--context", "nosuch"],
        &["--cluster", "nosuch"],
        &["--user", "nosuch"],
        &["--check", "privileged-contaner"],
        &["--framework", "cis-kubernetes-9"],
        &["-o", "yamll"],
        &["-o", "json="],
        &["-o", "json", "-o", "table"],
        &["--from", DEMO, "--complete=podz"],
        &["--selector", "a in (", "--from", DEMO],
        &["--server", "not a url"],
        &["--timeout", "soon"],
        &["--nosuch"],
        &["explain", "nosuch"],
    ];
    let shown: Vec<String> = cases
        .iter()
        .map(|it| shown(&it.join(" ").replace(DEMO, "DEMO"), &kubeconfig, it, folder))
        .collect();
    insta::assert_snapshot!("names", shown.join("\n"));
}

/// Answers every request on a loopback port alike, until the test ends.
fn web_server(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut request = [0; 4096];
            // Whoever has gone gets no answer.
            if stream.read(&mut request).is_ok() && stream.write_all(answer.as_bytes()).is_err() {}
        }
    });
    url
}

#[test]
fn clusters_that_cannot_be_used() {
    let folder = control_plane().folder();
    let broken = |it| control_plane().broken_kubeconfig(it).expect("written");
    let mut all = Vec::new();
    for it in [
        Broken::UnknownToken,
        Broken::ExpiredCertificate,
        Broken::OtherAuthority,
        Broken::RefusedPort,
    ] {
        all.push(shown(&format!("{it:?}"), &broken(it), &[], folder));
    }
    let page = web_server(
        "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 22\r\nconnection: close\r\n\r\n<html>sign in</html>\r\n",
    );
    let silent = web_server("");
    let proxy = control_plane().proxy().expect("a proxy");
    proxy.fault(Fault::at("/", Harm::Unavailable));
    let mended = control_plane().proxy().expect("a proxy");
    let by_token = mended.kubeconfig(Identity::Admin).expect("a kubeconfig");
    all.push(shown("--token", &by_token, &["--token", "nobody's"], folder));
    let busy = proxy.kubeconfig(Identity::Admin).expect("a kubeconfig");
    let good = kubeconfig();
    all.push(shown("a web page", &good, &["--server", &page], folder));
    all.push(shown("a server without an answer", &good, &["--server", &silent], folder));
    all.push(shown(
        "plain HTTP to TLS",
        &good,
        &["--server", &control_plane().url().replace("https", "http")],
        folder,
    ));
    all.push(shown("another name", &good, &["--tls-server-name", "kubernetes.example"], folder));
    all.push(shown("a server that is not ready", &busy, &[], folder));
    all.push(shown("no configuration", Path::new(""), &[], folder));
    insta::assert_snapshot!("clusters", all.join("\n"));
    // The same for a snapshot of it; and no file is left behind.
    let file = folder.join("never.zst");
    let run = Run::of(assay(&broken(Broken::RefusedPort)).args(["collect", "-o"]).arg(&file));
    assert_eq!((run.code, file.exists()), (Some(3), false));
}

#[test]
fn outputs_that_cannot_be_written() {
    let folder = Path::new(NOWHERE);
    for arguments in [
        &["--from", DEMO, "-o", "json=/nonexistent/report.json"][..],
        &["--from", DEMO, "-o", "table=/"],
    ] {
        let run = Run::of(assay(folder).args(arguments));
        assert_eq!(run.code, Some(5), "{}", run.stderr);
        assert!(run.stderr.contains("cannot write /"), "{}", run.stderr);
    }
}

#[test]
fn an_interrupt_leaves_a_report() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let proxy = control_plane().proxy().expect("a proxy");
        proxy.fault(Fault::at("/api/v1/pods", Harm::Stall));
        let kubeconfig = proxy.kubeconfig(Identity::Admin).expect("a kubeconfig");
        let child = assay(&kubeconfig)
            .args(["-o", "json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let begin = Instant::now();
        while !proxy.seen().iter().any(|it| it.broken) {
            assert!(begin.elapsed() < Duration::from_secs(30), "it never asked for pods");
            thread::sleep(Duration::from_millis(20));
        }
        let killed = Command::new("kill").arg(signal).arg(child.id().to_string()).status();
        assert!(killed.expect("kill").success());
        let begin = Instant::now();
        let run = Run::ended(child.wait_with_output().expect("it ends"));
        assert!(begin.elapsed() < Duration::from_secs(5), "it ends at once");
        assert_eq!(run.code, Some(code), "{}", run.stderr);

        let report = run.report();
        assert_eq!(report.0["scan"]["interrupted"], true);
        assert!(!report.is_complete());
        assert!(report.gaps().contains(&"pods: timeout".to_owned()), "{:?}", report.gaps());
        assert_eq!(report.checks()["privileged-container"].outcome(), "unknown");
        let file = control_plane().folder().join(format!("interrupted{signal}.json"));
        fs::write(&file, &run.stdout).expect("written");
        assert_valid_json(&file);
    }
}
