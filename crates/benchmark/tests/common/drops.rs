//! Taking evidence away, and saying so: what a scan with fewer rights, less time or worse luck reads.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
    sync::Arc,
};

use assay_model::{Cause, Gap, Listing, Object, Resource, Scope, Snapshot};
use serde_json::Value;

use crate::{
    random::Random,
    worlds::{self, World, namespace, text},
};

/// Part and name of an object.
type Name = (Arc<str>, Arc<str>);

/// Something that is taken away.
#[derive(Debug, Clone)]
pub(crate) enum Drop {
    /// All of a kind, or a single value.
    Whole(Resource),
    /// All of a kind but these parts: refused for the cluster, granted there.
    AllBut(Resource, BTreeSet<Arc<str>>),
    /// One part of a kind.
    Part(Resource, Arc<str>),
    /// Some objects, and a gap for all of the kind: a list that broke off.
    Rest(Resource, BTreeSet<Name>),
    /// Some objects, and a gap for each of their parts: they could not be decoded.
    Malformed(Resource, BTreeSet<Name>),
}

impl Drop {
    /// What it is taken away from.
    pub(crate) fn resource(&self) -> Resource {
        let (Drop::Whole(resource)
        | Drop::AllBut(resource, _)
        | Drop::Part(resource, _)
        | Drop::Rest(resource, _)
        | Drop::Malformed(resource, _)) = self;
        *resource
    }

    /// One of the many that are possible.
    pub(crate) fn any(read: &Read, resources: &[Resource], random: &mut Random) -> Self {
        let resource = *random.pick(resources);
        let names = read.names(resource);
        let parts: Vec<Arc<str>> = names
            .iter()
            .map(|(part, _)| part.clone())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        let in_parts =
            matches!(resource, Resource::KubeletConfigs | Resource::GatekeeperConstraints)
                || resource.kind().is_some_and(|it| it.namespaced);
        if names.is_empty() || random.once_in(4) {
            return Drop::Whole(resource);
        }
        match random.below(if in_parts { 5 } else { 2 }) {
            0 => Drop::Rest(resource, random.some(&names).into_iter().collect()),
            // The pages that came later.
            1 => Drop::Rest(resource, names[random.below(names.len())..].iter().cloned().collect()),
            2 => Drop::Part(resource, random.pick(&parts).clone()),
            3 => Drop::AllBut(resource, random.some(&parts).into_iter().collect()),
            _ => Drop::Malformed(resource, random.some(&names).into_iter().collect()),
        }
    }

    fn keeps(&self, part: &str, name: &str) -> bool {
        match self {
            Drop::Whole(_) => false,
            Drop::AllBut(_, parts) => parts.contains(part),
            Drop::Part(_, it) => **it != *part,
            Drop::Rest(_, names) | Drop::Malformed(_, names) => {
                !names.contains(&(part.into(), name.into()))
            }
        }
    }

    fn gaps(&self) -> Vec<Arc<Gap>> {
        let resource = self.resource();
        let gaps = match self {
            Drop::Whole(_) | Drop::AllBut(..) => vec![Gap::whole(resource, Cause::Forbidden, "")],
            Drop::Part(_, part) => vec![Gap::part(resource, part.clone(), Cause::Forbidden, "")],
            Drop::Rest(..) => vec![Gap::whole(resource, Cause::Truncated, "")],
            Drop::Malformed(_, names) => {
                let mut counts: BTreeMap<Arc<str>, u32> = BTreeMap::new();
                for (part, _) in names {
                    *counts.entry(part.clone()).or_default() += 1;
                }
                let gap = |(part, count)| Gap::part(resource, part, Cause::Malformed(count), "");
                counts.into_iter().map(gap).collect()
            }
        };
        gaps.into_iter().map(Arc::new).collect()
    }

    /// The parts that are still read in full although the kind as a whole is not, when so far `read`
    /// were; `None` stands for all of them.
    fn parts_read(&self, read: Option<Vec<Arc<str>>>) -> Vec<Arc<str>> {
        match (self, read) {
            (Drop::Whole(_), _) | (Drop::Rest(..), None) => Vec::new(),
            (Drop::AllBut(_, parts), None) => parts.iter().cloned().collect(),
            (Drop::AllBut(_, parts), Some(read)) => {
                read.into_iter().filter(|it| parts.contains(it)).collect()
            }
            (Drop::Rest(_, names), Some(read)) => {
                let is_whole = |part: &Arc<str>| !names.iter().any(|(it, _)| it == part);
                read.into_iter().filter(is_whole).collect()
            }
            // Their gaps name the parts, which counts for more than that they were read.
            (Drop::Part(..) | Drop::Malformed(..), read) => read.unwrap_or_default(),
        }
    }
}

