//! A snapshot, joined: pods and templates made one workload for each owner, and every namespace that
//! is known to exist.
//!
//! `ReplicaSet`s are never listed in full: a Deployment leaves ten old ones behind, so they outweigh
//! the pods. The Deployment of a pod is inferred from the names instead.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    Cause, Gap, Known, Listing, Object, OwnerReference, Resource, Scope, Snapshot, Unknown,
    admission::{CustomResourceDefinition, VulnerabilityReport, WebhookConfiguration},
    admission_policy::{ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding},
    both,
    certificate::CertificateSigningRequest,
    config_map::{
        AuthenticationConfigMap, AwsAuthConfigMap, ClusterInfoConfigMap, KubeProxyConfigMap,
        KubeletConfigMap, KyvernoConfigMap, RootCaConfigMap,
    },
    control_plane::{AnonymousProbe, Flagz, Metrics, ServingCertificate, Version},
    namespace::{LimitRange, ListedNamespace, Namespace, ResourceQuota, ServiceAccount},
    network::{Ingress, NetworkPolicy, Service},
    node::{KubeletConfig, Node},
    policy::{Constraint, KyvernoException, KyvernoPolicy, PortierisPolicy, SigstoreImagePolicy},
    rbac::{Binding, Role},
    secret_manager::{ExternalSecret, SecretProviderClass},
    snapshot::Origin,
    storage::{PersistentVolume, Secret},
    workload::{Controller, Live, Owner, PodGroup, Template, Workload},
};

/// What a cluster looks like to the checks. Names are those of [`Snapshot`].
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each field holds what its name says; see `Snapshot`")]
pub struct Inventory {
    pub origin: Origin,
    pub version: Known<Version>,
    pub serving_certificate: Known<ServingCertificate>,
    pub anonymous_probe: Known<AnonymousProbe>,
    pub metrics: Known<Metrics>,
    pub flagz: Known<Flagz>,
    pub kubelet_config_map: Known<Option<KubeletConfigMap>>,
    pub kube_proxy_config_map: Known<Option<KubeProxyConfigMap>>,
    pub authentication_config_map: Known<Option<AuthenticationConfigMap>>,
    pub root_ca_config_map: Known<Option<RootCaConfigMap>>,
    pub cluster_info_config_map: Known<Option<ClusterInfoConfigMap>>,
    pub aws_auth_config_map: Known<Option<AwsAuthConfigMap>>,
    pub kyverno_config_map: Known<Option<KyvernoConfigMap>>,
    /// Listed, given by `-n`, or named by an object that was read.
    pub namespaces: Listing<Namespace>,
    pub nodes: Listing<Node>,
    /// Pods and templates, by top owner.
    pub workloads: Listing<Workload>,
    pub services: Listing<Service>,
    pub ingresses: Listing<Ingress>,
    pub service_accounts: Listing<ServiceAccount>,
    pub secrets: Listing<Secret>,
    pub roles: Listing<Role>,
    pub role_bindings: Listing<Binding>,
    pub cluster_roles: Listing<Role>,
    pub cluster_role_bindings: Listing<Binding>,
    pub network_policies: Listing<NetworkPolicy>,
    pub resource_quotas: Listing<ResourceQuota>,
    pub limit_ranges: Listing<LimitRange>,
    pub persistent_volumes: Listing<PersistentVolume>,
    pub certificate_signing_requests: Listing<CertificateSigningRequest>,
    pub validating_webhooks: Listing<WebhookConfiguration>,
    pub mutating_webhooks: Listing<WebhookConfiguration>,
    pub admission_policies: Listing<ValidatingAdmissionPolicy>,
    pub admission_policy_bindings: Listing<ValidatingAdmissionPolicyBinding>,
    pub custom_resource_definitions: Listing<CustomResourceDefinition>,
    pub kyverno_cluster_policies: Listing<KyvernoPolicy>,
    pub kyverno_policies: Listing<KyvernoPolicy>,
    pub kyverno_exceptions: Listing<KyvernoException>,
    pub gatekeeper_constraints: Listing<Constraint>,
    pub sigstore_image_policies: Listing<SigstoreImagePolicy>,
    pub portieris_cluster_image_policies: Listing<PortierisPolicy>,
    pub portieris_image_policies: Listing<PortierisPolicy>,
    pub external_secrets: Listing<ExternalSecret>,
    pub secret_provider_classes: Listing<SecretProviderClass>,
    pub vulnerability_reports: Listing<VulnerabilityReport>,
    pub cluster_vulnerability_reports: Listing<VulnerabilityReport>,
    pub kubelet_configs: Listing<KubeletConfig>,
}

