//! What enforces network policies, recognised by the `DaemonSet`s of a dated table.

use assay_model::{
    Cause, Container, Gap, Known, PodSpec, Resource, Scope, Workload, any,
    arguments::{Value, Word},
    both,
};

use crate::{Facts, data::EngineRow, image::Reference};

/// What is known of the enforcement of network policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// An engine that enforces them is there; whether on every node is the check's to say.
    Enforces,
    /// Only plug-ins that do not are there.
    Ignores,
}

/// Whether something enforces policies: one certain witness is enough.
///
/// # Errors
///
/// Beside what was not read: nothing that the table knows is there; or something is that may enforce
/// policies, and does not show whether it does.
pub(crate) fn of(facts: &Facts<'_>) -> Known<Engine> {
    let inventory = facts.inventory;
    let some = |enforces: bool| -> Known<bool> {
        let found = inventory.workloads.find(Scope::Cluster, |it| {
            // Tenants can call theirs as they like, so theirs show nothing.
            if facts.settings.is_platform(&it.namespace) {
                shows(it, enforces, facts)
            } else {
                Ok(false)
            }
        });
        found.map(|it| it.is_some())
    };
    if some(true)? {
        return Ok(Engine::Enforces);
    }
    let tenants = inventory.workloads.find(Scope::Cluster, |it| shows(it, true, facts))?;
    if tenants.is_some() {
        let message = "one outside of the platform namespaces looks like it enforces policies: name its \
                       namespace as one of the platform";
        return Err(Gap::whole(Resource::DaemonSets, Cause::Inconclusive, message).into());
    }
    let built_in = inventory.nodes.find(Scope::Cluster, |it| {
        let version = &*it.status.node_info.kubelet_version;
        let mut suffixes =
            facts.tables.network_engines.iter().flat_map(|row| &row.matches.version_suffix);
        Ok(suffixes.any(|it| version.contains(it.as_str())))
    })?;
    if built_in.is_some() {
        let message = "k3s enforces policies unless it was started with --disable-network-policy, which \
                       the API does not show for certain";
        return Err(Gap::whole(Resource::Nodes, Cause::Inconclusive, message).into());
    }
    if some(false)? {
        return Ok(Engine::Ignores);
    }
    let message = "none of a network plug-in that the table knows was found";
    Err(Gap::whole(Resource::DaemonSets, Cause::Inconclusive, message).into())
}

/// Whether a workload is a `DaemonSet`, one spec of which fits a row of the table that enforces
/// policies, or does not.
pub(crate) fn shows(workload: &Workload, enforces: bool, facts: &Facts<'_>) -> Known<bool> {
    let (rows, read) = rows_of(workload, facts);
    if rows.iter().any(|it| it.enforces == enforces) { Ok(true) } else { read.map(|()| false) }
}

/// The rows that a `DaemonSet`'s specs fit, and what of them is not known; none for other workloads.
/// Of each spec the first row that fits decides.
pub(crate) fn rows_of(
    workload: &Workload,
    facts: &Facts<'_>,
) -> (Vec<&'static EngineRow>, Known<()>) {
    let mut rows = Vec::new();
    if &*workload.owner.kind != "DaemonSet" {
        return (rows, Ok(()));
    }
    let mut unknown = Ok(());
    let read = workload.each_spec(|spec| {
        match first_row(&facts.tables.network_engines, &workload.owner.name, spec) {
            Ok(row) => rows.extend(row),
            Err(it) => unknown = both(std::mem::replace(&mut unknown, Ok(())), Err(it)),
        }
    });
    (rows, both(unknown, read))
}

fn first_row<'t>(
    rows: &'t [EngineRow],
    name: &str,
    spec: &PodSpec,
) -> Known<Option<&'t EngineRow>> {
    for row in rows {
        if fits(row, name, spec)? {
            return Ok(Some(row));
        }
    }
    Ok(None)
}

fn fits(row: &EngineRow, name: &str, spec: &PodSpec) -> Known<bool> {
    let named = row.matches.daemonset_name.iter().any(|it| it == name);
    let imaged = || {
        spec.containers
            .iter()
            .any(|container| row.matches.image.iter().any(|it| image_is(&container.image, it)))
    };
    if !named && !imaged() {
        return Ok(false);
    }
    let of_container =
        |it: &&Container| row.container.as_deref().is_none_or(|name| *it.name == *name);
    let given = |it: &Container| row.arg.as_deref().map_or(Ok(true), |arg| has_argument(it, arg));
    any(spec.containers.iter().filter(of_container).map(given))
}

/// Whether an image's repository ends in these components; what follows a colon begins its tag.
pub(crate) fn image_is(image: &str, wanted: &str) -> bool {
    let wanted = Reference::parse(wanted);
    let found = Reference::parse(image);
    let ends = found
        .repository
        .strip_suffix(wanted.repository)
        .is_some_and(|it| it.is_empty() || it.ends_with('/'));
    ends && found.tag.starts_with(wanted.tag)
}

/// Whether a container has an argument such as `--enable-network-policy=true`; unknown where the
/// value is put in later.
fn has_argument(container: &Container, wanted: &str) -> Known<bool> {
    let (name, value) = wanted.split_once('=').unwrap_or((wanted, "true"));
    let name = name.trim_start_matches('-');
    let words = container.command.words().iter().chain(container.args.words());
    any(words.map(|word| match word {
        Word::Assigned(flag, Value::Kept(given)) => Ok(**flag == *name && **given == *value),
        Word::Assigned(flag, Value::Hidden(_)) if **flag == *name => {
            let message = format!("the value of --{name} is not told");
            Err(Gap::whole(Resource::DaemonSets, Cause::Inconclusive, message).into())
        }
        Word::Flag(flag) => Ok(**flag == *name && value == "true"),
        _ => Ok(false),
    }))
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
