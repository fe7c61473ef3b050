//! `rbac`: the rights that the chosen checks need, and no more.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
};

use assay_benchmark::Check;
use assay_model::resource::Access;
use serde::Serialize;

use crate::exit::{self, Failure};

/// Prints a `ClusterRole` for these checks: `list` on what they read, no wildcard, no Secret, and
/// never `nodes/proxy`.
pub(crate) fn rbac(checks: &[&Check], name: &str, out: &mut dyn Write) -> Result<u8, Failure> {
    let role = cluster_role(checks, name);
    let yaml = serde_saphyr::to_string(&role).map_err(Failure::usage)?;
    write!(
        out,
        "# What `kubectl assay` needs for {} checks. Who the scan is, the version and what the server\n\
         # serves, every authenticated user may read.\n{yaml}",
        checks.len()
    )
    .map_err(Failure::output)?;
    Ok(exit::CLEAN)
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ClusterRole {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata,
    rules: Vec<Rule>,
}

#[derive(Debug, Serialize)]
struct Metadata {
    name: String,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    api_groups: Vec<&'static str>,
    resources: Vec<String>,
    verbs: Vec<&'static str>,
}

fn cluster_role(checks: &[&Check], name: &str) -> ClusterRole {
    let mut lists: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for access in assay_benchmark::needed(checks).iter().map(|it| it.access()) {
        // Kubelet configuration is not read live yet, URLs and connections need no rule.
        if let Access::List(kind) = access {
            lists.entry(kind.group).or_default().insert(kind.plural);
        }
    }
    let rule = |(group, resources): (&'static str, BTreeSet<&str>)| Rule {
        api_groups: vec![group],
        resources: resources.into_iter().map(str::to_owned).collect(),
        verbs: vec!["list"],
    };
    ClusterRole {
        api_version: "rbac.authorization.k8s.io/v1",
        kind: "ClusterRole",
        metadata: Metadata { name: name.to_owned() },
        rules: lists.into_iter().map(rule).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_benchmark::checks;

    #[test]
    fn nothing_is_asked_for_that_could_hurt() {
        let all: Vec<&Check> = checks::all().collect();
        let role = cluster_role(&all, "it");
        assert!(!role.rules.is_empty());
        for rule in &role.rules {
            assert_eq!(rule.verbs, ["list"]);
            let words =
                rule.resources.iter().map(String::as_str).chain(rule.api_groups.iter().copied());
            for word in words {
                assert!(
                    !word.contains('*') && word != "secrets" && !word.starts_with("nodes/"),
                    "{word}"
                );
            }
        }
    }

    #[test]
    fn fewer_checks_need_less() {
        let one = checks::find("anonymous-binding").expect("a check");
        let role = cluster_role(&[one], "it");
        let listed: Vec<&str> =
            role.rules.iter().flat_map(|it| &it.resources).map(String::as_str).collect();
        assert_eq!(listed, ["namespaces", "clusterrolebindings", "rolebindings"]);
    }
}