impl From<Snapshot> for Inventory {
    fn from(mut snapshot: Snapshot) -> Self {
        hide_younger_namespaces(&mut snapshot);
        let namespaces = namespaces(&snapshot);
        let groups = snapshot.pods.take();
        Inventory {
            workloads: workloads(&snapshot, groups),
            namespaces,
            origin: snapshot.origin,
            version: snapshot.version,
            serving_certificate: snapshot.serving_certificate,
            anonymous_probe: snapshot.anonymous_probe,
            metrics: snapshot.metrics,
            flagz: snapshot.flagz,
            kubelet_config_map: snapshot.kubelet_config_map,
            kube_proxy_config_map: snapshot.kube_proxy_config_map,
            authentication_config_map: snapshot.authentication_config_map,
            root_ca_config_map: snapshot.root_ca_config_map,
            cluster_info_config_map: snapshot.cluster_info_config_map,
            aws_auth_config_map: snapshot.aws_auth_config_map,
            kyverno_config_map: snapshot.kyverno_config_map,
            nodes: snapshot.nodes,
            services: snapshot.services,
            ingresses: snapshot.ingresses,
            service_accounts: snapshot.service_accounts,
            secrets: snapshot.secrets,
            roles: snapshot.roles,
            role_bindings: snapshot.role_bindings,
            cluster_roles: snapshot.cluster_roles,
            cluster_role_bindings: snapshot.cluster_role_bindings,
            network_policies: snapshot.network_policies,
            resource_quotas: snapshot.resource_quotas,
            limit_ranges: snapshot.limit_ranges,
            persistent_volumes: snapshot.persistent_volumes,
            certificate_signing_requests: snapshot.certificate_signing_requests,
            validating_webhooks: snapshot.validating_webhooks,
            mutating_webhooks: snapshot.mutating_webhooks,
            admission_policies: snapshot.admission_policies,
            admission_policy_bindings: snapshot.admission_policy_bindings,
            custom_resource_definitions: snapshot.custom_resource_definitions,
            kyverno_cluster_policies: snapshot.kyverno_cluster_policies,
            kyverno_policies: snapshot.kyverno_policies,
            kyverno_exceptions: snapshot.kyverno_exceptions,
            gatekeeper_constraints: snapshot.gatekeeper_constraints,
            sigstore_image_policies: snapshot.sigstore_image_policies,
            portieris_cluster_image_policies: snapshot.portieris_cluster_image_policies,
            portieris_image_policies: snapshot.portieris_image_policies,
            external_secrets: snapshot.external_secrets,
            secret_provider_classes: snapshot.secret_provider_classes,
            vulnerability_reports: snapshot.vulnerability_reports,
            cluster_vulnerability_reports: snapshot.cluster_vulnerability_reports,
            kubelet_configs: snapshot.kubelet_configs,
        }
    }
}

/// Kinds by whose absence a namespace is judged.
const JUDGED_BY_ABSENCE: [Resource; 4] = [
    Resource::NetworkPolicies,
    Resource::ResourceQuotas,
    Resource::LimitRanges,
    Resource::RoleBindings,
];

