//! What each document of the files is, and what all of them together prove.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet, btree_map::Entry},
    path::Path,
    sync::Arc,
};

use assay_model::{
    Cause, Gap, Listing, Meta, Resource, Scope, Snapshot,
    control_plane::{Flagz, Version},
    namespace::ListedNamespace,
    node::{KubeletConfig, KubeletFlags},
    resource::Access,
    snapshot::{Cost, Origin},
};
use serde_json::value::RawValue;

use super::{Completeness, Error, document::Document, source};
use crate::{
    config_maps::{self, ConfigMap},
    metrics,
    objects::{Fields, Objects, part},
};

/// Lists of lists of lists: nobody writes more by accident.
const MAX_LISTS: usize = 4;

/// How many notes a file gets; of the others, the number.
const MAX_NOTES: usize = 20;

/// What was read so far, from the last file to the first.
#[derive(Default)]
pub(super) struct Reader {
    objects: BTreeMap<Resource, Objects>,
    seen: HashSet<Named>,
    malformed: BTreeMap<Malformed, u32>,
    kubelets: Vec<KubeletConfig>,
    /// By node.
    kubelet_flags: BTreeMap<Arc<str>, KubeletFlags>,
    config_maps: BTreeMap<Resource, ConfigMap>,
    flagz: Option<Flagz>,
    version: Option<Version>,
    namespaces: BTreeSet<Arc<str>>,
    /// How many, by kind.
    unread: BTreeMap<String, u32>,
    /// Whether there was anything but notes: an object, a list, an answer of a server.
    recognized: bool,
    /// By file and line.
    notes: Vec<(usize, usize, String)>,
}

/// Resource, namespace and name of an object; twice the name where its part is itself.
type Named = (Resource, Arc<str>, Arc<str>);

/// Resource, part and file of what could not be decoded.
type Malformed = (Resource, Option<Arc<str>>, Arc<str>);

/// Where a document is, and where an object of it gets what it does not say itself.
struct Place<'d> {
    index: usize,
    file: &'d Path,
    document: &'d Document<'d>,
    notes: usize,
}

/// `apiVersion` and `kind` of the items of a typed list.
#[derive(Default)]
struct Inherited {
    api_version: Option<String>,
    kind: Option<String>,
}

