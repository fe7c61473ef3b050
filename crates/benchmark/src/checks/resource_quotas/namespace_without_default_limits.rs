//! Namespaces of tenants where a container that says nothing is held to nothing.
//!
//! | `LimitRange`s of the namespace, for type `Container`                | verdict        |
//! |---------------------------------------------------------------------|----------------|
//! | of the platform, or without workloads                               | not applicable |
//! | give cpu and memory a limit and a request each                      | pass           |
//! | give some of the four                                               | warn           |
//! | give none, but each container has a limit of its own                | warn           |
//! | give none, and a container has neither a limit of cpu nor of memory | fail           |
//!
//! A maximum is a default of the limit, and any of the others one of the request, as the server has
//! it. A limit for the pod as a whole holds for its containers.

use assay_model::{
    Findings, Known, Location, Outcome, PodSpec, Resource, Scope, Severity, Workload,
    namespace::Namespace, pod::Resources,
};

use crate::amounts::{counts, gives_limit, gives_request};
use crate::{Check, Empty, Facts, Rule, Ruled, Ruling};

pub(super) static CHECK: Check = Check {
    code: "APP-QUO-006",
    id: "namespace-without-default-limits",
    title: "namespace gives containers no default requests and limits",
    severity: Severity::Low,
    rationale: "A container that nobody gave limits can use up its node, and under a quota of requests it \
                is not admitted at all; a default closes the gap for what is forgotten.",
    remediation: "Create a LimitRange of type `Container` in each tenant's namespace, with `default` and \
                  `defaultRequest` for cpu and memory.",
    references: &["https://kubernetes.io/docs/concepts/policy/limit-range/"],
    verdicts: &[
        (
            Outcome::Fail,
            "a tenant's namespace has no LimitRange with defaults, and a container without limits",
        ),
        (
            Outcome::Warn,
            "it has defaults for some of cpu and memory, or every container has limits",
        ),
        (Outcome::Pass, "it has defaults for requests and limits of both"),
        (Outcome::NotApplicable, "namespaces of the platform, and those without workloads"),
    ],
    needs: &[Resource::WORKLOADS, &[Resource::Namespaces, Resource::LimitRanges]],
    empty: Empty::NotApplicable,
    rule: Rule::Namespace(namespace_without_default_limits),
};

fn namespace_without_default_limits(
    namespace: &Namespace,
    facts: &Facts<'_>,
    findings: &mut Findings,
) -> Ruled {
    if facts.settings.is_platform(&namespace.name) {
        return Ok(Ruling::NotApplicable("a namespace of the platform".to_owned()));
    }
    let here = Scope::Part(&namespace.name);
    let workloads = &facts.inventory.workloads;
    if workloads.find(here, |_| Ok(true))?.is_none() {
        return Ok(Ruling::NotApplicable("no workloads in it".to_owned()));
    }
    let ranges = facts.inventory.limit_ranges.all(here)?;
    let missing: Vec<String> = ["cpu", "memory"]
        .iter()
        .flat_map(|resource| {
            let limit = ranges.iter().any(|it| gives_limit(it, resource));
            let request = ranges.iter().any(|it| gives_request(it, resource));
            [("limit", limit), ("request", request)]
                .into_iter()
                .filter(|(_, given)| !given)
                .map(move |(kind, _)| format!("a default {kind} of {resource}"))
        })
        .collect();
    if missing.len() < 4 {
        for what in missing {
            findings.warn(Location::object(), format!("no LimitRange gives containers {what}"));
        }
    } else if workloads.find(here, has_unlimited_container)?.is_some() {
        let detail = "no LimitRange gives containers defaults, and one has no limits";
        findings.fail(Location::object(), detail);
    } else {
        let detail = "no LimitRange gives containers defaults, though each has a limit of its own";
        findings.warn(Location::object(), detail);
    }
    Ok(Ruling::Applies)
}

/// Whether a container of a workload is held to nothing, live or in the template.
fn has_unlimited_container(workload: &Workload) -> Known<bool> {
    let mut found = false;
    let read = workload.each_spec(|spec| found |= is_unlimited(spec));
    if found { Ok(true) } else { read.map(|()| false) }
}

fn is_unlimited(spec: &PodSpec) -> bool {
    let limited = |it: &Option<Resources>| {
        let limits = it.as_ref().map(|it| &it.limits);
        limits.is_some_and(|it| counts(it, "cpu") || counts(it, "memory"))
    };
    let mut containers = spec.init_containers.iter().chain(&spec.containers);
    !limited(&spec.resources) && containers.any(|it| !limited(&it.resources))
}
