//! From kubeconfig and flags to a connection, with kubectl's precedence.
//!
//! | source                           | used when                                           |
//! |----------------------------------|-----------------------------------------------------|
//! | `--kubeconfig`                   | given; it must exist                                |
//! | `$KUBECONFIG`, a list            | set; missing files are skipped, one must exist      |
//! | `~/.kube/config`                 | it exists                                           |
//! | the service account of this pod  | there is no configuration at all, nor a `--server`  |
//!
//! The flags then override what was found, in a pod too. `kube::Config::infer` is never asked: it
//! falls back to the pod on *any* error, and so audits another cluster than the one that was meant.

use std::{
    collections::HashMap,
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{HeaderValue, Uri, header::USER_AGENT};
use kube::{
    Client, Config,
    client::AuthError,
    config::{AuthInfo, Cluster, Kubeconfig, KubeconfigError},
};
use rustls::pki_types::{
    CertificateDer, PrivateKeyDer,
    pem::{self, PemObject as _},
};
pub use secrecy::SecretString;

use crate::{Error, error::cause, proxy};

/// What requests say they come from.
pub const AGENT: &str = concat!("kube-assay/", env!("CARGO_PKG_VERSION"));

/// Longest wait for a TCP connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// kubectl's connection flags; all unset means what the kubeconfig says.
#[derive(Debug, Clone, Default)]
pub struct ConnectOptions {
    /// `--kubeconfig`: this file and no other.
    pub kubeconfig: Option<PathBuf>,
    /// `--context`.
    pub context: Option<String>,
    /// `--cluster`: another cluster of the kubeconfig than the context's.
    pub cluster: Option<String>,
    /// `--user`: another user of the kubeconfig than the context's.
    pub user: Option<String>,
    /// `--server`: URL, or host and port.
    pub server: Option<String>,
    /// `--token`: instead of any other way to get one.
    pub token: Option<SecretString>,
    /// `--as`.
    pub as_user: Option<String>,
    /// `--as-group`; needs `as_user`.
    pub as_groups: Vec<String>,
    /// `--as-uid`; needs `as_user`.
    pub as_uid: Option<String>,
    /// `--as-user-extra`: key and value, keys may repeat; needs `as_user`.
    pub as_user_extra: Vec<(String, String)>,
    /// `--certificate-authority`: file of PEM certificates.
    pub certificate_authority: Option<PathBuf>,
    /// `--client-certificate`: PEM file.
    pub client_certificate: Option<PathBuf>,
    /// `--client-key`: PEM file.
    pub client_key: Option<PathBuf>,
    /// `--tls-server-name`: the name to expect in the certificate.
    pub tls_server_name: Option<String>,
    /// `--insecure-skip-tls-verify`.
    pub insecure_skip_tls_verify: bool,
    /// `--request-timeout`: longest time for one request from its start to its last byte; `None`
    /// for no such bound.
    pub request_timeout: Option<Duration>,
    /// `--disable-compression`.
    pub disable_compression: bool,
}

/// A way to one cluster as one identity. Nothing has been asked of the server yet.
#[derive(Clone)]
pub struct Connection {
    pub(crate) client: Client,
    pub(crate) config: Config,
    pub(crate) request_timeout: Option<Duration>,
    context: String,
    cluster: String,
    server: String,
    user: String,
    impersonated: bool,
    namespace: Option<String>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection({} as {})", self.server, self.user)
    }
}

impl Connection {
    /// Through a client that is already there; fresh credentials would go to `server`.
    #[cfg(test)]
    pub(crate) fn through(client: Client, server: &str, namespace: Option<&str>) -> Self {
        let url: Uri = server.parse().expect("a URL");
        Connection {
            client,
            server: displayed(&url),
            config: Config::new(url),
            request_timeout: None,
            context: "test".to_owned(),
            cluster: "test".to_owned(),
            user: "tester".to_owned(),
            impersonated: false,
            namespace: namespace.map(str::to_owned),
        }
    }

    /// As with `--as`.
    #[cfg(test)]
    pub(crate) fn impersonate(&mut self) {
        self.impersonated = true;
    }

    /// The kubeconfig's context; empty when there is none.
    pub fn context(&self) -> &str {
        &self.context
    }

    /// The cluster's name in the kubeconfig; the server's URL where it has none.
    pub fn cluster(&self) -> &str {
        &self.cluster
    }