impl Reader {
    /// Takes in the documents of the `index`th file.
    pub(super) fn file(
        &mut self,
        index: usize,
        file: &Path,
        documents: &[Document<'_>],
    ) -> Result<(), Error> {
        let mut notes = 0;
        for document in documents.iter().rev() {
            let mut place = Place { index, file, document, notes };
            self.document(&mut place)?;
            notes = place.notes;
        }
        if notes > MAX_NOTES {
            let rest = format!("{}: {} more notes", file.display(), notes - MAX_NOTES);
            self.notes.push((index, usize::MAX, rest));
        }
        Ok(())
    }

    /// Whether any of the files was one of Kubernetes objects.
    pub(super) fn recognized(&self) -> bool {
        self.recognized
    }

    fn document(&mut self, place: &mut Place<'_>) -> Result<(), Error> {
        let json = place.document.json();
        let stem = source::stem(place.file);
        let folder = place.file.parent().and_then(Path::file_name);
        if let Some(fields) = Fields::of(json.get()) {
            if let Some(config) = fields.get("kubeletconfig") {
                match stem.filter(|_| folder.is_some_and(|it| it == "configz")) {
                    Some(node) => self.kubelet(place, node, config),
                    None => self.note(place, json, 1, || {
                        "a kubelet's configuration, passed over: name it configz/<node>.json".into()
                    }),
                }
                return Ok(());
            }
            if let Some(node) = stem.filter(|_| folder.is_some_and(|it| it == "flagz"))
                && let Some(flags) = metrics::kubelet_flags(json.get().as_bytes())
            {
                self.recognized = true;
                self.kubelet_flags.entry(node.into()).or_insert(flags);
                return Ok(());
            }
            if stem == Some("flagz")
                && let Some(flagz) = metrics::flags(json.get().as_bytes())
            {
                self.recognized = true;
                self.flagz.get_or_insert(flagz);
                return Ok(());
            }
            if stem == Some("version") && fields.get("gitVersion").is_some() {
                self.recognized = true;
                match serde_json::from_str(json.get()) {
                    Ok(version) => self.version = self.version.take().or(Some(version)),
                    Err(_) => self.note(place, json, 1, || "not the answer of /version".into()),
                }
                return Ok(());
            }
        }
        self.object(place, json, &Inherited::default(), 0)
    }

    fn kubelet(&mut self, place: &mut Place<'_>, node: &str, config: &RawValue) {
        self.recognized = true;
        if !self.is_new(Resource::KubeletConfigs, node, node) {
            return;
        }
        if let Ok(config) = serde_json::from_str::<KubeletConfig>(config.get()) {
            self.kubelets.push(KubeletConfig { node: node.into(), ..config });
        } else {
            self.count_malformed(place, Resource::KubeletConfigs, Some(node.into()));
            self.note(place, config, 1, || "not the configuration of a kubelet".into());
        }
    }

    /// Reads an object, or the items of a list.
    fn object(
        &mut self,
        place: &mut Place<'_>,
        json: &RawValue,
        inherited: &Inherited,
        depth: usize,
    ) -> Result<(), Error> {
        let fields = Fields::of(json.get());
        let own = |key| fields.as_ref().and_then(|it| it.text(key));
        let kind = own("kind").or_else(|| inherited.kind.clone());
        let api_version = own("apiVersion").or_else(|| inherited.api_version.clone());
        let (Some(kind), Some(api_version)) = (kind, api_version) else {
            self.note(place, json, 1, || "no Kubernetes object, passed over".into());
            return Ok(());
        };
        self.recognized = true;
        if let Some(of) = kind.strip_suffix("List") {
            let items = fields.as_ref().and_then(|it| it.get("items"));
            match (items.map(|it| serde_json::from_str(it.get())), resource(&api_version, of)) {
                (Some(Ok(items)), _) => {
                    let kind = Some(of).filter(|it| !it.is_empty()).map(str::to_owned);
                    let inherited = Inherited { api_version: Some(api_version), kind };
                    return self.items(place, json, items, &inherited, depth);
                }
                // Go writes the empty list as `null`.
                (None, Some(_)) => return Ok(()),
                (Some(Err(_)), Some(resource)) => {
                    self.count_malformed(place, resource, None);
                    self.note(place, json, 1, || format!("{kind}: items is not a list"));
                    return Ok(());
                }
                // A kind that happens to be called so.
                (_, None) => {}
            }
        }
        if api_version == "v1"
            && let Some(fields) = &fields
            && let Some(namespace) = fields.namespace(true)
            && let Some(resource) = Resource::of_name(&kind, &namespace, &fields.name())
        {
            self.named(place, json, resource);
            return Ok(());
        }
        match resource(&api_version, &kind) {
            Some(resource) => self.known(place, json, fields.as_ref(), resource, &api_version),
            None => *self.unread.entry(kind).or_default() += 1,
        }
        Ok(())
    }

    fn items(
        &mut self,
        place: &mut Place<'_>,
        list: &RawValue,
        items: Vec<&RawValue>,
        inherited: &Inherited,
        depth: usize,
    ) -> Result<(), Error> {
        if depth == MAX_LISTS {
            let line = place.document.line_of(list, 1);
            return Err(Error::Limits { path: place.file.to_owned(), line });
        }
        items.into_iter().rev().try_for_each(|it| self.object(place, it, inherited, depth + 1))
    }

    /// Reads an object that is kept by its name.
    fn named(&mut self, place: &mut Place<'_>, json: &RawValue, resource: Resource) {
        if !self.is_new(resource, "", resource.name()) {
            self.note(place, json, 1, || {
                format!("{resource} is given again later, and the later one holds")
            });
        } else if let Ok(map) = serde_json::from_str(json.get()) {
            self.config_maps.insert(resource, map);
        } else {
            self.count_malformed(place, resource, None);
            self.note(place, json, 1, || format!("{resource}: not a config map"));
        }
    }

    /// Reads an object of a kind that is kept.
    fn known(
        &mut self,
        place: &mut Place<'_>,
        json: &RawValue,
        fields: Option<&Fields<'_>>,
        resource: Resource,
        api_version: &str,
    ) {
        let name = fields.map(Fields::name).unwrap_or_default();
        let kind = resource.kind();
        let (namespaced, word) =
            kind.map_or((false, resource.name()), |it| (it.namespaced, it.kind));
        let namespace = fields.and_then(|it| it.namespace(namespaced));
        let called = || match namespace.as_deref() {
            None | Some("") => format!("{word} {name}"),
            Some(namespace) => format!("{word} {namespace}/{name}"),
        };
        if let Some(namespace) = &namespace {
            // Manifests with `generateName` have no name, and are as many objects as there are files.
            if !name.is_empty() && !self.is_new(resource, namespace, &name) {
                self.note(place, json, 1, || {
                    format!("{} is given again later, and the later one holds", called())
                });
                return;
            }
            if namespaced && !self.namespaces.contains(namespace.as_str()) {
                self.namespaces.insert(namespace.as_str().into());
            }
        }
        let Some(objects) = self.kept(resource) else {
            *self.unread.entry(word.to_owned()).or_default() += 1;
            return;
        };
        let (line, fault) = if is_another_shape(resource, api_version) {
            let read = kind.map(|it| it.api_version()).unwrap_or_default();
            (1, format!("is of {api_version}, and {read} is what can be read"))
        } else {
            match objects.add(json) {
                Ok(()) => return,
                Err(fault) => (fault.line, fault.to_string()),
            }
        };
        self.count_malformed(place, resource, part(json.get(), namespaced));
        self.note(place, json, line, || format!("{}: {fault}", called()));
    }

    fn kept(&mut self, resource: Resource) -> Option<&mut Objects> {
        match self.objects.entry(resource) {
            Entry::Occupied(known) => Some(known.into_mut()),
            Entry::Vacant(new) => Some(new.insert(Objects::of(resource)?)),
        }
    }

    fn is_new(&mut self, resource: Resource, namespace: &str, name: &str) -> bool {
        self.seen.insert((resource, namespace.into(), name.into()))
    }

    fn count_malformed(&mut self, place: &Place<'_>, resource: Resource, part: Option<Arc<str>>) {
        let file = place.file.display().to_string().into();
        *self.malformed.entry((resource, part, file)).or_default() += 1;
    }

    /// Notes something about the `line`th line of a part of the document.
    fn note(
        &mut self,
        place: &mut Place<'_>,
        part: &RawValue,
        line: usize,
        text: impl FnOnce() -> String,
    ) {
        place.notes += 1;
        if place.notes <= MAX_NOTES {
            let line = place.document.line_of(part, line);
            let text = format!("{}, line {line}: {}", place.file.display(), text());
            self.notes.push((place.index, line, text));
        }
    }

    /// The snapshot, and the notes in the order of the files.
    pub(super) fn finish(
        mut self,
        origin: Origin,
        complete: &Completeness,
    ) -> (Snapshot, Vec<String>) {
        const PRESENCE: &str = "files prove presence only; --complete says they are all there is";
        let mut snapshot = Snapshot::unread(origin, &Cause::NotRequested, "files do not show it");
        let mut notes = std::mem::take(&mut self.notes);
        notes.sort();
        let mut notes: Vec<String> = notes.into_iter().map(|(_, _, note)| note).collect();

        let mut gaps = self.gaps();
        for resource in Resource::ALL {
            let Some(objects) = self.objects.remove(&resource).or_else(|| Objects::of(resource))
            else {
                continue;
            };
            let mut gaps = gaps.remove(&resource).unwrap_or_default();
            if !complete.holds_for(resource) {
                gaps.push(Gap::whole(resource, Cause::NotRequested, PRESENCE).into());
            }
            if objects.objects() > 0 {
                let cost = Cost { objects: objects.objects(), ..Cost::default() };
                snapshot.costs.insert(resource, cost);
            }
            objects.store(&mut snapshot, gaps, Vec::new());
        }

        let named = |it: &Resource| matches!(it.access(), Access::Named(_));
        for resource in Resource::ALL.into_iter().filter(named) {
            if let Some(gap) = gaps.remove(&resource).and_then(|it| it.into_iter().next()) {
                snapshot.drop_kind(Gap::clone(&gap));
            } else if let Some(map) = self.config_maps.remove(&resource) {
                snapshot.costs.insert(resource, Cost { objects: 1, ..Cost::default() });
                config_maps::store(&mut snapshot, resource, Ok(Some(map)));
            } else if complete.holds_for(resource) {
                config_maps::store(&mut snapshot, resource, Ok(None));
            }
        }
        if let Some(flagz) = self.flagz.take() {
            snapshot.flagz = Ok(flagz);
        }
        snapshot.version =
            self.version.ok_or_else(|| not_in_file(Resource::Version, None, "version.json").into());
        for kubelet in &mut self.kubelets {
            kubelet.flags = self.kubelet_flags.remove(&kubelet.node);
        }
        let gaps = gaps.remove(&Resource::KubeletConfigs).unwrap_or_default();
        if complete.holds_for(Resource::KubeletConfigs) {
            let gaps = [gaps, unread_kubelets(&snapshot, &self.seen)].concat();
            snapshot.kubelet_configs = Listing::partial(self.kubelets, gaps, Vec::new());
        } else {
            // One file is all there is of one node.
            let read = self.kubelets.iter().map(|it| it.node.clone()).collect();
            let whole = Gap::whole(Resource::KubeletConfigs, Cause::NotRequested, PRESENCE).into();
            let gaps = [gaps, vec![whole]].concat();
            snapshot.kubelet_configs = Listing::partial(self.kubelets, gaps, read);
        }
        if snapshot.namespaces.covers(Scope::Cluster).is_ok() {
            notes.extend(add_named_namespaces(&mut snapshot, self.namespaces));
        }
        if !self.unread.is_empty() {
            let kinds: Vec<_> = self.unread.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
            notes.push(format!("of kinds that no check reads: {}", kinds.join(", ")));
        }
        (snapshot, notes)
    }

    /// The gaps that malformed objects leave.
    fn gaps(&mut self) -> BTreeMap<Resource, Vec<Arc<Gap>>> {
        let mut gaps: BTreeMap<Resource, Vec<Arc<Gap>>> = BTreeMap::new();
        for ((resource, part, file), count) in std::mem::take(&mut self.malformed) {
            let cause = Cause::Malformed(count);
            let gap = Gap { resource, part, cause, message: format!("in {file}") };
            gaps.entry(resource).or_default().push(gap.into());
        }
        gaps
    }
}

fn not_in_file(resource: Resource, part: Option<Arc<str>>, file: &str) -> Gap {
    Gap { resource, part, cause: Cause::NotRequested, message: format!("there is no {file}") }
}

/// A gap for each node that is listed and has no file; `seen` knows the files.
fn unread_kubelets(snapshot: &Snapshot, seen: &HashSet<Named>) -> Vec<Arc<Gap>> {
    let mut gaps: Vec<Arc<Gap>> = Vec::new();
    let visited = snapshot.nodes.each(Scope::Cluster, |node| {
        let name = &node.metadata.name;
        if !seen.contains(&(Resource::KubeletConfigs, name.clone(), name.clone())) {
            let file = format!("configz/{name}.json");
            gaps.push(not_in_file(Resource::KubeletConfigs, Some(name.clone()), &file).into());
        }
        Ok(())
    });
    // A node that was not listed may have a configuration as well.
    if visited.is_err() {
        let message = "the list of nodes is not complete";
        gaps.push(Gap::whole(Resource::KubeletConfigs, Cause::NotRequested, message).into());
    }
    gaps
}

/// A namespace that holds something exists, also when no file lists it. Says which were added.
fn add_named_namespaces(snapshot: &mut Snapshot, mut used: BTreeSet<Arc<str>>) -> Option<String> {
    let (mut listed, gaps, read) =
        std::mem::replace(&mut snapshot.namespaces, Listing::complete(Vec::new())).into_parts();
    for namespace in &listed {
        used.remove(&namespace.metadata.name);
    }
    let names: Vec<&str> = used.iter().map(|it| &**it).collect();
    let note = format!("namespaces that objects name and no file lists: {}", names.join(", "));
    let is_new = !names.is_empty();
    listed.extend(used.into_iter().map(|name| {
        let metadata = Meta { name, ..Meta::default() };
        ListedNamespace { metadata }
    }));
    snapshot.namespaces = Listing::partial(listed, gaps, read);
    is_new.then_some(note)
}

/// The resource that objects of this `apiVersion` and `kind` are of, in whatever version.
fn resource(api_version: &str, kind: &str) -> Option<Resource> {
    let group = match (api_version.split_once('/').map_or("", |(group, _)| group), kind) {
        // Where these were until Kubernetes 1.16 and 1.22.
        ("extensions", "Deployment" | "DaemonSet" | "ReplicaSet") => "apps",
        ("extensions", "Ingress" | "NetworkPolicy") => "networking.k8s.io",
        (group, _) => group,
    };
    Resource::of_kind(group, kind)
}

/// Whether this version of a kind has fields that are called otherwise than those that are read. Of
/// the kinds that are kept, only Ingress changed so: `serviceName` became `service.name` in `v1`.
fn is_another_shape(resource: Resource, api_version: &str) -> bool {
    resource == Resource::Ingresses && api_version != "networking.k8s.io/v1"
}
