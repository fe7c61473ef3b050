//! Lists of a cluster's objects, page by page.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    Dice, Encoding, protobuf,
    shape::{self, Owner, Workload},
    template::{Identity, Template},
};

/// How large a cluster is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Pods, at least one a workload.
    pub pods: usize,
    /// Workloads, each with a spec of its own.
    pub workloads: usize,
    /// Nodes, over which the pods are spread.
    pub nodes: usize,
}

impl Size {
    /// On 1,000 nodes.
    pub const fn new(pods: usize, workloads: usize) -> Self {
        Self { pods, workloads, nodes: 1_000 }
    }
}

/// What is wrong with some pods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spoil {
    /// Nothing.
    #[default]
    Nothing,
    /// Every so many pods, one is as large as etcd takes it: 1.5 MB
    /// (`--max-request-bytes`, 1,572,864 by default).
    Giant(usize),
    /// No pod can be decoded: of each, a field of the spec is of the wrong type.
    Malformed,
}

/// A cluster's objects, by what the API calls their collection.
#[derive(Debug)]
pub struct Cluster {
    size: Size,
    spoil: Spoil,
    workloads: Vec<Part>,
    others: BTreeMap<&'static str, Vec<Template>>,
    giant: Template,
}

/// A workload, and which of the pods are its own.
#[derive(Debug)]
struct Part {
    number: usize,
    named: bool,
    /// Where its pods begin among all.
    first: usize,
    pods: usize,
    template: Template,
}

/// One page of a list.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) body: Vec<u8>,
    /// What it comes to as JSON, in bytes.
    pub(super) json_bytes: usize,
}

/// The resource version of every list.
const VERSION: &str = "987654321";

impl Cluster {
    /// Makes a cluster; the same one for the same size.
    ///
    /// # Panics
    ///
    /// If there are fewer pods than workloads, or no workload or node.
    pub fn new(size: Size) -> Self {
        Self::spoiled(size, Spoil::Nothing)
    }

    /// Makes a cluster with something wrong.
    ///
    /// # Panics
    ///
    /// As [`Cluster::new`].
    pub fn spoiled(size: Size, spoil: Spoil) -> Self {
        let Size { pods, workloads, nodes } = size;
        assert!(pods >= workloads && workloads > 0 && nodes > 0, "{size:?}");
        let spaces: Vec<String> =
            (0..workloads.div_ceil(20)).map(|it| format!("team-{it:04}")).collect();
        let counts = heavy_tailed(pods, workloads);
        let mut first = 0;
        let mut parts = Vec::new();
        let mut others: BTreeMap<&'static str, Vec<Template>> = BTreeMap::new();
        for number in 0..workloads {
            // Scattered over the list, as large workloads are over namespaces.
            let rank = scattered(number, workloads);
            let pods = counts[rank];
            let owner = owner(rank, pods, nodes);
            let workload = Workload::new(number, owner, spaces[number / 20].clone());
            let template = Template::new("Pod", &workload.pod());
            let mut add = |plural, kind: &str, object: &Value| {
                others.entry(plural).or_default().push(Template::new(kind, object));
            };
            let plural = match owner {
                Owner::Deployment => "deployments",
                Owner::DaemonSet => "daemonsets",
                Owner::StatefulSet => "statefulsets",
                Owner::Job => "jobs",
            };
            add(plural, workload.kind(), &workload.object(pods));
            if owner != Owner::Job {
                add("services", "Service", &workload.service());
            }
            let named = owner == Owner::StatefulSet;
            parts.push(Part { number, named, first, pods, template });
            first += pods;
        }
        for name in &spaces {
            let mut add = |plural, kind: &str, object: &Value| {
                others.entry(plural).or_default().push(Template::new(kind, object));
            };
            add("namespaces", "Namespace", &shape::namespace(name));
            add("serviceaccounts", "ServiceAccount", &shape::service_account(name));
            add("networkpolicies", "NetworkPolicy", &shape::network_policy(name));
        }
        let node = |it| Template::new("Node", &shape::node(it));
        others.insert("nodes", (0..nodes).map(node).collect());
        let giant = Template::new("Pod", &giant(&spaces[0]));
        Self { size, spoil, workloads: parts, others, giant }
    }

    /// How large it is.
    pub const fn size(&self) -> Size {
        self.size
    }

    /// How many objects the collection `plural` has.
    pub fn count(&self, plural: &str) -> usize {
        match plural {
            "pods" => self.size.pods,
            _ => self.others.get(plural).map_or(0, Vec::len),
        }
    }

