//! What decides which traffic reaches a pod.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Labels, Map, Meta, decode::nullable, meta::object, selector::Selector};

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
    #[serde(deserialize_with = "nullable")]
    pub pod_selector: Selector,
    /// `Ingress`, `Egress`; empty in manifests only, for the server stores its default.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub policy_types: Vec<Arc<str>>,
    /// What may come in; nothing when empty.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub ingress: Vec<NetworkPolicyIngressRule>,
    /// What may go out; nothing when empty.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub egress: Vec<NetworkPolicyEgressRule>,
}

/// One thing that may come in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkPolicyIngressRule {
    /// Where it comes from; anywhere when empty.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<NetworkPolicyPeer>,
    /// Ports of the pod; every port when empty.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<NetworkPolicyPort>,
}

/// One thing that may go out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkPolicyEgressRule {
    /// Where it goes to; anywhere when empty.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<NetworkPolicyPeer>,
    /// Ports there; every port when empty.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<NetworkPolicyPort>,
}

/// The other end: pods, or addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NetworkPolicyPeer {
    /// These pods, of the policy's namespace or of those that the other selector selects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_selector: Option<Selector>,
    /// Pods of these namespaces; empty selects all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<Selector>,
    /// These addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_block: Option<IpBlock>,
}

impl NetworkPolicyPeer {
    /// Whether it is every address.
    pub fn is_any_address(&self) -> bool {
        self.ip_block.as_ref().is_some_and(|it| it.cidr.ends_with("/0") && it.except.is_empty())
    }

    /// Whether it is every pod of the cluster.
    pub fn is_any_pod(&self) -> bool {
        self.namespace_selector.as_ref().is_some_and(Selector::is_empty)
            && self.pod_selector.as_ref().is_none_or(Selector::is_empty)
    }
}

/// A range of addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IpBlock {
    /// `10.0.0.0/8`, `::/0`, ….
    pub cidr: Arc<str>,
    /// Ranges of it that are left out.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<Arc<str>>,
}

/// Ports of one protocol.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NetworkPolicyPort {
    /// Every port when unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<Port>,
    /// The last of a range that begins with `port`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_port: Option<i32>,
}

impl NetworkPolicyPort {
    /// Whether it is every port of its protocol.
    pub fn is_every_port(&self) -> bool {
        match &self.port {
            None => true,
            Some(Port::Number(first)) => *first <= 1 && self.end_port == Some(65_535),
            Some(Port::Name(_)) => false,
        }
    }
}

/// A port by its number, or by its name in the pod.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Port {
    /// `443`.
    Number(i32),
    /// `https`.
    Name(Arc<str>),
}

/// What one rule of a policy lets through, in whichever direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowed<'a> {
    /// The other ends; any when empty.
    pub peers: &'a [NetworkPolicyPeer],
    /// The ports; every port when empty.
    pub ports: &'a [NetworkPolicyPort],
}

impl Allowed<'_> {
    /// Whether the other end may be anything, in the cluster or outside of it.
    pub fn is_any_peer(&self) -> bool {
        self.peers.is_empty() || self.peers.iter().any(NetworkPolicyPeer::is_any_address)
    }

    /// Whether the other end may be every pod of the cluster.
    pub fn is_any_pod(&self) -> bool {
        self.is_any_peer() || self.peers.iter().any(NetworkPolicyPeer::is_any_pod)
    }

    /// Whether it is on every port, of one protocol at least.
    pub fn is_every_port(&self) -> bool {
        self.ports.is_empty() || self.ports.iter().any(NetworkPolicyPort::is_every_port)
    }
}

/// Which way traffic goes, seen from the pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Into the pod.
    Ingress,
    /// Out of the pod.
    Egress,
}

impl Direction {
    /// What `policyTypes` calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Direction::Ingress => "Ingress",
            Direction::Egress => "Egress",
        }
    }
}

impl NetworkPolicy {
    /// Whether the policy isolates the pods it selects in this direction.
    ///
    /// Without `policyTypes` the server's default holds: ingress always, egress when there is an
    /// egress rule.
    pub fn applies(&self, direction: Direction) -> bool {
        if self.spec.policy_types.is_empty() {
            return direction == Direction::Ingress || !self.spec.egress.is_empty();
        }
        self.spec.policy_types.iter().any(|it| **it == *direction.name())
    }

    /// Whether it selects every pod of its namespace and lets nothing through in this direction.
    pub fn denies_all(&self, direction: Direction) -> bool {
        self.spec.pod_selector.is_empty()
            && self.applies(direction)
            && self.allowed(direction).is_empty()
    }

    /// What its rules for this direction say, in order; they count only where the policy
    /// [applies](Self::applies).
    pub fn allowed(&self, direction: Direction) -> Vec<Allowed<'_>> {
        let ingress = self.spec.ingress.iter();
        let egress = self.spec.egress.iter();
        match direction {
            Direction::Ingress => {
                ingress.map(|it| Allowed { peers: &it.from, ports: &it.ports }).collect()
            }
            Direction::Egress => {
                egress.map(|it| Allowed { peers: &it.to, ports: &it.ports }).collect()
            }
        }
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
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Map::is_empty")]
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

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(yaml: &str) -> (bool, bool, bool) {
        let rule: NetworkPolicyIngressRule = serde_json::from_str(yaml).expect("a rule");
        let allowed = Allowed { peers: &rule.from, ports: &rule.ports };
        (allowed.is_any_peer(), allowed.is_any_pod(), allowed.is_every_port())
    }

    #[test]
    fn what_a_rule_lets_through() {
        for (rule, told) in [
            (r"{}", (true, true, true)),
            (r#"{"from": null, "ports": [{"port": 80}]}"#, (true, true, false)),
            (r#"{"ports": [{"protocol": "TCP"}]}"#, (true, true, true)),
            (r#"{"ports": [{"port": 1, "endPort": 65535}]}"#, (true, true, true)),
            (r#"{"ports": [{"port": 1024, "endPort": 65535}]}"#, (true, true, false)),
            (r#"{"ports": [{"port": "https"}]}"#, (true, true, false)),
            (r#"{"from": [{"ipBlock": {"cidr": "::/0"}}]}"#, (true, true, true)),
            (
                r#"{"from": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}]}"#,
                (false, false, true),
            ),
            (r#"{"from": [{"namespaceSelector": {}}]}"#, (false, true, true)),
            (r#"{"from": [{"namespaceSelector": {}, "podSelector": {}}]}"#, (false, true, true)),
            (r#"{"from": [{"podSelector": {}}]}"#, (false, false, true)),
        ] {
            assert_eq!(allowed(rule), told, "{rule}");
        }
    }
}
