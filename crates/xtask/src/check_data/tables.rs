//! The dated tables.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, bail, ensure};
use jiff::civil::Date;
use serde::Deserialize;

use super::{minor, minors, sourced};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lifecycle {
    #[serde(rename = "release")]
    releases: Vec<Lifetime>,
    #[serde(rename = "os")]
    systems: Vec<System>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lifetime {
    product: String,
    release: Option<String>,
    end: Option<Date>,
    extended: Option<Date>,
    #[serde(default)]
    discontinued: bool,
    source: String,
    date: Date,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct System {
    product: String,
    prefix: String,
    version: Parts,
    source: String,
    date: Date,
}

/// How many parts of a version number name a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Parts {
    #[serde(rename = "none")]
    None,
    #[serde(rename = "major")]
    Major,
    #[serde(rename = "major.minor")]
    MajorMinor,
}

impl Lifecycle {
    pub(super) fn rows(&self) -> usize {
        self.releases.len() + self.systems.len()
    }

    pub(super) fn check(&self) -> anyhow::Result<()> {
        let mut seen = BTreeSet::new();
        for it in &self.releases {
            let name = format!("{} {}", it.product, it.release.as_deref().unwrap_or("(all)"));
            it.check().with_context(|| name.clone())?;
            ensure!(seen.insert(name.clone()), "{name} occurs twice");
        }
        let mut seen = BTreeSet::new();
        for it in &self.systems {
            sourced(&it.source, it.date).with_context(|| it.prefix.clone())?;
            ensure!(
                !it.product.is_empty() && !it.prefix.is_empty(),
                "an operating system is empty"
            );
            ensure!(seen.insert(&it.prefix), "`{}` occurs twice", it.prefix);
        }
        // A release is looked up as it was cut: one with more or fewer parts is never found.
        for it in &self.releases {
            let Some(release) = &it.release else { continue };
            let parts = release.split('.').count();
            let cuts = self.systems.iter().filter(|os| os.product == it.product);
            let cuts: BTreeSet<_> = cuts.map(|os| os.version.count()).collect();
            let found = if cuts.is_empty() { parts == 2 } else { cuts.contains(&parts) };
            ensure!(found, "{} {release} can never be found", it.product);
        }
        Ok(())
    }
}

impl Lifetime {
    fn check(&self) -> anyhow::Result<()> {
        sourced(&self.source, self.date)?;
        ensure!(self.discontinued == self.release.is_none(), "all releases, or one");
        ensure!(self.discontinued || self.end.is_some(), "no end");
        if let Some(extended) = self.extended {
            ensure!(self.end.is_some_and(|end| end < extended), "extended to before its end");
        }
        Ok(())
    }
}

impl Parts {
    fn count(self) -> usize {
        match self {
            Self::None => 0,
            Self::Major => 1,
            Self::MajorMinor => 2,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KubernetesPatches {
    #[serde(rename = "patch")]
    pub(super) patches: Vec<Patch>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Patch {
    #[serde(rename = "minor")]
    of: String,
    #[serde(rename = "latest")]
    _latest: u32,
    source: String,
    date: Date,
}

impl KubernetesPatches {
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let mut seen = BTreeSet::new();
        for it in &self.patches {
            minor(&it.of).and_then(|()| sourced(&it.source, it.date))?;
            ensure!(seen.insert(&it.of), "{} occurs twice", it.of);
        }
        Ok(())
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct FlagDefaults {
    #[serde(rename = "flag")]
    flags: Vec<FlagDefault>,
    default_plugins: Vec<DefaultPlugins>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FlagDefault {
    component: String,
    flag: String,
    default: Option<String>,
    #[serde(default)]
    absent: bool,
    minors: Vec<String>,
    source: String,
    date: Date,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DefaultPlugins {
    minors: Vec<String>,
    plugins: Vec<String>,
    source: String,
    date: Date,
}

impl FlagDefaults {
    pub(super) fn rows(&self) -> usize {
        self.flags.len() + self.default_plugins.len()
    }

    pub(super) fn check(&self) -> anyhow::Result<()> {
        let mut seen = BTreeSet::new();
        for it in &self.flags {
            let name = format!("{} --{}", it.component, it.flag);
            sourced(&it.source, it.date).and_then(|()| minors(&it.minors)).context(name.clone())?;
            ensure!(it.absent == it.default.is_none(), "{name}: a default, or absent");
            ensure!(!it.flag.starts_with('-'), "{name}: dashes");
            for minor in &it.minors {
                ensure!(seen.insert((name.clone(), minor)), "{name} occurs twice for {minor}");
            }
        }
        let mut seen = BTreeSet::new();
        for it in &self.default_plugins {
            sourced(&it.source, it.date).and_then(|()| minors(&it.minors))?;
            let unique: BTreeSet<_> = it.plugins.iter().collect();
            ensure!(unique.len() == it.plugins.len(), "a plug-in occurs twice");
            for minor in &it.minors {
                ensure!(seen.insert(minor), "the plug-ins of {minor} occur twice");
            }
        }
        Ok(())
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct BootstrapRbac {
    #[serde(rename = "source")]
    sources: Vec<Origin>,
    #[serde(rename = "cluster-role")]
    cluster_roles: Vec<Role>,
    #[serde(rename = "role")]
    roles: Vec<Role>,
    #[serde(rename = "cluster-role-binding")]
    cluster_role_bindings: Vec<Grant>,
    #[serde(rename = "role-binding")]
    role_bindings: Vec<Grant>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Origin {
    minor: String,
    version: String,
    source: String,
    date: Date,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Role {
    namespace: Option<String>,
    name: String,
    minors: Vec<String>,
    #[serde(default)]
    aggregates: BTreeMap<String, String>,
    rules: Vec<Rule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct Rule {
    groups: Vec<String>,
    resources: Vec<String>,
    verbs: Vec<String>,
    names: Vec<String>,
    urls: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Grant {
    namespace: Option<String>,
    name: String,
    minors: Vec<String>,
    role: String,
    subjects: Vec<String>,
}

impl BootstrapRbac {
    pub(super) fn rows(&self) -> usize {
        self.cluster_roles.len()
            + self.roles.len()
            + self.cluster_role_bindings.len()
            + self.role_bindings.len()
    }

    pub(super) fn check(&self) -> anyhow::Result<()> {
        for Origin { minor: of, version, source, date } in &self.sources {
            minor(of).and_then(|()| sourced(source, *date))?;
            ensure!(version.starts_with(&format!("v{of}.")), "{version} is no release of {of}");
        }
        let sources: BTreeSet<_> = self.sources.iter().map(|it| it.minor.as_str()).collect();
        let mut seen = BTreeSet::new();
        let mut once = |kind, namespace: &Option<String>, name: &str, of: &[String]| {
            for minor in of {
                ensure!(sources.contains(minor.as_str()), "{name}: no source for {minor}");
                let key = (kind, namespace.clone(), name.to_owned(), minor.clone());
                ensure!(seen.insert(key), "{kind} {name} occurs twice for {minor}");
            }
            Ok(())
        };
        for (kind, namespaced, roles) in
            [("ClusterRole", false, &self.cluster_roles), ("Role", true, &self.roles)]
        {
            for it in roles {
                once(kind, &it.namespace, &it.name, &it.minors)?;
                ensure!(it.namespace.is_some() == namespaced, "{kind} {}: namespace", it.name);
                ensure!(it.aggregates.is_empty() || !it.rules.is_empty(), "{} is hollow", it.name);
                for rule in &it.rules {
                    rule.check().with_context(|| format!("{kind} {}", it.name))?;
                }
            }
        }
        for (kind, namespaced, grants) in [
            ("ClusterRoleBinding", false, &self.cluster_role_bindings),
            ("RoleBinding", true, &self.role_bindings),
        ] {
            for it in grants {
                once(kind, &it.namespace, &it.name, &it.minors)?;
                ensure!(it.namespace.is_some() == namespaced, "{kind} {}: namespace", it.name);
                subjects(&it.subjects).with_context(|| format!("{kind} {}", it.name))?;
                self.resolves(it, namespaced)?;
            }
        }
        Ok(())
    }

    /// A bootstrap binding binds a bootstrap role of every minor it exists in.
    fn resolves(&self, grant: &Grant, namespaced: bool) -> anyhow::Result<()> {
        let roles = if namespaced { &self.roles } else { &self.cluster_roles };
        for minor in &grant.minors {
            let found = roles.iter().any(|it| {
                it.name == grant.role
                    && it.namespace == grant.namespace
                    && it.minors.contains(minor)
            });
            ensure!(found, "{} binds {}, which {minor} does not have", grant.name, grant.role);
        }
        Ok(())
    }
}

impl Rule {
    fn check(&self) -> anyhow::Result<()> {
        ensure!(!self.verbs.is_empty(), "a rule without verbs");
        let resources = !self.groups.is_empty() && !self.resources.is_empty();
        ensure!(resources == self.urls.is_empty(), "a rule for resources, or for URLs");
        ensure!(self.names.is_empty() || resources, "names of no resource");
        Ok(())
    }
}

/// `User:NAME`, `Group:NAME` or `ServiceAccount:NAMESPACE/NAME`.
fn subjects(list: &[String]) -> anyhow::Result<()> {
    for subject in list {
        let fits = match subject.split_once(':') {
            Some(("User" | "Group", name)) => !name.is_empty(),
            Some(("ServiceAccount", name)) => {
                name.split('/').filter(|it| !it.is_empty()).count() == 2
            }
            _ => false,
        };
        ensure!(fits, "`{subject}` is no subject");
    }
    Ok(())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InstallerBindings {
    #[serde(rename = "binding")]
    pub(super) bindings: Vec<Binding>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Binding {
    installer: String,
    kind: String,
    namespace: Option<String>,
    name: String,
    role: String,
    subjects: Vec<String>,
    rules: Option<Vec<Rule>>,
    source: String,
    date: Date,
}

impl InstallerBindings {
    /// A row either has its role's rules, or binds a role that every version of the API server makes.
    pub(super) fn resolves(&self, bootstrap: &BootstrapRbac) -> anyhow::Result<()> {
        for it in &self.bindings {
            let roles = match it.namespace {
                None => &bootstrap.cluster_roles,
                Some(_) => &bootstrap.roles,
            };
            let made_by_server = |minor: &str| {
                roles.iter().any(|role| {
                    role.name == it.role
                        && role.namespace == it.namespace
                        && role.minors.iter().any(|it| it == minor)
                })
            };
            for Origin { minor, .. } in &bootstrap.sources {
                ensure!(
                    made_by_server(minor) == it.rules.is_none(),
                    "{}: {} is the API server's own in {minor}, or has rules here, not both",
                    it.name,
                    it.role
                );
            }
        }
        Ok(())
    }

    pub(super) fn check(&self) -> anyhow::Result<()> {
        for it in &self.bindings {
            sourced(&it.source, it.date)
                .and_then(|()| subjects(&it.subjects))
                .and_then(|()| it.rules.iter().flatten().try_for_each(Rule::check))
                .context(it.name.clone())?;
            ensure!(it.rules.as_ref().is_none_or(|it| !it.is_empty()), "{}: no rules", it.name);
            ensure!(!it.installer.is_empty() && !it.role.is_empty(), "{} is empty", it.name);
            ensure!(!it.subjects.is_empty(), "{} binds nobody", it.name);
            match (it.kind.as_str(), &it.namespace) {
                ("ClusterRoleBinding", None) | ("RoleBinding", Some(_)) => {}
                (kind, _) => bail!("{} is a {kind}; its namespace does not fit that", it.name),
            }
        }
        Ok(())
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NetworkEngines {
    #[serde(rename = "engine")]
    pub(super) engines: Vec<NetworkEngine>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NetworkEngine {
    name: String,
    #[cfg_attr(not(test), expect(dead_code, reason = "any boolean is right"))]
    enforces: bool,
    #[serde(rename = "match")]
    fits: Match,
    container: Option<String>,
    arg: Option<String>,
    source: String,
    date: Date,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[derive(Default)]
struct Match {
    daemonset_name: Vec<String>,
    image: Vec<String>,
    version_suffix: Vec<String>,
}

impl NetworkEngines {
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let mut names = BTreeSet::new();
        for it in &self.engines {
            sourced(&it.source, it.date).with_context(|| it.name.clone())?;
            ensure!(names.insert(&it.name), "{} occurs twice", it.name);
            let Match { daemonset_name, image, version_suffix } = &it.fits;
            let parts = [daemonset_name, image, version_suffix];
            ensure!(parts.iter().any(|it| !it.is_empty()), "{} fits nothing", it.name);
            ensure!(it.container.as_deref() != Some(""), "{} names no container", it.name);
            ensure!(
                it.arg.as_ref().is_none_or(|it| it.starts_with("--")),
                "{}: no argument",
                it.name
            );
        }
        Ok(())
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyEngines {
    #[serde(rename = "engine")]
    pub(super) engines: Vec<PolicyEngine>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct PolicyEngine {
    name: String,
    webhook_configuration: Vec<String>,
    service: Vec<String>,
    #[serde(default)]
    group: Vec<String>,
    source: String,
    date: Date,
}

impl PolicyEngines {
    pub(super) fn check(&self) -> anyhow::Result<()> {
        for it in &self.engines {
            sourced(&it.source, it.date).with_context(|| it.name.clone())?;
            let found = !it.webhook_configuration.is_empty() || !it.service.is_empty();
            ensure!(found, "{} cannot be recognised", it.name);
            let dotted = it.group.iter().all(|group| group.contains('.'));
            ensure!(dotted, "{}: {:?} are no API groups", it.name, it.group);
            for service in &it.service {
                let parts = service.split('/').filter(|it| !it.is_empty()).count();
                ensure!(parts == 2, "{}: `{service}` is not NAMESPACE/NAME", it.name);
            }
        }
        Ok(())
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyRules {
    #[serde(rename = "rule")]
    pub(super) rules: Vec<PolicyRule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct PolicyRule {
    control: String,
    pattern: Option<toml::Table>,
    any_pattern: Option<Vec<toml::Table>>,
    #[serde(default)]
    expressions: Vec<String>,
    source: String,
    date: Date,
}

impl PolicyRules {
    pub(super) fn check(&self) -> anyhow::Result<()> {
        for it in &self.rules {
            sourced(&it.source, it.date).with_context(|| it.control.clone())?;
            let contents = [
                it.pattern.as_ref().is_some_and(|it| !it.is_empty()),
                it.any_pattern.as_ref().is_some_and(|it| it.len() > 1),
                !it.expressions.is_empty(),
            ];
            let one = contents.into_iter().filter(|it| *it).count() == 1;
            ensure!(one, "{}: a rule has one kind of content", it.control);
            // Spaces make no difference, and within quotes or a comment they would.
            let plain =
                it.expressions.iter().all(|it| !it.contains(['"', '\'']) && !it.contains("//"));
            ensure!(plain, "{}: an expression has text or a comment in it", it.control);
        }
        Ok(())
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ImageVerifiers {
    #[serde(rename = "verifier")]
    pub(super) verifiers: Vec<Verifier>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Verifier {
    name: String,
    policies: String,
    group: Option<String>,
    kinds: Vec<String>,
    webhook_configuration: Vec<String>,
    service: Vec<String>,
    images: Vec<String>,
    source: String,
    date: Date,
}

impl ImageVerifiers {
    pub(super) fn check(&self) -> anyhow::Result<()> {
        for it in &self.verifiers {
            sourced(&it.source, it.date).with_context(|| it.name.clone())?;
            ensure!(it.group.is_some() != it.kinds.is_empty(), "{}: a group has kinds", it.name);
            let asked = !it.webhook_configuration.is_empty() || !it.service.is_empty();
            ensure!(asked || it.group.is_some(), "{} cannot be recognised", it.name);
            let read = it.policies != "unread";
            ensure!(!read || asked && !it.images.is_empty(), "{} is never at work", it.name);
        }
        Ok(())
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SecretManagers {
    #[serde(rename = "manager")]
    pub(super) managers: Vec<SecretManager>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct SecretManager {
    name: String,
    objects: String,
    #[serde(default)]
    containers: Vec<String>,
    #[serde(default)]
    in_git: bool,
    group: Option<String>,
    images: Vec<String>,
    source: String,
    date: Date,
}

impl SecretManagers {
    pub(super) fn check(&self) -> anyhow::Result<()> {
        for it in &self.managers {
            sourced(&it.source, it.date).with_context(|| it.name.clone())?;
            ensure!(!it.images.is_empty(), "{} has no workload", it.name);
            let injects = it.objects == "injected";
            ensure!(
                injects != it.containers.is_empty(),
                "{}: what is injected has a name",
                it.name
            );
            ensure!(!it.in_git || it.objects == "unread", "{}: it serves nothing", it.name);
            let dotted = it.group.as_ref().is_none_or(|it| it.contains('.'));
            ensure!(dotted, "{}: {:?} is no API group", it.name, it.group);
        }
        Ok(())
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ImageScanners {
    #[serde(rename = "scanner")]
    pub(super) scanners: Vec<Scanner>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scanner {
    name: String,
    group: Option<String>,
    kinds: Vec<String>,
    images: Vec<String>,
    source: String,
    date: Date,
}

impl ImageScanners {
    pub(super) fn check(&self) -> anyhow::Result<()> {
        for it in &self.scanners {
            sourced(&it.source, it.date).with_context(|| it.name.clone())?;
            ensure!(it.group.is_some() != it.kinds.is_empty(), "{}: a group has kinds", it.name);
            ensure!(!it.images.is_empty(), "{} has no workload", it.name);
        }
        Ok(())
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SystemWorkloads {
    #[serde(rename = "workload")]
    pub(super) workloads: Vec<SystemWorkload>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SystemWorkload {
    name: String,
    #[serde(default)]
    images: Vec<String>,
    #[serde(default)]
    registry: Vec<String>,
    source: String,
    date: Date,
}

impl SystemWorkloads {
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let mut seen = BTreeSet::new();
        for it in &self.workloads {
            sourced(&it.source, it.date).with_context(|| it.name.clone())?;
            ensure!(it.images.is_empty() != it.registry.is_empty(), "{}: one of both", it.name);
            for image in &it.images {
                ensure!(seen.insert(image), "{}: {image} occurs twice", it.name);
            }
            let whole = it.registry.iter().all(|it| it.ends_with('/'));
            ensure!(whole, "{}: a registry ends in a slash", it.name);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use serde::de::DeserializeOwned;

    use super::*;

    /// A table of this workspace.
    fn table<T: DeserializeOwned>(file: &str) -> T {
        let tables = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../benchmarks/tables");
        let text = fs::read_to_string(tables.join(file)).expect("it is there");
        toml::from_str(&text).expect("it parses")
    }

    #[test]
    fn a_lifecycle_that_could_never_be_looked_up_or_has_no_end_is_refused() {
        let sound = r#"
[[release]]
product = "debian"
release = "12"
end = "2026-07-11"
extended = "2028-06-30"
source = "https://example.org"
date = "2026-11-23"
[[os]]
product = "debian"
prefix = "Debian GNU/Linux "
version = "major"
source = "https://example.org"
date = "2026-11-23"
"#;
        let check =
            |text: &str| -> anyhow::Result<()> { toml::from_str::<Lifecycle>(text)?.check() };
        check(sound).expect("it is sound");
        for (right, wrong) in [
            ("\"12\"", "\"12.1\""),
            ("release = \"12\"\n", ""),
            ("end = \"2026-07-11\"\n", ""),
            ("2026-07-11", "2029-07-11"),
            ("\"major\"", "\"minor\""),
        ] {
            assert!(check(&sound.replace(right, wrong)).is_err(), "`{right}` -> `{wrong}`");
        }
    }

    #[test]
    fn a_flag_has_one_default_a_minor() {
        let rows = |second: &str| {
            let rest = r#"source = "x"
date = "2026-11-23"
"#;
            let flag = "[[flag]]\ncomponent = \"etcd\"\nflag = \"auto-tls\"\n";
            format!(
                "default-plugins = []\n{flag}default = \"false\"\nminors = [\"3.6\"]\n{rest}\
                 {flag}{second}\n{rest}"
            )
        };
        let check =
            |text: &str| -> anyhow::Result<()> { toml::from_str::<FlagDefaults>(text)?.check() };
        check(&rows("absent = true\nminors = [\"3.7\"]")).expect("it is sound");
        for wrong in [
            "absent = true\nminors = [\"3.6\"]",
            "minors = [\"3.7\"]",
            "absent = true\ndefault = \"\"\nminors = [\"3.7\"]",
            "absent = true\nminors = []",
        ] {
            assert!(check(&rows(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn subjects_have_a_kind_and_a_name() {
        let told = |it: &str| subjects(&[it.to_owned()]).is_ok();
        assert!(told("Group:system:masters") && told("ServiceAccount:a/b"));
        for wrong in
            ["system:masters", "Group:", "ServiceAccount:b", "ServiceAccount:a/", "Robot:a"]
        {
            assert!(!told(wrong), "{wrong}");
        }
    }

    /// The rule of lifecycle.toml's header, in its smallest form.
    fn release<'a>(systems: &'a [System], image: &str) -> Option<(&'a str, String)> {
        let fits = systems.iter().filter(|it| image.starts_with(&it.prefix));
        let system = fits.max_by_key(|it| it.prefix.len())?;
        let rest = &image[system.prefix.len()..];
        let number = rest.trim_start_matches(|it: char| !it.is_ascii_digit());
        let number = number.split(|it: char| !it.is_ascii_digit() && it != '.').next()?;
        let parts: Vec<_> = number.split('.').take(system.version.count()).collect();
        Some((&system.product, parts.join(".")))
    }

    #[test]
    fn node_operating_systems_are_told_by_what_they_say_they_are() {
        let lifecycle: Lifecycle = table("lifecycle.toml");
        for (image, product, expected) in [
            ("Ubuntu 22.04.3 LTS", "ubuntu", "22.04"),
            ("Ubuntu Groovy Gorilla (development branch)", "ubuntu-groovy", ""),
            ("Debian GNU/Linux 12 (bookworm)", "debian", "12"),
            ("Debian GNU/Linux trixie/sid", "debian", ""),
            ("Amazon Linux 2", "amazon-linux", "2"),
            ("Amazon Linux 2023.6.20241010", "amazon-linux", "2023"),
            ("Amazon Linux AMI 2018.03", "amazon-linux", "2018"),
            ("Bottlerocket OS 1.19.2 (aws-k8s-1.29)", "bottlerocket", "1.19"),
            ("Talos (v1.7.0)", "talos", "1.7"),
            ("Flatcar Container Linux by Kinvolk 3815.2.0 (Oklo)", "flatcar", "3815"),
            ("Container Linux by CoreOS 2512.3.0 (Rhyolite)", "coreos-container-linux", ""),
            ("Container-Optimized OS from Google", "cos", ""),
            ("Red Hat Enterprise Linux 9.4 (Plow)", "rhel", "9"),
            ("Red Hat Enterprise Linux Server 7.9 (Maipo)", "rhel", "7"),
            ("Red Hat Enterprise Linux CoreOS 415.92.202402201450-0 (Plow)", "rhcos", ""),
            ("CentOS Linux 7 (Core)", "centos-linux", "7"),
            ("CentOS Stream 9", "centos-stream", "9"),
            ("Rocky Linux 8.9 (Green Obsidian)", "rocky", "8"),
            ("SUSE Linux Enterprise Server 15 SP5", "sles-15-sp", "5"),
            ("SUSE Linux Enterprise Server 15", "sles", "15"),
            ("Alpine Linux v3.20", "alpine", "3.20"),
            ("CBL-Mariner/Linux", "cbl-mariner", ""),
            ("Microsoft Azure Linux 3.0", "azure-linux", "3.0"),
            ("Windows Server 2022 Datacenter", "windows-server", "2022"),
        ] {
            let told = release(&lifecycle.systems, image);
            assert_eq!(told, Some((product, expected.to_owned())), "{image}");
        }
        assert_eq!(release(&lifecycle.systems, "Foo OS 1.2"), None);
    }

    /// The rule of network-engines.toml's header, in its smallest form.
    fn image_fits(pattern: &str, image: &str) -> bool {
        image.match_indices(pattern).any(|(at, _)| {
            let rest = &image[at + pattern.len()..];
            let begins = at == 0 || image[..at].ends_with('/');
            begins && (pattern.contains(':') || rest.is_empty() || rest.starts_with([':', '@']))
        })
    }

    #[test]
    fn network_engines_are_told_by_their_images() {
        let engines: NetworkEngines = table("network-engines.toml");
        let told = |image: &str| {
            let fits = |it: &&NetworkEngine| it.fits.image.iter().any(|it| image_fits(it, image));
            engines.engines.iter().filter(fits).map(|it| it.enforces).collect::<Vec<_>>()
        };
        assert_eq!(told("docker.io/calico/node:v3.28.0"), [true]);
        assert!(told("docker.io/calico/node-driver-registrar:v3.28.0").is_empty());
        assert_eq!(told("kindest/kindnetd:v20200725-4d6bea59"), [false]);
        assert_eq!(told("docker.io/kindest/kindnetd:v20240813-c6f155d6"), [true]);
        assert!(told("docker.io/kindest/kindnetd:v20240730-4bd3a3a1").is_empty());
        let vpc = "602401143452.dkr.ecr.us-west-2.amazonaws.com/amazon-k8s-cni:v1.23.0";
        assert_eq!(told(vpc), [true, false]);
    }
}
