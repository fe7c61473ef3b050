//! What decides which traffic reaches a pod.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{Labels, Meta, decode::nullable, meta::object, selector::Selector};

/// What checks read of a `networking.k8s.io/v1` `NetworkPolicy`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NetworkPolicy {
    /// Name and namespace.
    pub metadata: Meta,
    /// Its rules.
    pub spec: NetworkPolicySpec,
}

/// Whom a policy selects, and what it lets through.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NetworkPolicySpec {
    /// Pods of the policy's namespace; empty selects all.
    pub pod_selector: Selector,
    /// `Ingress`, `Egress`; empty in manifests only, for the server stores its default.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub policy_types: Vec<Arc<str>>,
    /// What may come in; nothing when empty.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub ingress: Vec<Present>,
    /// What may go out; nothing when empty.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub egress: Vec<Present>,
}

/// Something of which only the existence matters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Present {}

/// Which way traffic goes, seen from the pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Into the pod.
    Ingress,
    /// Out of the pod.
    Egress,
}

impl NetworkPolicy {
    /// Whether the policy isolates the pods it selects in this direction.
    ///
    /// Without `policyTypes` the server's default holds: ingress always, egress when there is an
    /// egress rule.
    pub fn applies(&self, direction: Direction) -> bool {
        let named = match direction {
            Direction::Ingress => "Ingress",
            Direction::Egress => "Egress",
        };
        if self.spec.policy_types.is_empty() {
            return direction == Direction::Ingress || !self.spec.egress.is_empty();
        }
        self.spec.policy_types.iter().any(|it| &**it == named)
    }

    /// Whether it selects every pod of its namespace and lets nothing through in this direction.
    pub fn denies_all(&self, direction: Direction) -> bool {
        let rules = match direction {
            Direction::Ingress => &self.spec.ingress,
            Direction::Egress => &self.spec.egress,
        };
        self.spec.pod_selector.is_empty() && self.applies(direction) && rules.is_empty()
    }
}

/// What checks read of a Service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Service {
    /// Name and namespace.
    pub metadata: Meta,
    /// Whom it reaches.
    pub spec: ServiceSpec,
}

/// Whom a service reaches, and from where.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServiceSpec {
    /// `ClusterIP`, `NodePort`, `LoadBalancer` or `ExternalName`; empty is `ClusterIP`.
    #[serde(rename = "type", skip_serializing_if = "str::is_empty")]
    pub type_: Arc<str>,
    /// Pods of the service's namespace; empty selects none.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "BTreeMap::is_empty")]
    pub selector: Labels,
    /// Addresses of the nodes' network that also lead to it.
    #[serde(
        rename = "externalIPs",
        deserialize_with = "nullable",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub external_ips: Vec<Arc<str>>,
}

impl Service {
    /// Whether it can be reached from outside of the cluster.
    pub fn is_external(&self) -> bool {
        matches!(&*self.spec.type_, "NodePort" | "LoadBalancer")
            || !self.spec.external_ips.is_empty()
    }

    /// Whether it leads to a pod with these labels. A service without a selector leads to none.
    pub fn selects<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        !self.spec.selector.is_empty()
            && self.spec.selector.iter().all(|(key, value)| label(key) == Some(&**value))
    }
}

/// What checks read of an Ingress.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Ingress {
    /// Name and namespace.
    pub metadata: Meta,
    /// Its routes.
    pub spec: IngressSpec,
}

/// The routes of an ingress.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IngressSpec {
    /// Where everything else goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_backend: Option<Backend>,
    /// By host.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<IngressRule>,
}

/// The routes of one host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IngressRule {
    /// Its paths.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpRule>,
}

/// The paths of one host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HttpRule {
    /// In order.
    #[serde(deserialize_with = "nullable")]
    pub paths: Vec<HttpPath>,
}

/// One path.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HttpPath {
    /// Where it leads.
    pub backend: Backend,
}

/// Where a route leads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Backend {
    /// A service of the ingress' namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<BackendService>,
}

/// The service that a route leads to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BackendService {
    /// Its name.
    pub name: Arc<str>,
}

impl Ingress {
    /// The services of its namespace that it leads to.
    pub fn services(&self) -> impl Iterator<Item = &str> {
        let paths =
            self.spec.rules.iter().filter_map(|it| it.http.as_ref()).flat_map(|it| &it.paths);
        let backends = self.spec.default_backend.iter().chain(paths.map(|it| &it.backend));
        backends.filter_map(|it| it.service.as_ref()).map(|it| &*it.name)
    }
}

object!(NetworkPolicy, Service, Ingress);
