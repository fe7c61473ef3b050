//! What was read, kind by kind: the form that a live scan fills, a file holds, and
//! [`crate::inventory`] joins.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Cause, Gap, Known, Listing, Resource, Unknown,
    admission::{CustomResourceDefinition, VulnerabilityReport, WebhookConfiguration},
    control_plane::{AnonymousProbe, ServingCertificate, Version},
    namespace::{LimitRange, ListedNamespace, ResourceQuota, ServiceAccount},
    network::{Ingress, NetworkPolicy, Service},
    node::{KubeletConfig, Node},
    rbac::{Binding, Role},
    workload::{Controller, PodGroup},
};

/// What a snapshot file says it is.
pub const FORMAT: &str = "kube-assay/snapshot-v1";

/// Where the objects come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// A running cluster.
    Live,
    /// A file that `collect` wrote.
    Snapshot,
    /// Kubernetes objects in files.
    Files,
    /// The example that ships inside.
    Demo,
}

/// Which cluster, by whom, when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Origin {
    /// Where the objects come from.
    pub source: Source,
    /// When collecting began.
    pub started: Timestamp,
    /// When it ended.
    pub finished: Timestamp,
    /// Whether it was stopped before its end.
    pub interrupted: bool,
    /// The cluster's name in the kubeconfig, or the path that was read.
    pub cluster: String,
    /// The API server's URL; empty for files.
    pub server: String,
    /// The kubeconfig context; empty when there is none.
    pub context: String,
    /// Who asked, as the server says, or as the configuration says where the server does not.
    pub user: String,
    /// Groups that the server says the user is in; empty when it does not say.
    pub groups: Vec<String>,
    /// Whether `--as` was used.
    pub impersonated: bool,
    /// The namespaces of `-n`; empty for all.
    pub namespaces: Vec<String>,
}

/// What reading one resource cost.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// Objects that were received.
    pub objects: u64,
    /// Requests that were sent, repeated ones included.
    pub requests: u64,
    /// Bytes of the answers' bodies.
    pub bytes: u64,
    /// Requests that had to be repeated.
    pub retries: u64,
    /// Time from the first request to the last byte, in seconds.
    pub seconds: f64,
}

/// Less is known: the gap comes on top of those there are.
fn more<T>(known: &mut Known<T>, gap: Arc<Gap>) {
    let missing = Unknown::from(gap);
    *known = Err(match known {
        Ok(_) => missing,
        Err(it) => it.clone().and(missing),
    });
}