    /// Every object, with kind and version, to be created in a real cluster.
    ///
    /// # Panics
    ///
    /// Never: what it decodes it has encoded.
    pub fn objects(&self) -> impl Iterator<Item = Value> {
        let kinds = [
            ("namespaces", "v1", "Namespace"),
            ("nodes", "v1", "Node"),
            ("serviceaccounts", "v1", "ServiceAccount"),
            ("deployments", "apps/v1", "Deployment"),
            ("daemonsets", "apps/v1", "DaemonSet"),
            ("statefulsets", "apps/v1", "StatefulSet"),
            ("jobs", "batch/v1", "Job"),
            ("services", "v1", "Service"),
            ("networkpolicies", "networking.k8s.io/v1", "NetworkPolicy"),
            ("pods", "v1", "Pod"),
        ];
        kinds.into_iter().flat_map(move |(plural, version, kind)| {
            (0..self.count(plural)).map(move |at| {
                let mut text = Vec::new();
                self.append(&mut text, plural, at, Encoding::Json);
                let mut object: Value = serde_json::from_slice(&text).expect("an object");
                object["apiVersion"] = version.into();
                object["kind"] = kind.into();
                object
            })
        })
    }

    /// A page of at most `limit` objects from the one at `start`, as the API server writes it.
    pub fn page(
        &self,
        api_version: &str,
        kind: &str,
        plural: &str,
        (start, limit): (usize, usize),
        encoding: Encoding,
    ) -> Vec<u8> {
        self.paged(api_version, kind, plural, (start, limit), encoding).body
    }

    pub(super) fn paged(
        &self,
        api_version: &str,
        kind: &str,
        plural: &str,
        (start, limit): (usize, usize),
        encoding: Encoding,
    ) -> Page {
        let all = self.count(plural);
        let end = start.saturating_add(limit).min(all);
        let range = start.min(end)..end;
        let mut metadata = json!({"resourceVersion": VERSION});
        if end < all {
            metadata["continue"] = token(end).into();
            metadata["remainingItemCount"] = (all - end).into();
        }
        let json_bytes = range.clone().map(|it| self.bytes(plural, it, Encoding::Json) + 1).sum();
        let body = match encoding {
            Encoding::Json => {
                let mut body = Vec::with_capacity(json_bytes + 300);
                let head = format!(
                    r#"{{"kind":"{kind}List","apiVersion":"{api_version}","metadata":{metadata},"items":["#
                );
                body.extend_from_slice(head.as_bytes());
                for at in range {
                    if at > start {
                        body.push(b',');
                    }
                    self.append(&mut body, plural, at, encoding);
                }
                body.extend_from_slice(b"]}\n");
                body
            }
            Encoding::Protobuf => {
                let metadata = protobuf::message("ListMeta", &metadata);
                let mut raw = Vec::with_capacity(json_bytes);
                protobuf::bytes(&mut raw, 1, &metadata);
                for at in range {
                    protobuf::varint(&mut raw, 2 << 3 | 2);
                    protobuf::varint(&mut raw, self.bytes(plural, at, encoding) as u64);
                    self.append(&mut raw, plural, at, encoding);
                }
                envelope(api_version, &format!("{kind}List"), &raw)
            }
        };
        Page { body, json_bytes }
    }

    /// Bytes of one object.
    fn bytes(&self, plural: &str, at: usize, encoding: Encoding) -> usize {
        self.template(plural, at).0.len(encoding)
    }

    fn append(&self, out: &mut Vec<u8>, plural: &str, at: usize, encoding: Encoding) {
        let start = out.len();
        let (template, part) = self.template(plural, at);
        let identity = part.map_or_else(
            || Identity::new(0, at, self.size.nodes, false),
            |it| Identity::new(it.number, at - it.first, self.size.nodes, it.named),
        );
        template.append(out, encoding, &identity);
        if plural == "pods" && self.spoil == Spoil::Malformed {
            malform(&mut out[start..], encoding);
        }
    }

    /// The object's template, and of a pod the workload.
    fn template(&self, plural: &str, at: usize) -> (&Template, Option<&Part>) {
        if plural != "pods" {
            return (&self.others[plural][at], None);
        }
        if matches!(self.spoil, Spoil::Giant(every) if at % every == every / 2) {
            return (&self.giant, None);
        }
        let part = &self.workloads[self.workloads.partition_point(|it| it.first <= at) - 1];
        debug_assert!(at < part.first + part.pods);
        (&part.template, Some(part))
    }
}