/// What was read of a world.
#[derive(Debug, Clone)]
pub(crate) struct Read {
    /// The snapshot that a scan would have made.
    pub(crate) snapshot: Snapshot,
    /// The pods in it, one by one.
    pods: Vec<Value>,
}

macro_rules! listings {
    ($($resource:ident => $field:ident,)+) => {
        impl Read {
            /// What is there of a resource, in the order of a list; nothing of a single value.
            fn names(&self, resource: Resource) -> Vec<Name> {
                match resource {
                    Resource::Pods => {
                        let name = |it| (namespace(it).into(), text(it, "/metadata/name").into());
                        let names: BTreeSet<Name> = self.pods.iter().map(name).collect();
                        names.into_iter().collect()
                    }
                    $(Resource::$resource => names(&self.snapshot.$field),)+
                    _ => Vec::new(),
                }
            }

            /// With less.
            #[must_use]
            pub(crate) fn without(&self, drop: &Drop) -> Read {
                let mut less = self.clone();
                match drop.resource() {
                    Resource::Pods => less.drop_pods(drop),
                    $(Resource::$resource => take(&mut less.snapshot.$field, drop),)+
                    resource => {
                        less.snapshot.drop_kind(Gap::whole(resource, Cause::Forbidden, ""));
                    }
                }
                less
            }
        }
    };
}

listings! {
    Namespaces => namespaces,
    Nodes => nodes,
    Deployments => deployments,
    DaemonSets => daemon_sets,
    StatefulSets => stateful_sets,
    Jobs => jobs,
    CronJobs => cron_jobs,
    Services => services,
    Ingresses => ingresses,
    ServiceAccounts => service_accounts,
    Secrets => secrets,
    Roles => roles,
    RoleBindings => role_bindings,
    ClusterRoles => cluster_roles,
    ClusterRoleBindings => cluster_role_bindings,
    NetworkPolicies => network_policies,
    ResourceQuotas => resource_quotas,
    LimitRanges => limit_ranges,
    PersistentVolumes => persistent_volumes,
    CertificateSigningRequests => certificate_signing_requests,
    ValidatingWebhookConfigurations => validating_webhooks,
    MutatingWebhookConfigurations => mutating_webhooks,
    ValidatingAdmissionPolicies => admission_policies,
    ValidatingAdmissionPolicyBindings => admission_policy_bindings,
    CustomResourceDefinitions => custom_resource_definitions,
    KyvernoClusterPolicies => kyverno_cluster_policies,
    KyvernoPolicies => kyverno_policies,
    GatekeeperConstraints => gatekeeper_constraints,
    SigstoreImagePolicies => sigstore_image_policies,
    PortierisClusterImagePolicies => portieris_cluster_image_policies,
    PortierisImagePolicies => portieris_image_policies,
    VulnerabilityReports => vulnerability_reports,
    ClusterVulnerabilityReports => cluster_vulnerability_reports,
    KubeletConfigs => kubelet_configs,
}

impl Read {
    /// All of a world.
    pub(crate) fn of(world: &World) -> Self {
        let pods = world.pods().into_iter().cloned().collect();
        Read { snapshot: world.snapshot(), pods }
    }

    /// Folds the pods that are left anew: a group loses pods, samples, labels and nodes.
    fn drop_pods(&mut self, drop: &Drop) {
        self.pods.retain(|it| drop.keeps(namespace(it), text(it, "/metadata/name")));
        let folded = worlds::read(&self.pods, &BTreeMap::new());
        let (groups, ..) = folded.pods.into_parts();
        let pods = mem::replace(&mut self.snapshot.pods, Listing::complete(Vec::new()));
        let (_, gaps, read) = pods.into_parts();
        self.snapshot.pods = noted(groups, gaps, read, drop);
        self.snapshot.finished_pods = folded.finished_pods;
    }
}

fn names<T: Object>(listing: &Listing<T>) -> Vec<Name> {
    let mut names = Vec::new();
    let visited = listing.each(Scope::Cluster, |it| {
        names.push((it.part().into(), it.name().into()));
        Ok(())
    });
    // What is hidden already cannot be taken away again.
    drop(visited);
    names
}

fn take<T: Object>(listing: &mut Listing<T>, drop: &Drop) {
    let (items, gaps, read) = mem::replace(listing, Listing::complete(Vec::new())).into_parts();
    let kept = items.into_iter().filter(|it| drop.keeps(it.part(), it.name())).collect();
    *listing = noted(kept, gaps, read, drop);
}

/// The items that are left, with the gap that is new.
fn noted<T: Object>(
    items: Vec<T>,
    mut gaps: Vec<Arc<Gap>>,
    read: Vec<Arc<str>>,
    drop: &Drop,
) -> Listing<T> {
    let so_far = gaps.iter().any(|it| it.part.is_none()).then_some(read);
    let read = drop.parts_read(so_far);
    gaps.extend(drop.gaps());
    Listing::partial(items, gaps, read)
}