    /// The API server's URL, without credentials.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Who asks, as far as the configuration tells: the name after `--as`, else the kubeconfig's
    /// name of the user; empty when there is neither.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Whether requests are made in another's name.
    pub fn impersonated(&self) -> bool {
        self.impersonated
    }

    /// The namespace of the context, or of the pod; `None` when it names none.
    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// A client with freshly loaded credentials.
    pub(crate) async fn renew(&self) -> Result<Client, Error> {
        client(self.config.clone(), &self.user).await
    }

    /// A client that trusts the same servers and shows no credentials at all.
    pub(crate) async fn stranger(&self) -> Result<Client, Error> {
        let mut config = self.config.clone();
        config.auth_info = AuthInfo::default();
        client(config, "nobody").await
    }
}

/// Reads the configuration and prepares a client. Runs the kubeconfig's exec plugin if it has one,
/// but sends nothing to the cluster.
///
/// # Errors
///
/// All that is wrong with the configuration, naming the file; credentials that cannot be loaded.
pub async fn connect(options: &ConnectOptions) -> Result<Connection, Error> {
    let var = |name: &str| std::env::var(name).ok();
    let settings = Settings::load(options, std::env::home_dir().as_deref(), var)?;
    let config = settings.config(options, var)?;
    let server = displayed(&config.cluster_url);
    let acting = settings.user.impersonate.clone();
    let user = acting.clone().unwrap_or(settings.user_name);
    Ok(Connection {
        client: client(config.clone(), &user).await?,
        config,
        request_timeout: options.request_timeout.filter(|it| !it.is_zero()),
        context: settings.context,
        cluster: if settings.cluster_name.is_empty() {
            server.clone()
        } else {
            settings.cluster_name
        },
        server,
        user,
        impersonated: acting.is_some(),
        namespace: settings.namespace,
    })
}

/// Loading credentials may run a program and read files, so it is kept off the async threads.
async fn client(config: Config, user: &str) -> Result<Client, Error> {
    let own = config.clone();
    match tokio::task::spawn_blocking(move || Client::try_from(config)).await {
        Ok(made) => made.map_err(|it| credentials(user, &own, it)),
        Err(panicked) => {
            Err(Error::Credentials { user: user.to_owned(), source: Box::new(panicked) })
        }
    }
}

/// Says why the credentials could not be loaded, without what an exec plugin wrote to its standard
/// output: that may be the token.
pub(crate) fn credentials(user: &str, config: &Config, error: kube::Error) -> Error {
    let exec = config.auth_info.exec.as_ref();
    let command = exec.and_then(|it| it.command.as_deref()).unwrap_or_default();
    let said = match cause::<AuthError>(&error) {
        Some(AuthError::AuthExecStart(it)) => {
            let hint = exec.and_then(|it| it.install_hint.as_deref()).map(str::trim);
            let hint = hint.map(|it| format!("; {it}")).unwrap_or_default();
            Some(format!("could not run the exec plugin {command}: {it}{hint}"))
        }
        Some(AuthError::AuthExecRun { out, .. }) => {
            let complaint = String::from_utf8_lossy(&out.stderr);
            Some(format!(
                "the exec plugin {command} failed with {}: {}",
                out.status,
                complaint.trim()
            ))
        }
        Some(AuthError::AuthExecParse(_)) => {
            Some(format!("what the exec plugin {command} wrote is no ExecCredential"))
        }
        _ => None,
    };
    Error::Credentials {
        user: user.to_owned(),
        source: said.map_or_else(|| Box::new(error) as _, Into::into),
    }
}

/// Whether a host is this machine.
fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|it| it.is_loopback())
}

/// The one context, cluster and user that count, with the flags applied.
struct Settings {
    context: String,
    cluster_name: String,
    user_name: String,
    namespace: Option<String>,
    cluster: Cluster,
    user: AuthInfo,
}

