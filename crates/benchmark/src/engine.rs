//! How a check becomes a verdict: the one place that can say PASS.
//!
//! For each subject: a fault, fail; else something unread, unknown; else not-applicable or manual as
//! the rule says; else a weakness, warn; else pass. A check's outcome is the highest over its
//! subjects, and at least unknown when part of them was not seen.

use std::{collections::BTreeMap, sync::Arc};

use assay_model::{
    Basis, Cause, Findings, Gap, Known, Listing, Location, Object, Outcome, PodSpec, Resource,
    Scope, Severity, Unknown, Workload,
    admission::WebhookConfiguration,
    both,
    findings::Seen,
    namespace::{Namespace, ServiceAccount},
    network::NetworkPolicy,
    node::Node,
    rbac::{Binding, Role},
    report::{ObjectReference, Tally},
    storage::PersistentVolume,
};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling,
    check::KubeletRule,
    flags::{self, Replica},
    rbac::{Holder, power},
    settings::SYSTEM_NAMESPACES,
};

/// What one check says of one cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The highest over the subjects, and at least unknown when `unseen`.
    pub outcome: Outcome,
    /// Subjects by outcome.
    pub subjects: Tally,
    /// Subjects that count in the score: not those of platform namespaces, for applications.
    pub scored: Tally,
    /// Where subjects may exist that were not seen.
    pub unseen: Option<Unknown>,
    /// Every gap that stood in the way, `unseen` included.
    pub gaps: Option<Unknown>,
    /// What was found, in the order of the subjects.
    pub findings: Vec<Finding>,
    /// What weaker evidence says, sorted.
    pub hints: Vec<String>,
    /// The weakest evidence that something was judged by; `None` when nothing was judged.
    pub basis: Option<Basis>,
    /// Why it does not apply, when nothing did.
    pub reason: Option<String>,
    /// What a person has to look at, when somebody must.
    pub question: Option<String>,
}

/// A fault or a weakness of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// `Fail` or `Warn`.
    pub outcome: Outcome,
    /// How bad this one is.
    pub severity: Severity,
    /// Whose it is.
    pub object: ObjectReference,
    /// Where, from the object on.
    pub at: Location,
    /// What was seen there.
    pub detail: String,
    /// What it rests on.
    pub basis: Basis,
    /// Live pods it stands for.
    pub pods: u32,
    /// Whether the template has it too; `None` without a template.
    pub template: Option<bool>,
    /// Some of those pods, by name.
    pub samples: Vec<Arc<str>>,
}

/// Runs a check over all that was read.
pub fn run(check: &Check, facts: &Facts<'_>) -> Verdict {
    run_watched(check, facts, &mut |_, _| {})
}

