//! Our two readers and two others on the same objects: what is read must be the same.
//!
//! The objects are made from `upstream.txt`, which lists every type with all its fields; so they have
//! fields that nobody reads, and those that are read in every combination.

use std::{collections::BTreeMap, env, fmt::Debug, fs, path::PathBuf, sync::LazyLock};

use assay_model::{Cause, Snapshot, snapshot::Origin};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use proptest::prelude::*;
use serde_json::Value;

use super::{others, *};
use crate::encoding::{Encoding, read};

/// The kinds that come as protobuf, with their name in `upstream.txt`.
const KINDS: [(Resource, &str); 25] = [
    (Resource::Namespaces, "core.Namespace"),
    (Resource::Nodes, "core.Node"),
    (Resource::Pods, "core.Pod"),
    (Resource::Deployments, "apps.Deployment"),
    (Resource::DaemonSets, "apps.DaemonSet"),
    (Resource::StatefulSets, "apps.StatefulSet"),
    (Resource::Jobs, "batch.Job"),
    (Resource::CronJobs, "batch.CronJob"),
    (Resource::Services, "core.Service"),
    (Resource::Ingresses, "net.Ingress"),
    (Resource::ServiceAccounts, "core.ServiceAccount"),
    (Resource::Roles, "rbac.Role"),
    (Resource::RoleBindings, "rbac.RoleBinding"),
    (Resource::ClusterRoles, "rbac.ClusterRole"),
    (Resource::ClusterRoleBindings, "rbac.ClusterRoleBinding"),
    (Resource::NetworkPolicies, "net.NetworkPolicy"),
    (Resource::ResourceQuotas, "core.ResourceQuota"),
    (Resource::LimitRanges, "core.LimitRange"),
    (Resource::PersistentVolumes, "core.PersistentVolume"),
    (Resource::CertificateSigningRequests, "cert.CertificateSigningRequest"),
    (Resource::ValidatingWebhookConfigurations, "adm.ValidatingWebhookConfiguration"),
    (Resource::MutatingWebhookConfigurations, "adm.MutatingWebhookConfiguration"),
    (Resource::ValidatingAdmissionPolicies, "adm.ValidatingAdmissionPolicy"),
    (Resource::ValidatingAdmissionPolicyBindings, "adm.ValidatingAdmissionPolicyBinding"),
    (Resource::CustomResourceDefinitions, "ext.CustomResourceDefinition"),
];

/// Passes a list through another implementation of both encodings.
fn through_others(resource: Resource, list: &Both) -> Both {
    let (json, protobuf) = others::through(resource, &list.json, &list.protobuf);
    Both { json, protobuf, ..list.clone() }
}

/// One list, twice.
#[derive(Debug, Clone)]
struct Both {
    kind: Kind,
    json: String,
    /// Without its envelope.
    protobuf: Vec<u8>,
}

impl Both {
    fn enveloped(&self) -> Vec<u8> {
        envelope(&self.kind.api_version(), &format!("{}List", self.kind.kind), &self.protobuf)
    }
}

fn envelope(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
    let type_meta = [field(1, api_version.as_bytes()), field(2, kind.as_bytes())].concat();
    [MAGIC.to_vec(), field(1, &type_meta), field(2, raw), field(3, &[]), field(4, &[])].concat()
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(u8::try_from(number & 0x7f).expect("seven bits") | 0x80);
        number >>= 7;
    }
    bytes.push(u8::try_from(number).expect("seven bits"));
    bytes
}

fn field(number: u32, bytes: &[u8]) -> Vec<u8> {
    [varint(u64::from(number) << 3 | 2), varint(bytes.len() as u64), bytes.to_vec()].concat()
}

fn number(number: u32, value: i64) -> Vec<u8> {
    [varint(u64::from(number) << 3), varint(value.cast_unsigned())].concat()
}

#[derive(Debug)]
struct Upstream {
    name: &'static str,
    number: u32,
    /// `string`, `core.PodSpec`, `map.quantity`, ….
    of: &'static str,
    is_pointer: bool,
    is_list: bool,
}

