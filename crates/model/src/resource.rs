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
    /// Validating webhook configurations.
    ValidatingWebhookConfigurations,
    /// Mutating webhook configurations.
    MutatingWebhookConfigurations,
    /// Custom resource definitions.
    CustomResourceDefinitions,
    /// Vulnerability reports of trivy-operator.
    VulnerabilityReports,
    /// Cluster-scoped vulnerability reports of trivy-operator.
    ClusterVulnerabilityReports,
    /// The configuration that each kubelet runs with.
    KubeletConfigs,
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
    /// No permission: a connection is enough.
    Connection,
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

const RBAC: &str = "rbac.authorization.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";
const TRIVY: &str = "aquasecurity.github.io";

impl Resource {
    /// Every resource, in the order of the enum.
    pub const ALL: [Resource; 28] = [
        Resource::Version,
        Resource::ServingCertificate,
        Resource::AnonymousProbe,
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
        Resource::Roles,
        Resource::RoleBindings,
        Resource::ClusterRoles,
        Resource::ClusterRoleBindings,
        Resource::NetworkPolicies,
        Resource::ResourceQuotas,
        Resource::LimitRanges,
        Resource::ValidatingWebhookConfigurations,
        Resource::MutatingWebhookConfigurations,
        Resource::CustomResourceDefinitions,
        Resource::VulnerabilityReports,
        Resource::ClusterVulnerabilityReports,
        Resource::KubeletConfigs,
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
    pub const fn access(self) -> Access {
        match self {
            Resource::Version => Access::Url("/version"),
            Resource::ServingCertificate | Resource::AnonymousProbe => Access::Connection,
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
            Resource::CustomResourceDefinitions => built_in(
                "apiextensions.k8s.io",
                "v1",
                "customresourcedefinitions",
                "CustomResourceDefinition",
                false,
            ),
            Resource::VulnerabilityReports => Access::List(Kind {
                group: TRIVY,
                version: "v1alpha1",
                plural: "vulnerabilityreports",
                kind: "VulnerabilityReport",
                namespaced: true,
                built_in: false,
            }),
            Resource::ClusterVulnerabilityReports => Access::List(Kind {
                group: TRIVY,
                version: "v1alpha1",
                plural: "clustervulnerabilityreports",
                kind: "ClusterVulnerabilityReport",
                namespaced: false,
                built_in: false,
            }),
            Resource::KubeletConfigs => Access::Node("configz"),
        }
    }

    /// The kind behind it; `None` for what is no list of the API.
    pub const fn kind(self) -> Option<Kind> {
        match self.access() {
            Access::List(kind) => Some(kind),
            _ => None,
        }
    }

    /// The resource that holds objects of this `apiVersion` group and `kind`.
    pub fn of_kind(group: &str, kind: &str) -> Option<Resource> {
        Self::ALL
            .into_iter()
            .find(|it| it.kind().is_some_and(|known| known.group == group && known.kind == kind))
    }

    /// What people call it: `pods`, `clusterroles`, `kubelet configuration`.
    pub const fn name(self) -> &'static str {
        match self {
            Resource::Version => "server version",
            Resource::ServingCertificate => "serving certificate",
            Resource::AnonymousProbe => "anonymous probe",
            Resource::KubeletConfigs => "kubelet configuration",
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
        let last = serde_json::to_value(Resource::ALL).expect("a list of names");
        assert_eq!(last.as_array().map(Vec::len), Some(Resource::ALL.len()));
    }
}
