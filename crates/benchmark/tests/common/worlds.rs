//! Whole clusters as objects, so that single pods can be taken away before they are folded.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use assay_benchmark::{
    Settings, rbac,
    settings::{Allow, Declaration},
};
use assay_collector::files::{self, Completeness};
use assay_model::{
    Known, Snapshot,
    control_plane::{AnonymousProbe, Flagz, Metrics, ServingCertificate, Version},
    rbac::Subject,
    selector::Selector,
};
use serde_json::{Value, json};

use crate::{
    cases::{Case, entries, name},
    common,
    random::Random,
};

/// A cluster, object by object.
#[derive(Debug, Clone)]
pub(crate) struct World {
    /// Where its objects come from.
    pub(crate) name: String,
    /// No two of one kind, namespace and name.
    pub(crate) objects: Vec<Value>,
    /// What kubelets answer, by file: `configz/node-1`.
    kubelets: BTreeMap<String, Value>,
    version: Known<Version>,
    serving_certificate: Known<ServingCertificate>,
    anonymous_probe: Known<AnonymousProbe>,
    metrics: Known<Metrics>,
    flagz: Known<Flagz>,
}

impl World {
    /// A fixture.
    pub(crate) fn of(case: &Case) -> Self {
        let name = format!("{}/{}/{}", case.check, case.outcome.name(), name(&case.path));
        World::read(&name, &case.path, &common::world(&case.path).expect("a fixture"))
    }

    /// The objects of a file or a folder, and what `snapshot` has beside them.
    pub(crate) fn read(name: &str, path: &Path, snapshot: &Snapshot) -> Self {
        let is_folder = path.is_dir();
        let files = if is_folder { entries(path) } else { vec![path.to_owned()] };
        let mut objects = Vec::new();
        for file in files.iter().filter(|it| it.is_file()) {
            for document in documents(file) {
                flatten(document, &mut objects);
            }
        }
        let answers = ["configz", "flagz"].into_iter().flat_map(|folder| {
            entries(&path.join(folder)).into_iter().map(move |file| {
                let node = file.file_stem().unwrap_or_default().display().to_string();
                (format!("{folder}/{node}"), documents(&file).remove(0))
            })
        });
        let mut world = World {
            name: name.to_owned(),
            objects,
            kubelets: answers.collect(),
            version: snapshot.version.clone(),
            serving_certificate: snapshot.serving_certificate.clone(),
            anonymous_probe: snapshot.anonymous_probe.clone(),
            metrics: snapshot.metrics.clone(),
            flagz: snapshot.flagz.clone(),
        };
        world.keep_last();
        world
    }

    /// Several in one. Their namespaces are renamed apart, but for the platform's, `default`, and now
    /// and then another; of objects that still have one name, the last one stays.
    pub(crate) fn united(worlds: &[&World], random: &mut Random) -> Self {
        let mut all = worlds[random.below(worlds.len())].clone();
        let platform = Settings::default();
        all.name = worlds.iter().map(|it| it.name.as_str()).collect::<Vec<_>>().join(" + ");
        all.objects.clear();
        all.kubelets.clear();
        for (index, world) in worlds.iter().enumerate() {
            let mut objects = world.objects.clone();
            for namespace in world.namespaces() {
                let is_special = namespace == "default" || platform.is_platform(&namespace);
                if !is_special && !random.once_in(3) {
                    let apart = format!("{namespace}{index}");
                    for object in &mut objects {
                        rename(object, &namespace, &apart);
                    }
                }
            }
            let own_names = random.once_in(2);
            for object in
                objects.iter_mut().filter(|it| own_names && it["kind"] == "ClusterRoleBinding")
            {
                let apart = format!("{}-{index}", text(object, "/metadata/name"));
                object["metadata"]["name"] = apart.into();
            }
            all.objects.extend(objects);
            all.kubelets.extend(world.kubelets.clone());
        }
        all.keep_last();
        all
    }

