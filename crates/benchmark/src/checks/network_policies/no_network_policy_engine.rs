//! Whether anything enforces network policies, and everywhere.
//!
//! | by the table of network engines                                    | verdict |
//! |--------------------------------------------------------------------|---------|
//! | one that enforces, ready on as many nodes as there are Linux nodes | pass    |
//! | one that enforces, not ready on all                                | warn    |
//! | only plug-ins that do not enforce, or whose policy agent is off    | fail    |
//! | nothing that the table knows, or it does not show                  | unknown |
//!
//! Recognised are `DaemonSet`s in platform namespaces; ready is what their status says. A virtual
//! node counts as a Linux node where nothing is ready.

use assay_model::{Findings, Known, Location, Outcome, Resource, Scope, Severity, Workload};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling,
    network_engine::{self, Engine},
};

pub(super) static CHECK: Check = Check {
    code: "APP-NET-001",
    id: "no-network-policy-engine",
    title: "pod network does not enforce network policies",
    severity: Severity::High,
    rationale: "The API server stores a NetworkPolicy whether anything enforces it or not; without an \
                engine every pod reaches every other, and the policies only look like protection.",
    remediation: "Install a network plug-in that enforces policies, or turn its policy agent on; see \
                  that its DaemonSet is ready on every node.",
    references: &["https://kubernetes.io/docs/concepts/services-networking/network-policies/"],
    verdicts: &[
        (Outcome::Fail, "only network plug-ins that do not enforce policies were found"),
        (Outcome::Warn, "an engine was found, but it is not ready on every Linux node"),
        (Outcome::Pass, "an engine is ready on every Linux node"),
        (Outcome::NotApplicable, "there is no Linux node"),
    ],
    needs: &[Resource::WORKLOADS, &[Resource::Nodes]],
    empty: Empty::NotApplicable,
    rule: Rule::Cluster(no_network_policy_engine),
};

fn no_network_policy_engine(facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let inventory = facts.inventory;
    let nodes = inventory.nodes.all(Scope::Cluster)?;
    let linux_nodes = nodes.iter().filter(|it| !it.is_windows()).count();
    if linux_nodes == 0 {
        return Ok(Ruling::NotApplicable("there is no Linux node".to_owned()));
    }
    if facts.network_engine().as_ref().map_err(Clone::clone)? == &Engine::Ignores {
        // That nothing enforces policies took everything to be read: so each plug-in can be named.
        inventory.workloads.each(Scope::Cluster, |it| {
            if facts.settings.is_platform(&it.namespace) {
                for row in network_engine::rows_of(it, facts).0 {
                    let by = format!("DaemonSet {}/{}", it.namespace, it.owner.name);
                    let detail = format!("{by} enforces no policies: {}", row.name);
                    findings.fail(Location::object(), detail);
                }
            }
            Ok(())
        })?;
        return Ok(Ruling::Applies);
    }
    let ready = inventory.workloads.find(Scope::Cluster, |it| {
        let ours = facts.settings.is_platform(&it.namespace);
        Ok(ours && network_engine::shows(it, true, facts)? && ready_on(it, linux_nodes)?)
    })?;
    if ready.is_none() {
        findings.warn(Location::object(), "no engine's DaemonSet is ready on every Linux node");
    }
    Ok(Ruling::Applies)
}

/// Whether a `DaemonSet` is ready wherever it should run, and should run on so many nodes.
fn ready_on(daemon_set: &Workload, nodes: usize) -> Known<bool> {
    let template = daemon_set.template.as_ref().map_err(Clone::clone)?;
    Ok(template.as_ref().is_some_and(|it| {
        let wanted = it.status.desired_number_scheduled;
        it.status.number_ready >= wanted && usize::try_from(wanted).is_ok_and(|it| it >= nodes)
    }))
}
