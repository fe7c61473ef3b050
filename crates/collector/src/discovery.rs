//! What the server serves, asked before any list: authorization answers 403 before existence
//! answers 404, so a refused list does not tell whether there is anything to list.
//!
//! Since 1.26 two requests tell all of it. They also tell which group-versions are stale, because
//! the server behind them does not answer; the older form has no word for that, and answers 503
//! for the group-version itself.
//!
//! Absence is proven only where nothing could hide it: `/apis` answered without the group, or each
//! version of the group is current, lists resources, and lacks the kind.

use std::collections::BTreeMap;

use assay_model::{
    Resource,
    resource::{Access, Kind},
};
use serde::{Deserialize, de::DeserializeOwned};

use crate::api::{Answer, Api, Ask, Failure, Meter};

/// The aggregated forms, then the plain one.
const ACCEPT: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
                      application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,\
                      application/json";

/// Whether a kind is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Presence {
    /// It is.
    Served,
    /// It is proven that it is not.
    Absent,
    /// It cannot be told for certain; says why.
    Broken(String),
    /// The server does not say: only a list can tell.
    Unknown,
}

/// The kinds of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Members<'a> {
    /// A version, and the plural names of its kinds.
    Served(&'a str, Vec<&'a str>),
    /// It is proven that there is no such group.
    Absent,
    /// It cannot be told for certain; says why.
    Untold(String),
}

/// What the server serves.
#[derive(Debug, Default)]
pub(crate) struct Discovery {
    /// By group, `""` for the core; `None` where the server did not say which there are.
    core: Option<Versions>,
    groups: Option<BTreeMap<String, Versions>>,
}

/// A group's versions, by name.
type Versions = BTreeMap<String, Resources>;

/// What one version of a group lists.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Resources {
    /// Plural names, not empty.
    Listed(Vec<String>),
    /// It is served, but nobody vouches for what it lists.
    Broken(String),
    /// It was not asked, or did not say.
    Unknown,
}

impl Discovery {
    /// Asks what is served, as far as `resources` need it.
    pub(crate) async fn ask(api: &Api, resources: &[Resource], meter: &Meter) -> Self {
        let group = |it: &Resource| match it.access() {
            Access::List(kind) => Some(kind.group),
            Access::Group(group) => Some(group),
            _ => None,
        };
        let wanted: Vec<&str> = resources.iter().filter_map(group).collect();
        let (core, groups) = tokio::join!(root(api, "/api", meter), root(api, "/apis", meter));
        let mut found =
            Discovery { core: core.map(|mut it| it.remove("").unwrap_or_default()), groups };
        found.ask_versions(api, &wanted, meter).await;
        found
    }

    /// Asks each version that was named and not described, if a kind of its group is wanted.
    async fn ask_versions(&mut self, api: &Api, wanted: &[&str], meter: &Meter) {
        let core = self.core.iter_mut().map(|it| ("", it));
        let groups = self.groups.iter_mut().flatten().map(|(name, it)| (name.as_str(), it));
        for (group, versions) in core.chain(groups) {
            if !wanted.contains(&group) {
                continue;
            }
            for (version, resources) in versions {
                if *resources == Resources::Unknown {
                    *resources = version_of(api, &root_of(group, version), meter).await;
                }
            }
        }
    }

