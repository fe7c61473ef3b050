//! Pods folded into what owns them.
//!
//! A [`PodGroup`] is what the collector keeps of the pods of one controller that run one spec; a
//! [`Controller`] is an object with a pod template. [`crate::inventory`] joins the two into
//! [`Workload`]s: what is wanted and what runs, known apart.

use std::{collections::BTreeSet, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    Known, Labels, Location, Map, Meta, Object, OwnerReference, PodSpec, both,
    decode::nullable,
    meta::{kept, object},
    selector::Selector,
};

/// Label keys whose values differ from pod to pod by design.
pub const VARYING_LABELS: &[&str] = &[
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-completion-index",
    "batch.kubernetes.io/job-name",
    "controller-uid",
    "job-name",
    "statefulset.kubernetes.io/pod-name",
];

/// How many pods of a group are kept by name.
pub const SAMPLES: usize = 3;

/// Pods of one controller that run one spec and have not come to their end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodGroup {
    /// Where they run.
    pub namespace: Arc<str>,
    /// Their controller; `None` for pods that nobody manages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<OwnerReference>,
    /// Label `pod-template-hash`; only for pods of a `ReplicaSet`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_hash: Option<Arc<str>>,
    /// What they run, masked (see [`PodSpec::mask`]).
    pub spec: Arc<PodSpec>,
    /// How many; at least one.
    pub pods: u32,
    /// The first [`SAMPLES`] of their names, sorted; at least one.
    pub samples: Vec<Arc<str>>,
    /// Their labels; the counts add up to `pods`.
    pub labels: Vec<LabelSet>,
    /// The nodes they run on; pods that wait for one count nowhere.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub nodes: BTreeSet<Arc<str>>,
    /// What the runtime says their images are: `repository@sha256:…`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub image_ids: BTreeSet<Arc<str>>,
    /// Whether the annotation says that a kubelet mirrors a static pod. Anybody may set it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub claims_mirror: bool,
}

impl Object for PodGroup {
    fn part(&self) -> &str {
        &self.namespace
    }
    fn name(&self) -> &str {
        self.samples.first().map_or("", |it| it)
    }
}

/// The labels of some pods: those they share, and a column for each key that differs by design.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelSet {
    /// How many pods; at least one.
    pub pods: u32,
    /// What all of them have.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub common: Labels,
    /// By key of [`VARYING_LABELS`], one value a pod, in one order for all keys.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub varying: Map<Vec<Arc<str>>>,
}

/// The labels of one pod, or of all pods of a set as far as one asks for what they share.
#[derive(Debug, Clone, Copy)]
pub struct LabelView<'a> {
    set: &'a LabelSet,
    row: usize,
    /// How many pods look like this.
    pub pods: u32,
}

impl LabelSet {
    /// The set's pods, told apart only as far as `keys` need it.
    pub fn views<'a>(&'a self, keys: impl IntoIterator<Item = &'a str>) -> Vec<LabelView<'a>> {
        if keys.into_iter().any(|it| self.varying.contains_key(it)) {
            (0..self.pods).map(|row| LabelView { set: self, row: row as usize, pods: 1 }).collect()
        } else {
            vec![LabelView { set: self, row: 0, pods: self.pods }]
        }
    }
}

impl<'a> LabelView<'a> {
    /// The value of a label.
    pub fn label(&self, key: &str) -> Option<&'a str> {
        let own = self.set.varying.get(key).and_then(|column| column.get(self.row));
        own.or_else(|| self.set.common.get(key)).map(|it| &**it)
    }
}

/// A `Deployment`, `DaemonSet`, `StatefulSet`, `Job` or `CronJob`; which, the list it is in says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Controller {
    /// Name, namespace, owners.
    pub metadata: Meta,
    /// What it wants.
    pub spec: ControllerSpec,
    /// What it has.
    pub status: ControllerStatus,
}

/// What a controller wants.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ControllerSpec {
    /// How many pods; unset is one, and has no meaning for a `DaemonSet`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// Whose pods are its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<Selector>,
    /// What its pods look like.
    pub template: PodTemplate,
    /// What the jobs of a `CronJob` look like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_template: Option<JobTemplate>,
}

/// What the jobs of a `CronJob` look like.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobTemplate {
    /// A job's.
    pub spec: JobTemplateSpec,
}

/// What the pods of such a job look like.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobTemplateSpec {
    /// A pod's.
    pub template: PodTemplate,
}

/// What pods look like.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, from = "WrittenTemplate")]
pub struct PodTemplate {
    /// Labels they get.
    pub metadata: TemplateMeta,
    /// What they run; what their annotations say is in it.
    pub spec: Arc<PodSpec>,
}

/// A template as manifests write it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct WrittenTemplate {
    metadata: TemplateMeta,
    spec: PodSpec,
}

impl From<WrittenTemplate> for PodTemplate {
    fn from(written: WrittenTemplate) -> Self {
        PodTemplate::of(written.metadata, written.spec)
    }
}

