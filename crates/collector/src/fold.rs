//! Pods, folded as they come: what is kept grows with the number of distinct workloads, not of pods.
//!
//! [`Pod`] is the wire type: what a list or a manifest says of one pod. [`PodFold`] takes pods in any
//! order and gives the same [`PodGroup`]s for the same pods.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

use assay_model::{
    Labels, Map, Meta, OwnerReference, PodSpec, Pool,
    pod::app_armor,
    workload::{LabelSet, PodGroup, SAMPLES, VARYING_LABELS},
};
use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeSeed, MapAccess, Visitor,
        value::{CowStrDeserializer, MapAccessDeserializer},
    },
};

use crate::proto::{self, Malformed, RecentSpecs};

/// The annotation by which a kubelet marks the mirror of a static pod.
const MIRROR: &str = "kubernetes.io/config.mirror";

/// The label by which a `ReplicaSet` tells its pods from those of another revision.
const TEMPLATE_HASH: &str = "pod-template-hash";

/// What is read of one pod.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Pod<'a> {
    pub(crate) metadata: Meta,
    spec: Spec,
    #[serde(borrow)]
    status: Status<'a>,
}

/// A pod's spec, and what is kept beside it because it differs from pod to pod.
#[derive(Debug, Default)]
struct Spec {
    runs: PodSpec,
    /// Empty while the pod waits for a node.
    node_name: Arc<str>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status<'a> {
    #[serde(borrow)]
    phase: Text<'a>,
    #[serde(borrow)]
    init_container_statuses: Option<Vec<ContainerStatus<'a>>>,
    #[serde(borrow)]
    container_statuses: Option<Vec<ContainerStatus<'a>>>,
    #[serde(borrow)]
    ephemeral_container_statuses: Option<Vec<ContainerStatus<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ContainerStatus<'a> {
    #[serde(rename = "imageID", borrow)]
    image_id: Text<'a>,
}

/// Text that is borrowed where it has no escapes.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Whether a pod in this phase has come to its end: such pods are counted, not judged.
fn is_finished(phase: &str) -> bool {
    matches!(phase, "Succeeded" | "Failed")
}

impl Pod<'_> {
    fn image_ids(&self) -> impl Iterator<Item = &str> {
        let Status {
            init_container_statuses,
            container_statuses,
            ephemeral_container_statuses,
            ..
        } = &self.status;
        [init_container_statuses, container_statuses, ephemeral_container_statuses]
            .into_iter()
            .flatten()
            .flatten()
            .map(|it| &*it.image_id.0)
            .filter(|it| !it.is_empty())
    }
}

/// Reads `nodeName` aside and hands all other fields to [`PodSpec`], in one pass.
impl<'de> Deserialize<'de> for Spec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Spec;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a pod spec")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Spec, A::Error> {
                let mut node_name = None;
                let rest = Aside { map, node_name: &mut node_name };
                let runs = PodSpec::deserialize(MapAccessDeserializer::new(rest))?;
                Ok(Spec { runs, node_name: node_name.unwrap_or_default() })
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

/// A map without its key `nodeName`.
struct Aside<'s, A> {
    map: A,
    node_name: &'s mut Option<Arc<str>>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Aside<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        while let Some(Text(key)) = self.map.next_key()? {
            if key == "nodeName" {
                *self.node_name = self.map.next_value()?;
            } else {
                return seed.deserialize(CowStrDeserializer::new(key)).map(Some);
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

/// Pods on their way to [`PodGroup`]s.
#[derive(Debug, Default)]
pub(crate) struct PodFold {
    groups: HashMap<Key, Group>,
    specs: Pool<PodSpec>,
    names: Pool<str>,
    recent: RecentSpecs,
    finished: u32,
}

/// What the pods of a group have in common.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    namespace: Arc<str>,
    owner: Option<OwnerReference>,
    template_hash: Option<Arc<str>>,
    /// The pod itself, where nobody or a kubelet made it: then it is a group of its own.
    alone: Option<Arc<str>>,
    claims_mirror: bool,
    spec: Shared<PodSpec>,
}

/// One of a [`Pool`], where equal things are the same thing: told apart by where it is.
#[derive(Debug)]
struct Shared<T>(Arc<T>);

