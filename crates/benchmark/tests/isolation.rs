//! Which pods are isolated, told a second time: pod by pod and as the documentation of network
//! policies says it, from the manifests as they are written, without a line of what checks use.
//!
//! <https://kubernetes.io/docs/concepts/services-networking/network-policies/>

use std::{collections::BTreeMap, fs, path::PathBuf};

use assay_benchmark::isolation::{self, Isolation};
use assay_collector::files::{self, Completeness};
use assay_model::{Inventory, Scope, network::Direction};
use proptest::{prelude::*, sample};
use serde_json::{Value, json};

/// The last two differ from pod to pod by design, so they are kept in another way.
const KEYS: [&str; 4] =
    ["app", "tier", "statefulset.kubernetes.io/pod-name", "batch.kubernetes.io/job-name"];
const VALUES: [&str; 3] = ["a", "b", "c"];
const NAMESPACES: [&str; 2] = ["shop", "bank"];

fn labels() -> impl Strategy<Value = Value> {
    let label = (sample::select(&KEYS), sample::select(&VALUES));
    prop::collection::btree_map(label.clone().prop_map(|it| it.0), label.prop_map(|it| it.1), 0..4)
        .prop_map(|it| json!(it))
}

fn expression() -> impl Strategy<Value = Value> {
    let values = prop::collection::vec(sample::select(&VALUES), 1..3);
    let listed = (sample::select(&KEYS), sample::select(&["In", "NotIn"]), values).prop_map(
        |(key, operator, values)| json!({"key": key, "operator": operator, "values": values}),
    );
    let bare = (sample::select(&KEYS), sample::select(&["Exists", "DoesNotExist"]))
        .prop_map(|(key, operator)| json!({"key": key, "operator": operator}));
    prop_oneof![listed, bare]
}

/// A field that is left out, or null, or has a value.
fn field(value: impl Strategy<Value = Value> + 'static) -> impl Strategy<Value = Option<Value>> {
    prop_oneof![1 => Just(None), 1 => Just(Some(Value::Null)), 4 => value.prop_map(Some)]
}

fn object(fields: Vec<(&str, Option<Value>)>) -> Value {
    let given = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(given.collect())
}

fn selector() -> impl Strategy<Value = Value> {
    let expressions = prop::collection::vec(expression(), 0..3).prop_map(Value::Array);
    prop_oneof![
        1 => Just(json!({})),
        4 => (field(labels()), field(expressions)).prop_map(|(labels, expressions)| {
            object(vec![("matchLabels", labels), ("matchExpressions", expressions)])
        }),
    ]
}

fn rules() -> impl Strategy<Value = Option<Value>> {
    let rule = sample::select(vec![json!({}), json!({"ports": [{"port": 53}]})]);
    field(prop::collection::vec(rule, 0..3).prop_map(Value::Array))
}

fn policy() -> impl Strategy<Value = Value> {
    let types = sample::subsequence(vec!["Ingress", "Egress"], 0..=2).prop_map(|it| json!(it));
    let spec = (field(selector()), field(types), rules(), rules());
    let spec = spec.prop_map(|(selector, types, ingress, egress)| {
        object(vec![
            ("podSelector", selector),
            ("policyTypes", types),
            ("ingress", ingress),
            ("egress", egress),
        ])
    });
    (sample::select(&NAMESPACES), spec).prop_map(|(namespace, spec)| {
        json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"namespace": namespace}, "spec": spec,
        })
    })
}

fn pod_spec() -> impl Strategy<Value = Value> {
    let host_network =
        prop_oneof![3 => Just(None), 1 => any::<bool>().prop_map(|it| Some(json!(it)))];
    let containers = json!([{"name": "web", "image": "registry.example/web:1.4.2"}]);
    host_network.prop_map(move |it| {
        object(vec![("hostNetwork", it), ("containers", Some(containers.clone()))])
    })
}

