//! A kube-apiserver and its etcd on loopback, for as long as a value lives.
//!
//! There is no controller manager, scheduler, or kubelet: what is created stays as it was created. So no
//! service accounts appear by themselves, nothing is garbage-collected, and pods run nowhere.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use hyper::StatusCode;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::{
    Api, AuditEvent, Loaded, Proxy, audit,
    keeper::{Keeper, tail},
    load, objects,
    pki::{self, Authority, Validity, write},
};

/// How long a server may take to be ready. It takes 5 s alone, and far more beside a compiler.
const READY_WITHIN: Duration = Duration::from_mins(3);

/// The user behind [`Identity::Admin`], in the group that RBAC never refuses.
const ADMIN: &str = "kubernetes-admin";
const MASTERS: &str = "system:masters";

/// Admission plug-ins that would change or refuse what a test loads, for want of a part that is not here:
/// webhooks could not be reached, and no node controller would lift the taint of a new node.
const WITHOUT: &str = "MutatingAdmissionWebhook,ValidatingAdmissionWebhook,TaintNodesByCondition";

/// What a control plane is started with.
#[derive(Clone, Debug)]
pub struct Options {
    /// Kubernetes release, such as `v1.36.3`. `None`: `K8S_VERSION`, else the one of `tests/cluster/go.mod`.
    pub version: Option<String>,
    /// The API server's `--authorization-mode`; empty leaves the flag out (for `--authorization-config`).
    pub authorization_mode: String,
    /// Who may log in with a token, beside the admin. They hold no right until a test grants one.
    pub users: Vec<User>,
    /// Such as `ComponentFlagz=true`.
    pub feature_gates: Vec<String>,
    /// More flags for the API server, such as `--anonymous-auth=false`.
    pub flags: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            version: None,
            authorization_mode: "Node,RBAC".to_owned(),
            users: Vec::new(),
            feature_gates: Vec::new(),
            flags: Vec::new(),
        }
    }
}

/// Somebody who logs in with a token.
#[derive(Clone, Debug)]
pub struct User {
    name: String,
    groups: Vec<String>,
}

impl User {
    /// A user of these groups; the API server adds `system:authenticated`.
    pub fn new(name: &str, groups: &[&str]) -> Self {
        Self { name: name.to_owned(), groups: groups.iter().map(|&it| it.to_owned()).collect() }
    }
}

/// Whose credentials a kubeconfig holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity<'a> {
    /// May do everything: a client certificate, or at a [`Proxy`], which cannot pass one on, a token.
    Admin,
    /// The token of one of [`Options::users`].
    User(&'a str),
    /// A token that the API server issues for a service account: namespace, name.
    ServiceAccount(&'a str, &'a str),
}

/// What is wrong with a kubeconfig that no scan can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// A token that nobody holds (401).
    UnknownToken,
    /// The admin's certificate, out of date (401).
    ExpiredCertificate,
    /// An authority that did not sign the server's certificate: no connection.
    OtherAuthority,
    /// A port where nothing listens: no connection.
    RefusedPort,
}

/// A running API server with its etcd. Dropping it stops both and removes their data.
///
/// Its methods block: use it in plain tests, not in async ones. Starting costs some 5 s, so the tests of
/// a binary share one through a `static OnceLock`; it then ends with the process.
#[derive(Debug)]
pub struct ControlPlane {
    // In the order of dropping: no task of the runtime outlives it, then the servers end.
    api: Api,
    runtime: Arc<Runtime>,
    keeper: Keeper,
    authority: Authority,
    url: String,
    users: Vec<User>,
}

impl ControlPlane {
    /// Starts a control plane, having built it if need be, and returns when it is ready.
    ///
    /// # Errors
    ///
    /// The build failed, or a process ended or was not ready in three minutes; with the end of its log.
    pub fn start(options: &Options) -> Result<Self> {
        let programs = programs(options.version.as_deref(), &[])?;
        let runtime = Arc::new(
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?,
        );
        let begin = || Self::try_start(options, &programs, Arc::clone(&runtime));
        match begin() {
            // A free port can be taken between our look and the server's; hardly twice.
            Err(error) if format!("{error:#}").contains("address already in use") => begin(),
            other => other,
        }
    }

    fn try_start(options: &Options, programs: &Path, runtime: Arc<Runtime>) -> Result<Self> {
        let mut keeper = Keeper::new()?;
        let folder = keeper.folder().to_owned();
        let authority = Authority::new("assay-tests")?;
        write(&folder.join("ca.crt"), &authority.pem())?;
        authority.server()?.write(&folder, "server")?;
        let admin = authority.client(ADMIN, MASTERS, Validity::Current)?;
        admin.write(&folder, "admin")?;
        pki::write_key_pair(&folder, "service-account")?;
        write(&folder.join("tokens.csv"), &token_file(&options.users))?;
        write(&folder.join("audit-policy.json"), &audit::policy().to_string())?;

        let etcd = format!("http://127.0.0.1:{}", free_port()?);
        let port = free_port()?;
        keeper.spawn("etcd", &programs.join("etcd"), &etcd_flags(&etcd))?;
        keeper.spawn(
            "kube-apiserver",
            &programs.join("kube-apiserver"),
            &server_flags(options, &etcd, port),
        )?;

        let url = format!("https://127.0.0.1:{port}");
        let api =
            Api::new(&url, authority.client_config(Some(&admin))?, None, runtime.handle().clone());
        let this = Self { api, runtime, keeper, authority, url, users: options.users.clone() };
        this.ready()
    }