impl<T> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> Eq for Shared<T> {}

impl<T> Hash for Shared<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

/// What its pods differ in.
#[derive(Debug, Default)]
struct Group {
    pods: u32,
    samples: Vec<Arc<str>>,
    labels: HashMap<Columns, Rows>,
    nodes: BTreeSet<Arc<str>>,
    image_ids: BTreeSet<Arc<str>>,
}

/// The labels that some pods share, and the keys of those in which they differ by design.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Columns {
    common: Labels,
    keys: Vec<Arc<str>>,
}

/// The values of those keys, pod by pod. Most pods have none, and then cost nothing here.
#[derive(Debug, Default)]
struct Rows {
    pods: u32,
    values: Vec<Arc<str>>,
}

impl PodFold {
    /// Takes one pod in. Its namespace must be set.
    pub(crate) fn add(&mut self, pod: Pod<'_>) {
        if is_finished(&pod.status.phase.0) {
            self.finished = self.finished.saturating_add(1);
            return;
        }
        let image_ids: Vec<Arc<str>> = pod.image_ids().map(|it| self.names.share(it)).collect();
        let Pod { metadata, spec: Spec { mut runs, node_name }, .. } = pod;
        runs.mask();
        runs.annotate(&metadata.annotations);
        let spec = self.specs.share(runs);
        self.join(metadata, spec, &node_name, image_ids);
    }

    /// Takes in one pod that came as protobuf. Its namespace must be set.
    ///
    /// # Errors
    ///
    /// Its spec is not one. Then the pod counts nowhere.
    pub(crate) fn add_protobuf(&mut self, mut pod: proto::Pod<'_>) -> Result<(), Malformed> {
        if is_finished(&pod.phase) {
            self.finished = self.finished.saturating_add(1);
            return Ok(());
        }
        let spec = pod.spec(&mut self.recent, |it| self.specs.share(it))?;
        let spec = if app_armor(&pod.metadata.annotations).next().is_some() {
            let mut runs = (*spec).clone();
            runs.annotate(&pod.metadata.annotations);
            self.specs.share(runs)
        } else {
            spec
        };
        let image_ids = pod.image_ids.iter().map(|it| self.names.share(&**it)).collect();
        self.join(pod.metadata, spec, &pod.node_name, image_ids);
        Ok(())
    }

    /// Counts a pod to those that it is equal to. Its spec is a shared one.
    fn join(
        &mut self,
        metadata: Meta,
        spec: Arc<PodSpec>,
        node_name: &str,
        image_ids: Vec<Arc<str>>,
    ) {
        let owner = metadata.controller().map(|it| self.owner(it));
        let kind = owner.as_ref().map(|it| &*it.kind);
        let hash = metadata.labels.get(TEMPLATE_HASH).filter(|_| kind == Some("ReplicaSet"));
        let alone = matches!(kind, None | Some("Node")).then(|| metadata.name.clone());
        let key = Key {
            namespace: self.names.share(metadata.namespace.clone()),
            template_hash: hash.map(|it| self.names.share(it.clone())),
            alone,
            claims_mirror: metadata.annotations.contains_key(MIRROR),
            spec: Shared(spec),
            owner,
        };

        let group = self.groups.entry(key).or_default();
        group.pods = group.pods.saturating_add(1);
        group.image_ids.extend(image_ids);
        if !node_name.is_empty() {
            group.nodes.insert(self.names.share(node_name));
        }
        let at = group.samples.partition_point(|it| *it < metadata.name);
        if at < SAMPLES {
            group.samples.truncate(SAMPLES - usize::from(group.samples.len() == SAMPLES));
            group.samples.insert(at, metadata.name);
        }
        let (varying, common): (Labels, Labels) =
            metadata.labels.into_iter().partition(|(key, _)| VARYING_LABELS.contains(&&**key));
        let (keys, row): (_, Vec<_>) = varying.into_iter().unzip();
        let rows = group.labels.entry(Columns { common, keys }).or_default();
        rows.pods = rows.pods.saturating_add(1);
        rows.values.extend(row);
    }