/// Runs a check, and tells `watch` what it says of each subject, in the order of the subjects. A
/// verdict keeps their number only.
#[expect(clippy::too_many_lines, reason = "a table, a row a kind of subject")]
pub fn run_watched(
    check: &Check,
    facts: &Facts<'_>,
    watch: &mut dyn FnMut(&ObjectReference, Outcome),
) -> Verdict {
    let inventory = facts.inventory;
    let mut bench = Bench::new(check, facts, watch);
    match check.rule {
        Rule::PodSpec(rule) => {
            bench.each(&inventory.workloads, |bench, workload| {
                bench.pod_specs(workload, |spec, out| {
                    rule(spec, out);
                    Ok(Ruling::Applies)
                });
            });
        }
        Rule::PodSpecAndVolume { pod, volume } => {
            bench.each(&inventory.workloads, |bench, workload| {
                bench.pod_specs(workload, |spec, out| {
                    pod(spec, out);
                    Ok(Ruling::Applies)
                });
            });
            bench.claimed_volumes(|it, out| {
                volume(it, out);
                Ok(Ruling::Applies)
            });
        }
        Rule::PodSpecWith(rule) => {
            bench.each(&inventory.workloads, |bench, workload| {
                bench.pod_specs(workload, |spec, out| rule(spec, facts, out));
            });
        }
        Rule::Workload(rule) => {
            bench.each(&inventory.workloads, |bench, it| {
                bench.judge(it, |out| rule(it, facts, out));
            });
        }
        Rule::SystemWorkload(rule) => {
            let namespaces = &facts.settings.namespaces;
            let chosen = |it: &str| namespaces.is_empty() || namespaces.iter().any(|own| own == it);
            let own = SYSTEM_NAMESPACES.into_iter().filter(|it| chosen(it));
            let scopes: Vec<Scope<'_>> = own.map(Scope::Part).collect();
            bench.each_in(&scopes, &inventory.workloads, |bench, it| {
                bench.judge(it, |out| rule(it, facts, out));
            });
        }
        Rule::Namespace(rule) => bench.each(&inventory.namespaces, |bench, it| {
            bench.judge(it, |out| match it.terminating() {
                // The exemption must be known before a fault may be said.
                Err(unknown) => Err(unknown),
                Ok(true) => Ok(Ruling::NotApplicable("waits to be deleted".to_owned())),
                Ok(false) => rule(it, facts, out),
            });
        }),
        Rule::ServiceAccount(rule) => bench.each(&inventory.service_accounts, |bench, it| {
            bench.judge(it, |out| rule(it, facts, out));
        }),
        Rule::NetworkPolicy(rule) => bench.each(&inventory.network_policies, |bench, it| {
            bench.judge(it, |out| rule(it, facts, out));
        }),
        Rule::Node(rule) => {
            bench.each(&inventory.nodes, |bench, it| bench.judge(it, |out| rule(it, facts, out)));
        }
        Rule::Kubelet(rule) => {
            bench.each(&inventory.nodes, |bench, node| {
                bench.judge(node, |out| kubelet(rule, node, facts, out));
            });
        }
        Rule::ClusterRoleBinding(rule) => {
            bench.each(&inventory.cluster_role_bindings, |bench, it| {
                bench.judge(it, |out| rule(it, facts, out));
            });
        }
        Rule::RoleBinding(rule) => {
            bench.each(&inventory.role_bindings, |bench, it| {
                bench.judge(it, |out| rule(it, facts, out));
            });
        }
        Rule::Binding(rule) => {
            for listing in [&inventory.cluster_role_bindings, &inventory.role_bindings] {
                bench.each(listing, |bench, it| bench.judge(it, |out| rule(it, facts, out)));
            }
        }
        Rule::ClusterRole(rule) => {
            bench.each(&inventory.cluster_roles, |bench, it| {
                bench.judge(it, |out| rule(it, facts, out));
            });
        }
        Rule::Rbac { role, binding } => {
            for listing in [&inventory.cluster_roles, &inventory.roles] {
                bench.each(listing, |bench, it| bench.judge(it, |out| role(it, facts, out)));
            }
            for listing in [&inventory.cluster_role_bindings, &inventory.role_bindings] {
                bench.each(listing, |bench, it| bench.judge(it, |out| binding(it, facts, out)));
            }
        }
        Rule::Webhook(rule) => {
            for (kind, listing) in [
                ("ValidatingWebhookConfiguration", &inventory.validating_webhooks),
                ("MutatingWebhookConfiguration", &inventory.mutating_webhooks),
            ] {
                bench.each(listing, |bench, it| {
                    bench.judge(&Webhooks { kind, it }, |out| rule(it, facts, out));
                });
            }
        }
        Rule::Power(power) => {
            bench.each(facts.holders(power.reach), |bench, it| {
                bench.judge(it, |out| power::judge(power, check, it, facts, out));
            });
            let roles = [&inventory.cluster_roles, &inventory.roles];
            for listing in roles.into_iter().filter(|_| power.unbound_too) {
                bench.each(listing, |bench, it| {
                    bench.judge(it, |out| power::judge_unbound(power, it, facts, out));
                });
            }
        }
        Rule::Flag(row) => {
            bench.each(facts.replicas(row.component()), |bench, it| {
                bench.judge(it, |out| flags::judge(row, it, facts, out));
            });
            if bench.is_untouched() {
                bench.judge(&Whole, |out| flags::hidden(row, facts, out));
            }
        }
        Rule::Cluster(rule) => {
            if facts.settings.is_whole_cluster() {
                bench.judge(&Whole, |out| rule(facts, out));
            }
        }
    }
    bench.verdict()
}

/// What is said of the configuration of a node's kubelet; or why there is none, and what is given to
/// those that join.
fn kubelet(rule: KubeletRule, node: &Node, facts: &Facts<'_>, out: &mut Findings) -> Ruled {
    if node.is_virtual() {
        return Ok(Ruling::NotApplicable("no kubelet stands behind a virtual node".to_owned()));
    }
    let name = &node.metadata.name;
    let config = facts.inventory.kubelet_configs.get(name, name);
    let config = config.inspect_err(|_| hint_at_given(rule, node, facts, out))?;
    let Some(config) = config else {
        let message = "the kubelet's configuration is not there";
        return Err(Gap::part(
            Resource::KubeletConfigs,
            name.clone(),
            Cause::Inconclusive,
            message,
        )
        .into());
    };
    rule(config, node, facts, out)
}

