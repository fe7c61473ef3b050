//! Everything that can be read of a cluster, and what the API calls it.

use serde::{Deserialize, Serialize};

/// One kind of evidence: a list of objects, or something asked of an endpoint.
///
/// The order is the order in which reports show them.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Resource {
    /// `GET /version`.
    Version,
    /// The TLS handshake with the API server.
    ServingCertificate,
    /// Requests without credentials.
    AnonymousProbe,
    /// `GET /metrics` of the API server.
    Metrics,
    /// `GET /flagz` of the API server.
    Flagz,
    /// Namespaces.
    Namespaces,
    /// Nodes.
    Nodes,
    /// Pods.
    Pods,
    /// Deployments.
    Deployments,
    /// Daemon sets.
    DaemonSets,
    /// Stateful sets.
    StatefulSets,
    /// Replica sets: never listed in full, see [`crate::inventory`].
    ReplicaSets,
    /// Jobs.
    Jobs,
    /// Cron jobs.
    CronJobs,
    /// Services.
    Services,
    /// Ingresses.
    Ingresses,
    /// Service accounts.
    ServiceAccounts,
    /// Secrets by name and type, never by value.
    Secrets,
    /// Roles.
    Roles,
    /// Role bindings.
    RoleBindings,
    /// Cluster roles.
    ClusterRoles,
    /// Cluster role bindings.
    ClusterRoleBindings,
    /// Network policies.
    NetworkPolicies,
    /// Resource quotas.
    ResourceQuotas,
    /// Limit ranges.
    LimitRanges,
    /// Persistent volumes.
    PersistentVolumes,
    /// Certificate signing requests.
    CertificateSigningRequests,
    /// Validating webhook configurations.
    ValidatingWebhookConfigurations,
    /// Mutating webhook configurations.
    MutatingWebhookConfigurations,
    /// Validating admission policies.
    ValidatingAdmissionPolicies,
    /// What puts validating admission policies in force.
    ValidatingAdmissionPolicyBindings,
    /// Custom resource definitions.
    CustomResourceDefinitions,
    /// Kyverno's policies for the whole cluster.
    KyvernoClusterPolicies,
    /// Kyverno's policies for a namespace.
    KyvernoPolicies,
    /// Kyverno's exceptions from its policies.
    KyvernoExceptions,
    /// Constraints of Gatekeeper, of whatever kind its templates add.
    GatekeeperConstraints,
    /// Image policies of sigstore's policy-controller.
    SigstoreImagePolicies,
    /// Portieris' image policies for the whole cluster.
    PortierisClusterImagePolicies,
    /// Portieris' image policies for a namespace.
    PortierisImagePolicies,
    /// Secrets that External Secrets fetches.
    ExternalSecrets,
    /// What the Secrets Store driver mounts.
    SecretProviderClasses,
    /// Vulnerability reports of trivy-operator.
    VulnerabilityReports,
    /// Cluster-scoped vulnerability reports of trivy-operator.
    ClusterVulnerabilityReports,
    /// The configuration that each kubelet runs with.
    KubeletConfigs,
    /// What kubeadm hands to kubelets that join: `kube-system/kubelet-config`.
    KubeletConfigMap,
    /// What kubeadm's kube-proxy reads: `kube-system/kube-proxy`.
    KubeProxyConfigMap,
    /// Whom the API server trusts: `kube-system/extension-apiserver-authentication`.
    AuthenticationConfigMap,
    /// Whom pods trust: `kube-system/kube-root-ca.crt`.
    RootCaConfigMap,
    /// What strangers may read to join: `kube-public/cluster-info`.
    ClusterInfoConfigMap,
    /// Which identities of AWS are whom in the cluster: `kube-system/aws-auth`.
    AwsAuthConfigMap,
    /// Whom and what Kyverno passes over: `kyverno/kyverno`.
    KyvernoConfigMap,
}

/// How a [`Resource`] is read, and hence what a `ClusterRole` must grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// `list` on a kind of the API.
    List(Kind),
    /// `get` on a URL that is no resource, such as `/version`.
    Url(&'static str),
    /// `get` on a subresource of every node, such as `configz`.
    Node(&'static str),
    /// `get` on one object, by its name: the others of its kind are nobody's business.
    Named(Named),
    /// `list` on every kind of a group, which ones the server tells: another one has other kinds.
    Group(&'static str),
    /// No permission: a connection is enough.
    Connection,
}

/// One object that is read by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named {
    /// Plural resource name in the core group.
    pub plural: &'static str,
    /// Kind, as in manifests.
    pub kind: &'static str,
    /// Its namespace.
    pub namespace: &'static str,
    /// Its name.
    pub name: &'static str,
}

impl Named {
    /// `configmaps/aws-auth`, as kubectl names it.
    pub fn qualified(&self) -> String {
        format!("{}/{}", self.plural, self.name)
    }
}

/// A kind as the API serves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// API group; empty for the core group.
    pub group: &'static str,
    /// Version within the group.
    pub version: &'static str,
    /// Plural resource name, as in URLs and RBAC rules.
    pub plural: &'static str,
    /// Kind, as in manifests.
    pub kind: &'static str,
    /// Whether objects live in namespaces.
    pub namespaced: bool,
    /// Whether the server has it from the start; false for kinds that a CRD adds.
    pub built_in: bool,
}