    /// How many pods had come to their end.
    pub(crate) fn finished(&self) -> u32 {
        self.finished
    }

    /// The groups, sorted by namespace and first pod.
    pub(crate) fn into_groups(self) -> Vec<PodGroup> {
        let mut groups: Vec<PodGroup> =
            self.groups.into_iter().map(|(key, group)| group.of(key)).collect();
        // Two pods of one name are seen when one is replaced while the list is read.
        groups.sort_by(|a, b| {
            let first = |it: &PodGroup| (it.namespace.clone(), it.samples.clone());
            first(a).cmp(&first(b)).then_with(|| told_apart(a).cmp(&told_apart(b)))
        });
        groups
    }

    /// The owner, as far as equal groups have it in common. Only for a Node is the UID evidence.
    fn owner(&mut self, owner: &OwnerReference) -> OwnerReference {
        OwnerReference {
            api_version: self.names.share(owner.api_version.clone()),
            kind: self.names.share(owner.kind.clone()),
            name: self.names.share(owner.name.clone()),
            uid: if &*owner.kind == "Node" { owner.uid.clone() } else { Arc::default() },
            controller: owner.controller,
        }
    }
}

impl Group {
    fn of(self, key: Key) -> PodGroup {
        let mut labels: Vec<_> = self.labels.into_iter().collect();
        labels.sort_by(|(a, _), (b, _)| a.cmp(b));
        PodGroup {
            namespace: key.namespace,
            owner: key.owner,
            template_hash: key.template_hash,
            spec: key.spec.0,
            pods: self.pods,
            samples: self.samples,
            labels: labels.into_iter().map(|(columns, rows)| columns.with(rows)).collect(),
            nodes: self.nodes,
            image_ids: self.image_ids,
            claims_mirror: key.claims_mirror,
        }
    }
}

impl Columns {
    /// The rows in an order that does not depend on the pods', as one column a key.
    fn with(self, Rows { pods, values }: Rows) -> LabelSet {
        let mut rows: Vec<&[Arc<str>]> = values.chunks_exact(self.keys.len().max(1)).collect();
        rows.sort();
        let column = |at: usize| rows.iter().map(|row| row[at].clone()).collect();
        let varying: Map<_> =
            self.keys.into_iter().enumerate().map(|(at, key)| (key, column(at))).collect();
        LabelSet { pods, common: self.common, varying }
    }
}