/// What a rule would say of a kubelet that runs with what kubeadm gives to new nodes. What this one runs
/// with may be another thing, so it is a hint and no more.
fn hint_at_given(rule: KubeletRule, node: &Node, facts: &Facts<'_>, out: &mut Findings) {
    let Ok(Some(given)) = &facts.inventory.kubelet_config_map else { return };
    let mut seen = Findings::default();
    // Be all of it told or not: what is seen is worth a hint.
    drop(rule(&given.kubelet, node, facts, &mut seen));
    for it in seen.faults.iter().chain(&seen.weaknesses) {
        let field = it.at.path.trim_start_matches("configz ");
        out.hint(format!("kubelet-config, which nodes are given that join: {field} {}", it.detail));
    }
}

/// Something that can be judged, and be named in a report.
pub trait Subject: Object {
    /// What reports call it.
    fn reference(&self) -> ObjectReference;
    /// Whether it lies in a namespace, so that `-n` can leave it out.
    const NAMESPACED: bool;
    /// Live pods it stands for.
    fn pods(&self) -> u32 {
        0
    }
    /// Whether it is in the scope of the report's label selector, which selects workloads only.
    fn is_selected(&self, facts: &Facts<'_>) -> Known<bool> {
        Ok(facts.settings.selector.is_none())
    }
}

macro_rules! subject {
    ($($type:ty: $namespaced:expr, |$it:ident| $api_version:expr, $kind:expr, $name:expr;)+) => {$(
        impl Subject for $type {
            fn reference(&self) -> ObjectReference {
                let $it = self;
                ObjectReference {
                    api_version: $api_version.into(),
                    kind: $kind.into(),
                    namespace: if $namespaced { self.part().into() } else { String::new() },
                    name: $name.to_string(),
                }
            }
            const NAMESPACED: bool = $namespaced;
        }
    )+};
}

subject! {
    Node: false, |it| "v1", "Node", it.metadata.name;
    ServiceAccount: true, |it| "v1", "ServiceAccount", it.metadata.name;
    NetworkPolicy: true, |it| "networking.k8s.io/v1", "NetworkPolicy", it.metadata.name;
    PersistentVolume: false, |it| "v1", "PersistentVolume", it.metadata.name;
    WebhookConfiguration: false, |it| "admissionregistration.k8s.io/v1", "WebhookConfiguration", it.metadata.name;
    Webhooks<'_>: false, |it| "admissionregistration.k8s.io/v1", it.kind, it.name();
    Replica: true, |it| "v1", "Pod", it.name();
}

impl Subject for Workload {
    fn reference(&self) -> ObjectReference {
        ObjectReference {
            api_version: self.owner.api_version.to_string(),
            kind: self.owner.kind.to_string(),
            namespace: self.namespace.to_string(),
            name: self.owner.name.to_string(),
        }
    }
    const NAMESPACED: bool = true;
    fn pods(&self) -> u32 {
        Workload::pods(self)
    }
    fn is_selected(&self, facts: &Facts<'_>) -> Known<bool> {
        facts.in_scope(self)
    }
}

impl Subject for Namespace {
    fn reference(&self) -> ObjectReference {
        let name = self.name.to_string();
        ObjectReference {
            api_version: "v1".into(),
            kind: "Namespace".into(),
            namespace: String::new(),
            name,
        }
    }
    const NAMESPACED: bool = true;
}

impl Subject for Binding {
    fn reference(&self) -> ObjectReference {
        let kind =
            if self.metadata.namespace.is_empty() { "ClusterRoleBinding" } else { "RoleBinding" };
        ObjectReference {
            api_version: "rbac.authorization.k8s.io/v1".into(),
            kind: kind.into(),
            namespace: self.metadata.namespace.to_string(),
            name: self.metadata.name.to_string(),
        }
    }
    const NAMESPACED: bool = false;
}

impl Subject for Role {
    fn reference(&self) -> ObjectReference {
        let kind = if self.metadata.namespace.is_empty() { "ClusterRole" } else { "Role" };
        ObjectReference {
            api_version: "rbac.authorization.k8s.io/v1".into(),
            kind: kind.into(),
            namespace: self.metadata.namespace.to_string(),
            name: self.metadata.name.to_string(),
        }
    }
    const NAMESPACED: bool = false;
}

