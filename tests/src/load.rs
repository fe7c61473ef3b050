//! Objects of one cluster made to live in another.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use hyper::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::{Api, api::Answer};

/// Requests in flight. Two cores are busy with eight.
const PARALLEL: usize = 8;

/// How long the server may take to serve a kind after its definition was created.
const SERVED_WITHIN: Duration = Duration::from_secs(30);

/// An owner that neither the objects nor the server has, and whose reference names no uid.
const NO_UID: &str = "00000000-0000-0000-0000-000000000000";

/// Whose object it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ref {
    /// Such as `apps/v1`; empty if the object named none.
    pub api_version: String,
    /// Such as `Deployment`.
    pub kind: String,
    /// `None`: cluster-wide.
    pub namespace: Option<String>,
    /// Never empty.
    pub name: String,
}

impl fmt::Display for Ref {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} ", self.kind)?;
        if let Some(namespace) = &self.namespace {
            write!(f, "{namespace}/")?;
        }
        f.write_str(&self.name)
    }
}

/// What became of the objects, each list sorted. Every object is in `created`, `replaced` or `refused`.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// New in the cluster.
    pub created: Vec<Ref>,
    /// In the cluster before, such as bootstrap roles; now as loaded.
    pub replaced: Vec<Ref>,
    /// Not in the cluster, with the server's reason.
    pub refused: Vec<(Ref, String)>,
    /// Namespaces and service accounts that were not among the objects, but that they need.
    pub added: Vec<Ref>,
    /// In the cluster, but without a part that goes by a subresource: status, ephemeral containers.
    pub partial: Vec<(Ref, String)>,
}

impl fmt::Display for Loaded {
    /// Counts, then a line for each object that is not as it was meant to be.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Self { created, replaced, refused, added, partial } = self;
        let (created, replaced, added) = (created.len(), replaced.len(), added.len());
        let refusals = refused.len();
        writeln!(f, "{created} created, {replaced} replaced, {refusals} refused; {added} added")?;
        for (reference, reason) in refused {
            writeln!(f, "  refused {reference}: {reason}")?;
        }
        for (reference, reason) in partial {
            writeln!(f, "  partial {reference}: {reason}")?;
        }
        Ok(())
    }
}

impl Loaded {
    /// How many of the objects are in the cluster.
    pub fn count(&self) -> usize {
        self.created.len() + self.replaced.len()
    }
}

/// An object on its way.
#[derive(Clone, Debug)]
struct Item {
    reference: Ref,
    object: Value,
    /// Not among the objects to load, but needed by them.
    added: bool,
}

/// What became of one [`Item`].
enum Fate {
    Created {
        uid: String,
    },
    Replaced {
        uid: String,
    },
    /// An added one that was there already.
    Present {
        uid: String,
    },
    Refused(String),
}

/// A kind as discovery describes it.
#[derive(Clone, Debug)]
struct Served {
    plural: String,
    namespaced: bool,
    subresources: BTreeSet<String>,
}

/// Kinds by API version; an API version that the server does not serve has none.
type Discovery = BTreeMap<String, BTreeMap<String, Served>>;

pub(crate) async fn load(api: &Api, objects: Vec<Value>) -> Result<Loaded> {
    let mut items = objects.into_iter().map(item).collect::<Result<Vec<_>>>()?;
    let enforced = take_enforcement(&mut items);

    let mut cluster = Loader {
        api,
        discovery: Discovery::new(),
        uids: BTreeMap::new(),
        loaded: Loaded::default(),
    };
    cluster.discover(&items).await?;
    cluster.place(&mut items);
    add_missing(&mut items);
    cluster.discover(&items).await?;
    for wave in waves(items) {
        cluster.create(wave).await?;
    }
    for (namespace, labels) in enforced {
        let path = format!("/api/v1/namespaces/{namespace}");
        let change = json!({ "metadata": { "labels": labels } });
        let answer = api.send(&Method::PATCH, &path, Some(&change)).await?;
        if !answer.status.is_success() {
            let reference = Ref {
                api_version: "v1".to_owned(),
                kind: "Namespace".to_owned(),
                namespace: None,
                name: namespace,
            };
            cluster.loaded.partial.push((reference, format!("labels: {}", answer.message())));
        }
    }

    let mut outcome = cluster.loaded;
    outcome.created.sort();
    outcome.replaced.sort();
    outcome.refused.sort();
    outcome.added.sort();
    outcome.partial.sort();
    Ok(outcome)
}