/// Any order of all groups; only asked for groups whose first pods have the same name.
fn told_apart(group: &PodGroup) -> String {
    serde_json::to_string(group).expect("a group has string keys only")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use assay_model::{Resource, Snapshot, snapshot::Origin};
    use proptest::{prelude::*, sample::select};
    use serde_json::{Value, json};

    use super::*;
    use crate::objects::Objects;

    fn fold(pods: &[Value]) -> Vec<PodGroup> {
        let mut fold = PodFold::default();
        for pod in pods {
            let text = pod.to_string();
            fold.add(serde_json::from_str(&text).expect("a pod"));
        }
        fold.into_groups()
    }

    fn pod(name: &str, owner: &Value, labels: &Value, image: &str) -> Value {
        json!({
            "metadata": {"name": name, "namespace": "shop", "labels": labels, "ownerReferences": owner},
            "spec": {"nodeName": format!("node-of-{name}"), "containers": [{"name": "c", "image": image}]},
            "status": {"phase": "Running", "containerStatuses": [{"imageID": format!("{image}@sha256:0")}]},
        })
    }

    fn owner(kind: &str, name: &str, uid: &str) -> Value {
        json!([{"apiVersion": "v1", "kind": kind, "name": name, "uid": uid, "controller": true}])
    }

    #[test]
    fn pods_of_one_owner_and_spec_are_one_group() {
        let web = |name: &str, image| {
            let labels = json!({"app": "web", "pod-template-hash": "7d4b"});
            pod(name, &owner("ReplicaSet", "web-7d4b", "u"), &labels, image)
        };
        let pods = [
            web("web-e", "i:1"),
            web("web-d", "i:1"),
            web("web-b", "i:1"),
            web("web-a", "i:1"),
            web("web-c", "i:2"),
        ];
        let groups = fold(&pods);
        let [kept, drifted] = &groups[..] else { panic!("{groups:#?}") };
        assert_eq!(kept.samples, ["web-a", "web-b", "web-d"].map(Into::into));
        assert_eq!((kept.pods, drifted.pods), (4, 1));
        assert_eq!(kept.template_hash.as_deref(), Some("7d4b"));
        assert_eq!(kept.nodes.len(), 4);
        assert_eq!(kept.image_ids, ["i:1@sha256:0".into()].into());
        assert_eq!(
            kept.owner.as_ref().map(|it| &*it.uid),
            Some(""),
            "it differs where nothing else does"
        );
        assert_eq!(kept.labels.len(), 1);
    }

    #[test]
    fn token_volumes_do_not_tell_pods_apart() {
        let with_token = |name: &str, suffix: &str| {
            let mut pod = pod(name, &owner("DaemonSet", "agent", "u"), &json!({}), "i");
            let volume = format!("kube-api-access-{suffix}");
            pod["spec"]["volumes"] = json!([{"name": volume, "projected": {"sources": []}}]);
            pod["spec"]["containers"][0]["volumeMounts"] =
                json!([{"name": volume, "mountPath": "/t"}]);
            pod
        };
        let groups = fold(&[with_token("a", "x2b4c"), with_token("b", "9zzzz")]);
        assert_eq!(groups.iter().map(|it| it.pods).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn pods_that_nobody_or_a_kubelet_made_stay_apart() {
        let mirror = |name: &str| {
            let mut pod = pod(name, &owner("Node", "n1", "node-uid"), &json!({}), "i");
            pod["metadata"]["annotations"] = json!({"kubernetes.io/config.mirror": "hash"});
            pod
        };
        let bare = |name: &str| pod(name, &Value::Null, &json!({}), "i");
        let groups = fold(&[mirror("m1"), mirror("m2"), bare("b1"), bare("b2")]);
        let seen: Vec<_> =
            groups.iter().map(|it| (&*it.samples[0], it.pods, it.claims_mirror)).collect();
        assert_eq!(seen, [("b1", 1, false), ("b2", 1, false), ("m1", 1, true), ("m2", 1, true)]);
        assert_eq!(groups[2].owner.as_ref().map(|it| &*it.uid), Some("node-uid"));
    }

    #[test]
    fn labels_that_differ_by_design_are_columns_of_those_who_have_them() {
        let key = "statefulset.kubernetes.io/pod-name";
        let db =
            |name: &str, labels: Value| pod(name, &owner("StatefulSet", "db", "u"), &labels, "i");
        let groups = fold(&[
            db("db-1", json!({"app": "db", key: "db-1"})),
            db("db-0", json!({"app": "db", key: "db-0"})),
            db("db-2", json!({"app": "db"})),
            db("db-3", json!({"app": "db", "canary": "true"})),
        ]);
        let [group] = &groups[..] else { panic!("{groups:#?}") };
        let sets: Vec<_> =
            group.labels.iter().map(|it| (it.pods, it.common.len(), it.varying.len())).collect();
        assert_eq!(sets, [(1, 1, 0), (2, 1, 1), (1, 2, 0)]);
        assert_eq!(
            group.labels[1].varying.get(key),
            Some(&["db-0", "db-1"].map(Into::into).into())
        );
    }

    #[test]
    fn finished_pods_are_counted_only() {
        let mut done = PodFold::default();
        for phase in ["Succeeded", "Failed", "Pending", "Unknown", ""] {
            let text = json!({"metadata": {"name": phase}, "status": {"phase": phase}}).to_string();
            done.add(serde_json::from_str(&text).expect("a pod"));
        }
        assert_eq!((done.finished(), done.into_groups().len()), (2, 3));
    }

    /// Any pod of a small world in which many are equal but for what differs by design.
    fn any_pod() -> impl Strategy<Value = Value> {
        let owners = [
            Value::Null,
            owner("ReplicaSet", "web-7d4b", "1"),
            owner("ReplicaSet", "web-7d4b", "2"),
            owner("StatefulSet", "db", "3"),
            owner("Job", "once", "4"),
            owner("Node", "n1", "5"),
        ];
        let keys = vec!["app", "pod-template-hash", "job-name", "apps.kubernetes.io/pod-index"];
        let labels = prop::collection::btree_map(select(keys), select(&["a", "b"][..]), 0..4);
        let rest = (select(&["i:1", "i:2"][..]), "[a-z0-9]{5}", any::<bool>(), 0..9);
        (select(owners.to_vec()), labels, select(&["shop", "ops"][..]), rest).prop_map(
            |(owner, labels, namespace, (image, token, mirror, phase))| {
                let mut pod = pod("", &owner, &json!(labels), image);
                pod["metadata"]["namespace"] = namespace.into();
                pod["spec"]["nodeName"] = json!(format!("n{}", phase % 3));
                pod["spec"]["volumes"] = json!([{"name": format!("kube-api-access-{token}")}]);
                if mirror {
                    pod["metadata"]["annotations"] = json!({"kubernetes.io/config.mirror": "h"});
                }
                if phase == 0 {
                    pod["status"]["phase"] = "Succeeded".into();
                }
                pod
            },
        )
    }

    /// The pods as pages of a list, read into a snapshot.
    fn read(pages: &[&[Value]]) -> Snapshot {
        let origin: Origin = serde_json::from_value(json!({
            "source": "live", "started": "2026-01-01T00:00:00Z", "finished": "2026-01-01T00:00:00Z",
            "interrupted": false, "cluster": "", "server": "", "context": "", "user": "",
            "groups": [], "impersonated": false, "namespaces": [],
        }))
        .expect("an origin");
        let mut snapshot = Snapshot::unread(origin, &assay_model::Cause::NotRequested, "");
        let mut objects = Objects::of(Resource::Pods).expect("pods are a list");
        for page in pages {
            let page = objects.add_page(&json!({"items": page}).to_string()).expect("a list");
            assert_eq!(page.malformed, []);
        }
        objects.store(&mut snapshot, Vec::new(), Vec::new());
        snapshot
    }

    /// Namespace and labels of every pod, sorted: what no fold may lose.
    fn labels_of(groups: &[PodGroup]) -> Vec<(String, BTreeMap<String, String>)> {
        let mut all = Vec::new();
        for group in groups {
            assert_eq!(group.pods, group.labels.iter().map(|it| it.pods).sum::<u32>());
            for set in &group.labels {
                for row in 0..set.pods as usize {
                    let varying = set.varying.iter().map(|(key, column)| (key, &column[row]));
                    let labels = set.common.iter().chain(varying);
                    let labels = labels.map(|(k, v)| (k.to_string(), v.to_string())).collect();
                    all.push((group.namespace.to_string(), labels));
                }
            }
        }
        all.sort();
        all
    }

    proptest! {
        #[test]
        fn neither_order_nor_pages_matter(
            (ordered, shuffled) in prop::collection::vec(any_pod(), 0..40)
                .prop_map(|mut pods| {
                    for (at, pod) in pods.iter_mut().enumerate() {
                        // Now and then, a name is met twice.
                        pod["metadata"]["name"] = format!("p{}", at - usize::from(at % 7 == 6)).into();
                    }
                    pods
                })
                .prop_flat_map(|pods| (Just(pods.clone()), Just(pods).prop_shuffle())),
            cut in 0..40usize,
        ) {
            let whole = read(&[&ordered]);
            let (first, rest) = shuffled.split_at(cut.min(shuffled.len()));
            prop_assert_eq!(&whole, &read(&[first, rest]));

            let groups = fold(&ordered);
            let lost = u32::try_from(ordered.len()).expect("few") - groups.iter().map(|it| it.pods).sum::<u32>();
            prop_assert_eq!(whole.finished_pods, lost);
            let running = ordered.iter().filter(|it| it["status"]["phase"] == "Running");
            let mut expected: Vec<(String, BTreeMap<String, String>)> = running
                .map(|it| {
                    let of = |it: &Value| serde_json::from_value(it.clone()).expect("labels");
                    (it["metadata"]["namespace"].as_str().expect("text").into(), of(&it["metadata"]["labels"]))
                })
                .collect();
            expected.sort();
            prop_assert_eq!(labels_of(&groups), expected);
        }
    }
}