impl Subject for Holder {
    fn reference(&self) -> ObjectReference {
        let it = &self.subject;
        let api_version =
            if &*it.kind == "ServiceAccount" { "v1" } else { "rbac.authorization.k8s.io/v1" };
        ObjectReference {
            api_version: api_version.into(),
            kind: it.kind.to_string(),
            namespace: it.namespace.to_string(),
            name: it.name.to_string(),
        }
    }
    const NAMESPACED: bool = false;
}

/// A webhook configuration, by the kind of the list that it is in.
struct Webhooks<'a> {
    kind: &'static str,
    it: &'a WebhookConfiguration,
}

impl Object for Webhooks<'_> {
    fn part(&self) -> &str {
        self.it.part()
    }
    fn name(&self) -> &str {
        self.it.name()
    }
}

/// A persistent volume, where the claim is that it is bound to: a volume has no namespace of its own.
struct Claimed<'a> {
    namespace: &'a str,
    volume: &'a PersistentVolume,
}

impl Object for Claimed<'_> {
    fn part(&self) -> &str {
        self.namespace
    }
    fn name(&self) -> &str {
        self.volume.name()
    }
}

impl Subject for Claimed<'_> {
    fn reference(&self) -> ObjectReference {
        self.volume.reference()
    }
    const NAMESPACED: bool = true;
}

/// The cluster as a whole, as a subject.
struct Whole;

impl Object for Whole {
    fn part(&self) -> &'static str {
        ""
    }
    fn name(&self) -> &'static str {
        ""
    }
}

impl Subject for Whole {
    fn reference(&self) -> ObjectReference {
        ObjectReference {
            api_version: String::new(),
            kind: "Cluster".to_owned(),
            namespace: String::new(),
            name: String::new(),
        }
    }
    const NAMESPACED: bool = false;
}

/// A verdict in the making.
struct Bench<'a> {
    check: &'a Check,
    facts: &'a Facts<'a>,
    watch: &'a mut dyn FnMut(&ObjectReference, Outcome),
    subjects: Tally,
    scored: Tally,
    worst: Option<Outcome>,
    unseen: Known<()>,
    gaps: Known<()>,
    findings: Vec<Finding>,
    hints: Vec<String>,
    basis: Option<Basis>,
    reason: Option<String>,
    question: Option<String>,
}

impl<'a> Bench<'a> {
    fn new(
        check: &'a Check,
        facts: &'a Facts<'a>,
        watch: &'a mut dyn FnMut(&ObjectReference, Outcome),
    ) -> Self {
        Bench {
            check,
            facts,
            watch,
            subjects: Tally::default(),
            scored: Tally::default(),
            worst: None,
            unseen: Ok(()),
            gaps: Ok(()),
            findings: Vec::new(),
            hints: Vec::new(),
            basis: None,
            reason: None,
            question: None,
        }
    }

    /// Visits the subjects in the report's scope, and notes where some may not have been seen.
    fn each<T: Subject>(&mut self, listing: &Listing<T>, visit: impl FnMut(&mut Self, &T)) {
        let namespaces = &self.facts.settings.namespaces;
        let everywhere = [Scope::Cluster];
        let parts: Vec<Scope<'_>> = namespaces.iter().map(|it| Scope::Part(it)).collect();
        let scopes: &[Scope<'_>] = match (namespaces.is_empty(), T::NAMESPACED) {
            (true, _) => &everywhere,
            (false, true) => &parts,
            (false, false) => return,
        };
        self.each_in(scopes, listing, visit);
    }

