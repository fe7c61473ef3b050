//! What an audit says: the report that every format is a view of.
//!
//! It is written as JSON as it stands, version 1 of a published schema, so fields are only ever
//! added. Everything is sorted, and equal input gives equal bytes.

use std::{collections::BTreeMap, fmt, sync::Arc};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::{Basis, Cause, Gap, Outcome, Resource, Severity, snapshot::Source};

/// `apiVersion` of this shape.
pub const API_VERSION: &str = "kube-assay/v1";

/// The whole report.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Always `kube-assay/v1`.
    pub api_version: &'static str,
    /// Always `Report`.
    pub kind: &'static str,
    /// Who looked at what, and when.
    pub scan: Scan,
    /// What was read, and what it cost the API server; by resource, those that were asked for.
    pub collection: Vec<Collected>,
    /// All checks, rolled up.
    pub summary: Summary,
    /// The 17 items of the matrix, in order.
    pub matrix: Vec<Item>,
    /// The editions that were asked for, in order.
    pub frameworks: Vec<Framework>,
    /// Every check that was chosen, by code.
    pub checks: Vec<CheckReport>,
}

/// Who looked at what, and when.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Scan {
    /// What wrote the report.
    pub tool: Tool,
    /// When collecting began.
    #[schemars(with = "String")]
    pub started: Timestamp,
    /// When it ended.
    #[schemars(with = "String")]
    pub finished: Timestamp,
    /// Where the objects come from.
    pub source: Source,
    /// Whether everything that was asked for was read.
    pub complete: bool,
    /// Whether the scan was stopped before its end.
    pub interrupted: bool,
    /// What was looked at.
    pub cluster: Cluster,
    /// Who looked.
    pub identity: Identity,
    /// What the report is about.
    pub scope: ReportScope,
}

/// What wrote the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Tool {
    /// `kube-assay`.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
}

/// What was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Cluster {
    /// Its name in the kubeconfig, or the path that was read.
    pub name: String,
    /// UID of the namespace `kube-system`; null when it was not read.
    pub uid: Option<String>,
    /// The API server's URL; null for files.
    pub server: Option<String>,
    /// The server's version; null when it was not read.
    pub version: Option<String>,
    /// Who made it: `kubeadm`, `eks`, …; null when nothing tells.
    pub distribution: Option<String>,
}

/// Who looked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Identity {
    /// The kubeconfig context; null when there was none.
    pub context: Option<String>,
    /// The user, as the server says where it does; null for files.
    pub user: Option<String>,
    /// The user's groups, as the server says.
    pub groups: Vec<String>,
    /// Whether `--as` was used.
    pub impersonated: bool,
}

/// What the report is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReportScope {
    /// The namespaces of `-n`; empty for all, and for what lies in no namespace.
    pub namespaces: Vec<String>,
    /// The label selector of `-l`; null for all.
    pub selector: Option<String>,
}

/// What was read of one resource, and what it cost.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Collected {
    /// API group; empty for the core group and for what is no resource of the API.
    pub group: &'static str,
    /// Version within the group; empty for what is no resource of the API.
    pub version: &'static str,
    /// Plural resource name, such as `networkpolicies`, or what it is called. Gaps and checks name it alike.
    pub resource: &'static str,
    /// Objects that were received.
    pub objects: u64,
    /// Distinct things kept of them.
    pub distinct: u64,
    /// Requests that were sent.
    pub requests: u64,
    /// Bytes of the answers' bodies.
    pub bytes: u64,
    /// Requests that had to be repeated.
    pub retries: u64,
    /// Time from the first request to the last byte.
    pub seconds: f64,
    /// Whether all of it was read.
    pub complete: bool,
    /// What was not.
    pub gaps: Vec<GapReport>,
}

/// Something that was not read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct GapReport {
    /// Of which resource, as `collection` names it.
    #[serde(serialize_with = "named")]
    #[schemars(with = "String")]
    pub resource: Resource,
    /// Why.
    pub cause: &'static str,
    /// How many objects could not be decoded; null for other causes.
    pub objects: Option<u32>,
    /// The namespace, node, replica or endpoint; null for all of them.
    pub namespace: Option<String>,
    /// What the server said, or what would decide it.
    pub message: String,
}

impl From<&Gap> for GapReport {
    fn from(gap: &Gap) -> Self {
        GapReport {
            resource: gap.resource,
            cause: gap.cause.name(),
            objects: if let Cause::Malformed(count) = gap.cause { Some(count) } else { None },
            namespace: gap.part.as_ref().map(ToString::to_string),
            message: gap.message.clone(),
        }
    }
}

/// Writes a resource as [`Collected`] does; a snapshot has other names for it.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn named<S: Serializer>(resource: &Resource, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(resource.name())
}

fn all_named<S: Serializer>(resources: &[Resource], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(resources.iter().map(|it| it.name()))
}

/// Two numbers, never blended.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Summary {
    /// Of what was judged, how much is right: 0 to 1; null when nothing was judged.
    pub score: Option<f64>,
    /// Of what applies, how much was judged: 0 to 1; null when nothing applies.
    pub coverage: Option<f64>,
    /// What the score could be if the rest were judged; null when nothing applies.
    pub range: Option<[f64; 2]>,
    /// Checks by outcome.
    pub outcomes: Tally,
}

/// How many, by outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each field counts the outcome of its name")]
pub struct Tally {
    pub pass: u32,
    pub warn: u32,
    pub fail: u32,
    pub unknown: u32,
    pub manual: u32,
    pub not_applicable: u32,
    /// Findings that somebody waived; they are counted beside the outcomes.
    pub waived: u32,
}

