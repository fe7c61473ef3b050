//! `rbac`: the rights that the chosen checks need, and no more.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
};

use assay_benchmark::Check;
use assay_model::{Resource, resource::Access};
use serde::Serialize;

use crate::{
    args::{ExtraArgs, Kubelet},
    exit::{self, Failure},
};

/// Prints the roles for these checks: a `ClusterRole`, and a `Role` for each namespace of which single
/// objects are read. No Secret unless they are asked for, and never `nodes/proxy`.
pub(crate) fn rbac(
    checks: &[&Check],
    extra: &ExtraArgs,
    name: &str,
    out: &mut dyn Write,
) -> Result<u8, Failure> {
    let roles = roles(checks, extra, name);
    let documents = roles.iter().map(serde_saphyr::to_string);
    let documents: Vec<String> = documents.collect::<Result<_, _>>().map_err(Failure::usage)?;
    write!(
        out,
        "# What `kubectl assay` needs for {} checks. Who the scan is, the version and what the server\n\
         # serves, every authenticated user may read. Bind each role in its own namespace.\n{}",
        checks.len(),
        documents.join("---\n")
    )
    .map_err(Failure::output)?;
    Ok(exit::CLEAN)
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Role {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata,
    rules: Vec<Rule>,
}

#[derive(Debug, Serialize)]
struct Metadata {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'static str>,
}

#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    api_groups: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resources: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resource_names: Vec<&'static str>,
    #[serde(rename = "nonResourceURLs", skip_serializing_if = "Vec::is_empty")]
    non_resource_urls: Vec<&'static str>,
    verbs: Vec<&'static str>,
}

fn roles(checks: &[&Check], extra: &ExtraArgs, name: &str) -> Vec<Role> {
    let mut lists: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut rest: Vec<Rule> = Vec::new();
    let mut named: BTreeMap<(&'static str, &'static str), BTreeSet<&'static str>> = BTreeMap::new();
    for resource in assay_benchmark::needed(checks).into_iter().filter(|it| extra.wants(*it)) {
        match resource.access() {
            Access::List(kind) => _ = lists.entry(kind.group).or_default().insert(kind.plural),
            // Which kinds there are, its templates say: other ones tomorrow.
            Access::Group(group) => _ = lists.entry(group).or_default().insert("*"),
            // A namespace that not every cluster has: a role in it could not be made everywhere.
            Access::Named(it) if !it.namespace.starts_with("kube-") => rest.push(Rule {
                api_groups: vec![""],
                resources: vec![it.plural.to_owned()],
                resource_names: vec![it.name],
                verbs: vec!["get"],
                ..Rule::default()
            }),
            Access::Named(it) => {
                named.entry((it.namespace, it.plural)).or_default().insert(it.name);
            }
            // That the right is not asked for is no slip: it is root on every node.
            Access::Node(_) if extra.kubelet == Kubelet::Proxy => {}
            Access::Node(subresource) => rest.push(Rule {
                api_groups: vec![""],
                resources: vec![format!("nodes/{subresource}")],
                verbs: vec!["get"],
                ..Rule::default()
            }),
            // Everybody may ask for the version.
            Access::Url(_) if resource == Resource::Version => {}
            Access::Url(url) => rest.push(Rule {
                non_resource_urls: vec![url],
                verbs: vec!["get"],
                ..Rule::default()
            }),
            Access::Connection => {}
        }
    }
    let listed = lists.into_iter().map(|(group, resources)| Rule {
        api_groups: vec![group],
        resources: resources.into_iter().map(str::to_owned).collect(),
        verbs: vec!["list"],
        ..Rule::default()
    });
    let role = |kind, namespace, rules| Role {
        api_version: "rbac.authorization.k8s.io/v1",
        kind,
        metadata: Metadata { name: name.to_owned(), namespace },
        rules,
    };
    let mut roles = vec![role("ClusterRole", None, listed.chain(rest).collect())];
    roles.extend(named.into_iter().map(|((namespace, plural), names)| {
        let get = Rule {
            api_groups: vec![""],
            resources: vec![plural.to_owned()],
            resource_names: names.into_iter().collect(),
            verbs: vec!["get"],
            ..Rule::default()
        };
        role("Role", Some(namespace), vec![get])
    }));
    roles
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_benchmark::checks;

    const NOTHING: ExtraArgs = ExtraArgs {
        kubelet: Kubelet::Off,
        kubelet_insecure_tls: false,
        metrics: false,
        flagz: false,
        secrets: false,
    };

    const EVERYTHING: ExtraArgs = ExtraArgs {
        kubelet: Kubelet::Auto,
        kubelet_insecure_tls: false,
        metrics: true,
        flagz: true,
        secrets: true,
    };

    fn all() -> Vec<&'static Check> {
        checks::all().collect()
    }

    #[test]
    fn nothing_is_asked_for_that_could_hurt() {
        for extra in [NOTHING, EVERYTHING] {
            for rule in roles(&all(), &extra, "it").iter().flat_map(|it| &it.rules) {
                assert!(matches!(rule.verbs[..], ["list" | "get"]), "{rule:?}");
                let is_get = rule.verbs == ["get"];
                assert_eq!(
                    is_get,
                    rule.api_groups.is_empty()
                        || !rule.resource_names.is_empty()
                        || rule.resources == ["nodes/configz"]
                );
                for word in &rule.resources {
                    let is_open = word == "*" && rule.api_groups == ["constraints.gatekeeper.sh"];
                    assert!(is_open || !word.contains('*'), "{rule:?}");
                    assert!(word != "secrets" || extra.secrets, "{rule:?}");
                    assert!(!word.starts_with("nodes/") || word == "nodes/configz", "{rule:?}");
                }
            }
        }
    }

    #[test]
    fn what_has_a_flag_is_asked_for_with_it() {
        let text = |extra: &ExtraArgs| {
            let mut out = Vec::new();
            rbac(&all(), extra, "it", &mut out).expect("roles");
            String::from_utf8(out).expect("text")
        };
        let (without, with) = (text(&NOTHING), text(&EVERYTHING));
        for resource in assay_benchmark::needed(&all()) {
            let word = match resource {
                Resource::Secrets => "- secrets\n",
                Resource::Metrics => "- /metrics\n",
                Resource::Flagz => "- /flagz\n",
                Resource::KubeletConfigs => "- nodes/configz\n",
                _ => continue,
            };
            assert!(with.contains(word) && !without.contains(word), "{word}");
        }
        let proxy = ExtraArgs { kubelet: Kubelet::Proxy, ..EVERYTHING };
        assert!(!text(&proxy).contains("nodes/"));
    }

    #[test]
    fn fewer_checks_need_less() {
        let one = checks::find("anonymous-binding").expect("a check");
        let roles = roles(&[one], &EVERYTHING, "it");
        let listed: Vec<&str> = roles
            .iter()
            .flat_map(|it| &it.rules)
            .flat_map(|it| &it.resources)
            .map(String::as_str)
            .collect();
        assert_eq!(listed, ["namespaces", "clusterrolebindings", "rolebindings"]);
    }
}
