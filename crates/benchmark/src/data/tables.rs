//! Dated tables: ends of life, flag defaults, installers' bindings, recognition of engines.

use std::sync::OnceLock;

use assay_model::{
    ContentDigest, Known,
    rbac::{Binding, PolicyRule, Subject},
};
use jiff::civil::Date;
use serde::{Deserialize, Deserializer};

use super::{
    bootstrap::{self, Bootstrap, RuleRow},
    file, parse,
};
use crate::{
    Facts,
    version::{Minor, first_release, minor_name},
};

/// Every table.
#[derive(Debug)]
pub struct Tables {
    releases: Vec<Release>,
    patches: Vec<Patch>,
    operating_systems: Vec<OperatingSystem>,
    flags: Vec<Flag>,
    default_plugins: Vec<DefaultPlugins>,
    bindings: Vec<InstallerBinding>,
    /// RBAC objects that API servers create themselves.
    pub bootstrap: Bootstrap,
    /// Network engines, the first that fits decides.
    pub network_engines: Vec<EngineRow>,
    /// Policy engines' webhooks.
    pub policy_engines: Vec<PolicyEngine>,
    /// What policies are known to ask for.
    pub policy_rules: Vec<PolicyRuleRow>,
    /// Image scanners.
    pub scanners: Vec<ScannerRow>,
    /// Managers of secrets.
    pub secret_managers: Vec<ManagerRow>,
    /// Engines that verify images.
    pub verifiers: Vec<VerifierRow>,
    /// What belongs into the system's namespaces.
    pub system_workloads: Vec<SystemWorkload>,
}

impl Tables {
    /// The tables that were compiled in.
    pub fn get() -> &'static Tables {
        static TABLES: OnceLock<Tables> = OnceLock::new();
        TABLES.get_or_init(|| {
            let lifecycle: Lifecycle = parse(file!("tables/lifecycle.toml"));
            let flags: Flags = parse(file!("tables/flag-defaults.toml"));
            Tables {
                releases: lifecycle.release,
                patches: parse::<Patches>(file!("tables/kubernetes-patches.toml")).patch,
                operating_systems: lifecycle.os,
                flags: flags.flag,
                default_plugins: flags.default_plugins,
                bindings: parse::<Installers>(file!("tables/installer-bindings.toml")).binding,
                bootstrap: parse(file!("tables/bootstrap-rbac.toml")),
                network_engines: parse::<Engines>(file!("tables/network-engines.toml")).engine,
                policy_engines: parse::<Policies>(file!("tables/policy-engines.toml")).engine,
                policy_rules: parse::<PolicyRules>(file!("tables/policy-rules.toml")).rule,
                scanners: parse::<Scanners>(file!("tables/image-scanners.toml")).scanner,
                secret_managers: parse::<Managers>(file!("tables/secret-managers.toml")).manager,
                verifiers: parse::<Verifiers>(file!("tables/image-verifiers.toml")).verifier,
                system_workloads: parse::<Systems>(file!("tables/system-workloads.toml")).workload,
            }
        })
    }

    /// The default of a component's flag; empty for an empty one, `None` when no row covers it.
    pub fn flag_default(&self, component: &str, flag: &str, minor: Minor) -> Option<&str> {
        let minor = minor_name(minor);
        let covers =
            |it: &&Flag| it.component == component && it.name == flag && it.minors.contains(&minor);
        // A version without the flag cannot have been given it: it is as good as empty.
        self.flags.iter().find(covers).map(|it| it.default.as_deref().unwrap_or_default())
    }

    /// The admission plug-ins that are on by default, `None` when no row covers the version.
    pub fn default_plugins(&self, minor: Minor) -> Option<&[String]> {
        let minor = minor_name(minor);
        let row = self.default_plugins.iter().find(|it| it.minors.contains(&minor))?;
        Some(&row.plugins)
    }

    /// The row of a product's release, or of the product as a whole.
    pub fn release(&self, product: &str, release: &str) -> Option<&Release> {
        let of_product = || self.releases.iter().filter(|it| it.product == product);
        let exact = of_product().find(|it| it.release.as_deref() == Some(release));
        exact.or_else(|| of_product().find(|it| it.release.is_none()))
    }

    /// The latest patch release of a minor of Kubernetes.
    pub fn latest_patch(&self, minor: Minor) -> Option<&Patch> {
        let minor = minor_name(minor);
        self.patches.iter().find(|it| it.minor == minor)
    }

    /// Product and release of an `osImage`; the release is empty when the product has none.
    pub fn operating_system(&self, image: &str) -> Option<(&str, String)> {
        let row = self
            .operating_systems
            .iter()
            .filter(|it| image.starts_with(&it.prefix))
            .max_by_key(|it| it.prefix.len())?;
        let rest = &image[row.prefix.len()..];
        let release = match row.version {
            Parts::Major => first_release(rest, 1)?,
            Parts::MajorMinor => first_release(rest, 2)?,
            Parts::None => String::new(),
        };
        Some((&row.product, release))
    }

    /// The row of an installer's own binding of a role to a subject, whatever that role grants by now.
    pub fn installer_of(&self, binding: &Binding, subject: &Subject) -> Option<&InstallerBinding> {
        let (kind, role_kind) = match &*binding.metadata.namespace {
            "" => ("ClusterRoleBinding", "ClusterRole"),
            _ => ("RoleBinding", "Role"),
        };
        let named = |it: &&InstallerBinding| {
            it.kind == kind
                && *binding.role_ref.kind == *role_kind
                && *it.name == *binding.metadata.name
                && *it.role == *binding.role_ref.name
                && it.namespace.as_deref().is_none_or(|it| it == &*binding.metadata.namespace)
        };
        let subject = subject_name(subject);
        self.bindings.iter().filter(named).find(|it| it.subjects.contains(&subject))
    }
}

