//! What enforces network policies, recognised by the `DaemonSet`s and node versions of a dated table.

use assay_model::{Container, Known, Outcome, PodSpec, Scope, Workload, arguments::Word, either};

use crate::{Facts, data::EngineRow};

/// What is known of the enforcement of network policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// An engine that enforces them is there; whether on every node is the check's to say.
    Enforces,
    /// Only plug-ins that do not were found.
    Ignores,
    /// Nothing that the table knows was found.
    Unrecognised,
}

impl Engine {
    /// What isolation by policies is worth under it, at best.
    pub const fn outcome(self) -> Outcome {
        match self {
            Engine::Enforces => Outcome::Pass,
            Engine::Ignores => Outcome::Fail,
            Engine::Unrecognised => Outcome::Unknown,
        }
    }
}

/// Whether something enforces policies: one certain witness is enough.
pub(crate) fn of(facts: &Facts<'_>) -> Known<Engine> {
    let inventory = facts.inventory;
    let some = |enforces: bool| -> Known<bool> {
        let by_workload = inventory.workloads.find(Scope::Cluster, |it| shows(it, enforces, facts));
        let by_node = inventory.nodes.find(Scope::Cluster, |it| {
            let version = &*it.status.node_info.kubelet_version;
            Ok(facts.tables.network_engines.iter().any(|row| {
                row.enforces == enforces
                    && row.arg.is_none()
                    && row.matches.version_suffix.iter().any(|it| version.contains(it.as_str()))
            }))
        });
        let found = either(by_workload.map(|it| it.map(drop)), by_node.map(|it| it.map(drop)))?;
        Ok(found.is_some())
    };
    if some(true)? {
        return Ok(Engine::Enforces);
    }
    Ok(if some(false)? { Engine::Ignores } else { Engine::Unrecognised })
}

/// Whether a workload is a `DaemonSet` of the platform, one spec of which fits a row of the table that
/// enforces policies, or does not. Tenants can call theirs as they like, so theirs show nothing.
pub(crate) fn shows(workload: &Workload, enforces: bool, facts: &Facts<'_>) -> Known<bool> {
    if &*workload.owner.kind != "DaemonSet" || !facts.settings.is_platform(&workload.namespace) {
        return Ok(false);
    }
    let mut found = false;
    let read = workload.each_spec(|spec| {
        let rows = &facts.tables.network_engines;
        let row = rows.iter().find(|it| fits(it, &workload.owner.name, spec));
        found |= row.is_some_and(|it| it.enforces == enforces);
    });
    if found { Ok(true) } else { read.map(|()| false) }
}

fn fits(row: &EngineRow, name: &str, spec: &PodSpec) -> bool {
    let named = row.matches.daemonset_name.iter().any(|it| it == name);
    let imaged = || {
        spec.containers
            .iter()
            .any(|container| row.matches.image.iter().any(|it| image_is(&container.image, it)))
    };
    let of_container =
        |it: &&Container| row.container.as_deref().is_none_or(|name| *it.name == *name);
    let given = |it: &Container| row.arg.as_deref().is_none_or(|arg| has_argument(it, arg));
    (named || imaged()) && spec.containers.iter().filter(of_container).any(given)
}

/// Whether an image's repository ends in these components; what follows a colon begins its tag.
pub(crate) fn image_is(image: &str, wanted: &str) -> bool {
    let (wanted, tag) = wanted.split_once(':').unwrap_or((wanted, ""));
    let bare = image.split('@').next().unwrap_or(image);
    let (repository, found) = match bare.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, tag),
        _ => (bare, ""),
    };
    let ends = repository.strip_suffix(wanted).is_some_and(|it| it.is_empty() || it.ends_with('/'));
    ends && found.starts_with(tag)
}

/// Whether a container has an argument such as `--enable-network-policy=true`.
fn has_argument(container: &Container, wanted: &str) -> bool {
    let (name, value) = wanted.split_once('=').unwrap_or((wanted, "true"));
    let name = name.trim_start_matches('-');
    let words = container.command.words().iter().chain(container.args.words());
    words.into_iter().any(|word| match word {
        Word::Assigned(flag, given) => **flag == *name && given.as_deref() == Some(value),
        Word::Flag(flag) => **flag == *name && value == "true",
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::image_is;

    #[test]
    fn images_are_told_by_whole_components() {
        assert!(image_is("docker.io/calico/node:v3.28", "calico/node"));
        assert!(image_is("calico/node@sha256:ab", "calico/node"));
        assert!(!image_is("docker.io/calico/node-driver:v1", "calico/node"));
        assert!(!image_is("notcalico/node", "calico/node"));
        assert!(image_is("kindest/kindnetd:v20200725-4d6bea59", "kindest/kindnetd:v2020"));
        assert!(!image_is("localhost:5000/kindest/kindnetd", "kindest/kindnetd:v2020"));
    }
}