    /// Adds pods to some templates: as the template wants them, or with one of `specs` in its place, as
    /// webhooks and edits leave them; some under owners that cannot be told.
    pub(crate) fn populate(&mut self, specs: &[Value], random: &mut Random) {
        let mut nodes: Vec<String> = self.names_of("Node");
        nodes.push("node-of-nobody".to_owned());
        let mut added = Vec::new();
        for object in &self.objects {
            let Some(template) = template(object) else { continue };
            if !random.once_in(2) {
                continue;
            }
            let (mut owner, hash) = owner(object, random, &mut added);
            owner["controller"] = true.into();
            let mut labels = template.pointer("/metadata/labels").cloned().unwrap_or(json!({}));
            // A controller lets go of a pod that its selector does not match, so these are the same for
            // all of its pods. A ReplicaSet that no Deployment made has no hash.
            if let Some(hash) = hash.filter(|_| !random.once_in(8)) {
                labels["pod-template-hash"] = hash.into();
            }
            if random.once_in(8) {
                labels["app"] = "edited".into();
            }
            for number in 0..=random.below(3) {
                let wanted = &template["spec"];
                let mut spec = if random.once_in(3) { random.pick(specs) } else { wanted }.clone();
                if spec.is_null() {
                    continue;
                }
                spec["nodeName"] = random.pick(&nodes).as_str().into();
                added.push(json!({
                    "apiVersion": "v1",
                    "kind": "Pod",
                    "metadata": {
                        "namespace": namespace(object),
                        "name": format!("{}-{number}", text(&owner, "/name")),
                        "labels": labels,
                        "ownerReferences": [owner],
                    },
                    "spec": spec,
                    "status": {"phase": if random.once_in(16) { "Succeeded" } else { "Running" }},
                }));
            }
        }
        self.objects.extend(added);
        self.keep_last();
    }

    /// What its user may say of it.
    pub(crate) fn settings(&self, random: &mut Random) -> Settings {
        let mut settings = Settings::default();
        if random.once_in(2) {
            let bindings = self.objects.iter().filter_map(|it| it["subjects"].as_array());
            let subject = |it: &Value| Subject {
                kind: text(it, "/kind").into(),
                namespace: text(it, "/namespace").into(),
                name: text(it, "/name").into(),
            };
            let subjects: Vec<Subject> = bindings.flatten().map(subject).collect();
            let allow = |subject: Subject| Allow { check: None, subject: rbac::normal(&subject) };
            settings.allow = random.some(&subjects).into_iter().map(allow).collect();
        }
        if random.once_in(4) {
            settings.declared = Declaration::ALL.into_iter().map(|(_, it)| it).collect();
        }
        if random.once_in(2) {
            settings.allowed_registries = Some(vec!["registry.example".to_owned()]);
        }
        let namespaces: Vec<String> = self.namespaces().into_iter().collect();
        if random.once_in(8) {
            settings.platform_namespaces = random.some(&namespaces);
        }
        if random.once_in(8) {
            settings.namespaces = random.some(&namespaces);
        }
        if random.once_in(8) {
            let match_labels = [("app".into(), "web".into())].into_iter().collect();
            settings.selector = Some(Selector { match_labels, ..Selector::default() });
        }
        settings
    }

    /// All of it, read.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let mut snapshot = read(&self.objects, &self.kubelets);
        snapshot.version.clone_from(&self.version);
        snapshot.serving_certificate.clone_from(&self.serving_certificate);
        snapshot.anonymous_probe.clone_from(&self.anonymous_probe);
        snapshot.metrics.clone_from(&self.metrics);
        snapshot.flagz.clone_from(&self.flagz);
        snapshot
    }

    /// Its pods.
    pub(crate) fn pods(&self) -> Vec<&Value> {
        self.objects.iter().filter(|it| it["kind"] == "Pod").collect()
    }

    /// Keeps the first three pods of each owner: so many names a workload keeps.
    pub(crate) fn thin_out(&mut self) {
        let mut seen: BTreeMap<String, u32> = BTreeMap::new();
        self.objects.retain(|it| {
            let Some(owner) = it.pointer("/metadata/ownerReferences/0") else { return true };
            let seen = seen.entry(format!("{} {}", namespace(it), owner["uid"])).or_default();
            *seen += u32::from(it["kind"] == "Pod");
            it["kind"] != "Pod" || *seen <= 3
        });
    }

    /// Every pod spec in it.
    pub(crate) fn specs(&self) -> impl Iterator<Item = Value> {
        let own = self.pods().into_iter().map(|it| it["spec"].clone());
        own.chain(self.objects.iter().filter_map(template).map(|it| it["spec"].clone()))
            .filter(Value::is_object)
    }

    fn names_of(&self, kind: &str) -> Vec<String> {
        let of_kind = self.objects.iter().filter(|it| it["kind"] == kind);
        of_kind.map(|it| text(it, "/metadata/name").to_owned()).collect()
    }

    fn namespaces(&self) -> BTreeSet<String> {
        let named = self.objects.iter().map(|it| text(it, "/metadata/namespace").to_owned());
        named.chain(self.names_of("Namespace")).filter(|it| !it.is_empty()).collect()
    }

    fn keep_last(&mut self) {
        let mut seen = BTreeSet::new();
        let mut kept: Vec<Value> = Vec::new();
        for object in self.objects.drain(..).rev() {
            let kind = (text(&object, "/apiVersion").to_owned(), text(&object, "/kind").to_owned());
            let name = (namespace(&object).to_owned(), text(&object, "/metadata/name").to_owned());
            if seen.insert((kind, name)) {
                kept.push(object);
            }
        }
        kept.reverse();
        self.objects = kept;
    }
}

