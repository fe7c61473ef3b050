//! Rules that are wrong on purpose, each in a way that rules get wrong.

use assay_benchmark::{Check, Empty, Facts, Rule, Ruled, Ruling};
use assay_model::{
    Findings, Location, PodSpec, Resource, Scope, Severity, Workload,
    namespace::{Namespace, ServiceAccount},
};

const fn broken(id: &'static str, needs: &'static [&'static [Resource]], rule: Rule) -> Check {
    Check {
        code: "APP-XXX-000",
        id,
        title: "",
        severity: Severity::Medium,
        rationale: "",
        remediation: "",
        references: &[],
        verdicts: &[],
        needs,
        empty: Empty::NotApplicable,
        rule,
    }
}

/// All of them.
pub(crate) static CHECKS: [Check; 9] = [
    broken(
        "nothing-seen-is-nothing-there",
        &[&[Resource::Namespaces, Resource::NetworkPolicies]],
        Rule::Namespace(nothing_seen_is_nothing_there),
    ),
    broken("names-the-first-witness", &[Resource::WORKLOADS], Rule::Cluster(names_the_first)),
    broken("counts-in-its-words", &[Resource::WORKLOADS], Rule::Workload(counts)),
    broken("minds-no-live-pods", &[Resource::WORKLOADS], Rule::Workload(minds_no_live_pods)),
    broken("minds-no-template", &[Resource::WORKLOADS], Rule::Workload(minds_no_template)),
    broken(
        "warns-instead-of-not-knowing",
        &[Resource::WORKLOADS, &[Resource::Services]],
        Rule::Workload(warns_instead_of_not_knowing),
    ),
    broken(
        "warns-before-it-knows",
        &[Resource::WORKLOADS, &[Resource::Services]],
        Rule::Workload(warns_before_it_knows),
    ),
    broken(
        "takes-no-answer-for-no-exemption",
        &[&[Resource::ServiceAccounts, Resource::RoleBindings]],
        Rule::ServiceAccount(takes_no_answer_for_no_exemption),
    ),
    broken(
        "falls-back-to-weaker-evidence",
        &[&[Resource::Version, Resource::Nodes]],
        Rule::Cluster(falls_back),
    ),
];

fn is_privileged(spec: &PodSpec) -> bool {
    let privileged =
        |it: &assay_model::Container| it.security_context.as_ref().and_then(|it| it.privileged);
    spec.containers().any(|it| privileged(&it) == Some(true))
}

/// Concludes absence from how much was seen.
fn nothing_seen_is_nothing_there(_: &Namespace, facts: &Facts<'_>, out: &mut Findings) -> Ruled {
    if facts.inventory.network_policies.seen() == 0 {
        out.fail(Location::object(), "no policy");
    }
    Ok(Ruling::Applies)
}

/// Reports whichever witness `find` happens to return.
fn names_the_first(facts: &Facts<'_>, out: &mut Findings) -> Ruled {
    if let Some(it) = facts.inventory.workloads.find(Scope::Cluster, |_| Ok(true))? {
        out.fail(Location::object(), format!("{} runs here", it.key));
    }
    Ok(Ruling::Applies)
}

/// Says a number that depends on what was read.
fn counts(workload: &Workload, _: &Facts<'_>, out: &mut Findings) -> Ruled {
    if workload.pods() > 0 {
        out.fail(Location::object(), format!("{} pods", workload.pods()));
    }
    workload.live_read.clone().map(|()| Ruling::Applies)
}

/// Passes on the pods that were seen, and does not ask whether those were all.
fn minds_no_live_pods(workload: &Workload, _: &Facts<'_>, out: &mut Findings) -> Ruled {
    if workload.live.iter().any(|it| is_privileged(&it.spec)) {
        out.fail(Location::object(), "privileged");
    }
    workload.template.as_ref().map_err(Clone::clone)?;
    Ok(Ruling::Applies)
}

/// Passes without the template.
fn minds_no_template(workload: &Workload, _: &Facts<'_>, out: &mut Findings) -> Ruled {
    if workload.wanted().is_some_and(is_privileged) {
        out.fail(Location::object(), "privileged");
    }
    workload.live_read.clone().map(|()| Ruling::Applies)
}

/// Takes what could be a fault for a weakness.
fn warns_instead_of_not_knowing(
    workload: &Workload,
    facts: &Facts<'_>,
    out: &mut Findings,
) -> Ruled {
    let services = &facts.inventory.services;
    match services.find(Scope::Part(&workload.namespace), |_| Ok(true)) {
        Ok(Some(_)) => out.fail(Location::object(), "beside a service"),
        Ok(None) | Err(_) => out.warn(Location::object(), "beside no service"),
    }
    Ok(Ruling::Applies)
}

/// Writes the weakness first, and then finds that it may be a fault.
fn warns_before_it_knows(workload: &Workload, facts: &Facts<'_>, out: &mut Findings) -> Ruled {
    let services = &facts.inventory.services;
    match services.find(Scope::Part(&workload.namespace), |_| Ok(true)) {
        Ok(Some(_)) => out.fail(Location::object(), "beside a service"),
        Ok(None) => out.warn(Location::object(), "beside no service"),
        Err(unknown) => {
            out.warn(Location::object(), "beside no service that was seen");
            return Err(unknown);
        }
    }
    Ok(Ruling::Applies)
}

/// Fails whom an exemption that was not read may excuse.
fn takes_no_answer_for_no_exemption(
    account: &ServiceAccount,
    facts: &Facts<'_>,
    out: &mut Findings,
) -> Ruled {
    let bindings = &facts.inventory.role_bindings;
    let excused = bindings.find(Scope::Part(&account.metadata.namespace), |_| Ok(true));
    if excused.ok().flatten().is_none() {
        out.fail(Location::object(), "nothing excuses it");
    }
    Ok(Ruling::Applies)
}

/// Judges by something weaker when the stronger evidence was not read.
fn falls_back(facts: &Facts<'_>, out: &mut Findings) -> Ruled {
    let version = if let Ok(it) = &facts.inventory.version {
        it.git_version.to_string()
    } else {
        let first = facts.inventory.nodes.find(Scope::Cluster, |_| Ok(true))?;
        first.map(|it| it.status.node_info.kubelet_version.to_string()).unwrap_or_default()
    };
    if !version.starts_with("v1.37") {
        out.fail(Location::object(), "is not the newest");
    }
    Ok(Ruling::Applies)
}