/// As tables write subjects: `User:jane`, `Group:sre`, `ServiceAccount:ci/deployer`.
pub(crate) fn subject_name(subject: &Subject) -> String {
    match &*subject.namespace {
        "" => format!("{}:{}", subject.kind, subject.name),
        namespace => format!("{}:{namespace}/{}", subject.kind, subject.name),
    }
}

#[derive(Deserialize)]
struct Lifecycle {
    release: Vec<Release>,
    os: Vec<OperatingSystem>,
}

/// When a release stops to get security fixes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// What it is a release of.
    pub product: String,
    /// Which; `None` for every release of the product.
    #[serde(default)]
    pub release: Option<String>,
    /// The last day with fixes for everybody.
    #[serde(default, deserialize_with = "date")]
    pub end: Option<Date>,
    /// The last day with fixes for those who pay or ask for more.
    #[serde(default, deserialize_with = "date")]
    pub extended: Option<Date>,
    /// Whether the product as a whole gets no fixes any more.
    #[serde(default)]
    pub discontinued: bool,
    /// Who says so.
    pub source: String,
    /// When that was looked up.
    #[serde(deserialize_with = "day")]
    pub date: Date,
}

#[derive(Deserialize)]
struct Patches {
    patch: Vec<Patch>,
}

/// The latest patch release of a minor of Kubernetes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    /// `1.37`.
    pub minor: String,
    /// The last part of its version: 2 of `v1.37.2`.
    pub latest: u32,
    /// Who says so.
    pub source: String,
    /// When that was looked up.
    #[serde(deserialize_with = "day")]
    pub date: Date,
}

fn date<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Date>, D::Error> {
    day(from).map(Some)
}

fn day<'de, D: Deserializer<'de>>(from: D) -> Result<Date, D::Error> {
    String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
}

#[derive(Debug, Deserialize)]
struct OperatingSystem {
    product: String,
    prefix: String,
    version: Parts,
}

#[derive(Debug, Clone, Copy, Deserialize)]
enum Parts {
    #[serde(rename = "major")]
    Major,
    #[serde(rename = "major.minor")]
    MajorMinor,
    #[serde(rename = "none")]
    None,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Flags {
    flag: Vec<Flag>,
    default_plugins: Vec<DefaultPlugins>,
}

#[derive(Debug, Deserialize)]
struct DefaultPlugins {
    minors: Vec<String>,
    plugins: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Flag {
    component: String,
    #[serde(rename = "flag")]
    name: String,
    #[serde(default)]
    default: Option<String>,
    minors: Vec<String>,
}

#[derive(Deserialize)]
struct Installers {
    binding: Vec<InstallerBinding>,
}

/// A binding that an installer makes for itself.
#[derive(Debug, Deserialize)]
pub struct InstallerBinding {
    /// What people call the installer.
    pub installer: String,
    kind: String,
    #[serde(default)]
    namespace: Option<String>,
    name: String,
    role: String,
    subjects: Vec<String>,
    /// Those of the role, where the installer makes it; `None` where it is the API server's own.
    #[serde(default)]
    rules: Option<Vec<RuleRow>>,
}

impl InstallerBinding {
    /// Whether its role, which has these rules by now, grants no more than it should.
    pub fn covers(&self, rules: &[PolicyRule], facts: &Facts<'_>) -> Known<bool> {
        if let Some(own) = &self.rules {
            return Ok(rules.iter().all(|it| bootstrap::grants(own, it)));
        }
        let namespace = self.namespace.as_deref().unwrap_or_default();
        let role = facts.tables.bootstrap.role(namespace, &self.role, facts.server_minor()?)?;
        Ok(role.is_some_and(|role| rules.iter().all(|it| role.grants(it))))
    }
}

#[derive(Deserialize)]
struct Engines {
    engine: Vec<EngineRow>,
}

/// How a network engine is recognised, and whether it enforces policies.
#[derive(Debug, Deserialize)]
pub struct EngineRow {
    /// What people call it.
    pub name: String,
    /// Whether it enforces policies.
    pub enforces: bool,
    /// It fits where one of these does.
    #[serde(rename = "match")]
    pub matches: EngineMatch,
    /// …and where the `DaemonSet` has a container of that name,
    #[serde(default)]
    pub container: Option<String>,
    /// …and that container, or any, has this argument.
    #[serde(default)]
    pub arg: Option<String>,
}

/// What an engine is recognised by.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct EngineMatch {
    /// Names of a `DaemonSet`.
    pub daemonset_name: Vec<String>,
    /// Last components of an image's repository, with the beginning of a tag after a colon.
    pub image: Vec<String>,
    /// Parts of a node's kubelet version.
    pub version_suffix: Vec<String>,
}

#[derive(Deserialize)]
struct Policies {
    engine: Vec<PolicyEngine>,
}

/// How the webhooks of a policy engine are recognised.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PolicyEngine {
    /// What people call it.
    pub name: String,
    /// Names of its webhook configurations.
    pub webhook_configuration: Vec<String>,
    /// Services it answers by: `NAMESPACE/NAME`, with `*` for any namespace or any end of a name.
    pub service: Vec<String>,
    /// API groups of its policies, where they may be about how pods run.
    #[serde(default)]
    pub group: Vec<String>,
}

