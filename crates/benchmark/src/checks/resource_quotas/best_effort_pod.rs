//! Pods that ask for nothing and are bounded by nothing.
//!
//! | pod                                                           | quality of service |
//! |---------------------------------------------------------------|--------------------|
//! | `spec.resources` set: a request or limit of cpu or memory there | other            |
//! | else such a one on a container or an init container           | other              |
//! | none that is not zero                                         | `BestEffort`       |
//!
//! Sidecars and other init containers count alike, ephemeral containers cannot have any. What live
//! pods have decides; where there are none, the template's, unless a `LimitRange` of the namespace
//! fills them in. A template that is scaled to zero is no fault.
//!
//! `BestEffort` pods of a Job or a `CronJob` are a weakness, for they end by themselves.
//! Source: `k8s.io/kubernetes/pkg/apis/core/v1/helper/qos`; defaults by the `LimitRanger` plug-in.

use assay_model::{
    Findings, Known, Location, Outcome, PodSpec, Resource, Scope, Severity, Workload, both,
};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling,
    amounts::{QualityOfService, fills_in, quality_of_service},
};

pub(super) static CHECK: Check = Check {
    code: "APP-QUO-016",
    id: "best-effort-pod",
    title: "pod neither asks for nor is held to any cpu or memory",
    severity: Severity::Medium,
    rationale: "It may use all that its node has, and is the first that is killed when the node runs \
                short of memory.",
    remediation: "Set requests of cpu and memory and a limit of memory on the containers, or defaults \
                  for the namespace by a LimitRange.",
    references: &["https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/"],
    verdicts: &[
        (
            Outcome::Fail,
            "a pod is BestEffort: no container has a request or a limit of cpu or memory",
        ),
        (Outcome::Warn, "a pod of a Job or a CronJob is, or one in a platform namespace"),
        (Outcome::Pass, "none is, or none is wanted to run"),
    ],
    needs: &[Resource::WORKLOADS, &[Resource::LimitRanges]],
    empty: Empty::NotApplicable,
    rule: Rule::Workload(best_effort_pod),
};

fn best_effort_pod(workload: &Workload, facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let running = workload.live.iter().any(|it| is_best_effort(&it.spec));
    let read = if running {
        both(workload.live_read.clone(), workload.template.as_ref().map(drop).map_err(Clone::clone))
    } else {
        Ok(())
    };
    if running || will_be_best_effort(workload, facts)? {
        let at = workload.locate(Location::field("containers[*].resources"));
        let seen = "have no request and no limit of cpu or memory";
        match &*workload.owner.kind {
            "Job" | "CronJob" => findings.warn(at, seen),
            _ => findings.fail(at, seen),
        }
    }
    read.map(|()| Ruling::Applies)
}

/// Whether the template makes such pods, as far as no live ones show what becomes of it.
fn will_be_best_effort(workload: &Workload, facts: &Facts<'_>) -> Known<bool> {
    workload.live_read.clone()?;
    if !workload.live.is_empty() {
        return Ok(false);
    }
    let Some(template) = workload.template.as_ref().map_err(Clone::clone)? else {
        return Ok(false);
    };
    if template.replicas == Some(0) || !is_best_effort(&template.spec) {
        return Ok(false);
    }
    let here = Scope::Part(&workload.namespace);
    let defaults = facts.inventory.limit_ranges.find(here, |it| Ok(fills_in(it)))?;
    Ok(defaults.is_none())
}

fn is_best_effort(spec: &PodSpec) -> bool {
    quality_of_service(spec) == QualityOfService::BestEffort
}