macro_rules! snapshot {
    ($($(#[$doc:meta])* $field:ident: $kind:ty = $resource:ident,)+) => {
        /// Everything that was read, and what was not.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub struct Snapshot {
            /// [`FORMAT`].
            pub format: String,
            /// The version of each kind's projection: a check that needs a newer one is told so.
            pub projections: BTreeMap<Resource, u32>,
            /// Which cluster, by whom, when.
            pub origin: Origin,
            /// The bill.
            pub costs: BTreeMap<Resource, Cost>,
            /// When the server began to answer each list, by its own clock.
            pub listed: BTreeMap<Resource, Timestamp>,
            /// Pods that had come to their end; they are not judged.
            pub finished_pods: u32,
            /// The server's version.
            pub version: Known<Version>,
            /// The server's certificate.
            pub serving_certificate: Known<ServingCertificate>,
            /// What strangers are told.
            pub anonymous_probe: Known<AnonymousProbe>,
            $($(#[$doc])* pub $field: Listing<$kind>,)+
        }

        impl Snapshot {
            /// Nothing read yet: each kind has a gap with this cause and message.
            pub fn unread(origin: Origin, cause: &Cause, message: &str) -> Self {
                let gap = |resource| Gap::whole(resource, cause.clone(), message);
                Snapshot {
                    format: FORMAT.to_owned(),
                    projections: Resource::ALL.map(|it| (it, PROJECTION)).into_iter().collect(),
                    origin,
                    costs: BTreeMap::new(),
                    listed: BTreeMap::new(),
                    finished_pods: 0,
                    version: Err(gap(Resource::Version).into()),
                    serving_certificate: Err(gap(Resource::ServingCertificate).into()),
                    anonymous_probe: Err(gap(Resource::AnonymousProbe).into()),
                    $($field: Listing::unread(gap(Resource::$resource)),)+
                }
            }

            /// What of a resource was not read; empty when it is complete.
            pub fn gaps(&self, resource: Resource) -> Vec<Arc<Gap>> {
                fn of<T>(known: &Known<T>) -> Vec<Arc<Gap>> {
                    known.as_ref().err().map(|it| it.gaps().to_vec()).unwrap_or_default()
                }
                match resource {
                    Resource::Version => of(&self.version),
                    Resource::ServingCertificate => of(&self.serving_certificate),
                    Resource::AnonymousProbe => of(&self.anonymous_probe),
                    Resource::ReplicaSets => vec![
                        Gap::whole(resource, Cause::NotRequested, "never listed in full").into(),
                    ],
                    $(Resource::$resource => self.$field.gaps().to_vec(),)+
                }
            }

            /// Adds a gap to a resource: from now on, less is known.
            pub fn hide(&mut self, gap: Gap) {
                let resource = gap.resource;
                let gap = Arc::new(gap);
                match resource {
                    Resource::Version => more(&mut self.version, gap),
                    Resource::ServingCertificate => more(&mut self.serving_certificate, gap),
                    Resource::AnonymousProbe => more(&mut self.anonymous_probe, gap),
                    Resource::ReplicaSets => {}
                    $(Resource::$resource => self.$field.hide(gap),)+
                }
            }

            /// Drops all that was read of a resource and puts the gap in its place.
            pub fn drop_kind(&mut self, gap: Gap) {
                match gap.resource {
                    $(Resource::$resource => self.$field = Listing::unread(gap),)+
                    Resource::Version => self.version = Err(gap.into()),
                    Resource::ServingCertificate => self.serving_certificate = Err(gap.into()),
                    Resource::AnonymousProbe => self.anonymous_probe = Err(gap.into()),
                    Resource::ReplicaSets => {}
                }
            }

            /// Distinct things kept of a resource: objects, or groups of pods.
            pub fn distinct(&self, resource: Resource) -> usize {
                match resource {
                    Resource::Version => usize::from(self.version.is_ok()),
                    Resource::ServingCertificate => usize::from(self.serving_certificate.is_ok()),
                    Resource::AnonymousProbe => usize::from(self.anonymous_probe.is_ok()),
                    Resource::ReplicaSets => 0,
                    $(Resource::$resource => self.$field.seen(),)+
                }
            }
        }
    };
}

/// The version of every projection. A kind that starts to keep more gets a number of its own.
pub const PROJECTION: u32 = 1;

snapshot! {
    /// Namespaces.
    namespaces: ListedNamespace = Namespaces,
    /// Nodes.
    nodes: Node = Nodes,
    /// Pods, folded.
    pods: PodGroup = Pods,
    /// Deployments.
    deployments: Controller = Deployments,
    /// Daemon sets.
    daemon_sets: Controller = DaemonSets,
    /// Stateful sets.
    stateful_sets: Controller = StatefulSets,
    /// Jobs.
    jobs: Controller = Jobs,
    /// Cron jobs.
    cron_jobs: Controller = CronJobs,
    /// Services.
    services: Service = Services,
    /// Ingresses.
    ingresses: Ingress = Ingresses,
    /// Service accounts.
    service_accounts: ServiceAccount = ServiceAccounts,
    /// Roles.
    roles: Role = Roles,
    /// Role bindings.
    role_bindings: Binding = RoleBindings,
    /// Cluster roles.
    cluster_roles: Role = ClusterRoles,
    /// Cluster role bindings.
    cluster_role_bindings: Binding = ClusterRoleBindings,
    /// Network policies.
    network_policies: NetworkPolicy = NetworkPolicies,
    /// Resource quotas.
    resource_quotas: ResourceQuota = ResourceQuotas,
    /// Limit ranges.
    limit_ranges: LimitRange = LimitRanges,
    /// Validating webhook configurations.
    validating_webhooks: WebhookConfiguration = ValidatingWebhookConfigurations,
    /// Mutating webhook configurations.
    mutating_webhooks: WebhookConfiguration = MutatingWebhookConfigurations,
    /// Custom resource definitions.
    custom_resource_definitions: CustomResourceDefinition = CustomResourceDefinitions,
    /// Vulnerability reports.
    vulnerability_reports: VulnerabilityReport = VulnerabilityReports,
    /// Vulnerability reports on cluster-scoped objects.
    cluster_vulnerability_reports: VulnerabilityReport = ClusterVulnerabilityReports,
    /// Kubelet configurations.
    kubelet_configs: KubeletConfig = KubeletConfigs,
}

impl Snapshot {
    /// Hides each kind whose projection is older than the one that checks read today.
    pub fn outdate(&mut self) {
        for resource in Resource::ALL {
            let found = self.projections.get(&resource).copied().unwrap_or_default();
            if found < PROJECTION {
                let message = format!(
                    "the snapshot holds projection {found}, checks read {PROJECTION}: collect again"
                );
                self.hide(Gap::whole(resource, Cause::Outdated, message));
            }
        }
    }

    /// Whether everything that was asked for was read.
    pub fn is_complete(&self) -> bool {
        let asked = |gap: &Arc<Gap>| gap.cause != Cause::NotRequested;
        !self.origin.interrupted
            && Resource::ALL.into_iter().all(|it| !self.gaps(it).iter().any(asked))
    }
}