#[derive(Deserialize)]
struct PolicyRules {
    rule: Vec<PolicyRuleRow>,
}

/// What a policy asks for that refuses all that breaks a control.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PolicyRuleRow {
    /// As Pod Security admission calls it.
    pub control: String,
    /// Of a rule of Kyverno.
    #[serde(default)]
    pub pattern: Option<ContentDigest>,
    /// Of a rule of Kyverno.
    #[serde(default)]
    pub any_pattern: Option<ContentDigest>,
    /// All of them, in CEL, of an admission policy or a rule of Kyverno; empty where it is a pattern.
    #[serde(default)]
    pub expressions: Vec<ContentDigest>,
}

#[derive(Deserialize)]
struct Scanners {
    scanner: Vec<ScannerRow>,
}

/// How an image scanner is recognised.
#[derive(Debug, Deserialize)]
pub struct ScannerRow {
    /// What people call it.
    pub name: String,
    /// API group of its reports; `None` when it leaves none in the cluster.
    #[serde(default)]
    pub group: Option<String>,
    /// Kinds of its reports.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// Last components of its images' repositories.
    pub images: Vec<String>,
}

#[derive(Deserialize)]
struct Managers {
    manager: Vec<ManagerRow>,
}

/// How a manager of secrets is recognised.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ManagerRow {
    /// What people call it.
    pub name: String,
    /// What shows that it is used.
    pub objects: ManagerObjects,
    /// Names of containers that it puts into pods.
    #[serde(default)]
    pub containers: Vec<String>,
    /// Whether it keeps secrets beside manifests, encrypted, and none outside of the cluster.
    #[serde(default)]
    pub in_git: bool,
    /// API group of its kinds; `None` when it adds none.
    #[serde(default)]
    pub group: Option<String>,
    /// Last components of its images' repositories.
    pub images: Vec<String>,
}

/// What shows that a manager of secrets is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ManagerObjects {
    /// An `ExternalSecret` that is ready.
    ExternalSecrets,
    /// A `SecretProviderClass`.
    SecretProviderClasses,
    /// A container in some pod.
    Injected,
    /// It is not read.
    Unread,
}

#[derive(Deserialize)]
struct Verifiers {
    verifier: Vec<VerifierRow>,
}

/// How an engine is recognised that verifies images.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct VerifierRow {
    /// What people call it.
    pub name: String,
    /// Whose policies they are.
    pub policies: VerifierPolicies,
    /// API group of its policies; `None` when it keeps them to itself.
    #[serde(default)]
    pub group: Option<String>,
    /// Kinds of its policies.
    pub kinds: Vec<String>,
    /// Names of its webhook configurations.
    pub webhook_configuration: Vec<String>,
    /// Services it answers by: `NAMESPACE/NAME`, with `*` for any namespace or any end of a name.
    pub service: Vec<String>,
    /// Last components of its images' repositories; empty when it runs nowhere in the cluster.
    pub images: Vec<String>,
}

/// Whose policies an engine goes by, where they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VerifierPolicies {
    /// Rules of Kyverno that verify images.
    Kyverno,
    /// Of policy-controller.
    Sigstore,
    /// Of Portieris.
    Portieris,
    /// They are not read.
    Unread,
}

#[derive(Deserialize)]
struct Systems {
    workload: Vec<SystemWorkload>,
}

/// How a part of the platform is recognised.
#[derive(Debug, Deserialize)]
pub struct SystemWorkload {
    /// What people call it.
    pub name: String,
    /// Last components of its images' repositories.
    #[serde(default)]
    pub images: Vec<String>,
    /// What its images begin with, where nobody else can push.
    #[serde(default)]
    pub registry: Vec<String>,
}