/// Kinds are not one point in time: what a namespace lacks proves nothing if the list was older than
/// the namespace.
///
/// The collector asks for these kinds after namespaces and pods, so a namespace that either of those
/// shows was there before; server times have whole seconds, so the same second counts as before. What is
/// left is a list that was read first all the same, as with objects put together by hand.
fn hide_younger_namespaces(snapshot: &mut Snapshot) {
    let created =
        |it: &ListedNamespace| Some((it.metadata.name.clone(), it.metadata.creation_timestamp?));
    // Only adds gaps, so what was not listed need not be known.
    let born: Vec<_> = snapshot.namespaces.items().iter().filter_map(created).collect();
    for kind in JUDGED_BY_ABSENCE {
        let Some(listed) = snapshot.listed.get(&kind).copied() else { continue };
        for (name, _) in born.iter().filter(|(_, created)| created.as_second() > listed.as_second())
        {
            let message = "the namespace is younger than the list";
            snapshot.hide(Gap::part(kind, name.clone(), Cause::Inconsistent, message));
        }
    }
}

/// Listed namespaces; where that list is not complete, also those that anything names.
fn namespaces(snapshot: &Snapshot) -> Listing<Namespace> {
    let unlisted = snapshot.namespaces.covers(Scope::Cluster).err();
    let mut named: BTreeSet<Arc<str>> = BTreeSet::new();
    if unlisted.is_some() {
        named.extend(snapshot.origin.namespaces.iter().map(|it| it.as_str().into()));
        macro_rules! parts {
            ($($field:ident),+) => {
                $(named.extend(snapshot.$field.items().iter().map(|it| it.part().into()));)+
            };
        }
        parts!(
            pods,
            deployments,
            daemon_sets,
            stateful_sets,
            jobs,
            cron_jobs,
            services,
            ingresses,
            service_accounts,
            secrets,
            roles,
            role_bindings,
            network_policies,
            resource_quotas,
            limit_ranges,
            kyverno_policies,
            portieris_image_policies,
            kyverno_exceptions,
            external_secrets,
            secret_provider_classes
        );
    }
    snapshot.namespaces.derive(&[], |listed| {
        let mut all: BTreeMap<Arc<str>, Namespace> = BTreeMap::new();
        if let Some(unknown) = unlisted {
            all.extend(
                named
                    .into_iter()
                    .map(|name| (name.clone(), Namespace { name, metadata: Err(unknown.clone()) })),
            );
        }
        all.extend(listed.iter().map(|it| {
            let name = it.metadata.name.clone();
            (name.clone(), Namespace { name, metadata: Ok(it.metadata.clone()) })
        }));
        all.into_values().collect()
    })
}

/// Pods, taken from the snapshot, and its templates, joined by top owner.
fn workloads(snapshot: &Snapshot, groups: Vec<PodGroup>) -> Listing<Workload> {
    let kinds = [
        ("Deployment", "apps/v1", &snapshot.deployments),
        ("DaemonSet", "apps/v1", &snapshot.daemon_sets),
        ("StatefulSet", "apps/v1", &snapshot.stateful_sets),
        ("Job", "batch/v1", &snapshot.jobs),
        ("CronJob", "batch/v1", &snapshot.cron_jobs),
    ];
    let mut joined: BTreeMap<(Arc<str>, Arc<str>), Workload> = BTreeMap::new();
    for (kind, api_version, listing) in kinds {
        for controller in listing.items() {
            let made = &controller.metadata;
            // A CronJob's jobs are its own doing; its template speaks for them.
            if made.controller().is_none_or(|owner| &*owner.kind != "CronJob") {
                let owner = Owner {
                    api_version: api_version.into(),
                    kind: kind.into(),
                    name: made.name.clone(),
                };
                let template = Ok(Some(template_of(controller)));
                let traced = Traced::top(owner, template);
                let workload = empty(snapshot, &made.namespace, traced);
                joined.insert((made.namespace.clone(), workload.key.clone()), workload);
            }
        }
    }
    for group in groups {
        let traced = trace(snapshot, &group);
        let workload = joined
            .entry((group.namespace.clone(), traced.key.clone()))
            .or_insert_with(|| empty(snapshot, &group.namespace, traced));
        add(workload, group);
    }

    let sources: [&dyn Covered; 6] = [
        &snapshot.pods,
        &snapshot.deployments,
        &snapshot.daemon_sets,
        &snapshot.stateful_sets,
        &snapshot.jobs,
        &snapshot.cron_jobs,
    ];
    let gaps: Vec<Arc<Gap>> = sources.iter().flat_map(|it| it.gaps_of()).collect();
    // A part is read if each source read it; only parts that something names can matter.
    let parts: BTreeSet<Arc<str>> = joined
        .keys()
        .map(|(namespace, _)| namespace.clone())
        .chain(snapshot.origin.namespaces.iter().map(|it| it.as_str().into()))
        .chain(sources.iter().flat_map(|it| it.parts_read()))
        .collect();
    let whole = |part: &Arc<str>| sources.iter().all(|it| it.covers_part(part).is_ok());
    let read = parts.into_iter().filter(whole).collect();
    Listing::partial(joined.into_values().collect(), gaps, read)
}