/// A pod of nobody's, or of one of two owners that the world does not hold.
fn pod() -> impl Strategy<Value = Value> {
    let owner = sample::select(vec![None, Some(("StatefulSet", "db")), Some(("Job", "load"))]);
    (sample::select(&NAMESPACES), labels(), pod_spec(), owner).prop_map(
        |(namespace, labels, spec, owner)| {
            let owners: Vec<Value> = owner
                .iter()
                .map(|(kind, name)| {
                    json!({"apiVersion": "v1", "kind": kind, "name": name, "uid": "1", "controller": true})
                })
                .collect();
            let metadata =
                json!({"namespace": namespace, "labels": labels, "ownerReferences": owners});
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
        },
    )
}

/// A Deployment without pods, whose template stands for the pod that it will make.
fn deployment() -> impl Strategy<Value = Value> {
    (sample::select(&NAMESPACES), labels(), pod_spec()).prop_map(|(namespace, labels, spec)| {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": namespace},
            "spec": {"template": {"metadata": {"labels": labels}, "spec": spec}},
        })
    })
}

fn world() -> impl Strategy<Value = Vec<Value>> {
    let policies = prop::collection::vec(policy(), 0..5);
    let pods = prop::collection::vec(pod(), 0..8);
    let deployments = prop::collection::vec(deployment(), 0..3);
    (policies, pods, deployments).prop_map(|(policies, pods, deployments)| {
        let mut objects: Vec<Value> = policies.into_iter().chain(pods).chain(deployments).collect();
        for (index, object) in objects.iter_mut().enumerate() {
            object["metadata"]["name"] = json!(format!("it-{index}"));
        }
        objects
    })
}

/// The objects as a scan of such a cluster would have read them. Each test has a file of its own.
fn read(objects: &[Value], test: &str) -> Inventory {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test).with_extension("json");
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    fs::write(&path, list.to_string()).expect("a file");
    let now = "2026-11-23T12:00:00Z".parse().expect("a time");
    files::read(&path, &Completeness::Everything, now).expect("objects").snapshot.into()
}

/// One without requirements matches everything; all requirements are joined by AND. `NotIn` and
/// `DoesNotExist` also select what lacks the key.
fn matches(selector: &Value, labels: &Value) -> bool {
    let by_label = |(key, wanted): (&String, &Value)| labels.get(key) == Some(wanted);
    let by_expression = |it: &Value| {
        let value = labels.get(it["key"].as_str().expect("a key"));
        let listed = || it["values"].as_array().expect("values").contains(value.expect("a value"));
        match it["operator"].as_str().expect("an operator") {
            "In" => value.is_some() && listed(),
            "NotIn" => value.is_none() || !listed(),
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            other => panic!("{other} is no operator"),
        }
    };
    selector["matchLabels"].as_object().is_none_or(|it| it.iter().all(by_label))
        && selector["matchExpressions"].as_array().is_none_or(|it| it.iter().all(by_expression))
}

/// A policy that names no type is about what comes in; about what goes out only if it has such rules.
fn applies(policy: &Value, direction: Direction) -> bool {
    let types = policy["spec"]["policyTypes"].as_array();
    match (types.filter(|it| !it.is_empty()), direction) {
        (Some(types), Direction::Ingress) => types.contains(&json!("Ingress")),
        (Some(types), Direction::Egress) => types.contains(&json!("Egress")),
        (None, Direction::Ingress) => true,
        (None, Direction::Egress) => has_rules(policy, direction),
    }
}

fn has_rules(policy: &Value, direction: Direction) -> bool {
    let list = match direction {
        Direction::Ingress => "ingress",
        Direction::Egress => "egress",
    };
    policy["spec"][list].as_array().is_some_and(|it| !it.is_empty())
}

/// Whether a policy's selector has no requirement at all.
fn selects_all(policy: &Value) -> bool {
    let selector = &policy["spec"]["podSelector"];
    selector["matchLabels"].as_object().is_none_or(serde_json::Map::is_empty)
        && selector["matchExpressions"].as_array().is_none_or(Vec::is_empty)
}

fn policies(objects: &[Value]) -> impl Iterator<Item = &Value> {
    objects.iter().filter(|it| it["kind"] == "NetworkPolicy")
}

