//! What a check is: data, and a function over one kind of subject.

use std::collections::BTreeSet;

use assay_model::{
    Findings, Known, Outcome, PodSpec, Resource, Severity, Workload,
    admission::WebhookConfiguration,
    namespace::{Namespace, ServiceAccount},
    network::NetworkPolicy,
    node::{KubeletConfig, Node},
    rbac::{Binding, Role},
    storage::PersistentVolume,
};

use crate::{
    Facts,
    flags::FlagRule,
    rbac::power::{self, Power},
};

/// A check: what it is called, what it reads, and how it judges one subject.
#[derive(Debug)]
pub struct Check {
    /// Its code in the catalogue: `APP-PSP-001`. Never reused.
    pub code: &'static str,
    /// Its name, after the fault: `privileged-container`. Never changes meaning.
    pub id: &'static str,
    /// The fault in a few words, lower case, no full stop.
    pub title: &'static str,
    /// How bad the fault is in general.
    pub severity: Severity,
    /// Why it matters, in a sentence or two.
    pub rationale: &'static str,
    /// What to do.
    pub remediation: &'static str,
    /// Where to read more.
    pub references: &'static [&'static str],
    /// What gives which outcome, worst first: the user's version of the code.
    pub verdicts: &'static [(Outcome, &'static str)],
    /// What it reads. The plan of a scan and the `ClusterRole` are made from it; a test refuses
    /// everything else and expects the same verdict.
    pub needs: &'static [&'static [Resource]],
    /// What it means when there is provably nothing to judge.
    pub empty: Empty,
    /// How it judges one subject.
    pub rule: Rule,
}

impl Check {
    /// What it reads, sorted, each once.
    pub fn needs(&self) -> BTreeSet<Resource> {
        let by_rule: &[&[Resource]] = match self.rule {
            Rule::Power(_) => power::READ_OF_ALLOWED,
            Rule::Flag(row) => row.reads_itself(),
            // Where a kubelet was not read, what it was given is a hint.
            Rule::Kubelet(_) => &[&[Resource::KubeletConfigMap]],
            _ => &[],
        };
        self.needs.iter().chain(by_rule).copied().flatten().copied().collect()
    }

    /// Code of its item of the matrix: `APP-PSP`.
    pub fn item(&self) -> &'static str {
        self.code.rsplit_once('-').map_or(self.code, |(item, _)| item)
    }

    /// Whether it is about applications, whose platform namespaces count less.
    pub fn is_application(&self) -> bool {
        self.code.starts_with("APP-")
    }
}

/// What a proven empty population means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Empty {
    /// There is nothing to ask of this cluster.
    NotApplicable,
    /// There is nothing at fault.
    Pass,
}

/// What a rule says of a subject once it has read all it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling {
    /// It was judged: fail, warn or pass, by what was found.
    Applies,
    /// The rule has nothing to say of this subject, for this reason.
    NotApplicable(String),
    /// A person has to look; the question.
    Manual(String),
}

/// `Ok`: all that the rule needs was read. `Err`: the rest is unknown, and faults that were already
/// reported stand. So `?` makes a subject UNKNOWN, with its reason.
pub type Ruled = Known<Ruling>;

/// A rule on one kind of subject. It reports faults and weaknesses; what that makes of the subject
/// is the [`engine`](crate::engine)'s to say.
pub type On<T> = fn(&T, &Facts<'_>, &mut Findings) -> Ruled;

/// A rule on what a node's kubelet runs with.
pub type KubeletRule = fn(&KubeletConfig, &Node, &Facts<'_>, &mut Findings) -> Ruled;

/// What a rule looks at.
#[derive(Debug, Clone, Copy)]
pub enum Rule {
    /// Each distinct pod spec of each workload, wanted and live. The engine visits both and adds what
    /// of them was not read. Paths are written from the pod spec on.
    PodSpec(fn(&PodSpec, &mut Findings)),
    /// The same, for a rule that reads more than the spec, or has nothing to say of some.
    PodSpecWith(On<PodSpec>),
    /// Each distinct pod spec, as [`Rule::PodSpec`] does; and each persistent volume that is a claim's,
    /// and so belongs to the claim's namespace.
    PodSpecAndVolume {
        /// Judges a pod spec.
        pod: fn(&PodSpec, &mut Findings),
        /// Judges a volume.
        volume: fn(&PersistentVolume, &mut Findings),
    },
    /// Each workload. Paths are written from the object on.
    Workload(On<Workload>),
    /// Each workload of [Kubernetes' own namespaces](crate::settings::SYSTEM_NAMESPACES): what should
    /// not be there is a fault there of all places.
    SystemWorkload(On<Workload>),
    /// Each namespace. Those that wait to be deleted are not applicable: the engine sees to it.
    Namespace(On<Namespace>),
    /// Each service account.
    ServiceAccount(On<ServiceAccount>),
    /// Each network policy.
    NetworkPolicy(On<NetworkPolicy>),
    /// Each node.
    Node(On<Node>),
    /// The configuration of each node's kubelet, with the node. Virtual nodes have none.
    Kubelet(KubeletRule),
    /// Each `ClusterRoleBinding`.
    ClusterRoleBinding(On<Binding>),
    /// Each `RoleBinding`.
    RoleBinding(On<Binding>),
    /// Each `ClusterRoleBinding` and `RoleBinding`.
    Binding(On<Binding>),
    /// Each `ClusterRole`.
    ClusterRole(On<Role>),
    /// Each `ClusterRole` and `Role`, and each binding of either kind.
    Rbac {
        /// Judges a role.
        role: On<Role>,
        /// Judges a binding.
        binding: On<Binding>,
    },
    /// Each validating and mutating webhook configuration.
    Webhook(On<WebhookConfiguration>),
    /// Each subject of a binding, against one row of the table of powers.
    Power(&'static Power),
    /// Each replica of a control-plane component, against one row of the table of flags.
    Flag(&'static FlagRule),
    /// The cluster as a whole.
    Cluster(fn(&Facts<'_>, &mut Findings) -> Ruled),
}