/// A listing of whatever kind, as far as gaps go.
trait Covered {
    fn gaps_of(&self) -> Vec<Arc<Gap>>;
    fn parts_read(&self) -> Vec<Arc<str>>;
    fn covers_part(&self, part: &str) -> Known<()>;
}

impl<T: Object> Covered for Listing<T> {
    fn gaps_of(&self) -> Vec<Arc<Gap>> {
        self.gaps().to_vec()
    }
    fn parts_read(&self) -> Vec<Arc<str>> {
        self.read().to_vec()
    }
    fn covers_part(&self, part: &str) -> Known<()> {
        self.covers(Scope::Part(part))
    }
}

fn template_of(controller: &Controller) -> Template {
    let template = controller.template();
    Template {
        labels: template.metadata.labels.clone(),
        spec: Arc::clone(&template.spec),
        replicas: controller.spec.replicas,
        status: controller.status.clone(),
    }
}

fn empty(snapshot: &Snapshot, namespace: &Arc<str>, traced: Traced) -> Workload {
    let here = Scope::Part(namespace);
    let pods = snapshot.pods.covers(here);
    // A pod of a job that was not read is told to be the job's, and may be the CronJob's.
    let of_jobs = &*traced.owner.kind == "CronJob";
    let live_read = if of_jobs { both(pods, snapshot.jobs.covers(here)) } else { pods };
    Workload {
        namespace: namespace.clone(),
        key: traced.key,
        owner: traced.owner,
        owner_is_top: traced.is_top,
        template: traced.template,
        live: Vec::new(),
        live_read,
    }
}

/// Adds a group of pods to its workload. Groups come in the order of their first pod's name.
fn add(workload: &mut Workload, group: PodGroup) {
    let mirror_of =
        group.owner.as_ref().filter(|owner| group.claims_mirror && &*owner.kind == "Node").cloned();
    if let Some(live) =
        workload.live.iter_mut().find(|it| it.spec == group.spec && it.mirror_of == mirror_of)
    {
        live.pods += group.pods;
        live.samples.extend(group.samples);
        live.samples.sort();
        live.samples.truncate(crate::workload::SAMPLES);
        live.labels.extend(group.labels);
        live.nodes.extend(group.nodes);
        live.image_ids.extend(group.image_ids);
    } else {
        // Most run one spec.
        workload.live.reserve_exact(1);
        workload.live.push(Live {
            spec: group.spec,
            pods: group.pods,
            samples: group.samples,
            labels: group.labels,
            nodes: group.nodes,
            image_ids: group.image_ids,
            mirror_of,
        });
    }
}

/// Whom a group of pods belongs to.
struct Traced {
    owner: Owner,
    /// What it is joined by: `Kind/name` of the owner that is certain.
    key: Arc<str>,
    is_top: Known<()>,
    template: Known<Option<Template>>,
}

impl Traced {
    /// The owner as named, with nothing above it.
    fn top(owner: Owner, template: Known<Option<Template>>) -> Self {
        Traced { key: key_of(&owner), owner, is_top: Ok(()), template }
    }
}