struct Loader<'a> {
    api: &'a Api,
    discovery: Discovery,
    /// Of what was created, and of owners that were found in the cluster.
    uids: BTreeMap<Ref, String>,
    loaded: Loaded,
}

impl Loader<'_> {
    /// Asks for the API versions of `items`.
    async fn discover(&mut self, items: &[Item]) -> Result<()> {
        for item in items {
            self.ask(&item.reference.api_version).await?;
        }
        Ok(())
    }

    /// Asks for the kinds of an API version, once.
    async fn ask(&mut self, api_version: &str) -> Result<()> {
        if !self.discovery.contains_key(api_version) {
            self.discovery.insert(api_version.to_owned(), served(self.api, api_version).await?);
        }
        Ok(())
    }

    fn served(&self, reference: &Ref) -> Option<&Served> {
        self.discovery.get(&reference.api_version)?.get(&reference.kind)
    }

    /// Gives the namespaced a namespace, and takes it from those that have none.
    fn place(&self, items: &mut [Item]) {
        for item in items {
            let Some(served) = self.served(&item.reference) else { continue };
            let Item { reference, object, .. } = item;
            if served.namespaced {
                let namespace = reference.namespace.get_or_insert_with(|| "default".to_owned());
                object["metadata"]["namespace"] = namespace.as_str().into();
            } else {
                reference.namespace = None;
                remove(&mut object["metadata"], &["namespace"]);
            }
        }
    }

    /// Creates items that do not need each other.
    async fn create(&mut self, mut wave: Vec<Item>) -> Result<()> {
        // Again: the definition of its kind may have come in an earlier wave.
        self.place(&mut wave);
        for item in &mut wave {
            self.adopt(item).await?;
            clean(&item.reference.kind, &mut item.object);
        }
        let this = &*self;
        let fates: Vec<(Item, Fate, Option<String>)> = stream::iter(wave)
            .map(|item| async move {
                let (fate, missing) = this.send(&item).await?;
                anyhow::Ok((item, fate, missing))
            })
            .buffer_unordered(PARALLEL)
            .try_collect()
            .await?;
        for (item, fate, missing) in fates {
            self.note(item.reference.clone(), item.added, fate, missing);
            if item.reference.kind == "CustomResourceDefinition" {
                self.await_served(&item.object).await?;
            }
        }
        Ok(())
    }

    fn note(&mut self, reference: Ref, added: bool, fate: Fate, missing: Option<String>) {
        if let Some(missing) = missing {
            self.loaded.partial.push((reference.clone(), missing));
        }
        let (list, uid) = match fate {
            Fate::Refused(reason) => return self.loaded.refused.push((reference, reason)),
            Fate::Present { uid } => (None, uid),
            Fate::Created { uid } if added => (Some(&mut self.loaded.added), uid),
            Fate::Created { uid } => (Some(&mut self.loaded.created), uid),
            Fate::Replaced { uid } => (Some(&mut self.loaded.replaced), uid),
        };
        if let Some(list) = list {
            list.push(reference.clone());
        }
        self.uids.insert(reference, uid);
    }

    /// Exchanges the uids of owners, in references and in the labels that a job gives its pods.
    async fn adopt(&mut self, item: &mut Item) -> Result<()> {
        let Some(Value::Array(owners)) = item.object["metadata"].get("ownerReferences").cloned()
        else {
            return Ok(());
        };
        for (at, owner) in owners.iter().enumerate() {
            let Some(uid) = self.owner_uid(&item.reference, owner).await? else { continue };
            let old = owner.get("uid").and_then(Value::as_str).unwrap_or_default();
            for label in ["controller-uid", "batch.kubernetes.io/controller-uid"] {
                match item.object.pointer_mut("/metadata/labels").and_then(|it| it.get_mut(label)) {
                    Some(value) if value == old => *value = uid.clone().into(),
                    _ => {}
                }
            }
            item.object["metadata"]["ownerReferences"][at]["uid"] = uid.into();
        }
        Ok(())
    }

    /// The live uid of an owner. `None`: no such owner, and the reference may stay as it was.
    async fn owner_uid(&mut self, of: &Ref, reference: &Value) -> Result<Option<String>> {
        let mut owner = owner_of(of, reference);
        self.ask(&owner.api_version).await?;
        let served = self.served(&owner).cloned();
        if served.as_ref().is_some_and(|it| !it.namespaced) {
            owner.namespace = None;
        }
        if let Some(uid) = self.uids.get(&owner) {
            return Ok(Some(uid.clone()));
        }
        if let Some(served) = served {
            let path = format!("{}/{}", collection(&owner, &served), owner.name);
            let answer = self.api.send(&Method::GET, &path, None).await?;
            if answer.status.is_success() {
                let uid = uid(&answer)?;
                self.uids.insert(owner, uid.clone());
                return Ok(Some(uid));
            }
        }
        Ok(reference.get("uid").is_none().then(|| NO_UID.to_owned()))
    }

    /// Creates one object; the second value says which part of it the server would not have.
    async fn send(&self, item: &Item) -> Result<(Fate, Option<String>)> {
        let Ref { api_version, kind, name, .. } = &item.reference;
        let Some(served) = self.served(&item.reference) else {
            let reason = match api_version.as_str() {
                "" => "has no apiVersion".to_owned(),
                version => format!("{version} {kind} is not served"),
            };
            return Ok((Fate::Refused(reason), None));
        };
        let (object, parts) = part(kind, &item.object, served);
        let collection = collection(&item.reference, served);
        let path = format!("{collection}/{name}");

        let created = self.api.send(&Method::POST, &collection, Some(&object)).await?;
        let fate = if created.status == StatusCode::CONFLICT {
            let present = self.api.send(&Method::GET, &path, None).await?;
            let uid = uid(&present)?;
            if item.added {
                return Ok((Fate::Present { uid }, None));
            }
            let mut object = object;
            object["metadata"]["resourceVersion"] =
                present.json()?["metadata"]["resourceVersion"].take();
            let put = self.api.send(&Method::PUT, &path, Some(&object)).await?;
            if put.status.is_success() {
                Fate::Replaced { uid }
            } else {
                Fate::Refused(put.message())
            }
        } else if created.status.is_success() {
            Fate::Created { uid: uid(&created)? }
        } else {
            Fate::Refused(created.message())
        };
        if matches!(fate, Fate::Refused(_)) {
            return Ok((fate, None));
        }

        let mut missing = Vec::new();
        for (subresource, patch) in parts {
            let answer = self
                .api
                .send(&Method::PATCH, &format!("{path}/{subresource}"), Some(&patch))
                .await?;
            if !answer.status.is_success() {
                missing.push(format!("{subresource}: {}", answer.message()));
            }
        }
        Ok((fate, (!missing.is_empty()).then(|| missing.join("; "))))
    }

    /// Waits until the kind that a definition defines is served.
    async fn await_served(&mut self, definition: &Value) -> Result<()> {
        let text =
            |pointer| definition.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let (group, kind) = (text("/spec/group"), text("/spec/names/kind"));
        let versions = definition.pointer("/spec/versions").and_then(Value::as_array);
        for version in versions.into_iter().flatten().filter(|it| it["served"] == true) {
            let api_version = format!("{group}/{}", version["name"].as_str().unwrap_or_default());
            let begin = Instant::now();
            loop {
                let kinds = served(self.api, &api_version).await?;
                let found = kinds.contains_key(kind);
                self.discovery.insert(api_version.clone(), kinds);
                if found || begin.elapsed() > SERVED_WITHIN {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        Ok(())
    }
}

fn item(object: Value) -> Result<Item> {
    let text =
        |pointer| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let reference = Ref {
        api_version: text("/apiVersion"),
        kind: text("/kind"),
        namespace: Some(text("/metadata/namespace")).filter(|it| !it.is_empty()),
        name: text("/metadata/name"),
    };
    ensure!(!reference.name.is_empty(), "an object without a name: {object}");
    Ok(Item { reference, object, added: false })
}

/// The Pod Security labels of namespaces, taken off until what was admitted before them is there.
fn take_enforcement(items: &mut [Item]) -> BTreeMap<String, Map<String, Value>> {
    let mut taken: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for Item { reference, object, .. } in
        items.iter_mut().filter(|it| it.reference.kind == "Namespace")
    {
        let Some(Value::Object(labels)) = object.pointer_mut("/metadata/labels") else { continue };
        let (enforcing, rest): (Map<_, _>, Map<_, _>) = std::mem::take(labels)
            .into_iter()
            .partition(|(key, _)| key.starts_with("pod-security.kubernetes.io/"));
        *labels = rest;
        if !enforcing.is_empty() {
            taken.insert(reference.name.clone(), enforcing);
        }
    }
    taken
}

/// Adds the namespaces that objects are in, a `default` service account for each, and those of pods.
fn add_missing(items: &mut Vec<Item>) {
    let mut namespaces = BTreeSet::new();
    let mut accounts = BTreeSet::new();
    for Item { reference: Ref { kind, namespace, name, .. }, object, .. } in &*items {
        if kind == "Namespace" {
            namespaces.insert(name.clone());
        }
        namespaces.extend(namespace.clone());
        if kind == "Pod"
            && let Some(namespace) = namespace
            && let Some(account) =
                object.pointer("/spec/serviceAccountName").and_then(Value::as_str)
        {
            accounts.insert((namespace.clone(), account.to_owned()));
        }
    }
    accounts.extend(namespaces.iter().map(|it| (it.clone(), "default".to_owned())));
    let namespaces = namespaces.into_iter().map(|name| ("Namespace", None, name));
    let accounts =
        accounts.into_iter().map(|(namespace, name)| ("ServiceAccount", Some(namespace), name));
    let known: BTreeSet<Ref> = items.iter().map(|it| it.reference.clone()).collect();
    for (kind, namespace, name) in namespaces.chain(accounts) {
        let mut object = json!({ "apiVersion": "v1", "kind": kind, "metadata": { "name": name } });
        if let Some(namespace) = &namespace {
            object["metadata"]["namespace"] = namespace.as_str().into();
        }
        let reference =
            Ref { api_version: "v1".to_owned(), kind: kind.to_owned(), namespace, name };
        if !known.contains(&reference) {
            items.push(Item { reference, object, added: true });
        }
    }
}

/// Items in an order in which each finds what it needs, owners first.
fn waves(items: Vec<Item>) -> impl Iterator<Item = Vec<Item>> {
    let owners: BTreeMap<Ref, Vec<Ref>> =
        items.iter().map(|it| (it.reference.clone(), owners(&it.reference, &it.object))).collect();
    let mut waves: BTreeMap<(u8, usize), Vec<Item>> = BTreeMap::new();
    for item in items {
        let depth = depth(&item.reference, &owners, 0);
        waves.entry((rank(&item.reference.kind), depth)).or_default().push(item);
    }
    waves.into_values()
}

/// What others need comes first, and what would judge or redirect others comes last.
fn rank(kind: &str) -> u8 {
    match kind {
        "CustomResourceDefinition" => 0,
        "Namespace" => 1,
        "Node" | "ServiceAccount" | "PriorityClass" | "RuntimeClass" | "StorageClass"
        | "PersistentVolume" | "ClusterRole" | "Role" => 2,
        "LimitRange"
        | "ResourceQuota"
        | "ValidatingAdmissionPolicy"
        | "ValidatingAdmissionPolicyBinding"
        | "MutatingAdmissionPolicy"
        | "MutatingAdmissionPolicyBinding"
        | "ValidatingWebhookConfiguration"
        | "MutatingWebhookConfiguration"
        | "APIService" => 4,
        _ => 3,
    }
}

/// How many owners stand above, among the items. Owners in a circle end at some depth like any other.
fn depth(reference: &Ref, owners: &BTreeMap<Ref, Vec<Ref>>, below: usize) -> usize {
    const DEEPEST: usize = 16;
    let above = owners.get(reference).into_iter().flatten().filter(|it| owners.contains_key(it));
    above
        .map(|it| if below < DEEPEST { 1 + depth(it, owners, below + 1) } else { 0 })
        .max()
        .unwrap_or(0)
}

fn owners(reference: &Ref, object: &Value) -> Vec<Ref> {
    let owners = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    let near = owners.into_iter().flatten().map(|it| owner_of(reference, it));
    // An owner may also be cluster-wide, such as a mirror pod's node.
    near.flat_map(|it| [Ref { namespace: None, ..it.clone() }, it]).collect()
}

/// The owner as if it were in the namespace of what it owns.
fn owner_of(owned: &Ref, reference: &Value) -> Ref {
    let text = |key| reference.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    Ref {
        api_version: text("apiVersion"),
        kind: text("kind"),
        namespace: owned.namespace.clone(),
        name: text("name"),
    }
}

/// Takes out what the first server assigned and this one will assign anew.
fn clean(kind: &str, object: &mut Value) {
    remove(
        &mut object["metadata"],
        &[
            "uid",
            "resourceVersion",
            "creationTimestamp",
            "generation",
            "managedFields",
            "selfLink",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
        ],
    );
    let Some(spec) = object.get_mut("spec") else { return };
    match kind {
        // The Priority plug-in computes it from the class, and refuses another's result.
        "Pod" => remove(spec, &["priority"]),
        "Service" => {
            if spec["clusterIP"] != "None" {
                remove(spec, &["clusterIP", "clusterIPs"]);
            }
            remove(spec, &["healthCheckNodePort"]);
            for port in spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
                remove(port, &["nodePort"]);
            }
        }
        "Job" if spec.get("manualSelector") != Some(&Value::Bool(true)) => {
            remove(spec, &["selector"]);
            if let Some(labels) = spec.pointer_mut("/template/metadata/labels") {
                let generated = ["controller-uid", "job-name"];
                remove(labels, &generated);
                remove(labels, &generated.map(|it| format!("batch.kubernetes.io/{it}")));
            }
        }
        "PersistentVolume" => {
            if let Some(claim) = spec.get_mut("claimRef") {
                remove(claim, &["uid", "resourceVersion"]);
            }
        }
        _ => {}
    }
}

/// The object to create, and what follows by which subresource.
fn part(kind: &str, object: &Value, served: &Served) -> (Value, Vec<(&'static str, Value)>) {
    // Of these, the server itself is the controller.
    let computed = matches!(kind, "CustomResourceDefinition" | "APIService");
    let mut object = object.clone();
    let mut parts = Vec::new();
    if served.subresources.contains("ephemeralcontainers")
        && let Some(containers) = object.pointer_mut("/spec/ephemeralContainers").map(Value::take)
    {
        remove(&mut object["spec"], &["ephemeralContainers"]);
        parts.push((
            "ephemeralcontainers",
            json!({ "spec": { "ephemeralContainers": containers } }),
        ));
    }
    if served.subresources.contains("status")
        && let Some(mut status) = object.get_mut("status").map(Value::take)
    {
        remove(&mut object, &["status"]);
        // A pod's class of service is computed when it is created, and never changes.
        remove(&mut status, &["qosClass"]);
        if !computed && status.as_object().is_some_and(|it| !it.is_empty()) {
            parts.push(("status", json!({ "status": status })));
        }
    }
    (object, parts)
}

/// The kinds of an API version; none if the server does not have it.
async fn served(api: &Api, api_version: &str) -> Result<BTreeMap<String, Served>> {
    let mut kinds: BTreeMap<String, Served> = BTreeMap::new();
    if api_version.is_empty() {
        return Ok(kinds);
    }
    let answer = api.send(&Method::GET, &root(api_version), None).await?;
    if !answer.status.is_success() {
        return Ok(kinds);
    }
    let list = answer.json()?;
    let resources = list["resources"].as_array().context("discovery without resources")?;
    let name = |resource: &Value| resource["name"].as_str().unwrap_or_default().to_owned();
    for resource in resources.iter().filter(|it| !name(it).contains('/')) {
        let plural = name(resource);
        let below = format!("{plural}/");
        let subresources = resources
            .iter()
            .filter_map(|it| Some(name(it).strip_prefix(&below)?.to_owned()))
            .collect();
        let namespaced = resource["namespaced"] == true;
        let kind = resource["kind"].as_str().unwrap_or_default().to_owned();
        kinds.insert(kind, Served { plural, namespaced, subresources });
    }
    Ok(kinds)
}

fn root(api_version: &str) -> String {
    if api_version.contains('/') {
        format!("/apis/{api_version}")
    } else {
        format!("/api/{api_version}")
    }
}

fn collection(reference: &Ref, served: &Served) -> String {
    let root = root(&reference.api_version);
    match &reference.namespace {
        Some(namespace) => format!("{root}/namespaces/{namespace}/{}", served.plural),
        None => format!("{root}/{}", served.plural),
    }
}

fn uid(answer: &Answer) -> Result<String> {
    let object = answer.success()?;
    let uid = object.pointer("/metadata/uid").and_then(Value::as_str);
    Ok(uid.context("an object without a uid")?.to_owned())
}

fn remove<S: AsRef<str>>(object: &mut Value, keys: &[S]) {
    if let Value::Object(fields) = object {
        fields.retain(|key, _| keys.iter().all(|it| it.as_ref() != key));
    }
}