    /// Which kinds of a group are served, by their plural names.
    pub(crate) fn members(&self, group: &str) -> Members<'_> {
        let Some(groups) = &self.groups else {
            return Members::Untold("the server does not say which groups it serves".to_owned());
        };
        let Some(versions) = groups.get(group) else { return Members::Absent };
        // All versions of it have the same kinds: templates say of each which version holds.
        match versions.iter().next_back() {
            Some((version, Resources::Listed(names))) => {
                let kinds = names.iter().map(String::as_str).filter(|it| !it.contains('/'));
                Members::Served(version, kinds.collect())
            }
            Some((_, Resources::Broken(why))) => Members::Untold(why.clone()),
            Some((version, Resources::Unknown)) => {
                Members::Untold(format!("the server does not say what {group}/{version} has"))
            }
            None => Members::Untold(format!("{group} is served in no version")),
        }
    }

    /// Whether the kind is served.
    pub(crate) fn presence(&self, kind: Kind) -> Presence {
        let versions = match kind.group {
            "" => self.core.as_ref(),
            group => match &self.groups {
                None => None,
                Some(groups) => match groups.get(group) {
                    None => return Presence::Absent,
                    versions => versions,
                },
            },
        };
        let Some(versions) = versions else { return Presence::Unknown };
        match versions.get(kind.version) {
            Some(Resources::Listed(names)) if has(names, kind) => return Presence::Served,
            Some(Resources::Unknown) => return Presence::Unknown,
            Some(Resources::Broken(why)) => return Presence::Broken(why.clone()),
            Some(Resources::Listed(_)) | None => {}
        }
        // Not in this version; objects may still be there under another.
        for (version, resources) in versions {
            match resources {
                Resources::Listed(names) if !has(names, kind) => {}
                Resources::Listed(_) => {
                    let wanted = kind.api_version();
                    let why =
                        format!("served as {version}, not as {wanted}, which is what is read");
                    return Presence::Broken(why);
                }
                Resources::Broken(why) => return Presence::Broken(why.clone()),
                Resources::Unknown => return Presence::Unknown,
            }
        }
        Presence::Absent
    }
}

fn has(names: &[String], kind: Kind) -> bool {
    names.iter().any(|it| it == kind.plural)
}

/// The path of a group-version: `/api/v1`, `/apis/apps/v1`.
pub(crate) fn root_of(group: &str, version: &str) -> String {
    match group {
        "" => format!("/api/{version}"),
        group => format!("/apis/{group}/{version}"),
    }
}

/// `/api` or `/apis`; `None` when the server does not say.
async fn root(api: &Api, path: &str, meter: &Meter) -> Option<BTreeMap<String, Versions>> {
    let ask = Ask { accept: ACCEPT, ..Ask::json(path) };
    let body = api.ask(ask, meter).await.ok()?.body;
    if let Some(aggregated) = list::<Aggregated>(&body, "APIGroupDiscoveryList") {
        return Some(aggregated.groups());
    }
    if let Some(groups) = list::<GroupList>(&body, "APIGroupList") {
        return Some(groups.groups());
    }
    let core = list::<CoreVersions>(&body, "APIVersions")?;
    let versions = core.versions.into_iter().map(|it| (it, Resources::Unknown)).collect();
    Some(BTreeMap::from([(String::new(), versions)]))
}

async fn version_of(api: &Api, path: &str, meter: &Meter) -> Resources {
    match api.ask(Ask::json(path), meter).await {
        Ok(Answer { body, .. }) => match list::<ResourceList>(&body, "APIResourceList") {
            Some(it) => resources(it.resources.into_iter().map(|it| it.name).collect(), path),
            None => Resources::Broken(format!("{path} does not list its resources")),
        },
        Err(Failure::Status(it)) if it.code >= 500 => {
            Resources::Broken(format!("{path}: {}", Failure::Status(it)))
        }
        Err(_) => Resources::Unknown,
    }
}

fn resources(names: Vec<String>, path: &str) -> Resources {
    if names.is_empty() {
        Resources::Broken(format!("{path} is served, but lists no resources"))
    } else {
        Resources::Listed(names)
    }
}

/// Decodes an object of this kind; `None` for any other.
fn list<T: DeserializeOwned>(body: &[u8], kind: &str) -> Option<T> {
    #[derive(Deserialize)]
    struct Kinded {
        kind: String,
    }
    let found = serde_json::from_slice::<Kinded>(body).ok()?;
    if found.kind == kind { serde_json::from_slice(body).ok() } else { None }
}

#[derive(Deserialize)]
struct Aggregated {
    #[serde(default)]
    items: Vec<AggregatedGroup>,
}

#[derive(Deserialize)]
struct AggregatedGroup {
    #[serde(default)]
    metadata: GroupName,
    #[serde(default)]
    versions: Vec<AggregatedVersion>,
}