impl Kind {
    /// The `apiVersion` of a manifest: `v1`, `apps/v1`.
    pub fn api_version(&self) -> String {
        match self.group {
            "" => self.version.to_owned(),
            group => format!("{group}/{}", self.version),
        }
    }

    /// `plural.group`, as kubectl and RBAC name it; `pods` for the core group.
    pub fn qualified(&self) -> String {
        match self.group {
            "" => self.plural.to_owned(),
            group => format!("{}.{group}", self.plural),
        }
    }
}

const fn core(plural: &'static str, kind: &'static str, namespaced: bool) -> Access {
    built_in("", "v1", plural, kind, namespaced)
}

const fn built_in(
    group: &'static str,
    version: &'static str,
    plural: &'static str,
    kind: &'static str,
    namespaced: bool,
) -> Access {
    Access::List(Kind { group, version, plural, kind, namespaced, built_in: true })
}

const fn added(
    group: &'static str,
    version: &'static str,
    plural: &'static str,
    kind: &'static str,
    namespaced: bool,
) -> Access {
    Access::List(Kind { group, version, plural, kind, namespaced, built_in: false })
}

const fn config_map(namespace: &'static str, name: &'static str) -> Access {
    Access::Named(Named { plural: "configmaps", kind: "ConfigMap", namespace, name })
}

const RBAC: &str = "rbac.authorization.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";
const TRIVY: &str = "aquasecurity.github.io";
const KYVERNO: &str = "kyverno.io";
const PORTIERIS: &str = "portieris.cloud.ibm.com";

impl Resource {
    /// Every resource, in the order of the enum.
    pub const ALL: [Resource; 51] = [
        Resource::Version,
        Resource::ServingCertificate,
        Resource::AnonymousProbe,
        Resource::Metrics,
        Resource::Flagz,
        Resource::Namespaces,
        Resource::Nodes,
        Resource::Pods,
        Resource::Deployments,
        Resource::DaemonSets,
        Resource::StatefulSets,
        Resource::ReplicaSets,
        Resource::Jobs,
        Resource::CronJobs,
        Resource::Services,
        Resource::Ingresses,
        Resource::ServiceAccounts,
        Resource::Secrets,
        Resource::Roles,
        Resource::RoleBindings,
        Resource::ClusterRoles,
        Resource::ClusterRoleBindings,
        Resource::NetworkPolicies,
        Resource::ResourceQuotas,
        Resource::LimitRanges,
        Resource::PersistentVolumes,
        Resource::CertificateSigningRequests,
        Resource::ValidatingWebhookConfigurations,
        Resource::MutatingWebhookConfigurations,
        Resource::ValidatingAdmissionPolicies,
        Resource::ValidatingAdmissionPolicyBindings,
        Resource::CustomResourceDefinitions,
        Resource::KyvernoClusterPolicies,
        Resource::KyvernoPolicies,
        Resource::KyvernoExceptions,
        Resource::GatekeeperConstraints,
        Resource::SigstoreImagePolicies,
        Resource::PortierisClusterImagePolicies,
        Resource::PortierisImagePolicies,
        Resource::ExternalSecrets,
        Resource::SecretProviderClasses,
        Resource::VulnerabilityReports,
        Resource::ClusterVulnerabilityReports,
        Resource::KubeletConfigs,
        Resource::KubeletConfigMap,
        Resource::KubeProxyConfigMap,
        Resource::AuthenticationConfigMap,
        Resource::RootCaConfigMap,
        Resource::ClusterInfoConfigMap,
        Resource::AwsAuthConfigMap,
        Resource::KyvernoConfigMap,
    ];

