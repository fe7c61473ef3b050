//! Workloads that somebody calls critical, and that can be killed for others' sake.
//!
//! Critical: a priority class of Kubernetes' own (`system-…`), or one by a name with `critical` or
//! `high` in it; or a label of the pods `critical: "true"`, or `criticality` with one of these words,
//! with any prefix before the key.
//!
//! | quality of service     | verdict        |
//! |------------------------|----------------|
//! | `BestEffort`           | fail           |
//! | `Burstable`            | warn           |
//! | `Guaranteed`           | pass           |
//! | of another workload    | not applicable |
//!
//! What live pods have decides; where there are none, the template. What a `LimitRange` will make of a
//! template that is not `Guaranteed` by itself, only its pods will show: that is unknown.

use assay_model::{
    Cause, Findings, Gap, Known, Labels, Location, Outcome, PodSpec, Resource, Scope, Severity,
    Workload, both,
};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling,
    amounts::{QualityOfService, fills_in, quality_of_service},
};

pub(super) static CHECK: Check = Check {
    code: "APP-QUO-017",
    id: "critical-workload-not-guaranteed",
    title: "critical workload is not of quality of service Guaranteed",
    severity: Severity::Low,
    rationale: "When its node runs short of memory the kubelet kills pods that use more than they asked \
                for, whatever their labels say; others' load then takes down what was not to go down.",
    remediation: "Give each container, init containers too, limits of cpu and memory, and requests that \
                  equal them.",
    references: &["https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/"],
    verdicts: &[
        (Outcome::Fail, "a pod of a critical workload is BestEffort"),
        (Outcome::Warn, "one is Burstable"),
        (Outcome::Pass, "each is Guaranteed"),
        (
            Outcome::NotApplicable,
            "workloads that neither their priority nor a label calls critical",
        ),
    ],
    needs: &[Resource::WORKLOADS, &[Resource::LimitRanges]],
    empty: Empty::NotApplicable,
    rule: Rule::Workload(critical_workload_not_guaranteed),
};

fn critical_workload_not_guaranteed(
    workload: &Workload,
    facts: &Facts<'_>,
    findings: &mut Findings,
) -> Ruled {
    if !is_critical(workload)? {
        return Ok(Ruling::NotApplicable("not called critical".to_owned()));
    }
    let mut qualities: Vec<QualityOfService> =
        workload.live.iter().map(|it| quality_of_service(&it.spec)).collect();
    let wanted = wanted_quality(workload, facts);
    qualities.extend(wanted.as_ref().ok().copied().flatten());
    let at = || workload.locate(Location::field("containers[*].resources"));
    if qualities.contains(&QualityOfService::BestEffort) {
        findings.fail(at(), "make a critical workload BestEffort");
    }
    if qualities.contains(&QualityOfService::Burstable) {
        findings.warn(at(), "make a critical workload Burstable");
    }
    wanted.map(|_| Ruling::Applies)
}

/// What the template makes, as far as no live pods show it.
fn wanted_quality(workload: &Workload, facts: &Facts<'_>) -> Known<Option<QualityOfService>> {
    workload.live_read.clone()?;
    let template = if workload.live.is_empty() {
        workload.template.as_ref().map_err(Clone::clone)?
    } else {
        &None
    };
    let Some(template) = template else { return Ok(None) };
    let quality = quality_of_service(&template.spec);
    let here = Scope::Part(&workload.namespace);
    if quality != QualityOfService::Guaranteed
        && facts.inventory.limit_ranges.find(here, |it| Ok(fills_in(it)))?.is_some()
    {
        let message = "fills in what the template leaves out, and no pod shows the outcome";
        let namespace = workload.namespace.clone();
        return Err(
            Gap::part(Resource::LimitRanges, namespace, Cause::Inconclusive, message).into()
        );
    }
    Ok(Some(quality))
}

fn is_critical(workload: &Workload) -> Known<bool> {
    let labelled = |it: &Labels| it.iter().any(|(key, value)| is_critical_label(key, value));
    let mut found = false;
    let specs = workload.each_spec(|spec| found |= has_critical_priority(spec));
    let template = workload.template.as_ref().map_err(Clone::clone);
    let wanted = template.map(|it| found |= it.as_ref().is_some_and(|it| labelled(&it.labels)));
    found |= workload.live.iter().flat_map(|it| &it.labels).any(|it| labelled(&it.common));
    if found { Ok(true) } else { both(specs, wanted).map(|()| false) }
}

fn has_critical_priority(spec: &PodSpec) -> bool {
    let name = spec.priority_class_name.to_ascii_lowercase();
    name.starts_with("system-") || name.contains("critical") || name.contains("high")
}

fn is_critical_label(key: &str, value: &str) -> bool {
    match key.rsplit('/').next() {
        Some("critical") => value == "true",
        Some("criticality") => matches!(value, "critical" | "high"),
        _ => false,
    }
}