impl Settings {
    fn load(
        options: &ConnectOptions,
        home: Option<&Path>,
        var: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Error> {
        let mut settings = match Files::load(options, home, &var)? {
            Some(files) => files.select(options)?,
            None if options.server.is_some() => Settings::empty(),
            None if var("KUBERNETES_SERVICE_HOST").is_some() => Settings::of_this_pod()?,
            None => return Err(Error::NoConfiguration),
        };
        settings.override_cluster(options);
        settings.override_user(options)?;
        Ok(settings)
    }

    fn empty() -> Self {
        Settings {
            context: String::new(),
            cluster_name: String::new(),
            user_name: String::new(),
            namespace: None,
            cluster: Cluster::default(),
            user: AuthInfo::default(),
        }
    }

    fn of_this_pod() -> Result<Self, Error> {
        let found = Config::incluster().map_err(Error::InCluster)?;
        let cluster = Cluster {
            server: Some(found.cluster_url.to_string()),
            certificate_authority: found.root_cert_file.map(|it| it.to_string_lossy().into_owned()),
            disable_compression: Some(true),
            ..Cluster::default()
        };
        Ok(Settings {
            user_name: "the pod's service account".to_owned(),
            namespace: Some(found.default_namespace),
            cluster,
            user: found.auth_info,
            ..Settings::empty()
        })
    }

    /// As client-go does: what verifies the old server does not verify the one of the flags.
    fn override_cluster(&mut self, options: &ConnectOptions) {
        let cluster = &mut self.cluster;
        if let Some(server) = &options.server {
            cluster.server = Some(server.clone());
            cluster.tls_server_name = None;
        }
        if let Some(name) = &options.tls_server_name {
            cluster.tls_server_name = Some(name.clone());
        }
        if options.insecure_skip_tls_verify {
            cluster.insecure_skip_tls_verify = Some(true);
            cluster.certificate_authority = None;
            cluster.certificate_authority_data = None;
        }
        if let Some(file) = &options.certificate_authority {
            cluster.certificate_authority = Some(file.to_string_lossy().into_owned());
            cluster.certificate_authority_data = None;
            cluster.insecure_skip_tls_verify = Some(options.insecure_skip_tls_verify);
        }
        if options.disable_compression {
            cluster.disable_compression = Some(true);
        }
    }

    fn override_user(&mut self, options: &ConnectOptions) -> Result<(), Error> {
        let user = &mut self.user;
        if let Some(token) = &options.token {
            user.token = Some(token.clone());
            user.token_file = None;
            user.username = None;
            user.password = None;
            user.exec = None;
            user.auth_provider = None;
        }
        if let Some(file) = &options.client_certificate {
            user.client_certificate = Some(file.to_string_lossy().into_owned());
            user.client_certificate_data = None;
        }
        if let Some(file) = &options.client_key {
            user.client_key = Some(file.to_string_lossy().into_owned());
            user.client_key_data = None;
        }
        if let Some(name) = &options.as_user {
            user.impersonate = Some(name.clone());
        }
        if let Some(uid) = &options.as_uid {
            user.impersonate_uid = Some(uid.clone());
        }
        if !options.as_groups.is_empty() {
            user.impersonate_groups = Some(options.as_groups.clone());
        }
        if !options.as_user_extra.is_empty() {
            let mut extra: HashMap<String, Vec<String>> = HashMap::new();
            for (key, value) in &options.as_user_extra {
                extra.entry(key.clone()).or_default().push(value.clone());
            }
            user.impersonate_user_extra = Some(extra);
        }
        let more = user.impersonate_uid.is_some()
            || user.impersonate_groups.is_some()
            || user.impersonate_user_extra.is_some();
        if user.impersonate.is_none() && more {
            return Err(setting("the impersonation", "groups, UID or extras need a user: --as"));
        }
        if self.cluster.server.is_some()
            && let Some(exec) = &mut user.exec
            && exec.provide_cluster_info
        {
            let cluster = (&self.cluster).try_into();
            exec.cluster = Some(cluster.map_err(|it| setting("the cluster", it))?);
        }
        Ok(())
    }

    fn config(
        &self,
        options: &ConnectOptions,
        var: impl Fn(&str) -> Option<String>,
    ) -> Result<Config, Error> {
        let cluster = &self.cluster;
        let insecure = cluster.insecure_skip_tls_verify.unwrap_or(false);
        let authority = self.authority()?;
        self.check_identity()?;
        let url = cluster.server.as_deref().unwrap_or_default();
        // client-go's rule for a server that is only a host and a port.
        let secured = insecure
            || authority.is_some()
            || self.user.client_certificate.is_some()
            || self.user.client_certificate_data.is_some();
        let url = match url {
            it if it.is_empty() || it.contains("://") => it.to_owned(),
            it if secured => format!("https://{it}"),
            it => format!("http://{it}"),
        };
        let url: Uri = url.parse().map_err(|it| setting("the server URL", it))?;
        if url.host().is_none_or(str::is_empty) || url.scheme().is_none() {
            return Err(setting("the server URL", "it names no host"));
        }
        let proxy = match cluster.proxy_url.as_deref().filter(|it| !it.is_empty()) {
            Some(proxy) => proxy::parse(proxy).map(Some),
            None => proxy::from_environment(&url, var),
        };

        let near = url.host().is_some_and(is_loopback);
        let mut config = Config::new(url);
        config.root_cert = authority;
        config.accept_invalid_certs = insecure;
        config.auth_info = self.user.clone();
        // Packing costs both sides more than a network without distance.
        config.disable_compression = cluster.disable_compression.unwrap_or(near);
        config.proxy_url = proxy.map_err(|it| setting("the proxy URL", it))?;
        config.tls_server_name.clone_from(&cluster.tls_server_name);
        config.headers = vec![(USER_AGENT, HeaderValue::from_static(AGENT))];
        config.connect_timeout = Some(
            options
                .request_timeout
                .filter(|it| !it.is_zero())
                .map_or(CONNECT_TIMEOUT, |it| it.min(CONNECT_TIMEOUT)),
        );
        // Retries are counted, and wait no longer than the scan may: `crate::api` does them.
        config.default_retry = false;
        Ok(config)
    }

    /// The CA's certificates; `None` leaves trust to the system.
    fn authority(&self) -> Result<Option<Vec<Vec<u8>>>, Error> {
        let cluster = &self.cluster;
        let filled = |it: &&str| !it.is_empty();
        let (name, pem) =
            if let Some(data) = cluster.certificate_authority_data.as_deref().filter(filled) {
                let name = "the kubeconfig's certificate-authority-data".to_owned();
                let pem = BASE64_STANDARD.decode(data).map_err(|it| setting(&name, it))?;
                (name, pem)
            } else if let Some(file) = cluster.certificate_authority.as_deref().filter(filled) {
                let name = format!("the certificate authority {file}");
                let pem = std::fs::read(file).map_err(|it| setting(&name, it))?;
                (name, pem)
            } else {
                return Ok(None);
            };
        certificates(&name, &pem).map(Some)
    }

    /// Reads the files of the client certificate and its key once before the client does, which
    /// could not tell whose fault it is when it fails.
    fn check_identity(&self) -> Result<(), Error> {
        let user = &self.user;
        if let Some(file) = user.client_certificate.as_ref().filter(|it| !it.is_empty()) {
            let name = format!("the client certificate {file}");
            let pem = std::fs::read(file).map_err(|it| setting(&name, it))?;
            certificates(&name, &pem)?;
        }
        if let Some(file) = user.client_key.as_ref().filter(|it| !it.is_empty()) {
            let name = format!("the client key {file}");
            let pem = std::fs::read(file).map_err(|it| setting(&name, it))?;
            PrivateKeyDer::from_pem_slice(&pem)
                .map_err(|it| setting(&name, no_pem(&it, "private key")))?;
        }
        Ok(())
    }
}

/// The certificates of a PEM file; at least one.
fn certificates(name: &str, pem: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
    let certificates = CertificateDer::pem_slice_iter(pem)
        .map(|it| it.map(|der| der.to_vec()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|it| setting(name, no_pem(&it, "certificate")))?;
    if certificates.is_empty() {
        return Err(setting(name, "it holds no PEM certificate"));
    }
    Ok(certificates)
}

/// What is wrong with a PEM file, without a byte of it.
fn no_pem(error: &pem::Error, wanted: &str) -> String {
    match error {
        pem::Error::MissingSectionEnd { .. } => "a PEM section breaks off".to_owned(),
        pem::Error::IllegalSectionStart { .. } => "a PEM section begins wrongly".to_owned(),
        pem::Error::Base64Decode(_) => "a PEM section is no base64".to_owned(),
        pem::Error::NoItemsFound => format!("it holds no PEM {wanted}"),
        _ => "it is no PEM".to_owned(),
    }
}

/// The kubeconfig files that were found, merged.
struct Files {
    paths: String,
    merged: Kubeconfig,
}

impl Files {
    /// `None` when there is no configuration at all.
    fn load(
        options: &ConnectOptions,
        home: Option<&Path>,
        var: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, Error> {
        let listed = var("KUBECONFIG").filter(|it| !it.is_empty());
        let paths: Vec<PathBuf> = if let Some(path) = &options.kubeconfig {
            vec![path.clone()]
        } else if let Some(list) = listed {
            let paths = std::env::split_paths(&list).filter(|it| !it.as_os_str().is_empty());
            let found: Vec<_> = paths.filter(|it| it.exists()).collect();
            // kubectl would go on to the pod's service account, hence perhaps to another cluster
            // than the one somebody named.
            if found.is_empty() {
                return Err(Error::NoKubeconfig { paths: list });
            }
            found
        } else {
            let default = home.map(|it| it.join(".kube").join("config"));
            default.into_iter().filter(|it| it.exists()).collect()
        };

        let mut merged = Kubeconfig::default();
        for path in &paths {
            let broken = |it| kubeconfig(path, it);
            let read = Kubeconfig::read_from(path).map_err(broken)?;
            merged = merged.merge(read).map_err(broken)?;
        }
        let empty = merged.contexts.is_empty()
            && merged.clusters.is_empty()
            && merged.auth_infos.is_empty()
            && merged.current_context.as_deref().unwrap_or_default().is_empty();
        if empty && options.kubeconfig.is_none() {
            let named = [&options.context, &options.cluster, &options.user];
            let named = named.into_iter().any(Option::is_some);
            // What is named cannot be there, and the pod's service account is not it.
            return if named { Err(Error::NoConfiguration) } else { Ok(None) };
        }
        let paths: Vec<_> = paths.iter().map(|it| it.display().to_string()).collect();
        Ok(Some(Files { paths: paths.join(", "), merged }))
    }

    fn select(self, options: &ConnectOptions) -> Result<Settings, Error> {
        let Files { paths: files, merged } = self;
        let names = |list: Vec<&String>| {
            let mut names: Vec<String> = list.into_iter().cloned().collect();
            names.sort();
            names
        };
        let contexts = || names(merged.contexts.iter().map(|it| &it.name).collect());
        let missing = |wanted: String, known: Vec<String>| Error::NotInKubeconfig {
            wanted,
            files: files.clone(),
            known,
        };

        let context_name = options
            .context
            .clone()
            .or_else(|| merged.current_context.clone())
            .filter(|it| !it.is_empty());
        let context = match &context_name {
            Some(name) => merged
                .contexts
                .iter()
                .find(|it| it.name == *name)
                .and_then(|it| it.context.clone())
                .ok_or_else(|| missing(format!("context `{name}`"), contexts()))?,
            None if options.cluster.is_some() || options.server.is_some() => {
                kube::config::Context::default()
            }
            None => return Err(Error::NoContext { files, known: contexts() }),
        };
        let context_name = context_name.unwrap_or_default();
        let of = |what: &str, name: &str, given: bool| {
            if given || context_name.is_empty() {
                format!("{what} `{name}`")
            } else {
                format!("{what} `{name}` of context `{context_name}`")
            }
        };

        let cluster_name = options.cluster.clone().unwrap_or(context.cluster);
        let cluster = if cluster_name.is_empty() && options.server.is_some() {
            Cluster::default()
        } else {
            let found = merged.clusters.iter().find(|it| it.name == cluster_name);
            found.and_then(|it| it.cluster.clone()).ok_or_else(|| {
                missing(
                    of("cluster", &cluster_name, options.cluster.is_some()),
                    names(merged.clusters.iter().map(|it| &it.name).collect()),
                )
            })?
        };
        // Without a user the server is asked as a stranger, as kubectl does.
        let user_name = options.user.clone().or(context.user).unwrap_or_default();
        let user = if user_name.is_empty() {
            AuthInfo::default()
        } else {
            let found = merged.auth_infos.iter().find(|it| it.name == user_name);
            let found = found.ok_or_else(|| {
                missing(
                    of("user", &user_name, options.user.is_some()),
                    names(merged.auth_infos.iter().map(|it| &it.name).collect()),
                )
            })?;
            found.auth_info.clone().unwrap_or_default()
        };
        Ok(Settings {
            context: context_name,
            cluster_name,
            user_name,
            namespace: context.namespace.filter(|it| !it.is_empty()),
            cluster,
            user,
        })
    }
}

/// Where a kubeconfig cannot be understood. The parser's own message quotes the lines around the
/// place, and those may hold a token.
#[derive(Debug, thiserror::Error)]
#[error("line {line}, column {column}: this is not YAML, or not as a kubeconfig has it")]
struct NotAKubeconfig {
    line: u64,
    column: u64,
}

fn kubeconfig(path: &Path, source: KubeconfigError) -> Error {
    let source: Box<dyn std::error::Error + Send + Sync> = match source {
        KubeconfigError::Parse(it) => {
            let (line, column) = it.location().map_or((1, 1), |it| (it.line(), it.column()));
            Box::new(NotAKubeconfig { line, column })
        }
        KubeconfigError::ReadConfig(it, _) => Box::new(it),
        other => Box::new(other),
    };
    Error::Kubeconfig { path: path.to_owned(), source }
}

fn setting(name: &str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Setting { setting: name.to_owned(), source: source.into() }
}

/// The URL as reports may show it: without user, password or trailing slash.
fn displayed(url: &Uri) -> String {
    let port = url.port_u16().map(|it| format!(":{it}")).unwrap_or_default();
    let path = url.path().trim_end_matches('/');
    format!(
        "{}://{}{port}{path}",
        url.scheme_str().unwrap_or("https"),
        url.host().unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use kube::config::ExecConfig;

    use super::*;

    const TWO: &str = "
apiVersion: v1
kind: Config
current-context: dev
contexts:
- {name: dev, context: {cluster: c1, user: u1, namespace: shop}}
- {name: ops, context: {cluster: gone, user: u1}}
- {name: odd, context: {cluster: c1, user: gone}}
clusters:
- {name: c1, cluster: {server: 'https://one:6443', tls-server-name: inner, certificate-authority-data: 'bm90IGEgY2VydGlmaWNhdGU='}}
users:
- {name: u1, user: {token: hush, as: alice, as-groups: [g]}}
";

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("assay-{}-{name}", std::process::id()));
            std::fs::create_dir_all(&path).expect("a folder");
            Folder(path)
        }
        fn file(&self, name: &str, text: &str) -> PathBuf {
            let path = self.0.join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(&path, text).expect("a file");
            path
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            std::fs::remove_dir_all(&self.0).expect("removed");
        }
    }

    fn load(options: &ConnectOptions, home: &Path, list: &str) -> Result<Settings, Error> {
        Settings::load(options, Some(home), |it| {
            (it == "KUBECONFIG" && !list.is_empty()).then(|| list.to_owned())
        })
    }

    fn error_of(options: &ConnectOptions, folder: &Folder, list: &str) -> String {
        let Err(error) = load(options, &folder.0, list) else { panic!("an error") };
        assert!(error.is_configuration(), "{error}");
        error.to_string()
    }

    #[test]
    fn a_file_that_is_given_wins_over_the_list_and_the_list_over_home() {
        let folder = Folder::new("precedence");
        let named = |name: &str| TWO.replace("shop", name);
        let given = folder.file("given", &named("given"));
        let listed = folder.file("listed", &named("listed")).display().to_string();
        folder.file(".kube/config", &named("home"));
        let namespace = |options: &ConnectOptions, list: &str| {
            load(options, &folder.0, list).expect("settings").namespace
        };
        let options = ConnectOptions { kubeconfig: Some(given), ..Default::default() };
        assert_eq!(namespace(&options, &listed).as_deref(), Some("given"));
        let none = ConnectOptions::default();
        let with_a_missing_one = format!("/nowhere/at/all:{listed}");
        assert_eq!(namespace(&none, &with_a_missing_one).as_deref(), Some("listed"));
        assert_eq!(namespace(&none, "").as_deref(), Some("home"));
    }

    #[test]
    fn a_broken_kubeconfig_is_named_and_never_quoted() {
        let folder = Folder::new("broken");
        let torn = folder.file("torn", "users:\n- name: u\n  user: {token: hush, [\n");
        let options = ConnectOptions { kubeconfig: Some(torn), ..Default::default() };
        let Err(error) = load(&options, &folder.0, "") else { panic!("an error") };
        let chain = format!("{error}: {}", std::error::Error::source(&error).expect("a cause"));
        assert!(chain.contains("torn") && chain.contains("line 3"), "{chain}");
        assert!(!format!("{chain}{error:?}").contains("hush"), "{chain}");

        let missing = folder.0.join("missing");
        let options = ConnectOptions { kubeconfig: Some(missing), ..Default::default() };
        assert!(error_of(&options, &folder, "").contains("missing"));
        let none = ConnectOptions::default();
        assert!(error_of(&none, &folder, "/nowhere/at/all").contains("/nowhere/at/all"));
        assert!(error_of(&none, &folder, "").contains("no cluster"));
    }

    #[test]
    fn unknown_names_are_told_with_the_known_ones() {
        let folder = Folder::new("unknown");
        folder.file(".kube/config", TWO);
        let context = |name: &str| ConnectOptions {
            context: Some(name.to_owned()),
            ..ConnectOptions::default()
        };
        let told = error_of(&context("prod"), &folder, "");
        assert!(told.contains("`prod`") && told.ends_with("dev, odd, ops"), "{told}");
        let told = error_of(&context("ops"), &folder, "");
        assert!(told.contains("`gone` of context `ops`") && told.ends_with("c1"), "{told}");
        let told = error_of(&context("odd"), &folder, "");
        assert!(told.contains("user `gone`") && told.ends_with("u1"), "{told}");
        folder.file(".kube/config", &TWO.replace("current-context: dev", ""));
        assert!(error_of(&ConnectOptions::default(), &folder, "").contains("no current context"));
    }

    #[test]
    fn flags_override_as_in_kubectl() {
        let folder = Folder::new("flags");
        folder.file(".kube/config", TWO);
        let options = ConnectOptions {
            server: Some("other:1".to_owned()),
            token: Some("new".into()),
            as_user: Some("bob".to_owned()),
            insecure_skip_tls_verify: true,
            ..ConnectOptions::default()
        };
        let settings = load(&options, &folder.0, "").expect("settings");
        let config = settings.config(&options, |_| None).expect("a config");
        assert_eq!(config.cluster_url, "https://other:1/");
        assert_eq!(config.tls_server_name, None);
        assert_eq!(config.root_cert, None);
        assert!(config.accept_invalid_certs);
        assert_eq!(settings.user.impersonate.as_deref(), Some("bob"));
        assert_eq!(settings.user.impersonate_groups, Some(vec!["g".to_owned()]));
        assert!(!config.default_retry);
    }

    #[test]
    fn a_server_and_a_token_are_enough() {
        let nowhere = Path::new("/nowhere/at/all");
        let options = ConnectOptions {
            server: Some("http://127.0.0.1:8080/base/".to_owned()),
            token: Some("t".into()),
            ..ConnectOptions::default()
        };
        let settings = load(&options, nowhere, "").expect("settings");
        let config = settings.config(&options, |_| None).expect("a config");
        assert_eq!(displayed(&config.cluster_url), "http://127.0.0.1:8080/base");
        let groups = ConnectOptions { as_groups: vec!["g".to_owned()], ..options };
        let Err(error) = load(&groups, nowhere, "") else { panic!("groups need a user") };
        assert!(error.is_configuration());
    }

    #[test]
    fn an_authority_without_a_certificate_is_an_error() {
        let folder = Folder::new("authority");
        folder.file(".kube/config", TWO);
        let options = ConnectOptions::default();
        let settings = load(&options, &folder.0, "").expect("settings");
        let Err(error) = settings.config(&options, |_| None) else { panic!("an error") };
        assert!(error.to_string().contains("certificate-authority-data"), "{error}");
    }

    #[test]
    fn an_exec_plugin_is_never_quoted() {
        let mut config = Config::new(Uri::from_static("https://one"));
        let folder = Folder::new("plugin");
        let plugin = folder.file("plugin", "#!/bin/sh\necho '{\"status\": [hush'\nexit $CODE\n");
        let run = |config: &Config| {
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            let made = runtime.block_on(client(config.clone(), "me"));
            let Err(error) = made else { panic!("an error") };
            let cause = std::error::Error::source(&error).expect("a cause").to_string();
            assert!(!format!("{error} {cause} {error:?}").contains("hush"), "{cause}");
            cause
        };
        for (code, said) in [("0", "no ExecCredential"), ("3", "failed with exit status: 3")] {
            let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            config.auth_info.exec = Some(ExecConfig {
                command: Some("sh".to_owned()),
                args: Some(vec![plugin.display().to_string()]),
                env: Some(vec![HashMap::from([variable("name", "CODE"), variable("value", code)])]),
                ..ExecConfig::default()
            });
            assert!(run(&config).contains(said), "{}", run(&config));
        }
        config.auth_info.exec = Some(ExecConfig {
            command: Some("no-such-plugin".to_owned()),
            install_hint: Some("get it there".to_owned()),
            ..ExecConfig::default()
        });
        let told = run(&config);
        assert!(told.contains("no-such-plugin") && told.ends_with("get it there"), "{told}");
    }
}
