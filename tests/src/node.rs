//! A whole kubeadm cluster on this machine: one node in namespaces of its own, for as long as a value lives.
//!
//! What a [`ControlPlane`](crate::ControlPlane) has not is here: static pods with the flags that kubeadm
//! gives them and their mirror pods, a kubelet, a container runtime, controllers, a scheduler, certificates
//! of each other's. `tests/cluster/node` is the first process of the node, and says how it is made.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    ffi::OsStr,
    fs::{self, File},
    net::{SocketAddr, TcpListener},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use hyper::StatusCode;
use nix::sched::{CloneFlags, setns};
use serde_json::{Value, json};
use tokio::{
    io::copy_bidirectional,
    net::TcpStream,
    runtime::{self, Runtime},
    sync::oneshot,
    task::JoinSet,
};

use crate::{
    Api, control_plane,
    keeper::{Keeper, say, tail},
    pki::{self, write},
};

/// Its address in its own network, where the kubelet and the API server listen.
const ADDRESS: &str = "10.77.0.1";

/// What it is made of beside the programs that are built, and the Debian packages that these are of.
const PROGRAMS: [&str; 8] =
    ["containerd", "ctr", "runc", "iptables", "ip", "unshare", "nsenter", "/usr/lib/cni/bridge"];
const PACKAGES: &str = "containerd runc iptables iproute2 util-linux containernetworking-plugins";

/// How long kubeadm may take, and how long a changed static pod: 35 s and 20 s alone, far more beside a
/// compiler.
const READY_WITHIN: Duration = Duration::from_mins(10);
const CHANGED_WITHIN: Duration = Duration::from_mins(5);

/// The components that kubeadm runs as static pods.
const COMPONENTS: [&str; 4] =
    ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"];

/// What the kubelet reads when it starts.
const KUBELET_CONFIG: &str = "/var/lib/kubelet/config.yaml";

/// A running node. Dropping it ends all of its processes and leaves nothing behind.
///
/// Its methods block, as those of a [`ControlPlane`](crate::ControlPlane).
#[derive(Debug)]
pub struct Node {
    // In the order of dropping, as in a `ControlPlane`.
    api: Api,
    _runtime: Arc<Runtime>,
    _forwarding: oneshot::Sender<Infallible>,
    keeper: Keeper,
    init: u32,
}

impl Node {
    /// Why no node can run here; `None` where one can.
    pub fn obstacle() -> Option<String> {
        if !cfg!(target_os = "linux") {
            return Some("it needs Linux".to_owned());
        }
        if !fs::metadata("/proc/self").is_ok_and(|it| it.uid() == 0) {
            return Some("it needs root, for namespaces, mounts and control groups".to_owned());
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let installed =
            |name: &&str| std::env::split_paths(&path).any(|it| it.join(name).is_file());
        let missing: Vec<&str> = PROGRAMS.into_iter().filter(|it| !installed(it)).collect();
        if !missing.is_empty() {
            return Some(format!(
                "{} not installed (apt-get install {PACKAGES})",
                missing.join(", ")
            ));
        }
        let tried = Command::new("unshare")
            .args(["--mount", "--net", "--pid", "--fork", "--mount-proc"])
            .args(["mount", "-t", "tmpfs", "try", "/run"])
            .output();
        match tried {
            Ok(output) if output.status.success() => None,
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
                Some(format!("namespaces with mounts of their own are refused: {said}"))
            }
            Err(error) => Some(format!("unshare: {error}")),
        }
    }

    /// Starts a node, or prints a line that says why there is none.
    ///
    /// # Panics
    ///
    /// If it does not start where it could; or, where `CI` is `true`, if there is an obstacle.
    pub fn start_where_possible() -> Option<Self> {
        let Some(obstacle) = Self::obstacle() else {
            return Some(Self::start().expect("a node"));
        };
        assert!(std::env::var("CI").as_deref() != Ok("true"), "no node: {obstacle}");
        say(&format!("skipped: no node: {obstacle}"));
        None
    }