/// Every type, with all its fields.
static UPSTREAM: LazyLock<BTreeMap<&str, Vec<Upstream>>> = LazyLock::new(|| {
    let lines = include_str!("upstream.txt").lines().filter(|it| !it.starts_with('#'));
    let field = |text: &'static str| {
        let (name, rest) = text.split_once('=')?;
        let (number, of) = rest.split_once(':')?;
        Some(Upstream {
            name,
            number: number.parse().ok()?,
            of: of.trim_end_matches(['?', '*']),
            is_pointer: of.contains('?'),
            is_list: of.contains('*'),
        })
    };
    lines
        .map(|line| {
            let mut words = line.split(' ');
            let name = words.next().expect("a name");
            (name, words.map(|it| field(it).expect("a field")).collect())
        })
        .collect()
});

/// A message as Go would write it of an object's JSON, but for zeros; `None` if a value is not of its type.
fn written(object: &Value, name: &str) -> Option<Vec<u8>> {
    let mut wire = Vec::new();
    for &Upstream { name, number, of, is_list, .. } in &UPSTREAM[name] {
        let given = if name == "^" { Some(object) } else { object.as_object()?.get(name) };
        let Some(given) = given.filter(|it| !it.is_null()) else { continue };
        let bytes: Option<Vec<Vec<u8>>> = if let Some(of) = of.strip_prefix("map.") {
            let entry = |(key, it): (&String, _)| {
                Some(field(number, &[field(1, key.as_bytes()), written_value(2, of, it)?].concat()))
            };
            given.as_object()?.iter().map(entry).collect()
        } else if is_list {
            given.as_array()?.iter().map(|it| written_value(number, of, it)).collect()
        } else {
            Some(vec![written_value(number, of, given)?])
        };
        wire.push((number, bytes?.concat()));
    }
    wire.sort_by_key(|(number, _)| *number);
    Some(wire.into_iter().flat_map(|(_, bytes)| bytes).collect())
}

fn written_value(at: u32, of: &str, given: &Value) -> Option<Vec<u8>> {
    let in_text = |it: &str| field(at, it.as_bytes());
    Some(match of {
        "string" => in_text(given.as_str()?),
        "bool" => number(at, given.as_bool()?.into()),
        "int" => number(at, given.as_i64()?),
        "bytes" => field(at, &BASE64_STANDARD.decode(given.as_str()?).ok()?),
        "time" => {
            let time: jiff::Timestamp = given.as_str()?.parse().ok()?;
            field(at, &[number(1, time.as_second()), number(2, 0)].concat())
        }
        "quantity" => {
            let amount = given.as_str().map_or_else(|| given.to_string(), str::to_owned);
            field(at, &field(1, amount.as_bytes()))
        }
        "intorstring" => {
            if let Some(it) = given.as_i64() {
                field(at, &[number(1, 0), number(2, it), field(3, b"")].concat())
            } else {
                let text = field(3, given.as_str()?.as_bytes());
                field(at, &[number(1, 1), number(2, 0), text].concat())
            }
        }
        message => field(at, &written(given, message)?),
    })
}

/// Makes objects as Go would write them, the same ones from the same seed.
struct Maker {
    seed: u64,
    /// Whether every field is there, and nothing malformed.
    full: bool,
}

const WORDS: [&str; 30] = [
    "",
    "a",
    "b",
    "web",
    "kube-api-access-x2b4c",
    "kube-api-access-9zzzz",
    "kube-api-access-ü1c4",
    "kubernetes.io/config.mirror",
    "eks.amazonaws.com/role-arn",
    "rbac.authorization.kubernetes.io/autoupdate",
    "pod-template-hash",
    "job-name",
    "ReplicaSet",
    "Node",
    "Running",
    "Succeeded",
    "Always",
    "windows",
    "kube-apiserver",
    "--anonymous-auth=false",
    "--token-auth-file",
    "sh -c 'exec etcd --a=b'",
    "postgres://app:hunter22@db/app",
    "AKIAIOSFODNN7EXAMPLE",
    "\"quoted\" \\ \n \u{1f600}",
    "*",
    "100m",
    "0",
    "NET_ADMIN",
    "default",
];