    /// Waits until the server is ready and has made the namespace `default`, which comes a moment later.
    fn ready(mut self) -> Result<Self> {
        let begin = Instant::now();
        while begin.elapsed() < READY_WITHIN {
            self.keeper.check()?;
            let up = |path| self.api.get(path).is_ok_and(|answer| answer.status == StatusCode::OK);
            if up("/readyz") && up("/api/v1/namespaces/default") {
                return Ok(self);
            }
            thread::sleep(Duration::from_millis(100));
        }
        let log = tail(&self.keeper.log("kube-apiserver"));
        bail!("kube-apiserver was not ready in {} s:\n{log}", READY_WITHIN.as_secs())
    }

    /// Where the API server listens, such as `https://127.0.0.1:40123`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The API as `identity` sees it.
    ///
    /// # Errors
    ///
    /// A user that is not among [`Options::users`], or a service account that does not exist.
    pub fn api(&self, identity: Identity) -> Result<Api> {
        let Some(token) = self.token(identity)? else { return Ok(self.api.clone()) };
        let config = self.authority.client_config(None)?;
        Ok(Api::new(&self.url, config, Some(token), self.api.handle().clone()))
    }

    /// Writes a kubeconfig that logs in as `identity`; a new file each time.
    ///
    /// # Errors
    ///
    /// As [`ControlPlane::api`].
    pub fn kubeconfig(&self, identity: Identity) -> Result<PathBuf> {
        let user = match self.token(identity)? {
            Some(token) => json!({ "token": token }),
            None => self.certificate("admin"),
        };
        self.write_kubeconfig(&self.url, "ca.crt", &user)
    }

    /// Writes a kubeconfig of the admin that does not work.
    ///
    /// # Errors
    ///
    /// Files that could not be written.
    pub fn broken_kubeconfig(&self, broken: Broken) -> Result<PathBuf> {
        let folder = self.keeper.folder();
        match broken {
            Broken::UnknownToken => {
                self.write_kubeconfig(&self.url, "ca.crt", &json!({ "token": "nobody's" }))
            }
            Broken::ExpiredCertificate => {
                self.authority
                    .client(ADMIN, MASTERS, Validity::Expired)?
                    .write(folder, "expired")?;
                self.write_kubeconfig(&self.url, "ca.crt", &self.certificate("expired"))
            }
            Broken::OtherAuthority => {
                write(&folder.join("other.crt"), &Authority::new("another authority")?.pem())?;
                self.write_kubeconfig(&self.url, "other.crt", &self.certificate("admin"))
            }
            Broken::RefusedPort => {
                let nowhere = format!("https://127.0.0.1:{}", free_port()?);
                self.write_kubeconfig(&nowhere, "ca.crt", &self.certificate("admin"))
            }
        }
    }

    /// Creates the Kubernetes objects of a file, or of a folder's `.json`, `.yaml` and `.yml` files.
    ///
    /// [`Loaded`] says what happened to each; [`ControlPlane::create`] what is changed on the way.
    ///
    /// # Errors
    ///
    /// A file that cannot be read or parsed, or no connection. What the server refuses is no error.
    pub fn load(&self, path: &Path) -> Result<Loaded> {
        self.create(objects::read(path)?)
    }

    /// Creates objects as a cluster had them, as far as a server without controllers allows.
    ///
    /// Left out is what the first server assigned: uid, resource version, times, generation, managed
    /// fields, addresses and ports of services, priorities, selectors of jobs. Owner references get the
    /// new owner's uid; where the owner does not exist, the reference stays as it was. Status and ephemeral
    /// containers follow by their subresources, Pod Security labels when the pods are in. Namespaces and
    /// service accounts that objects name, and a `default` service account a namespace, are added where
    /// missing. An object that exists already, such as a bootstrap role, is replaced.
    ///
    /// # Errors
    ///
    /// No connection, or objects without a name.
    pub fn create(&self, objects: Vec<Value>) -> Result<Loaded> {
        self.runtime.block_on(load::load(&self.api, objects))
    }

    /// The requests answered so far, oldest first, without the server's own.
    ///
    /// A request is there as soon as its answer was read to the end, a watch when it ends. Take the
    /// length before and after, or a user of its own, to count a test's requests.
    ///
    /// # Errors
    ///
    /// A log that cannot be read.
    pub fn audit(&self) -> Result<Vec<AuditEvent>> {
        audit::read(&self.keeper.folder().join(audit::LOG))
    }

