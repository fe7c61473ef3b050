//! Which pods network policies isolate, pod by pod and direction by direction.
//!
//! A pod is isolated in a direction when a policy of its namespace selects it and applies to that
//! direction. Pods on the host's network are outside of policies. Whether anything enforces the
//! policies is [`crate::network_engine`]'s to say.

use assay_model::{
    Cause, Gap, Inventory, Known, Labels, Resource, Scope, Workload, both,
    network::{Direction, NetworkPolicy},
    workload::LabelSet,
};

/// How many pods of a workload are isolated in one direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Isolation {
    /// Selected by a policy.
    pub isolated: u32,
    /// Provably selected by none.
    pub open: u32,
    /// On the host's network.
    pub host_network: u32,
}

/// How many of a workload's pods are isolated; a template without pods counts as one pod.
///
/// The second part is an error when some pods, or policies that would select them, were not read.
pub fn of(
    workload: &Workload,
    direction: Direction,
    inventory: &Inventory,
) -> (Isolation, Known<()>) {
    let mut isolation = Isolation::default();
    let mut unknown = workload.live_read.clone();
    for live in &workload.live {
        if live.spec.host_network {
            isolation.host_network += live.pods;
            continue;
        }
        for set in &live.labels {
            match count(set, &workload.namespace, direction, inventory) {
                Ok((isolated, open)) => {
                    isolation.isolated += isolated;
                    isolation.open += open;
                }
                Err(it) => unknown = both(unknown, Err(it)),
            }
        }
    }
    match &workload.template {
        Ok(Some(template)) if workload.live.is_empty() && workload.live_read.is_ok() => {
            if template.spec.host_network {
                isolation.host_network += 1;
            } else {
                match selected(&template.labels, &workload.namespace, direction, inventory) {
                    Ok(true) => isolation.isolated += 1,
                    Ok(false) => isolation.open += 1,
                    Err(it) => unknown = both(unknown, Err(it)),
                }
            }
        }
        Ok(_) => {}
        Err(it) => unknown = both(unknown, Err(it.clone())),
    }
    (isolation, unknown)
}

/// Whether some pod of a workload is in the reach of policies: not on its node's network. A template
/// counts as well.
pub fn on_pod_network(workload: &Workload) -> Known<bool> {
    let mut found = false;
    let read = workload.each_spec(|spec| found |= !spec.host_network);
    if found { Ok(true) } else { read.map(|()| false) }
}

/// Whether some pod of a workload is provably selected by no policy.
pub fn is_open(workload: &Workload, direction: Direction, inventory: &Inventory) -> Known<bool> {
    let (isolation, read) = of(workload, direction, inventory);
    if isolation.open > 0 { Ok(true) } else { read.map(|()| false) }
}

/// Whether a policy selects a pod of a workload that is in the reach of policies, or will select one
/// that its template makes.
pub fn selects(policy: &NetworkPolicy, workload: &Workload) -> Known<bool> {
    let selector = &policy.spec.pod_selector;
    let live = workload.live.iter().filter(|it| !it.spec.host_network);
    let selected = live.flat_map(|it| &it.labels).any(|set| {
        set.views(selector.keys()).iter().any(|view| selector.matches(|key| view.label(key)))
    });
    let wanted = workload.template.as_ref().map(|template| {
        template.as_ref().is_some_and(|it| {
            let label = |key: &str| it.labels.get(key).map(|value| &**value);
            !it.spec.host_network && selector.matches(label)
        })
    });
    if selected || wanted == Ok(true) {
        return Ok(true);
    }
    both(wanted.map(drop).map_err(Clone::clone), workload.live_read.clone()).map(|()| false)
}

/// How many pods of a set are selected, and how many are provably not.
fn count(
    set: &LabelSet,
    namespace: &str,
    direction: Direction,
    inventory: &Inventory,
) -> Known<(u32, u32)> {
    let policies = &inventory.network_policies;
    let mut keys: Vec<&str> = Vec::new();
    // A policy that was not read is met again below, by `find`.
    let read = policies.each(Scope::Part(namespace), |it| {
        keys.extend(it.spec.pod_selector.keys());
        Ok(())
    });
    let (mut isolated, mut open) = (0, 0);
    for view in set.views(keys) {
        let selects = |it: &NetworkPolicy| {
            Ok(it.applies(direction) && it.spec.pod_selector.matches(|key| view.label(key)))
        };
        match policies.find(Scope::Part(namespace), selects) {
            Ok(Some(_)) => isolated += view.pods,
            Ok(None) => open += view.pods,
            Err(unknown) => return both(read, Err(unknown)).map(|()| (isolated, open)),
        }
    }
    Ok((isolated, open))
}

fn selected(
    labels: &Labels,
    namespace: &str,
    direction: Direction,
    inventory: &Inventory,
) -> Known<bool> {
    let label = |key: &str| labels.get(key).map(|it| &**it);
    let selects =
        |it: &NetworkPolicy| Ok(it.applies(direction) && it.spec.pod_selector.matches(label));
    Ok(inventory.network_policies.find(Scope::Part(namespace), selects)?.is_some())
}

/// Kinds of other policy APIs that can isolate a pod.
const OTHER_POLICIES: &[(&str, &str)] = &[
    ("cilium.io", "CiliumNetworkPolicy"),
    ("cilium.io", "CiliumClusterwideNetworkPolicy"),
    ("crd.projectcalico.org", "NetworkPolicy"),
    ("crd.projectcalico.org", "GlobalNetworkPolicy"),
    ("projectcalico.org", "NetworkPolicy"),
    ("projectcalico.org", "GlobalNetworkPolicy"),
    ("policy.networking.k8s.io", "ClusterNetworkPolicy"),
    ("policy.networking.k8s.io", "AdminNetworkPolicy"),
    ("policy.networking.k8s.io", "BaselineAdminNetworkPolicy"),
    ("crd.antrea.io", "NetworkPolicy"),
    ("crd.antrea.io", "ClusterNetworkPolicy"),
    ("networking.k8s.aws", "ApplicationNetworkPolicy"),
    ("networking.k8s.aws", "ClusterNetworkPolicy"),
];

/// Proven that no other policy API is served, whose objects could isolate a pod that no
/// `NetworkPolicy` selects. Theirs are not read yet.
pub fn no_other_policies(inventory: &Inventory) -> Known<()> {
    let other = inventory.custom_resource_definitions.find(Scope::Cluster, |it| {
        let kind = (&*it.spec.group, &*it.spec.names.kind);
        Ok(OTHER_POLICIES.contains(&kind))
    })?;
    if other.is_none() {
        return Ok(());
    }
    let message = "another network policy API is served, and its policies are not read yet";
    let resource = Resource::CustomResourceDefinitions;
    Err(Gap::whole(resource, Cause::Inconclusive, message).into())
}