    /// Starts a node, having built its programs if need be, and returns when it and its control plane are
    /// ready.
    ///
    /// # Errors
    ///
    /// An obstacle, a build that failed, or a node that was not ready in ten minutes; with the end of its log.
    pub fn start() -> Result<Self> {
        if let Some(obstacle) = Self::obstacle() {
            bail!("no node can run here: {obstacle}");
        }
        let programs = control_plane::programs(None, &["node"])?;
        let mut keeper = Keeper::new()?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("cluster/node");
        let mut arguments: Vec<String> =
            ["--mount", "--net", "--pid", "--uts", "--ipc", "--fork", "--mount-proc"]
                .map(str::to_owned)
                .into();
        // The keeper kills `unshare`; the node's first process goes with it, and all others with that one.
        arguments.push("--kill-child=KILL".to_owned());
        for path in [&script, &programs] {
            arguments.push(path.to_str().context("a path that is not UTF-8")?.to_owned());
        }
        arguments.push(keeper.name());
        keeper.spawn("node", Path::new("unshare"), &arguments)?;
        let init = made(&mut keeper)?;

        let (port, forwarding) = forward(init)?;
        let url = format!("https://127.0.0.1:{port}");
        // Kubeadm's own administrator, whom no missing binding refuses.
        let config = fs::read_to_string(inside(init, "/etc/kubernetes/super-admin.conf"))?;
        let mut config: Value = serde_saphyr::from_str(&config)?;
        config["clusters"][0]["cluster"]["server"] = url.clone().into();
        write(&keeper.folder().join("kubeconfig"), &config.to_string())?;
        let data = |pointer| {
            let text = config.pointer(pointer).and_then(Value::as_str);
            Ok::<_, anyhow::Error>(BASE64_STANDARD.decode(text.context("no credentials")?)?)
        };
        let client = pki::client_config_of(
            &data("/clusters/0/cluster/certificate-authority-data")?,
            &data("/users/0/user/client-certificate-data")?,
            &data("/users/0/user/client-key-data")?,
        )?;
        let runtime =
            Arc::new(runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?);
        let api = Api::new(&url, client, None, runtime.handle().clone());
        let node = Self { api, _runtime: runtime, _forwarding: forwarding, keeper, init };
        wait("the node and its static pods", READY_WITHIN, || node.is_ready())?;
        Ok(node)
    }

    fn is_ready(&self) -> bool {
        let ready = |path: &str| self.object(path).is_ok_and(|it| has_condition(&it, "Ready"));
        ready("/api/v1/nodes/node") && COMPONENTS.iter().all(|it| ready(&mirror_pod(it)))
    }

    /// The API as its administrator sees it.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// A kubeconfig of the administrator, whose server is an address of this machine.
    pub fn kubeconfig(&self) -> PathBuf {
        self.keeper.folder().join("kubeconfig")
    }

    /// The API server's address for what runs on the node.
    pub fn server(&self) -> String {
        format!("https://{ADDRESS}:6443")
    }

    /// Where a file of the node is seen from outside.
    pub fn path(&self, file: &str) -> PathBuf {
        inside(self.init, file)
    }

    /// A program that runs on the node: among its files, processes and networks, and with Kubernetes' own
    /// programs at hand.
    pub fn run(&self, program: impl AsRef<OsStr>) -> Command {
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new("nsenter");
        command
            .env("PATH", format!("/run/programs:{path}"))
            .arg(format!("--target={}", self.init))
            .args(["--mount", "--net", "--pid", "--uts", "--ipc", "--"])
            .arg(program)
            .stdin(Stdio::null());
        command
    }