impl Tally {
    /// Counts one more.
    pub fn add(&mut self, outcome: Outcome) {
        *self.of(outcome) += 1;
    }

    /// How many have this outcome.
    pub fn count(&self, outcome: Outcome) -> u32 {
        *self.clone().of(outcome)
    }

    fn of(&mut self, outcome: Outcome) -> &mut u32 {
        match outcome {
            Outcome::NotApplicable => &mut self.not_applicable,
            Outcome::Pass => &mut self.pass,
            Outcome::Warn => &mut self.warn,
            Outcome::Manual => &mut self.manual,
            Outcome::Unknown => &mut self.unknown,
            Outcome::Fail => &mut self.fail,
        }
    }
}

/// One item of the matrix.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Item {
    /// `Hosts`, `Clusters` or `Applications`.
    pub row: String,
    /// `Build` or `Operate`.
    pub column: String,
    /// Its code, the prefix of its checks' codes: `APP-PSP`.
    pub item: String,
    /// Its title.
    pub title: String,
    /// At most 16 characters of it.
    pub short: String,
    /// As in the summary.
    pub score: Option<f64>,
    /// As in the summary.
    pub coverage: Option<f64>,
    /// Checks by outcome.
    pub outcomes: Tally,
    /// Codes of its checks that were chosen.
    pub checks: Vec<String>,
}

/// A framework edition, rolled up.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Framework {
    /// Its id: `cis-kubernetes-2.0.1`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What it is for, if not for this server's version; null when it is.
    pub mismatch: Option<String>,
    /// As in the summary, over controls.
    pub score: Option<f64>,
    /// As in the summary, over controls.
    pub coverage: Option<f64>,
    /// Controls by outcome.
    pub outcomes: Tally,
    /// Its controls, in its own order.
    pub controls: Vec<Control>,
}

/// One control of a framework edition.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Control {
    /// The publisher's number or name.
    pub id: String,
    /// In our own words.
    pub title: String,
    /// The publisher's profile level; null when it has none.
    pub level: Option<u8>,
    /// Worst of its checks; unknown when evidence that no check reads yet would decide it.
    pub outcome: Outcome,
    /// Codes of the checks that judge it.
    pub checks: Vec<String>,
    /// What a person has to look at, or what is left to one; null when nothing is.
    pub manual: Option<String>,
    /// The evidence it would need; null when its checks read all of it.
    pub evidence: Option<String>,
}

/// What one check says.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CheckReport {
    /// Its code in the catalogue: `APP-PSP-001`.
    pub code: &'static str,
    /// Its name: `privileged-container`.
    pub id: &'static str,
    /// The fault it looks for.
    pub title: &'static str,
    /// How bad the fault is in general.
    pub severity: Severity,
    /// Code of its item.
    pub item: String,
    /// The highest over its subjects, and at least unknown when part of them was not seen.
    pub outcome: Outcome,
    /// The weakest evidence it rests on; null when nothing was judged.
    pub basis: Option<Basis>,
    /// What it reads, as `collection` names it.
    #[serde(serialize_with = "all_named")]
    #[schemars(with = "Vec<String>")]
    pub needs: Vec<Resource>,
    /// Why it matters.
    pub rationale: &'static str,
    /// What to do.
    pub remediation: &'static str,
    /// Where to read more.
    pub references: Vec<&'static str>,
    /// Subjects by outcome.
    pub subjects: BTreeMap<&'static str, u32>,
    /// Where subjects may exist that were not seen.
    pub unseen: Vec<GapReport>,
    /// Every gap that stood in the way, `unseen` included.
    pub gaps: Vec<GapReport>,
    /// What weaker evidence says; decides nothing.
    pub hints: Vec<String>,
    /// Why it does not apply; null when it does.
    pub reason: Option<String>,
    /// What a person has to look at; null unless manual.
    pub question: Option<String>,
    /// What was found, worst first.
    pub findings: Vec<Finding>,
}

/// One thing that was found, on one object.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Finding {
    /// `fail` or `warn`.
    pub outcome: Outcome,
    /// How bad this one is.
    pub severity: Severity,
    /// The top owner of what is at fault.
    pub object: Arc<ObjectReference>,
    /// The container at fault; null when it is no container.
    pub container: Option<Arc<str>>,
    /// Field path in the object's manifest; empty when it is the object itself.
    pub path: Arc<str>,
    /// What was seen there.
    pub detail: Arc<str>,
    /// What the finding rests on.
    pub basis: Basis,
    /// Live pods it stands for; 0 for templates that run nowhere and for what is no workload.
    pub pods: u32,
    /// Whether the object's template has the fault too; null when it has none or it was not read.
    pub template: Option<bool>,
    /// Stable over rollouts: of check, cluster, owner, container and what was found.
    pub fingerprint: Fingerprint,
    /// Id of the waiver that covers it; null when none does.
    pub waiver: Option<Arc<str>>,
}

/// What tells a finding from all others, scan after scan: 16 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema)]
#[schemars(with = "String")]
pub struct Fingerprint(pub u64);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// An object by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObjectReference {
    /// `apps/v1`; empty for what is no object of the API.
    pub api_version: String,
    /// `Deployment`, ….
    pub kind: String,
    /// Empty for what lies in no namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl fmt::Display for ObjectReference {
    /// `Deployment shop/web`, `Node worker-1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.namespace.as_str(), self.name.as_str()) {
            (_, "") => f.write_str(&self.kind),
            ("", name) => write!(f, "{} {name}", self.kind),
            (namespace, name) => write!(f, "{} {namespace}/{name}", self.kind),
        }
    }
}