/// What wraps every object (`k8s.io/apimachinery/pkg/runtime/serializer/protobuf`).
pub(super) fn envelope(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
    let mut meta = Vec::new();
    protobuf::bytes(&mut meta, 1, api_version.as_bytes());
    protobuf::bytes(&mut meta, 2, kind.as_bytes());
    let mut out = Vec::with_capacity(raw.len() + 100);
    out.extend_from_slice(b"k8s\0");
    protobuf::bytes(&mut out, 1, &meta);
    protobuf::bytes(&mut out, 2, raw);
    protobuf::bytes(&mut out, 3, b"");
    protobuf::bytes(&mut out, 4, b"");
    out
}

/// Asks for the objects from `start` on.
pub(super) fn token(start: usize) -> String {
    format!("from-{start}")
}

/// Where a token goes on; `None` if it is none of ours.
pub(super) fn start_of(token: &str) -> Option<usize> {
    token.strip_prefix("from-")?.parse().ok()
}

/// Few workloads have most of the pods: as many as the inverse of their rank (Zipf), and at least one.
fn heavy_tailed(pods: usize, workloads: usize) -> Vec<usize> {
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let harmonic: f64 = (1..=workloads).map(|it| 1.0 / it as f64).sum();
    let spare = pods - workloads;
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of the pods is a number of pods"
    )]
    let part_of = |rank: usize| (spare as f64 / harmonic / (rank + 1) as f64) as usize;
    let mut sizes: Vec<usize> = (0..workloads).map(|it| 1 + part_of(it)).collect();
    // What rounding left over.
    sizes[0] += pods - sizes.iter().sum::<usize>();
    sizes
}

/// A rank for each number below `end`, each once.
fn scattered(number: usize, end: usize) -> usize {
    // A prime that divides no round number.
    number * 7_919 % end
}

/// 7 in 10 workloads are deployments; and a daemon set has no more pods than there are nodes.
fn owner(rank: usize, pods: usize, nodes: usize) -> Owner {
    match Dice::new(rank as u64).below(20) {
        0..=2 if pods <= nodes => Owner::DaemonSet,
        3..=4 => Owner::StatefulSet,
        5 => Owner::Job,
        _ => Owner::Deployment,
    }
}

/// A pod as large as etcd takes it, by one variable.
fn giant(namespace: &str) -> Value {
    const BYTES: usize = 1_572_864;
    let workload = Workload::new(99_999, Owner::Deployment, namespace.to_owned());
    let mut pod = workload.pod();
    let rest = pod.to_string().len();
    pod["spec"]["containers"][0]["env"] =
        json!([{"name": "BUNDLE", "value": "certificate ".repeat((BYTES - rest) / 12)}]);
    pod
}

/// Makes a field of the spec one of the wrong type.
fn malform(pod: &mut [u8], encoding: Encoding) {
    let (from, to): (&[u8], &[u8]) = match encoding {
        Encoding::Json => (br#""nodeName":"#, br#""hostPID" :"#),
        // Field 10 is of type 2, with 9 bytes; there is no type 7.
        Encoding::Protobuf => (b"\x52\x09node-", b"\x57\x09node-"),
    };
    if let Some(at) = pod.windows(from.len()).position(|it| it == from) {
        pod[at..][..to.len()].copy_from_slice(to);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn pages_hold_every_pod_once_in_both_encodings() {
        let cluster = Cluster::new(Size { pods: 1_000, workloads: 60, nodes: 20 });
        let mut names = BTreeSet::new();
        let mut start = 0;
        loop {
            let page = |encoding| cluster.page("v1", "Pod", "pods", (start, 300), encoding);
            let list: Value = serde_json::from_slice(&page(Encoding::Json)).expect("JSON");
            for pod in list["items"].as_array().expect("items") {
                let metadata = &pod["metadata"];
                assert!(!pod.to_string().contains('@') || pod.to_string().contains("@sha256"));
                assert!(names.insert(format!("{}/{}", metadata["namespace"], metadata["name"])));
            }
            let protobuf = page(Encoding::Protobuf);
            assert_eq!(&protobuf[..4], b"k8s\0");
            assert!(protobuf.len() < page(Encoding::Json).len());
            let Some(token) = list["metadata"]["continue"].as_str() else { break };
            start = start_of(token).expect("a token");
        }
        assert_eq!(names.len(), 1_000);
    }

    #[test]
    fn few_workloads_have_most_pods() {
        let counts = heavy_tailed(100_000, 1_000);
        assert_eq!(counts.iter().sum::<usize>(), 100_000);
        assert!(counts[0] > 10_000 && counts[999] < 20 && counts[999] > 0);
        let ranks: BTreeSet<usize> = (0..1_000).map(|it| scattered(it, 1_000)).collect();
        assert_eq!(ranks.len(), 1_000);
    }
}