    /// Gives the node's runtime the images of a docker-archive.
    ///
    /// # Errors
    ///
    /// An archive that the runtime refuses.
    pub fn import(&self, archive: &Path) -> Result<()> {
        let output = self
            .run("ctr")
            .args(["--namespace=k8s.io", "images", "import", "-"])
            // Opened here, for the node has other folders at some paths.
            .stdin(File::open(archive)?)
            .output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    /// The command line of a component, by its manifest on the node.
    ///
    /// # Errors
    ///
    /// No such static pod.
    pub fn command_line(&self, component: &str) -> Result<Vec<String>> {
        let manifest = self.manifest(component)?;
        Ok(serde_json::from_value(manifest["spec"]["containers"][0]["command"].clone())?)
    }

    /// Gives components other command lines in their manifests, all at once, and waits until each runs with
    /// its own and its mirror pod says so.
    ///
    /// # Errors
    ///
    /// No such static pod, or one that was not ready in five minutes.
    pub fn set_command_lines(&self, lines: &BTreeMap<&str, Vec<String>>) -> Result<()> {
        for (component, line) in lines {
            let mut manifest = self.manifest(component)?;
            manifest["spec"]["containers"][0]["command"] = line.clone().into();
            // Moved into place, for the kubelet would read half a file.
            let part = self.path(&format!("/etc/kubernetes/{component}.part"));
            write(&part, &manifest.to_string())?;
            fs::rename(part, self.path(&manifest_file(component)))?;
        }
        let runs = |component: &str, line: &[String]| {
            self.object(&mirror_pod(component)).is_ok_and(|pod| {
                let words = pod["spec"]["containers"][0]["command"].as_array();
                words.is_some_and(|it| it.iter().eq(line)) && has_condition(&pod, "Ready")
            })
        };
        wait("static pods with other command lines", CHANGED_WITHIN, || {
            lines.iter().all(|(component, line)| runs(component, line))
        })
        .with_context(|| {
            let late = lines.iter().filter(|(component, line)| !runs(component, line));
            let logs: Vec<String> = late.map(|(component, _)| self.end_of_log(component)).collect();
            logs.join("\n")
        })
    }

    /// The end of what a component wrote, in its last container.
    fn end_of_log(&self, component: &str) -> String {
        let files = format!("/var/log/pods/kube-system_{component}-node_*/{component}/*.log");
        let last = format!("tail --lines 10 $(ls -t {files} | head -1)");
        let output = self.run("sh").args(["-c", &last]).output();
        let text = output.map(|it| String::from_utf8_lossy(&it.stdout).into_owned());
        format!("{component}:\n{}", text.unwrap_or_default())
    }

    /// The configuration file of the kubelet.
    ///
    /// # Errors
    ///
    /// A file that cannot be read or parsed.
    pub fn kubelet_config(&self) -> Result<Value> {
        self.yaml(KUBELET_CONFIG)
    }

    /// Starts the kubelet anew with another configuration, and returns when the API server reaches it. Whatever
    /// serving certificate it asks for, it is given.
    ///
    /// # Errors
    ///
    /// A kubelet that did not answer in five minutes.
    pub fn set_kubelet_config(&self, config: &Value) -> Result<()> {
        write(&self.path(KUBELET_CONFIG), &config.to_string())?;
        let running = || fs::read_to_string(self.path("/run/kubelet.pid"));
        let before = running()?;
        let killed = self.run("sh").args(["-c", &format!("kill {before}")]).status()?;
        ensure!(killed.success(), "no process {before}");
        wait("the kubelet with another configuration", CHANGED_WITHIN, || {
            // 503 is the API server's, for a kubelet that is not there or has no certificate yet.
            let configz = self.api.get("/api/v1/nodes/node/proxy/configz");
            self.approve_serving_certificates().is_ok()
                && running().is_ok_and(|it| it != before)
                && configz.is_ok_and(|it| it.status != StatusCode::SERVICE_UNAVAILABLE)
        })
    }

    /// Does what an approver does that a cluster has which lets its CA sign kubelets' serving certificates.
    fn approve_serving_certificates(&self) -> Result<()> {
        const REQUESTS: &str = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
        let approved = json!({ "status": { "conditions": [
            { "type": "Approved", "status": "True", "reason": "Test", "message": "" }
        ] } });
        for request in self.object(REQUESTS)?["items"].as_array().into_iter().flatten() {
            let is_serving = request["spec"]["signerName"] == "kubernetes.io/kubelet-serving";
            if is_serving && request.pointer("/status/conditions").is_none() {
                let name = request["metadata"]["name"].as_str().unwrap_or_default();
                self.api.patch(&format!("{REQUESTS}/{name}/approval"), &approved)?.success()?;
            }
        }
        Ok(())
    }

    fn manifest(&self, component: &str) -> Result<Value> {
        self.yaml(&manifest_file(component))
    }

    fn yaml(&self, file: &str) -> Result<Value> {
        let file = self.path(file);
        let text = fs::read_to_string(&file).with_context(|| format!("{}", file.display()))?;
        Ok(serde_saphyr::from_str(&text)?)
    }

    fn object(&self, path: &str) -> Result<Value> {
        self.api.get(path)?.success()
    }

    /// The process that all others of the node end with.
    pub fn pids(&self) -> Vec<u32> {
        self.keeper.pids()
    }
}

fn mirror_pod(component: &str) -> String {
    format!("/api/v1/namespaces/kube-system/pods/{component}-node")
}

fn manifest_file(component: &str) -> String {
    format!("/etc/kubernetes/manifests/{component}.yaml")
}

/// Whether a condition of the object's status holds.
fn has_condition(object: &Value, name: &str) -> bool {
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
    conditions.into_iter().flatten().any(|it| it["type"] == name && it["status"] == "True")
}

/// Waits for kubeadm, and gives the process id of the node's first process.
fn made(keeper: &mut Keeper) -> Result<u32> {
    let unshare = keeper.pids()[0];
    let children = format!("/proc/{unshare}/task/{unshare}/children");
    let begin = Instant::now();
    while begin.elapsed() < READY_WITHIN {
        keeper.check()?;
        let init = fs::read_to_string(&children).ok().and_then(|it| it.trim().parse().ok());
        if let Some(init) = init.filter(|it| inside(*it, "/run/assay-node-is-ready").exists()) {
            return Ok(init);
        }
        thread::sleep(Duration::from_millis(100));
    }
    bail!("no cluster in {} s:\n{}", READY_WITHIN.as_secs(), tail(&keeper.log("node")))
}

fn inside(init: u32, file: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{init}/root{file}"))
}

pub(crate) fn wait(what: &str, within: Duration, done: impl Fn() -> bool) -> Result<()> {
    let begin = Instant::now();
    while !done() {
        ensure!(begin.elapsed() < within, "not ready in {} s: {what}", within.as_secs());
        thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}

/// Makes the node's API server reach from 127.0.0.1, on a port of its own, until the sender is dropped.
///
/// A socket belongs to the network it was made in. So the listener is made here, and a thread that moves
/// into the node's network makes the connections.
fn forward(init: u32) -> Result<(u16, oneshot::Sender<Infallible>)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let port = listener.local_addr()?.port();
    let network = File::open(format!("/proc/{init}/ns/net"))?;
    let target: SocketAddr = format!("{ADDRESS}:6443").parse()?;
    let (sender, dropped) = oneshot::channel();
    let (entered, result) = mpsc::channel();
    thread::spawn(move || -> Result<()> {
        let moved = setns(network, CloneFlags::CLONE_NEWNET);
        entered.send(moved)?;
        moved?;
        runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            tokio::select! {
                _ = dropped => Ok(()),
                never = pass_on(listener, target) => match never {},
            }
        })
    });
    result.recv()?.context("could not enter the node's network")?;
    Ok((port, sender))
}

/// Serves until dropped; its connections end with it, and their errors are the client's to see.
async fn pass_on(listener: tokio::net::TcpListener, target: SocketAddr) -> Infallible {
    let mut connections = JoinSet::new();
    loop {
        if let Ok((mut here, _)) = listener.accept().await {
            connections.spawn(async move {
                let mut there = TcpStream::connect(target).await?;
                copy_bidirectional(&mut here, &mut there).await
            });
        }
        while connections.try_join_next().is_some() {}
    }
}