#[derive(Default, Deserialize)]
struct GroupName {
    /// Left out for the core group.
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct AggregatedVersion {
    version: String,
    #[serde(default)]
    resources: Vec<AggregatedResource>,
    /// `Current` or `Stale`.
    #[serde(default)]
    freshness: String,
}

#[derive(Deserialize)]
struct AggregatedResource {
    resource: String,
}

impl Aggregated {
    fn groups(self) -> BTreeMap<String, Versions> {
        let group = |it: AggregatedGroup| {
            let name = it.metadata.name;
            let versions = it.versions.into_iter().map(|it| {
                let path = root_of(&name, &it.version);
                let found = if it.freshness == "Stale" {
                    Resources::Broken(format!("{path} is stale: its server does not answer"))
                } else {
                    resources(it.resources.into_iter().map(|it| it.resource).collect(), &path)
                };
                (it.version, found)
            });
            let versions = versions.collect();
            (name, versions)
        };
        self.items.into_iter().map(group).collect()
    }
}

#[derive(Deserialize)]
struct CoreVersions {
    versions: Vec<String>,
}

#[derive(Deserialize)]
struct GroupList {
    groups: Vec<PlainGroup>,
}

#[derive(Deserialize)]
struct PlainGroup {
    name: String,
    versions: Vec<PlainVersion>,
}

#[derive(Deserialize)]
struct PlainVersion {
    version: String,
}

impl GroupList {
    fn groups(self) -> BTreeMap<String, Versions> {
        let group = |it: PlainGroup| {
            let versions = it.versions.into_iter().map(|it| (it.version, Resources::Unknown));
            (it.name, versions.collect())
        };
        self.groups.into_iter().map(group).collect()
    }
}

#[derive(Deserialize)]
struct ResourceList {
    #[serde(default)]
    resources: Vec<PlainResource>,
}

#[derive(Deserialize)]
struct PlainResource {
    name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(resource: Resource) -> Kind {
        resource.kind().expect("a kind")
    }

    fn aggregated(items: &serde_json::Value) -> Discovery {
        let body = serde_json::json!({"kind": "APIGroupDiscoveryList", "items": items}).to_string();
        let found: Aggregated = list(body.as_bytes(), "APIGroupDiscoveryList").expect("a list");
        Discovery { core: None, groups: Some(found.groups()) }
    }

    fn trivy(versions: &serde_json::Value) -> Presence {
        let group = serde_json::json!([{
            "metadata": {"name": "aquasecurity.github.io"}, "versions": versions,
        }]);
        aggregated(&group).presence(kind(Resource::VulnerabilityReports))
    }

    #[test]
    fn only_a_full_answer_proves_absence() {
        use serde_json::json;
        let none = aggregated(&json!([]));
        assert_eq!(none.presence(kind(Resource::VulnerabilityReports)), Presence::Absent);
        assert_eq!(none.presence(kind(Resource::Pods)), Presence::Unknown, "the core was not told");

        let reports = json!([{"resource": "vulnerabilityreports"}]);
        let others = json!([{"resource": "exposedsecretreports"}]);
        let version = |version: &str, freshness: &str, resources: &serde_json::Value| json!({"version": version, "freshness": freshness, "resources": resources});
        let of = |versions: &[serde_json::Value]| trivy(&json!(versions));
        assert_eq!(of(&[version("v1alpha1", "Current", &reports)]), Presence::Served);
        assert_eq!(of(&[version("v1alpha1", "Current", &others)]), Presence::Absent);
        let stale = of(&[version("v1alpha1", "Stale", &others)]);
        assert!(matches!(stale, Presence::Broken(_)));
        let empty = of(&[version("v1alpha1", "Current", &json!([]))]);
        assert!(matches!(empty, Presence::Broken(_)));
        let newer =
            of(&[version("v1beta1", "Current", &reports), version("v1alpha1", "Current", &others)]);
        assert!(matches!(newer, Presence::Broken(_)), "objects are there, in another version");
    }

    #[test]
    fn a_server_that_says_nothing_leaves_it_to_the_list() {
        let nothing = Discovery::default();
        assert_eq!(nothing.presence(kind(Resource::Pods)), Presence::Unknown);
        assert_eq!(nothing.presence(kind(Resource::VulnerabilityReports)), Presence::Unknown);
    }
}