impl Maker {
    fn new(seed: u64, full: bool) -> Self {
        Maker { seed, full }
    }

    /// A list of so many objects.
    fn list(&mut self, resource: Resource, name: &str, objects: u64) -> Both {
        let kind = resource.kind().expect("a kind");
        let items: Vec<_> = (0..objects).map(|_| self.message(name)).collect();
        let json: Vec<_> = items.iter().map(|(json, _)| format!("{{{json}}}")).collect();
        let token = *self.pick(&["", "next"]);
        let json = format!(
            r#"{{"kind":"{}List","apiVersion":"{}","metadata":{{"resourceVersion":"1","continue":"{token}","remainingItemCount":7}},"items":[{}]}}"#,
            kind.kind,
            kind.api_version(),
            json.join(","),
        );
        let meta = [field(1, b""), field(2, b"1"), field(3, token.as_bytes()), number(4, 7)];
        let mut protobuf = field(1, &meta.concat());
        for (_, item) in &items {
            protobuf.extend(field(2, item));
        }
        Both { kind, json, protobuf }
    }

    /// What stands between the braces in JSON, and a message.
    fn message(&mut self, name: &str) -> (String, Vec<u8>) {
        let fields = &UPSTREAM[name];
        let mut json = Vec::new();
        let mut wire = Vec::new();
        // The server takes a volume of one source only.
        let only = (self.full && name == "core.VolumeSource")
            .then(|| usize::try_from(self.next() % fields.len() as u64).expect("it is small"));
        for (at, it) in fields.iter().enumerate() {
            if only.is_some_and(|only| only != at) {
                continue;
            }
            let (text, bytes) = self.field(it);
            json.extend(Some(text).filter(|it| !it.is_empty()));
            wire.push((it.number, bytes));
        }
        if !self.full && self.one_in(8) {
            json.push(r#""fromTheFuture":{"name":[1]}"#.to_owned());
            wire.push((15_000, field(15_000, b"\xff")));
        }
        // Go writes JSON in the order of its struct, and protobuf by number.
        wire.sort_by_key(|(number, _)| *number);
        (json.join(","), wire.into_iter().flat_map(|(_, bytes)| bytes).collect())
    }

    fn field(&mut self, it: &Upstream) -> (String, Vec<u8>) {
        let Upstream { name, number, of, .. } = *it;
        let named = |json: String| format!("{name:?}:{json}");
        if let Some(of) = of.strip_prefix("map.") {
            let mut entries = BTreeMap::new();
            for _ in 0..self.some() {
                let key = *self.pick(&WORDS);
                entries.insert(key, self.value(2, of));
            }
            let json: Vec<_> =
                entries.iter().map(|(key, (json, _, _))| format!("{}:{json}", text(key))).collect();
            let wire = entries.iter().flat_map(|(key, (_, value, _))| {
                field(number, &[field(1, key.as_bytes()), value.clone()].concat())
            });
            let wire = wire.collect();
            return if json.is_empty() {
                (String::new(), wire)
            } else {
                (named(format!("{{{}}}", json.join(","))), wire)
            };
        }
        if it.is_list {
            let (json, wire): (Vec<_>, Vec<_>) = (0..self.some())
                .map(|_| self.value(number, of))
                .map(|(json, wire, _)| (json, wire))
                .unzip();
            return if json.is_empty() {
                (String::new(), Vec::new())
            } else {
                (named(format!("[{}]", json.join(","))), wire.concat())
            };
        }
        if it.is_pointer && !self.full && self.one_in(2) {
            return (String::new(), Vec::new());
        }
        let (json, wire, is_zero) = self.value(number, of);
        if name == "^" {
            return (json[1..json.len() - 1].to_owned(), wire);
        }
        if is_zero && !it.is_pointer { (String::new(), wire) } else { (named(json), wire) }
    }

    /// As JSON, as a field, and whether Go would leave it out of JSON.
    fn value(&mut self, at: u32, of: &str) -> (String, Vec<u8>, bool) {
        match of {
            "string" => {
                let word = *self.pick(&WORDS);
                (text(word), field(at, word.as_bytes()), word.is_empty())
            }
            "bool" => {
                let flag = self.one_in(2);
                (flag.to_string(), number(at, flag.into()), !flag)
            }
            "int" => {
                let malformed = !self.full && self.one_in(300);
                let it =
                    if malformed { -1 } else { *self.pick(&[0, 1, 2, 300, i64::from(i32::MAX)]) };
                (it.to_string(), number(at, it), it == 0)
            }
            "bytes" => (r#""AAE=""#.to_owned(), field(at, &[0, 1]), false),
            "time" => {
                let seconds = *self.pick(&[0_i64, 1, 1_700_000_000]);
                if seconds == 0 && !self.full {
                    return ("null".to_owned(), field(at, &[]), false);
                }
                let time = jiff::Timestamp::from_second(seconds).expect("a time");
                let wire = [number(1, seconds), number(2, 0)].concat();
                (format!(r#""{time}""#), field(at, &wire), false)
            }
            "quantity" => {
                let amount = *self.pick(&["0", "100m", "1Gi", "2"]);
                (text(amount), field(at, &field(1, amount.as_bytes())), false)
            }
            "intorstring" => {
                let wire = [number(1, 0), number(2, 80), field(3, b"")].concat();
                ("80".to_owned(), field(at, &wire), false)
            }
            message => {
                let (json, wire) = self.message(message);
                (format!("{{{json}}}"), field(at, &wire), false)
            }
        }
    }

    /// How many of a list.
    fn some(&mut self) -> usize {
        if self.full { 1 } else { *self.pick(&[0, 0, 1, 1, 2]) }
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.next().is_multiple_of(n)
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let at = self.next() % from.len() as u64;
        &from[usize::try_from(at).expect("it is small")]
    }

    /// Sebastiano Vigna's splitmix64.
    fn next(&mut self) -> u64 {
        self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut it = self.seed;
        it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        it ^ (it >> 31)
    }
}

fn text(text: &str) -> String {
    serde_json::to_string(text).expect("text")
}

fn empty() -> Snapshot {
    let origin: Origin = serde_json::from_value(serde_json::json!({
        "source": "live", "started": "2026-01-01T00:00:00Z", "finished": "2026-01-01T00:00:00Z",
        "interrupted": false, "cluster": "", "server": "", "context": "", "user": "",
        "groups": [], "impersonated": false, "namespaces": [],
    }))
    .expect("an origin");
    Snapshot::unread(origin, &Cause::NotRequested, "")
}

fn facts(resource: Resource, encoding: Encoding, body: &[u8]) -> (Page, Snapshot) {
    let mut snapshot = empty();
    let mut pages = read(resource, [(encoding, body)], &mut snapshot).expect("a list");
    (pages.remove(0), snapshot)
}

/// The facts of a list, which are the same in both encodings.
#[track_caller]
fn same(resource: Resource, list: &Both) -> (Page, Snapshot) {
    let json = facts(resource, Encoding::Json, list.json.as_bytes());
    let protobuf = facts(resource, Encoding::Protobuf, &list.enveloped());
    assert_same(&json.1, &protobuf.1);
    assert_eq!(json, protobuf, "{resource}");
    json
}

/// Fails where two differ, in few words: the first line that is not the same.
#[track_caller]
fn assert_same<T: Debug + PartialEq>(one: &T, other: &T) {
    if one == other {
        return;
    }
    let (one, other) = (format!("{one:#?}"), format!("{other:#?}"));
    let differs = one.lines().zip(other.lines()).enumerate().find(|(_, (one, other))| one != other);
    if let Some((at, (left, right))) = differs {
        let before: Vec<_> = one.lines().take(at).collect();
        let context = before[at.saturating_sub(30)..].join("\n");
        panic!("{context}\n--- JSON\n{left}\n--- protobuf\n{right}");
    }
    panic!("they differ, and look the same");
}

#[test]
fn every_field_at_once_is_read_as_json_and_by_others() {
    for (resource, name) in KINDS {
        for seed in 0..9 {
            let list = Maker::new(seed, true).list(resource, name, 1 + seed % 3);
            let facts = same(resource, &list);
            assert_eq!(facts.0.malformed, [], "{resource}");
            let theirs = same(resource, &through_others(resource, &list));
            assert_same(&facts.1, &theirs.1);
            assert_eq!(facts, theirs, "{resource}");
        }
    }
}

/// The objects of the shared data, with their kind and its name in `upstream.txt`; none, and a line that says so,
/// where there are none.
#[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
fn shared_objects() -> Vec<(Resource, &'static str, Value)> {
    let root = env::var_os("ASSAY_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let (mut objects, mut folders) = (Vec::new(), vec![root.join("data")]);
    if !folders[0].is_dir() {
        assert!(env::var_os("CI").is_none(), "{} is missing", root.display());
        eprintln!("skipped: {} is missing", root.display());
        return objects;
    }
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let ending = path.extension().and_then(|it| it.to_str()).unwrap_or_default();
            if path.is_dir() {
                folders.push(path);
            } else if matches!(ending, "json" | "yaml") {
                let text = fs::read_to_string(&path).expect("text");
                // What is broken on purpose is the file readers' to tell of.
                let documents: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap_or_default();
                for document in documents {
                    open(document, &mut objects);
                }
            }
        }
    }
    objects
}

/// Sorts out a document's objects.
fn open(document: Value, objects: &mut Vec<(Resource, &'static str, Value)>) {
    let text = |key| document[key].as_str().unwrap_or_default();
    let group = text("apiVersion").rsplit_once('/').map_or("", |(group, _)| group);
    let kind = Resource::of_kind(group, text("kind")).and_then(|resource| {
        let api_version = resource.kind()?.api_version();
        KINDS.iter().find(|it| it.0 == resource && text("apiVersion") == api_version)
    });
    if let Some((resource, name)) = kind {
        objects.push((*resource, name, document));
    } else if let Some(Value::Array(items)) = document.get("items") {
        for item in items {
            open(item.clone(), objects);
        }
    }
}

#[test]
fn shared_data_are_read_as_json_and_by_others() {
    let objects = shared_objects();
    let (mut compared, mut untyped, mut incomplete) = (0, 0, 0);
    for (resource, name, object) in &objects {
        let Some(item) = written(object, name) else {
            untyped += 1;
            continue;
        };
        let kind = resource.kind().expect("a kind");
        let list = serde_json::json!({"kind": format!("{}List", kind.kind),
            "apiVersion": kind.api_version(), "metadata": {}, "items": [object]});
        let protobuf = [field(1, b""), field(2, &item)].concat();
        let list = Both { kind, json: list.to_string(), protobuf };
        let facts = same(*resource, &list);
        let others = through_others(*resource, &list);
        let of = |encoding, body: &[u8]| self::facts(*resource, encoding, body);
        assert_same(&facts.1, &of(Encoding::Protobuf, &others.enveloped()).1);
        // k8s-openapi gives a field that a server would demand its default: some data lack one.
        let (_, completed) = of(Encoding::Json, others.json.as_bytes());
        incomplete += usize::from(completed != facts.1);
        compared += 1;
    }
    assert!(incomplete * 20 <= compared, "{incomplete} of {compared} are read otherwise");
    assert!(objects.is_empty() || compared > 800, "{compared} compared");
    assert!(untyped * 50 <= compared, "{untyped} of {compared} are not of the types that they say");
}

#[test]
fn every_volume_source_has_its_name() {
    for it in &UPSTREAM["core.VolumeSource"] {
        assert_eq!(pod_spec::SOURCES[it.number as usize], it.name);
    }
    assert_eq!(UPSTREAM["core.VolumeSource"].len(), pod_spec::SOURCES.len() - 1);
}

#[test]
fn every_built_in_list_is_tried() {
    let listed = |it: &Resource| it.kind().is_some_and(|it| it.built_in);
    // Secrets come as a table, that no value of them be sent.
    let not_so = [Resource::ReplicaSets, Resource::Secrets];
    let kept = Resource::ALL.into_iter().filter(listed).filter(|it| !not_so.contains(it));
    assert!(kept.eq(KINDS.map(|(resource, _)| resource)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_objects_are_read_as_json(seed: u64, at in 0..KINDS.len(), objects in 0..6_u64) {
        let (resource, name) = KINDS[at];
        let list = Maker::new(seed, false).list(resource, name, objects);
        same(resource, &list);
    }
}

/// A pod as the server writes it: what differs by design, and an image that does not.
fn pod(name: &str, namespace: &str, token: &str, image: &str, variable: &str) -> Vec<u8> {
    let volume = format!("kube-api-access-{token}");
    let env = field(7, &[field(1, b"A"), field(2, variable.as_bytes())].concat());
    let mount = field(9, &[field(1, volume.as_bytes()), field(3, b"/t")].concat());
    let container =
        [field(1, b"c"), field(2, image.as_bytes()), env, field(8, b""), mount].concat();
    let projected = field(2, &field(26, b""));
    let spec = [
        field(1, &[field(1, volume.as_bytes()), projected].concat()),
        field(2, &container),
        field(10, format!("node-of-{name}").as_bytes()),
        number(11, 0),
        field(16, name.as_bytes()),
    ];
    let metadata = [field(1, name.as_bytes()), field(3, namespace.as_bytes())].concat();
    let status = field(1, b"Running");
    [field(1, &metadata), field(2, &spec.concat()), field(3, &status)].concat()
}

fn pod_list(token: &str, pods: &[Vec<u8>]) -> Vec<u8> {
    let mut list = field(1, &field(3, token.as_bytes()));
    for it in pods {
        list.extend(field(2, it));
    }
    list
}

fn pods(list: &[u8]) -> Vec<u8> {
    envelope("v1", "PodList", list)
}

#[test]
fn a_spec_that_is_written_as_a_recent_one_is_not_decoded_again() {
    let decoded = |pods: &[Vec<u8>]| {
        let (mut recent, mut count) = (RecentSpecs::default(), 0);
        let specs: Vec<_> = pods
            .iter()
            .map(|it| {
                let mut pod = Pod::read(Fields::of(it)).expect("a pod");
                let share = |it| {
                    count += 1;
                    Arc::new(it)
                };
                let spec = pod.spec(&mut recent, share).expect("a spec");
                assert_eq!(pod.node_name, format!("node-of-{}", pod.metadata.name));
                spec
            })
            .collect();
        (count, specs)
    };
    let (count, specs) = decoded(&[
        pod("a", "n", "x2b4c", "i:1", "v"),
        pod("b", "n", "9zzzz", "i:1", "v"),
        pod("cc", "n", "x2b4c", "i:1", "v"),
    ]);
    assert_eq!(count, 1);
    assert!(specs.iter().all(|it| *it == specs[0]));
    assert_eq!(&*specs[0].volumes[0].name, "kube-api-access");

    // As long, but not the same: an image, a value, and a name that only looks like a token volume's.
    let (count, specs) = decoded(&[
        pod("a", "n", "x2b4c", "i:1", "kube-api-access-00000"),
        pod("a", "n", "x2b4c", "i:2", "kube-api-access-00000"),
        pod("a", "n", "x2b4c", "i:1", "kube-api-access-q8Zr1"),
        pod("a", "n", "x2b\u{fc}", "i:1", "kube-api-access-00000"),
        pod("a", "n", "x2b4c9", "i:1", "kube-api-access-00000"),
    ]);
    assert_eq!((count, specs[0] == specs[1], specs[0] == specs[2]), (5, false, true));
    assert_eq!(specs[0], specs[3], "masked all the same, once it is decoded");
    assert_eq!(&*specs[4].volumes[0].name, "kube-api-access-x2b4c9");

    // More than are remembered.
    let many: Vec<_> = (0..40).map(|it| pod("a", "n", "x", &format!("i:{it:02}"), "")).collect();
    assert_eq!(decoded(&[&many[..], &many[30..], &many[..1]].concat()).0, 41);
}

#[test]
fn one_bad_object_costs_no_other() {
    let bad_spec = [field(1, &field(3, b"shop")), field(2, &number(2, 1))].concat();
    let bad_metadata = field(1, &[number(1, 1), field(3, b"hush")].concat());
    let no_namespace = [field(1, &field(1, b"x")), field(2, &number(2, 1))].concat();
    let good = pod("good", "shop", "x2b4c", "i", "");
    let fine = pod("fine", "ops", "x2b4c", "i", "");
    let list = [good, bad_spec, bad_metadata, no_namespace, vec![0xff], fine];
    let (page, snapshot) =
        facts(Resource::Pods, Encoding::Protobuf, &pods(&pod_list("next", &list)));
    assert_eq!(page.objects, 6);
    assert_eq!(page.continue_token.as_deref(), Some("next"));
    let default = Some("default".into());
    let [hush, shop] = ["hush", "shop"].map(|it| Some(it.into()));
    assert_eq!(page.malformed, [(None, 1), (default, 1), (hush, 1), (shop, 1)]);
    assert_eq!(snapshot.distinct(Resource::Pods), 2, "pods that nobody made stay apart");

    let role = field(1, &field(1, b"r"));
    let raw = [field(1, b""), field(2, &[role, number(2, 1)].concat())].concat();
    let body = envelope("rbac.authorization.k8s.io/v1", "ClusterRoleList", &raw);
    let (page, _) = facts(Resource::ClusterRoles, Encoding::Protobuf, &body);
    assert_eq!(page.malformed, [(None, 1)]);
}

#[test]
fn a_body_that_broke_off_is_told_from_one_that_is_no_list() {
    let read = |resource, body: &[u8]| {
        let mut snapshot = empty();
        let read = read(resource, [(Encoding::Protobuf, body)], &mut snapshot);
        assert!(read.is_ok() || snapshot == empty(), "nothing of it is kept");
        read.map(|mut it| it.remove(0))
    };
    let list = pod_list("", &[pod("a", "n", "x2b4c", "i", ""), pod("b", "n", "x2b4c", "i", "")]);
    let whole = pods(&list);
    let end = whole.len() - [field(3, &[]), field(4, &[])].concat().len();
    for cut in 0..end {
        assert_eq!(read(Resource::Pods, &whole[..cut]), Err(PageError::Truncated), "{cut}");
    }
    assert_eq!(read(Resource::Pods, &whole).map(|it| it.objects), Ok(2));

    let cut_inside = pods(&list[..list.len() - 1]);
    let wrapped = [MAGIC, &field(2, &list), &field(3, b"gzip")].concat();
    for (why, resource, body) in [
        ("another kind", Resource::Services, &whole),
        ("another version", Resource::Pods, &envelope("v2", "PodList", &list)),
        ("a single object", Resource::Pods, &envelope("v1", "Pod", &list)),
        ("a status", Resource::Pods, &envelope("v1", "Status", &field(2, b"Failure"))),
        ("whole, but not inside", Resource::Pods, &cut_inside),
        ("encoded once more", Resource::Pods, &wrapped),
        ("JSON", Resource::Pods, &br#"{"items":[]}"#.to_vec()),
        ("never protobuf", Resource::VulnerabilityReports, &whole),
        ("no list at all", Resource::Version, &whole),
    ] {
        assert_eq!(read(resource, body), Err(PageError::NotAList), "{why}");
    }
    assert_eq!(read(Resource::Pods, &pods(&[])), Ok(Page::default()));
}

#[test]
fn the_token_is_found_before_the_page_is_there() {
    let body = pods(&pod_list("next", &[pod("a", "n", "x2b4c", "i", "")]));
    let token_ends = body.windows(4).position(|it| it == b"next").expect("a token") + 4;
    for end in 0..=body.len() {
        let token = list_meta(&body[..end]).and_then(|it| it.continue_token);
        assert_eq!(token.as_deref(), (end >= token_ends).then_some("next"), "{end}");
    }
    let meta = field(1, &[field(3, b""), number(4, 5)].concat());
    let last = ListMeta { continue_token: None, remaining: Some(5) };
    assert_eq!(list_meta(&pods(&meta)), Some(last));
    assert_eq!(list_meta(br#"{"kind":"PodList"}"#), None);
}

#[test]
fn text_that_is_no_utf_8_is_repaired_and_costs_no_object() {
    let metadata = field(1, &[field(1, b"a\xff"), field(3, b"n")].concat());
    let (page, snapshot) =
        facts(Resource::Pods, Encoding::Protobuf, &pods(&pod_list("", &[metadata])));
    assert_eq!((page.objects, page.malformed), (1, vec![]));
    assert!(format!("{:?}", snapshot.pods).contains("a\u{fffd}"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn pods_of_few_specs_are_read_as_json_whatever_their_order(
        seed: u64,
        order in prop::collection::vec((0..6_u64, any::<bool>()), 0..40),
    ) {
        // A pod is one of six, or that one with another token volume.
        let both: Vec<Both> = order
            .iter()
            .map(|(which, renamed)| {
                let mut it = Maker::new(seed ^ which, false).list(Resource::Pods, "core.Pod", 1);
                if *renamed {
                    it.json = it.json.replace("kube-api-access-x2b4c", "kube-api-access-00000");
                    let at = |it: &[u8]| it.windows(21).position(|it| it == b"kube-api-access-x2b4c");
                    while let Some(at) = at(&it.protobuf) {
                        it.protobuf[at..at + 21].copy_from_slice(b"kube-api-access-00000");
                    }
                }
                it
            })
            .collect();
        let protobuf: Vec<_> = both.iter().map(Both::enveloped).collect();
        let json = both.iter().map(|it| (Encoding::Json, it.json.as_bytes()));
        let protobuf = protobuf.iter().map(|it| (Encoding::Protobuf, &it[..]));
        let (mut one, mut other) = (empty(), empty());
        let pages = read(Resource::Pods, json, &mut one);
        prop_assert_eq!(pages, read(Resource::Pods, protobuf, &mut other));
        assert_same(&one, &other);
        prop_assert_eq!(one, other);
    }

    #[test]
    fn no_bytes_make_it_panic(
        at in 0..KINDS.len(),
        raw in prop::collection::vec(any::<u8>(), 0..200),
        api_version in "[a-z/0-9]{0,9}",
    ) {
        let (resource, _) = KINDS[at];
        let kind = resource.kind().expect("a kind");
        let list = Both { kind, json: String::new(), protobuf: raw.clone() };
        let object = Both { protobuf: field(2, &raw), ..list.clone() };
        let bodies = [
            raw.clone(),
            [MAGIC, &raw].concat(),
            envelope(&api_version, "PodList", &raw),
            list.enveloped(),
            object.enveloped(),
        ];
        for body in &bodies {
            list_meta(body);
            if let Ok(pages) = read(resource, [(Encoding::Protobuf, &body[..])], &mut empty()) {
                prop_assert!(pages[0].objects as usize <= body.len());
            }
        }
    }

    #[test]
    fn no_damage_makes_it_panic_or_lose_count(
        seed: u64,
        at in 0..KINDS.len(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..9),
        cut: prop::sample::Index,
    ) {
        let (resource, name) = KINDS[at];
        let mut body = Maker::new(seed, false).list(resource, name, 2).enveloped();
        for (at, byte) in damage {
            let at = at.index(body.len());
            body[at] = byte;
        }
        for body in [&body[..], &body[..cut.index(body.len())]] {
            let mut snapshot = empty();
            let Ok(pages) = read(resource, [(Encoding::Protobuf, body)], &mut snapshot) else { continue };
            let malformed: u32 = pages[0].malformed.iter().map(|(_, count)| count).sum();
            let kept = pages[0].objects - malformed - snapshot.finished_pods;
            prop_assert!(snapshot.distinct(resource) as u64 <= kept.into());
        }
    }
}