fn trace(snapshot: &Snapshot, group: &PodGroup) -> Traced {
    let pod = || Owner { api_version: "v1".into(), kind: "Pod".into(), name: group.name().into() };
    let Some(reference) = &group.owner else { return Traced::top(pod(), Ok(None)) };
    let named = owner_of(reference);
    let template = |listing: &Listing<Controller>| {
        Ok(listing.get(&group.namespace, &reference.name)?.map(template_of))
    };
    match &*reference.kind {
        "Node" => Traced::top(pod(), Ok(None)),
        "DaemonSet" => Traced::top(named, template(&snapshot.daemon_sets)),
        "StatefulSet" => Traced::top(named, template(&snapshot.stateful_sets)),
        "Job" => trace_job(snapshot, group, reference),
        "ReplicaSet" => trace_replica_set(snapshot, group, reference),
        _ => Traced::top(named, Ok(None)),
    }
}

fn key_of(owner: &Owner) -> Arc<str> {
    format!("{}/{}", owner.kind, owner.name).into()
}

fn owner_of(reference: &OwnerReference) -> Owner {
    Owner {
        api_version: reference.api_version.clone(),
        kind: reference.kind.clone(),
        name: reference.name.clone(),
    }
}

fn trace_job(snapshot: &Snapshot, group: &PodGroup, reference: &OwnerReference) -> Traced {
    let job = match snapshot.jobs.get(&group.namespace, &reference.name) {
        Ok(Some(job)) => job,
        Ok(None) => return Traced::top(owner_of(reference), Ok(None)),
        Err(unknown) => {
            let is_top = Err(unknown.clone());
            return Traced { is_top, ..Traced::top(owner_of(reference), Err(unknown)) };
        }
    };
    match job.metadata.controller().filter(|it| &*it.kind == "CronJob") {
        Some(cron) => {
            let listed = snapshot.cron_jobs.get(&group.namespace, &cron.name);
            Traced::top(owner_of(cron), listed.map(|it| it.map(template_of)))
        }
        None => Traced::top(owner_of(reference), Ok(Some(template_of(job)))),
    }
}

/// `ReplicaSet` R is of Deployment D if R is D, a dash and the pods' `pod-template-hash`, and D is
/// there and selects the pods. Long names are cut and labels can be edited: then the owner stays R.
fn trace_replica_set(snapshot: &Snapshot, group: &PodGroup, reference: &OwnerReference) -> Traced {
    let untold = |why: &str| -> Unknown {
        Gap::part(Resource::ReplicaSets, group.namespace.clone(), Cause::NotRequested, why).into()
    };
    let stays = |is_top| Traced { is_top, ..Traced::top(owner_of(reference), Ok(None)) };
    let prefix = group
        .template_hash
        .as_ref()
        .and_then(|hash| reference.name.strip_suffix(&**hash).and_then(|it| it.strip_suffix('-')));
    let Some(name) = prefix else {
        return stays(Err(untold("the pods' labels do not tell their Deployment")));
    };
    let deployment =
        Owner { api_version: "apps/v1".into(), kind: "Deployment".into(), name: name.into() };
    match snapshot.deployments.get(&group.namespace, name) {
        Ok(Some(found)) => {
            let selector = found.spec.selector.as_ref();
            let selected = selector.is_some_and(|selector| {
                let views = group.labels.iter().flat_map(|it| it.views(selector.keys()));
                let mut views = views.peekable();
                views.peek().is_some() && views.all(|view| selector.matches(|key| view.label(key)))
            });
            if selected {
                Traced::top(deployment, Ok(Some(template_of(found))))
            } else {
                stays(Err(untold("a Deployment of the name does not select the pods")))
            }
        }
        Ok(None) => stays(Err(untold("no Deployment of the name"))),
        // They go by the Deployment's name, but two ReplicaSets stay two: joined, what is wrong with one
        // would be said of the other.
        Err(unknown) => Traced {
            key: key_of(&owner_of(reference)),
            is_top: Err(unknown.clone()),
            ..Traced::top(deployment, Err(unknown))
        },
    }
}