    /// What workloads are joined from: pods and the templates they come from.
    pub const WORKLOADS: &'static [Resource] = &[
        Resource::Pods,
        Resource::Deployments,
        Resource::DaemonSets,
        Resource::StatefulSets,
        Resource::Jobs,
        Resource::CronJobs,
    ];

    /// What effective permissions are computed from.
    pub const RBAC: &'static [Resource] = &[
        Resource::Roles,
        Resource::RoleBindings,
        Resource::ClusterRoles,
        Resource::ClusterRoleBindings,
    ];

    /// How it is read.
    #[expect(clippy::too_many_lines, reason = "a table, a row a resource")]
    pub const fn access(self) -> Access {
        match self {
            Resource::Version => Access::Url("/version"),
            Resource::ServingCertificate | Resource::AnonymousProbe => Access::Connection,
            Resource::Metrics => Access::Url("/metrics"),
            Resource::Flagz => Access::Url("/flagz"),
            Resource::Namespaces => core("namespaces", "Namespace", false),
            Resource::Nodes => core("nodes", "Node", false),
            Resource::Pods => core("pods", "Pod", true),
            Resource::Deployments => built_in("apps", "v1", "deployments", "Deployment", true),
            Resource::DaemonSets => built_in("apps", "v1", "daemonsets", "DaemonSet", true),
            Resource::StatefulSets => built_in("apps", "v1", "statefulsets", "StatefulSet", true),
            Resource::ReplicaSets => built_in("apps", "v1", "replicasets", "ReplicaSet", true),
            Resource::Jobs => built_in("batch", "v1", "jobs", "Job", true),
            Resource::CronJobs => built_in("batch", "v1", "cronjobs", "CronJob", true),
            Resource::Services => core("services", "Service", true),
            Resource::Ingresses => {
                built_in("networking.k8s.io", "v1", "ingresses", "Ingress", true)
            }
            Resource::ServiceAccounts => core("serviceaccounts", "ServiceAccount", true),
            Resource::Secrets => core("secrets", "Secret", true),
            Resource::Roles => built_in(RBAC, "v1", "roles", "Role", true),
            Resource::RoleBindings => built_in(RBAC, "v1", "rolebindings", "RoleBinding", true),
            Resource::ClusterRoles => built_in(RBAC, "v1", "clusterroles", "ClusterRole", false),
            Resource::ClusterRoleBindings => {
                built_in(RBAC, "v1", "clusterrolebindings", "ClusterRoleBinding", false)
            }
            Resource::NetworkPolicies => {
                built_in("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", true)
            }
            Resource::ResourceQuotas => core("resourcequotas", "ResourceQuota", true),
            Resource::LimitRanges => core("limitranges", "LimitRange", true),
            Resource::PersistentVolumes => core("persistentvolumes", "PersistentVolume", false),
            Resource::CertificateSigningRequests => built_in(
                "certificates.k8s.io",
                "v1",
                "certificatesigningrequests",
                "CertificateSigningRequest",
                false,
            ),
            Resource::ValidatingWebhookConfigurations => built_in(
                ADMISSION,
                "v1",
                "validatingwebhookconfigurations",
                "ValidatingWebhookConfiguration",
                false,
            ),
            Resource::MutatingWebhookConfigurations => built_in(
                ADMISSION,
                "v1",
                "mutatingwebhookconfigurations",
                "MutatingWebhookConfiguration",
                false,
            ),
            Resource::ValidatingAdmissionPolicies => built_in(
                ADMISSION,
                "v1",
                "validatingadmissionpolicies",
                "ValidatingAdmissionPolicy",
                false,
            ),
            Resource::ValidatingAdmissionPolicyBindings => built_in(
                ADMISSION,
                "v1",
                "validatingadmissionpolicybindings",
                "ValidatingAdmissionPolicyBinding",
                false,
            ),
            Resource::CustomResourceDefinitions => built_in(
                "apiextensions.k8s.io",
                "v1",
                "customresourcedefinitions",
                "CustomResourceDefinition",
                false,
            ),
            Resource::KyvernoClusterPolicies => {
                added(KYVERNO, "v1", "clusterpolicies", "ClusterPolicy", false)
            }
            Resource::KyvernoPolicies => added(KYVERNO, "v1", "policies", "Policy", true),
            Resource::KyvernoExceptions => {
                added(KYVERNO, "v2", "policyexceptions", "PolicyException", true)
            }
            Resource::GatekeeperConstraints => Access::Group("constraints.gatekeeper.sh"),
            Resource::SigstoreImagePolicies => added(
                "policy.sigstore.dev",
                "v1beta1",
                "clusterimagepolicies",
                "ClusterImagePolicy",
                false,
            ),
            Resource::PortierisClusterImagePolicies => {
                added(PORTIERIS, "v1", "clusterimagepolicies", "ClusterImagePolicy", false)
            }
            Resource::PortierisImagePolicies => {
                added(PORTIERIS, "v1", "imagepolicies", "ImagePolicy", true)
            }
            Resource::ExternalSecrets => {
                added("external-secrets.io", "v1", "externalsecrets", "ExternalSecret", true)
            }
            Resource::SecretProviderClasses => added(
                "secrets-store.csi.x-k8s.io",
                "v1",
                "secretproviderclasses",
                "SecretProviderClass",
                true,
            ),
            Resource::VulnerabilityReports => {
                added(TRIVY, "v1alpha1", "vulnerabilityreports", "VulnerabilityReport", true)
            }
            Resource::ClusterVulnerabilityReports => added(
                TRIVY,
                "v1alpha1",
                "clustervulnerabilityreports",
                "ClusterVulnerabilityReport",
                false,
            ),
            Resource::KubeletConfigs => Access::Node("configz"),
            Resource::KubeletConfigMap => config_map("kube-system", "kubelet-config"),
            Resource::KubeProxyConfigMap => config_map("kube-system", "kube-proxy"),
            Resource::AuthenticationConfigMap => {
                config_map("kube-system", "extension-apiserver-authentication")
            }
            Resource::RootCaConfigMap => config_map("kube-system", "kube-root-ca.crt"),
            Resource::ClusterInfoConfigMap => config_map("kube-public", "cluster-info"),
            Resource::AwsAuthConfigMap => config_map("kube-system", "aws-auth"),
            Resource::KyvernoConfigMap => config_map("kyverno", "kyverno"),
        }
    }

    /// The kind behind it; `None` for what is no list of the API.
    pub const fn kind(self) -> Option<Kind> {
        match self.access() {
            Access::List(kind) => Some(kind),
            _ => None,
        }
    }

    /// The flag by which it is asked for; `None` for what every scan reads that needs it.
    ///
    /// Such a right is more than most auditors hold, or costs the server more than a list.
    pub const fn flag(self) -> Option<&'static str> {
        match self {
            Resource::Metrics => Some("--metrics"),
            Resource::Flagz => Some("--flagz"),
            Resource::Secrets => Some("--secrets"),
            Resource::KubeletConfigs => Some("--kubelet"),
            _ => None,
        }
    }

    /// The resource that is one object of this kind; `None` when others of it are not read.
    pub fn of_name(kind: &str, namespace: &str, name: &str) -> Option<Resource> {
        Self::ALL.into_iter().find(|it| match it.access() {
            Access::Named(it) => (it.kind, it.namespace, it.name) == (kind, namespace, name),
            _ => false,
        })
    }

    /// The resource that holds objects of this `apiVersion` group and `kind`.
    pub fn of_kind(group: &str, kind: &str) -> Option<Resource> {
        Self::ALL.into_iter().find(|it| match it.access() {
            Access::List(known) => known.group == group && known.kind == kind,
            Access::Group(known) => known == group,
            _ => false,
        })
    }

    /// What people call it: `pods`, `clusterroles`, `kubelet configuration`.
    pub const fn name(self) -> &'static str {
        match self {
            Resource::Version => "server version",
            Resource::ServingCertificate => "serving certificate",
            Resource::AnonymousProbe => "anonymous probe",
            Resource::Metrics => "metrics",
            Resource::Flagz => "flagz",
            Resource::GatekeeperConstraints => "gatekeeper constraints",
            Resource::SigstoreImagePolicies => "sigstore image policies",
            Resource::PortierisClusterImagePolicies => "portieris cluster image policies",
            Resource::PortierisImagePolicies => "portieris image policies",
            Resource::KubeletConfigs => "kubelet configuration",
            Resource::KubeletConfigMap => "config map kubelet-config",
            Resource::KubeProxyConfigMap => "config map kube-proxy",
            Resource::AuthenticationConfigMap => "config map extension-apiserver-authentication",
            Resource::RootCaConfigMap => "config map kube-root-ca.crt",
            Resource::ClusterInfoConfigMap => "config map cluster-info",
            Resource::AwsAuthConfigMap => "config map aws-auth",
            Resource::KyvernoConfigMap => "config map kyverno",
            _ => match self.kind() {
                Some(kind) => kind.plural,
                None => "",
            },
        }
    }
}

impl std::fmt::Display for Resource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_complete_sorted_and_named() {
        assert!(Resource::ALL.is_sorted());
        assert!(Resource::ALL.iter().all(|it| !it.name().is_empty()));
        let last = serde_json::to_value(&Resource::ALL[..]).expect("a list of names");
        assert_eq!(last.as_array().map(Vec::len), Some(Resource::ALL.len()));
        let names: std::collections::BTreeSet<_> =
            Resource::ALL.iter().map(|it| it.name()).collect();
        assert_eq!(names.len(), Resource::ALL.len(), "reports tell them apart by name");
    }
}
