//! Other implementations of both encodings, for tests: what ours reads of a list must not change when it has
//! passed through them. The tests on a real API server use this file too.

use assay_model::Resource;
use k8s_openapi::{ListableResource, api, apiextensions_apiserver};
use k8s_pb::api as pb;
use serde::{Serialize, de::DeserializeOwned};

/// A list as these implementations write it, having read it: k8s-openapi the JSON, k8s-pb the protobuf, which is
/// without its envelope.
pub(crate) fn through(resource: Resource, json: &str, protobuf: &[u8]) -> (String, Vec<u8>) {
    use apiextensions_apiserver::pkg::apis::apiextensions::v1 as ext;
    use k8s_pb::apiextensions_apiserver::pkg::apis::apiextensions::v1 as pb_ext;
    match resource {
        Resource::Namespaces => {
            each::<api::core::v1::Namespace, pb::core::v1::NamespaceList>(json, protobuf)
        }
        Resource::Nodes => each::<api::core::v1::Node, pb::core::v1::NodeList>(json, protobuf),
        Resource::Pods => each::<api::core::v1::Pod, pb::core::v1::PodList>(json, protobuf),
        Resource::Deployments => {
            each::<api::apps::v1::Deployment, pb::apps::v1::DeploymentList>(json, protobuf)
        }
        Resource::DaemonSets => {
            each::<api::apps::v1::DaemonSet, pb::apps::v1::DaemonSetList>(json, protobuf)
        }
        Resource::StatefulSets => {
            each::<api::apps::v1::StatefulSet, pb::apps::v1::StatefulSetList>(json, protobuf)
        }
        Resource::Jobs => each::<api::batch::v1::Job, pb::batch::v1::JobList>(json, protobuf),
        Resource::CronJobs => {
            each::<api::batch::v1::CronJob, pb::batch::v1::CronJobList>(json, protobuf)
        }
        Resource::Services => {
            each::<api::core::v1::Service, pb::core::v1::ServiceList>(json, protobuf)
        }
        Resource::Ingresses => {
            each::<api::networking::v1::Ingress, pb::networking::v1::IngressList>(json, protobuf)
        }
        Resource::ServiceAccounts => {
            each::<api::core::v1::ServiceAccount, pb::core::v1::ServiceAccountList>(json, protobuf)
        }
        Resource::Roles => each::<api::rbac::v1::Role, pb::rbac::v1::RoleList>(json, protobuf),
        Resource::RoleBindings => {
            each::<api::rbac::v1::RoleBinding, pb::rbac::v1::RoleBindingList>(json, protobuf)
        }
        Resource::ClusterRoles => {
            each::<api::rbac::v1::ClusterRole, pb::rbac::v1::ClusterRoleList>(json, protobuf)
        }
        Resource::ClusterRoleBindings => each::<
            api::rbac::v1::ClusterRoleBinding,
            pb::rbac::v1::ClusterRoleBindingList,
        >(json, protobuf),
        Resource::NetworkPolicies => each::<
            api::networking::v1::NetworkPolicy,
            pb::networking::v1::NetworkPolicyList,
        >(json, protobuf),
        Resource::ResourceQuotas => {
            each::<api::core::v1::ResourceQuota, pb::core::v1::ResourceQuotaList>(json, protobuf)
        }
        Resource::LimitRanges => {
            each::<api::core::v1::LimitRange, pb::core::v1::LimitRangeList>(json, protobuf)
        }
        Resource::PersistentVolumes => each::<
            api::core::v1::PersistentVolume,
            pb::core::v1::PersistentVolumeList,
        >(json, protobuf),
        Resource::CertificateSigningRequests => each::<
            api::certificates::v1::CertificateSigningRequest,
            pb::certificates::v1::CertificateSigningRequestList,
        >(json, protobuf),
        Resource::ValidatingAdmissionPolicies => each::<
            api::admissionregistration::v1::ValidatingAdmissionPolicy,
            pb::admissionregistration::v1::ValidatingAdmissionPolicyList,
        >(json, protobuf),
        Resource::ValidatingAdmissionPolicyBindings => each::<
            api::admissionregistration::v1::ValidatingAdmissionPolicyBinding,
            pb::admissionregistration::v1::ValidatingAdmissionPolicyBindingList,
        >(json, protobuf),
        Resource::ValidatingWebhookConfigurations => each::<
            api::admissionregistration::v1::ValidatingWebhookConfiguration,
            pb::admissionregistration::v1::ValidatingWebhookConfigurationList,
        >(json, protobuf),
        Resource::MutatingWebhookConfigurations => each::<
            api::admissionregistration::v1::MutatingWebhookConfiguration,
            pb::admissionregistration::v1::MutatingWebhookConfigurationList,
        >(json, protobuf),
        Resource::CustomResourceDefinitions => each::<
            ext::CustomResourceDefinition,
            pb_ext::CustomResourceDefinitionList,
        >(json, protobuf),
        other => panic!("{other} is not written as protobuf"),
    }
}

fn each<K, P>(json: &str, protobuf: &[u8]) -> (String, Vec<u8>)
where
    K: ListableResource + DeserializeOwned + Serialize,
    P: prost::Message + Default,
{
    let json: k8s_openapi::List<K> = serde_json::from_str(json).expect("k8s-openapi reads it");
    let protobuf = P::decode(protobuf).expect("k8s-pb reads it");
    (serde_json::to_string(&json).expect("k8s-openapi writes it"), protobuf.encode_to_vec())
}