/// A pod that exists, or that a template will make.
struct Pod<'a> {
    namespace: &'a Value,
    /// The workload that the checks should count it in.
    owner: String,
    labels: &'a Value,
    host_network: bool,
}

impl<'a> Pod<'a> {
    fn of(object: &'a Value) -> Option<Self> {
        let metadata = &object["metadata"];
        let named = |kind: &str, name: &Value| format!("{kind}/{}", name.as_str().expect("a name"));
        let (owner, labels, spec) = match object["kind"].as_str() {
            Some("Pod") => {
                let owner = match metadata["ownerReferences"].get(0) {
                    Some(it) => named(it["kind"].as_str().expect("a kind"), &it["name"]),
                    None => named("Pod", &metadata["name"]),
                };
                (owner, &metadata["labels"], &object["spec"])
            }
            Some("Deployment") => {
                let template = &object["spec"]["template"];
                let owner = named("Deployment", &metadata["name"]);
                (owner, &template["metadata"]["labels"], &template["spec"])
            }
            _ => return None,
        };
        let host_network = spec["hostNetwork"] == true;
        Some(Pod { namespace: &metadata["namespace"], owner, labels, host_network })
    }

    /// A policy reaches pods of its own namespace, and none on the node's network.
    fn is_selected(&self, policy: &Value) -> bool {
        !self.host_network
            && policy["metadata"]["namespace"] == *self.namespace
            && matches(&policy["spec"]["podSelector"], self.labels)
    }
}

/// Pods by namespace and owner.
type Counts = BTreeMap<(String, String), Isolation>;

fn documented(objects: &[Value], direction: Direction) -> Counts {
    let mut counts = Counts::new();
    for pod in objects.iter().filter_map(Pod::of) {
        let namespace = pod.namespace.as_str().expect("a namespace").to_owned();
        let mut policies = policies(objects);
        let count = counts.entry((namespace, pod.owner.clone())).or_default();
        if pod.host_network {
            count.host_network += 1;
        } else if policies.any(|it| applies(it, direction) && pod.is_selected(it)) {
            count.isolated += 1;
        } else {
            count.open += 1;
        }
    }
    counts
}

fn told(inventory: &Inventory, direction: Direction) -> Counts {
    let mut counts = Counts::new();
    let visited = inventory.workloads.each(Scope::Cluster, |it| {
        let (count, read) = isolation::of(it, direction, inventory);
        assert_eq!(isolation::is_open(it, direction, inventory), Ok(count.open > 0));
        counts.insert((it.namespace.to_string(), it.key.to_string()), count);
        read
    });
    visited.expect("all was read");
    counts
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pods_are_isolated_as_documented(objects in world()) {
        let inventory = read(&objects, "isolation");
        for direction in [Direction::Ingress, Direction::Egress] {
            prop_assert_eq!(told(&inventory, direction), documented(&objects, direction), "{:?}", direction);
        }
    }

    #[test]
    fn policies_select_as_documented(objects in world()) {
        let inventory = read(&objects, "selection");
        let pods: Vec<Pod<'_>> = objects.iter().filter_map(Pod::of).collect();
        for policy in policies(&objects) {
            let text = |field: &str| policy["metadata"][field].as_str().expect("a name");
            let found = inventory.network_policies.get(text("namespace"), text("name"));
            let found = found.expect("all was read").expect("it is there");
            let visited = inventory.workloads.each(Scope::Part(text("namespace")), |it| {
                let is_own = |pod: &&Pod<'_>| *pod.namespace == *it.namespace && pod.owner == *it.key;
                let selected = pods.iter().filter(is_own).any(|pod| pod.is_selected(policy));
                assert_eq!(isolation::selects(found, it), Ok(selected), "{} {policy}", it.key);
                Ok(())
            });
            visited.expect("all was read");
            for direction in [Direction::Ingress, Direction::Egress] {
                let denies = selects_all(policy) && applies(policy, direction)
                    && !has_rules(policy, direction);
                prop_assert_eq!(found.denies_all(direction), denies, "{:?} {}", direction, policy);
            }
        }
    }
}