    /// A proxy before this server that changes nothing until told to.
    ///
    /// # Errors
    ///
    /// No free port.
    pub fn proxy(&self) -> Result<Proxy<'_>> {
        Proxy::start(self)
    }

    /// Process ids of etcd and kube-apiserver.
    pub fn pids(&self) -> Vec<u32> {
        self.keeper.pids()
    }

    /// The folder with certificates, data, and the logs `etcd.log`, `kube-apiserver.log`, `audit.log`.
    pub fn folder(&self) -> &Path {
        self.keeper.folder()
    }

    pub(crate) fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    pub(crate) fn authority(&self) -> &Authority {
        &self.authority
    }

    /// `None` for the admin, who has a certificate.
    pub(crate) fn token(&self, identity: Identity) -> Result<Option<String>> {
        match identity {
            Identity::Admin => Ok(None),
            Identity::User(name) => {
                ensure!(
                    self.users.iter().any(|it| it.name == name),
                    "{name} is not among `Options::users`"
                );
                Ok(Some(token(name)))
            }
            Identity::ServiceAccount(namespace, name) => {
                let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token");
                let request = json!({ "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {} });
                let issued = self.api.post(&path, &request)?.success()?;
                let token = issued.pointer("/status/token").and_then(Value::as_str);
                Ok(Some(token.context("a TokenRequest without a token")?.to_owned()))
            }
        }
    }

    /// Credentials from `<name>.crt` and `<name>.key`.
    fn certificate(&self, name: &str) -> Value {
        let file = |end| self.keeper.folder().join(format!("{name}.{end}"));
        json!({ "client-certificate": file("crt"), "client-key": file("key") })
    }

    /// JSON is YAML, and a kubeconfig may be either.
    pub(crate) fn write_kubeconfig(
        &self,
        server: &str,
        authority: &str,
        user: &Value,
    ) -> Result<PathBuf> {
        let folder = self.keeper.folder();
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{
                "name": "assay-tests",
                "cluster": { "server": server, "certificate-authority": folder.join(authority) },
            }],
            "users": [{ "name": "user", "user": user }],
            "contexts": [{ "name": "assay-tests", "context": { "cluster": "assay-tests", "user": "user" } }],
            "current-context": "assay-tests",
        });
        let file =
            tempfile::Builder::new().prefix("config-").suffix(".json").tempfile_in(folder)?;
        write(file.path(), &config.to_string())?;
        Ok(file.into_temp_path().keep()?)
    }
}

/// The token of the admin, for those who cannot present a certificate.
pub(crate) fn admin_token() -> String {
    token(ADMIN)
}

fn token(user: &str) -> String {
    format!("token-of-{user}")
}

/// One line a user: token, name, uid, groups.
fn token_file(users: &[User]) -> String {
    let admin = User::new(ADMIN, &[MASTERS]);
    let line = |User { name, groups }: &User| {
        format!("{},{name},{name},\"{}\"\n", token(name), groups.join(","))
    };
    users.iter().chain([&admin]).map(line).collect()
}

fn etcd_flags(url: &str) -> Vec<String> {
    [
        "--data-dir=etcd",
        &format!("--listen-client-urls={url}"),
        &format!("--advertise-client-urls={url}"),
        "--listen-peer-urls=http://127.0.0.1:0",
        // What is lost in a crash is thrown away at the end of the test anyway.
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]
    .map(str::to_owned)
    .into()
}

fn server_flags(options: &Options, etcd: &str, port: u16) -> Vec<String> {
    let mut flags = vec![
        format!("--etcd-servers={etcd}"),
        format!("--secure-port={port}"),
        format!("--disable-admission-plugins={WITHOUT}"),
        format!("--audit-log-path={}", audit::LOG),
    ];
    flags.extend(
        [
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            "--endpoint-reconciler-type=none",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--cert-dir=.",
            "--tls-cert-file=server.crt",
            "--tls-private-key-file=server.key",
            "--client-ca-file=ca.crt",
            "--token-auth-file=tokens.csv",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-account-key-file=service-account.pub",
            "--service-account-signing-key-file=service-account.key",
            "--audit-policy-file=audit-policy.json",
            "--enable-admission-plugins=NodeRestriction",
            "--allow-privileged=true",
        ]
        .map(str::to_owned),
    );
    if !options.authorization_mode.is_empty() {
        flags.push(format!("--authorization-mode={}", options.authorization_mode));
    }
    if !options.feature_gates.is_empty() {
        flags.push(format!("--feature-gates={}", options.feature_gates.join(",")));
    }
    flags.extend(options.flags.iter().cloned());
    flags
}

/// The folder of etcd and kube-apiserver, from `tests/cluster/build`: minutes the first time, then at once.
/// With the argument `node`, all that a node is made of.
pub(crate) fn programs(version: Option<&str>, arguments: &[&str]) -> Result<PathBuf> {
    let mut build = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("cluster/build"));
    if let Some(version) = version {
        build.env("K8S_VERSION", version);
    }
    let output = build
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("could not run cluster/build")?;
    ensure!(output.status.success(), "cluster/build failed ({})", output.status);
    Ok(PathBuf::from(String::from_utf8(output.stdout)?.trim_end()))
}

/// A loopback port that nobody listens on now.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