/// Whose pods those of a template are: a reference, and the hash that a `ReplicaSet`'s pods carry.
fn owner(
    object: &Value,
    random: &mut Random,
    added: &mut Vec<Value>,
) -> (Value, Option<&'static str>) {
    let (kind, name) = (text(object, "/kind"), text(object, "/metadata/name"));
    match kind {
        "Deployment" => {
            let hash = *random.pick(&["7d4b9", "5f6c8"]);
            let name = format!("{name}-{hash}");
            (json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": name}), Some(hash))
        }
        "CronJob" => {
            let name = format!("{name}-29000000");
            let mut job = json!({
                "apiVersion": "batch/v1",
                "kind": "Job",
                "metadata": {
                    "namespace": namespace(object),
                    "name": name,
                    "ownerReferences": [{
                        "apiVersion": "batch/v1", "kind": "CronJob", "controller": true,
                        "name": text(object, "/metadata/name"),
                    }],
                },
            });
            job["spec"]["template"] = object["spec"]["jobTemplate"]["spec"]["template"].clone();
            added.push(job);
            (json!({"apiVersion": "batch/v1", "kind": "Job", "name": name}), None)
        }
        kind => (json!({"apiVersion": object["apiVersion"], "kind": kind, "name": name}), None),
    }
}

/// The pod template of an object that has one.
fn template(object: &Value) -> Option<&Value> {
    let path = match text(object, "/kind") {
        "Deployment" | "DaemonSet" | "StatefulSet" | "Job" => "/spec/template",
        "CronJob" => "/spec/jobTemplate/spec/template",
        _ => return None,
    };
    object.pointer(path)
}

/// Where an object is: in `default` when it does not say.
pub(crate) fn namespace(object: &Value) -> &str {
    match text(object, "/metadata/namespace") {
        "" => "default",
        it => it,
    }
}

/// The text at a place; empty when there is none.
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Puts one name in the place of another wherever text is that name, or has it between colons as the
/// user names of service accounts do.
fn rename(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::String(text) => {
            let parts: Vec<&str> =
                text.split(':').map(|it| if it == from { to } else { it }).collect();
            *text = parts.join(":");
        }
        Value::Array(items) => items.iter_mut().for_each(|it| rename(it, from, to)),
        Value::Object(fields) => fields.values_mut().for_each(|it| rename(it, from, to)),
        _ => {}
    }
}

/// Reads objects as files are: through the decoder and the fold of the collector.
pub(crate) fn read(objects: &[Value], kubelets: &BTreeMap<String, Value>) -> Snapshot {
    static FOLDERS: AtomicU32 = AtomicU32::new(0);
    let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("world-{}-{number}", std::process::id()));
    for answers in ["configz", "flagz"] {
        fs::create_dir_all(folder.join(answers)).expect("a folder");
    }
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    fs::write(folder.join("objects.json"), list.to_string()).expect("a file");
    for (file, answer) in kubelets {
        fs::write(folder.join(format!("{file}.json")), answer.to_string()).expect("a file");
    }
    let now = common::NOW.parse().expect("a time");
    let reading = files::read(&folder, &Completeness::Everything, now).expect("objects");
    fs::remove_dir_all(&folder).expect("a folder");
    let mut snapshot = reading.snapshot;
    // It names the folder, which is another one each time.
    snapshot.origin.cluster.clear();
    snapshot
}

/// The documents of a YAML or JSON file; what is neither has none.
fn documents(file: &Path) -> Vec<Value> {
    match file.extension().and_then(|it| it.to_str()) {
        Some("json") if name(file) != "evidence.json" && name(file) != "expect.json" => {
            let text = fs::read_to_string(file).expect("a file");
            vec![serde_json::from_str(&text).expect("JSON")]
        }
        Some("yaml") => {
            let text = fs::read_to_string(file).expect("a file");
            serde_saphyr::from_multiple(&text).expect("YAML")
        }
        _ => Vec::new(),
    }
}

/// The objects in a document: its own, or those of a list.
fn flatten(document: Value, objects: &mut Vec<Value>) {
    let list = text(&document, "/kind").strip_suffix("List").map(str::to_owned);
    match (list, document.get("items")) {
        (Some(of), Some(Value::Array(items))) => {
            for item in items {
                let mut item = item.clone();
                if !of.is_empty() {
                    item["kind"] = of.as_str().into();
                    item["apiVersion"] = document["apiVersion"].clone();
                }
                flatten(item, objects);
            }
        }
        (Some(_), Some(Value::Null) | None) => {}
        _ if document.is_object() => objects.push(document),
        _ => {}
    }
}
