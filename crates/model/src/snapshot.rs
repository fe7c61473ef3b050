//! What was read, kind by kind: the form that a live scan fills, a file holds, and
//! [`crate::inventory`] joins.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Cause, Gap, Known, Listing, Resource, Unknown,
    admission::{CustomResourceDefinition, VulnerabilityReport, WebhookConfiguration},
    admission_policy::{ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding},
    certificate::CertificateSigningRequest,
    config_map::{
        AuthenticationConfigMap, AwsAuthConfigMap, ClusterInfoConfigMap, KubeProxyConfigMap,
        KubeletConfigMap, KyvernoConfigMap, RootCaConfigMap,
    },
    control_plane::{AnonymousProbe, Flagz, Metrics, ServingCertificate, Version},
    namespace::{LimitRange, ListedNamespace, ResourceQuota, ServiceAccount},
    network::{Ingress, NetworkPolicy, Service},
    node::{KubeletConfig, Node},
    policy::{Constraint, KyvernoException, KyvernoPolicy, PortierisPolicy, SigstoreImagePolicy},
    rbac::{Binding, Role},
    secret_manager::{ExternalSecret, SecretProviderClass},
    storage::{PersistentVolume, Secret},
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
    (
        answers { $($(#[$adoc:meta])* $answer:ident: $of:ty = $asked:ident,)+ }
        listings { $($(#[$doc:meta])* $field:ident: $kind:ty = $resource:ident,)+ }
    ) => {
        /// Everything that was read, and what was not.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
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
            $($(#[$adoc])* pub $answer: Known<$of>,)+
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
                    $($answer: Err(gap(Resource::$asked).into()),)+
                    $($field: Listing::unread(gap(Resource::$resource)),)+
                }
            }

            /// What of a resource was not read; empty when it is complete.
            pub fn gaps(&self, resource: Resource) -> Vec<Arc<Gap>> {
                fn of<T>(known: &Known<T>) -> Vec<Arc<Gap>> {
                    known.as_ref().err().map(|it| it.gaps().to_vec()).unwrap_or_default()
                }
                match resource {
                    $(Resource::$asked => of(&self.$answer),)+
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
                    $(Resource::$asked => more(&mut self.$answer, gap),)+
                    Resource::ReplicaSets => {}
                    $(Resource::$resource => self.$field.hide(gap),)+
                }
            }

            /// Drops all that was read of a resource and puts the gap in its place.
            pub fn drop_kind(&mut self, gap: Gap) {
                match gap.resource {
                    $(Resource::$resource => self.$field = Listing::unread(gap),)+
                    $(Resource::$asked => self.$answer = Err(gap.into()),)+
                    Resource::ReplicaSets => {}
                }
            }

            /// Distinct things kept of a resource: objects, or groups of pods.
            pub fn distinct(&self, resource: Resource) -> usize {
                match resource {
                    $(Resource::$asked => usize::from(self.$answer.is_ok()),)+
                    Resource::ReplicaSets => 0,
                    $(Resource::$resource => self.$field.seen(),)+
                }
            }
        }
    };
}

/// The version of every projection. A kind that starts to keep more gets a number of its own.
pub const PROJECTION: u32 = 3;

snapshot! {
    answers {
        /// The server's version.
        version: Version = Version,
        /// The server's certificate.
        serving_certificate: ServingCertificate = ServingCertificate,
        /// What strangers are told.
        anonymous_probe: AnonymousProbe = AnonymousProbe,
        /// What the server counts.
        metrics: Metrics = Metrics,
        /// The server's flags.
        flagz: Flagz = Flagz,
        /// `kube-system/kubelet-config`; `None` when there is none.
        kubelet_config_map: Option<KubeletConfigMap> = KubeletConfigMap,
        /// `kube-system/kube-proxy`; `None` when there is none.
        kube_proxy_config_map: Option<KubeProxyConfigMap> = KubeProxyConfigMap,
        /// `kube-system/extension-apiserver-authentication`; `None` when there is none.
        authentication_config_map: Option<AuthenticationConfigMap> = AuthenticationConfigMap,
        /// `kube-system/kube-root-ca.crt`; `None` when there is none.
        root_ca_config_map: Option<RootCaConfigMap> = RootCaConfigMap,
        /// `kube-public/cluster-info`; `None` when there is none.
        cluster_info_config_map: Option<ClusterInfoConfigMap> = ClusterInfoConfigMap,
        /// `kube-system/aws-auth`; `None` when there is none.
        aws_auth_config_map: Option<AwsAuthConfigMap> = AwsAuthConfigMap,
        /// `kyverno/kyverno`; `None` when there is none.
        kyverno_config_map: Option<KyvernoConfigMap> = KyvernoConfigMap,
    }
    listings {
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
        /// Secrets, by name and type.
        secrets: Secret = Secrets,
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
        /// Persistent volumes.
        persistent_volumes: PersistentVolume = PersistentVolumes,
        /// Certificate signing requests.
        certificate_signing_requests: CertificateSigningRequest = CertificateSigningRequests,
        /// Validating webhook configurations.
        validating_webhooks: WebhookConfiguration = ValidatingWebhookConfigurations,
        /// Mutating webhook configurations.
        mutating_webhooks: WebhookConfiguration = MutatingWebhookConfigurations,
        /// Validating admission policies.
        admission_policies: ValidatingAdmissionPolicy = ValidatingAdmissionPolicies,
        /// What puts them in force.
        admission_policy_bindings: ValidatingAdmissionPolicyBinding = ValidatingAdmissionPolicyBindings,
        /// Custom resource definitions.
        custom_resource_definitions: CustomResourceDefinition = CustomResourceDefinitions,
        /// Kyverno's policies for the whole cluster.
        kyverno_cluster_policies: KyvernoPolicy = KyvernoClusterPolicies,
        /// Kyverno's policies for a namespace.
        kyverno_policies: KyvernoPolicy = KyvernoPolicies,
        /// Kyverno's exceptions.
        kyverno_exceptions: KyvernoException = KyvernoExceptions,
        /// Gatekeeper's constraints.
        gatekeeper_constraints: Constraint = GatekeeperConstraints,
        /// Image policies of sigstore's policy-controller.
        sigstore_image_policies: SigstoreImagePolicy = SigstoreImagePolicies,
        /// Portieris' image policies for the whole cluster.
        portieris_cluster_image_policies: PortierisPolicy = PortierisClusterImagePolicies,
        /// Portieris' image policies for a namespace.
        portieris_image_policies: PortierisPolicy = PortierisImagePolicies,
        /// What External Secrets fetches.
        external_secrets: ExternalSecret = ExternalSecrets,
        /// What the Secrets Store driver mounts.
        secret_provider_classes: SecretProviderClass = SecretProviderClasses,
        /// Vulnerability reports.
        vulnerability_reports: VulnerabilityReport = VulnerabilityReports,
        /// Vulnerability reports on cluster-scoped objects.
        cluster_vulnerability_reports: VulnerabilityReport = ClusterVulnerabilityReports,
        /// Kubelet configurations.
        kubelet_configs: KubeletConfig = KubeletConfigs,
    }
}

/// What a file holds of a kind that it does not name: nothing, for it was written before this version.
impl Default for Snapshot {
    fn default() -> Self {
        let origin = Origin {
            source: Source::Snapshot,
            started: Timestamp::UNIX_EPOCH,
            finished: Timestamp::UNIX_EPOCH,
            interrupted: false,
            cluster: String::new(),
            server: String::new(),
            context: String::new(),
            user: String::new(),
            groups: Vec::new(),
            impersonated: false,
            namespaces: Vec::new(),
        };
        let mut old = Snapshot::unread(origin, &Cause::Outdated, &outdated(0));
        old.projections.clear();
        old
    }
}

fn outdated(found: u32) -> String {
    format!("the snapshot holds projection {found}, checks read {PROJECTION}: collect again")
}

impl Snapshot {
    /// Hides each kind whose projection is older than the one that checks read today.
    pub fn outdate(&mut self) {
        for resource in Resource::ALL {
            let found = self.projections.get(&resource).copied().unwrap_or_default();
            if found < PROJECTION {
                self.hide(Gap::whole(resource, Cause::Outdated, outdated(found)));
            }
        }
    }

    /// Whether everything that was asked for was read, be it that it does not tell.
    pub fn is_complete(&self) -> bool {
        // What does not tell was read all the same.
        let unread =
            |gap: &Arc<Gap>| !matches!(gap.cause, Cause::NotRequested | Cause::Inconclusive);
        !self.origin.interrupted
            && Resource::ALL.into_iter().all(|it| !self.gaps(it).iter().any(unread))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_that_an_older_file_does_not_name_is_outdated() {
        let mut file = serde_json::to_value(Snapshot::default()).expect("JSON");
        let fields = file.as_object_mut().expect("an object");
        fields.remove("metrics");
        fields.remove("secrets");
        fields.insert("projections".to_owned(), serde_json::json!({ "pods": PROJECTION }));
        fields.insert("secretsOfTheFuture".to_owned(), serde_json::json!([]));
        let mut read: Snapshot = serde_json::from_value(file).expect("a snapshot");
        read.outdate();
        for resource in [Resource::Metrics, Resource::Secrets] {
            let gaps = read.gaps(resource);
            assert!(matches!(&gaps[..], [gap] if gap.cause == Cause::Outdated), "{gaps:?}");
        }
    }
}