impl PodTemplate {
    /// A template as it is written.
    pub fn of(mut metadata: TemplateMeta, mut spec: PodSpec) -> Self {
        spec.annotate(&std::mem::take(&mut metadata.annotations));
        PodTemplate { metadata, spec: Arc::new(spec) }
    }
}

/// What checks read of a template's metadata.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TemplateMeta {
    /// Labels its pods get.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Map::is_empty")]
    pub labels: Labels,
    /// Annotations that are kept, while the template is read; then they are in its spec.
    #[serde(deserialize_with = "kept", skip_serializing_if = "Map::is_empty")]
    pub annotations: Labels,
}

/// What a controller has. Zero where the kind has no such field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ControllerStatus {
    /// Of a `DaemonSet`: nodes that should run its pod.
    pub desired_number_scheduled: u32,
    /// Of a `DaemonSet`: nodes where its pod is ready.
    pub number_ready: u32,
    /// Of the others: pods that are ready.
    pub ready_replicas: u32,
}

object!(Controller);

impl Controller {
    /// The template, wherever the kind keeps it.
    pub fn template(&self) -> &PodTemplate {
        self.spec.job_template.as_ref().map_or(&self.spec.template, |it| &it.spec.template)
    }
}

/// Who a workload is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner {
    /// `apps/v1`, `v1`, ….
    pub api_version: Arc<str>,
    /// `Deployment`, `CronJob`, …; `Pod` when nobody manages it, or a kubelet does.
    pub kind: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
}

/// One top owner: what it wants, and what runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Workload {
    /// Where it runs.
    pub namespace: Arc<str>,
    /// Who it is.
    pub owner: Owner,
    /// `Kind/name` of the owner that is certain: of the `ReplicaSet` where the Deployment is inferred.
    pub key: Arc<str>,
    /// Whether the owner is proven to be the topmost. Groups findings, never changes a verdict.
    pub owner_is_top: Known<()>,
    /// What it wants; `Ok(None)` when the owner has no template, as a bare pod.
    pub template: Known<Option<Template>>,
    /// What runs, one entry a distinct spec, sorted by the first pod's name.
    pub live: Vec<Live>,
    /// Whether all that runs was read.
    pub live_read: Known<()>,
}

/// What a workload wants.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// Labels its pods get.
    pub labels: Labels,
    /// What its pods run.
    pub spec: Arc<PodSpec>,
    /// How many, where the kind has a number.
    pub replicas: Option<i32>,
    /// What the controller says it has.
    pub status: ControllerStatus,
}

/// Pods of a workload that run one spec.
#[derive(Debug, Clone, PartialEq)]
pub struct Live {
    /// What they run.
    pub spec: Arc<PodSpec>,
    /// How many.
    pub pods: u32,
    /// Some of their names, sorted.
    pub samples: Vec<Arc<str>>,
    /// Their labels.
    pub labels: Vec<LabelSet>,
    /// The nodes they run on.
    pub nodes: BTreeSet<Arc<str>>,
    /// What the runtime says their images are.
    pub image_ids: BTreeSet<Arc<str>>,
    /// The node whose kubelet they claim to be mirrored by, with the UID they know it by.
    pub mirror_of: Option<OwnerReference>,
}

impl Workload {
    /// Every distinct pod spec, the wanted one first, then what of them was not read.
    pub fn each_spec<'a>(&'a self, mut visit: impl FnMut(&'a PodSpec)) -> Known<()> {
        let template = self.template.as_ref().map_err(Clone::clone).map(|template| {
            if let Some(it) = template {
                visit(&it.spec);
            }
        });
        let wanted = self.wanted();
        let drifted = self.live.iter().filter(|it| wanted.is_none_or(|wanted| *it.spec != *wanted));
        drifted.for_each(|it| visit(&it.spec));
        both(template, self.live_read.clone())
    }

    /// The wanted spec, if it was read. For choosing words, not for judging.
    pub fn wanted(&self) -> Option<&PodSpec> {
        self.template.as_ref().ok().and_then(Option::as_ref).map(|it| &*it.spec)
    }

    /// How many of its pods were seen.
    pub fn pods(&self) -> u32 {
        self.live.iter().map(|it| it.pods).sum()
    }

    /// A place in a pod spec, as a place in the owner's manifest.
    #[must_use]
    pub fn locate(&self, mut at: Location) -> Location {
        at.path.insert_str(0, self.spec_path());
        at
    }

    /// What stands before a pod spec's fields in the owner's manifest.
    pub fn spec_path(&self) -> &'static str {
        match &*self.owner.kind {
            "Pod" => "spec.",
            "CronJob" => "spec.jobTemplate.spec.template.spec.",
            _ => "spec.template.spec.",
        }
    }
}

impl Object for Workload {
    fn part(&self) -> &str {
        &self.namespace
    }
    fn name(&self) -> &str {
        &self.key
    }
}