    /// The same, of these scopes.
    fn each_in<T: Subject>(
        &mut self,
        scopes: &[Scope<'_>],
        listing: &Listing<T>,
        mut visit: impl FnMut(&mut Self, &T),
    ) {
        for scope in scopes {
            let unseen = listing.each(*scope, |it| {
                match it.is_selected(self.facts) {
                    Ok(true) => visit(self, it),
                    Ok(false) => {}
                    Err(unknown) => self.judge(it, |_| Err(unknown)),
                }
                Ok(())
            });
            self.gaps = both(std::mem::replace(&mut self.gaps, Ok(())), unseen.clone());
            self.unseen = both(std::mem::replace(&mut self.unseen, Ok(())), unseen);
        }
    }

    /// Judges the persistent volumes of claims in the namespaces of the report. A selector of workloads
    /// selects none.
    fn claimed_volumes(&mut self, rule: impl Fn(&PersistentVolume, &mut Findings) -> Ruled) {
        let (settings, inventory) = (&self.facts.settings, self.facts.inventory);
        if settings.selector.is_some() {
            return;
        }
        let chosen = &settings.namespaces;
        self.each_in(&[Scope::Cluster], &inventory.persistent_volumes, |bench, volume| {
            let Some(claim) = &volume.spec.claim_ref else { return };
            let namespace = &*claim.namespace;
            if chosen.is_empty() || chosen.iter().any(|it| it == namespace) {
                bench.judge(&Claimed { namespace, volume }, |out| rule(volume, out));
            }
        });
    }

    /// Whether there is provably nothing that was or could be judged.
    fn is_untouched(&self) -> bool {
        self.worst.is_none() && self.unseen.is_ok() && self.facts.settings.is_whole_cluster()
    }

    /// Judges one subject by what the rule reports.
    fn judge<T: Subject>(&mut self, subject: &T, rule: impl FnOnce(&mut Findings) -> Ruled) {
        let mut found = Findings::default();
        let ruled = rule(&mut found);
        let pods = subject.pods();
        let located = |seen: Seen| Placed { seen, pods, template: None, samples: Vec::new() };
        let faults = std::mem::take(&mut found.faults).into_iter().map(located).collect();
        let weaknesses = std::mem::take(&mut found.weaknesses).into_iter().map(located).collect();
        self.settle(subject, ruled, faults, weaknesses, found);
    }

    /// Judges a workload by each of its pod specs.
    fn pod_specs(&mut self, workload: &Workload, rule: impl Fn(&PodSpec, &mut Findings) -> Ruled) {
        let mut ruled = None;
        let mut look = |spec: &PodSpec| {
            let mut found = Findings::default();
            let of_spec = rule(spec, &mut found);
            ruled = Some(match ruled.take() {
                Some(others) => joined(others, of_spec),
                None => of_spec,
            });
            found
        };
        let wanted = workload.wanted().map(&mut look);
        let (mut faults, mut weaknesses) = (Merged::default(), Merged::default());
        let mut notes = Findings::default();
        if let Some(found) = wanted {
            let of_template =
                |seen| Placed { seen, pods: 0, template: Some(true), samples: Vec::new() };
            found.faults.into_iter().for_each(|it| faults.add(of_template(it)));
            found.weaknesses.into_iter().for_each(|it| weaknesses.add(of_template(it)));
            notes.hints.extend(found.hints);
        }
        let has_template = workload.wanted().is_some().then_some(false);
        for live in &workload.live {
            let found = look(&live.spec);
            let of_pods = |seen| Placed {
                seen,
                pods: live.pods,
                template: has_template,
                samples: live.samples.clone(),
            };
            found.faults.into_iter().for_each(|it| faults.add(of_pods(it)));
            found.weaknesses.into_iter().for_each(|it| weaknesses.add(of_pods(it)));
            notes.hints.extend(found.hints);
        }
        let read = both(
            workload.template.as_ref().map(|_| ()).map_err(Clone::clone),
            workload.live_read.clone(),
        );
        let path = workload.spec_path();
        let ruled = ruled.unwrap_or(Ok(Ruling::Applies));
        self.settle(
            workload,
            match read {
                Ok(()) => ruled,
                Err(unknown) => joined(Err(unknown), ruled),
            },
            faults.below(path),
            weaknesses.below(path),
            notes,
        );
    }

    fn settle<T: Subject>(
        &mut self,
        subject: &T,
        ruled: Ruled,
        mut faults: Vec<Placed>,
        mut weaknesses: Vec<Placed>,
        notes: Findings,
    ) {
        let platform = self.check.is_application()
            && !matches!(self.check.rule, Rule::SystemWorkload(_))
            && T::NAMESPACED
            && self.facts.settings.is_platform(subject.part());
        let graded = |seen: &Seen| {
            let severity = seen.severity.unwrap_or(self.check.severity);
            if platform { severity.lowered() } else { severity }
        };
        if platform {
            // The platform's own needs are shown, one step milder, and never fail a tenant's item.
            weaknesses.append(&mut faults);
        }
        let outcome = match &ruled {
            _ if !faults.is_empty() => Outcome::Fail,
            Err(_) => Outcome::Unknown,
            Ok(Ruling::NotApplicable(_)) => Outcome::NotApplicable,
            Ok(Ruling::Manual(_)) => Outcome::Manual,
            Ok(Ruling::Applies) if weaknesses.is_empty() => Outcome::Pass,
            Ok(Ruling::Applies) => Outcome::Warn,
        };
        self.subjects.add(outcome);
        if !platform {
            self.scored.add(outcome);
        }
        self.worst = self.worst.max(Some(outcome));
        let basis = notes.basis.unwrap_or(Basis::Observed);
        if !matches!(outcome, Outcome::NotApplicable | Outcome::Unknown | Outcome::Manual) {
            self.basis = self.basis.max(Some(basis));
        }
        match ruled {
            Ok(Ruling::NotApplicable(reason)) if self.reason.is_none() => {
                self.reason = Some(reason);
            }
            Ok(Ruling::Manual(question)) if self.question.is_none() => {
                self.question = Some(question);
            }
            Err(unknown) => {
                self.gaps = both(std::mem::replace(&mut self.gaps, Ok(())), Err(unknown));
            }
            Ok(_) => {}
        }
        self.hints.extend(notes.hints);
        let object = subject.reference();
        (self.watch)(&object, outcome);
        let mut report = |outcome, found: Vec<Placed>| {
            self.findings.extend(found.into_iter().map(|it| Finding {
                outcome,
                severity: graded(&it.seen),
                object: object.clone(),
                at: it.seen.at,
                detail: it.seen.detail,
                basis,
                pods: it.pods,
                template: it.template,
                samples: it.samples,
            }));
        };
        report(Outcome::Fail, faults);
        report(Outcome::Warn, weaknesses);
    }

    fn verdict(mut self) -> Verdict {
        let unseen = self.unseen.err();
        let seen = self.worst.max(unseen.as_ref().map(|_| Outcome::Unknown));
        let out_of_scope = !self.facts.settings.is_whole_cluster();
        let (outcome, reason) = match (seen, self.check.empty) {
            (Some(outcome), _) => (outcome, self.reason),
            (None, _) if out_of_scope => {
                (Outcome::NotApplicable, Some("nothing in the scope of the report".to_owned()))
            }
            (None, Empty::Pass) => (Outcome::Pass, None),
            (None, Empty::NotApplicable) => {
                (Outcome::NotApplicable, Some("there is none".to_owned()))
            }
        };
        if seen.is_none() && outcome == Outcome::Pass {
            // Nothing at fault, of nothing: that much was judged.
            self.scored.add(Outcome::Pass);
            self.basis = Some(Basis::Observed);
        }
        self.hints.sort();
        self.hints.dedup();
        Verdict {
            outcome,
            subjects: self.subjects,
            scored: self.scored,
            unseen,
            gaps: self.gaps.err(),
            findings: self.findings,
            hints: self.hints,
            basis: self.basis,
            reason: reason.filter(|_| outcome == Outcome::NotApplicable),
            question: self.question.filter(|_| outcome == Outcome::Manual),
        }
    }
}

/// What two specs of one workload make of it: it applies where it applies to either.
fn joined(a: Ruled, b: Ruled) -> Ruled {
    match (a, b) {
        (Err(a), Err(b)) => Err(a.and(b)),
        (Err(it), _) | (_, Err(it)) => Err(it),
        (Ok(it @ Ruling::Manual(_)), _)
        | (_, Ok(it @ Ruling::Manual(_)))
        | (Ok(it @ Ruling::NotApplicable(_)), Ok(Ruling::NotApplicable(_))) => Ok(it),
        (Ok(_), Ok(_)) => Ok(Ruling::Applies),
    }
}

/// Something seen, and the pods it was seen on.
struct Placed {
    seen: Seen,
    pods: u32,
    template: Option<bool>,
    samples: Vec<Arc<str>>,
}

/// What the specs of one workload have in common is said once.
#[derive(Default)]
struct Merged(BTreeMap<Seen, Placed>);

impl Merged {
    fn add(&mut self, found: Placed) {
        let known = self.0.entry(found.seen.clone()).or_insert_with(|| Placed {
            seen: found.seen.clone(),
            pods: 0,
            template: found.template,
            samples: Vec::new(),
        });
        known.pods += found.pods;
        known.template = known.template.max(found.template);
        known.samples.extend(found.samples);
        known.samples.sort();
        known.samples.truncate(assay_model::workload::SAMPLES);
    }

    /// Paths from the owner's manifest on.
    fn below(self, prefix: &str) -> Vec<Placed> {
        let placed = self.0.into_values().map(|mut it| {
            it.seen.at.path.insert_str(0, prefix);
            // What is said of the spec as a whole.
            if it.seen.at.path.ends_with('.') {
                it.seen.at.path.pop();
            }
            it
        });
        placed.collect()
    }
}
