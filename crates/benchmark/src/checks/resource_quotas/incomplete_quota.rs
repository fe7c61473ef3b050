//! What the quotas of a tenant's namespace leave out.
//!
//! | the namespace's quotas together                     | verdict        |
//! |-----------------------------------------------------|----------------|
//! | bound cpu, memory (by request or limit) and pods    | pass           |
//! | leave one of these out                              | warn           |
//! | there is none that bounds anything                  | not applicable |
//!
//! A quota with scopes bounds only some of the pods, so it counts for nothing here. Storage is not
//! asked for: whether a namespace may claim any depends on the classes that there are.
//! Elsewhere: that there is none at all is `namespace-without-quota`'s.

use assay_model::{Findings, Location, Outcome, Resource, Scope, Severity, namespace::Namespace};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling};

pub(super) static CHECK: Check = Check {
    code: "APP-QUO-002",
    id: "incomplete-quota",
    title: "quota does not bound cpu, memory and the number of pods",
    severity: Severity::Low,
    rationale: "What a quota does not name is not bounded: with memory alone, one tenant can still take \
                every cpu, or fill the nodes' pod slots and the addresses of the pod network.",
    remediation: "Add `requests.cpu` (or `limits.cpu`), `requests.memory` (or `limits.memory`) and `pods` \
                  to `spec.hard` of a ResourceQuota without scopes.",
    references: &[
        "https://kubernetes.io/docs/concepts/policy/resource-quotas/#compute-resource-quota",
    ],
    verdicts: &[
        (Outcome::Warn, "the quotas of a tenant's namespace leave cpu, memory or pods unbounded"),
        (Outcome::Pass, "together they bound all three, for all of its pods"),
        (Outcome::NotApplicable, "namespaces of the platform, and those without a quota"),
    ],
    needs: &[&[Resource::Namespaces, Resource::ResourceQuotas]],
    empty: Empty::NotApplicable,
    rule: Rule::Namespace(incomplete_quota),
};

/// What has to be bounded, and the keys of `spec.hard` each of which does so.
const BOUNDS: &[(&str, &[&str])] = &[
    ("the cpu", &["cpu", "requests.cpu", "limits.cpu"]),
    ("the memory", &["memory", "requests.memory", "limits.memory"]),
    ("the number", &["pods", "count/pods"]),
];

fn incomplete_quota(namespace: &Namespace, facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    if facts.settings.is_platform(&namespace.name) {
        return Ok(Ruling::NotApplicable("a namespace of the platform".to_owned()));
    }
    let quotas = facts.inventory.resource_quotas.all(Scope::Part(&namespace.name))?;
    if quotas.iter().all(|it| it.spec.hard.is_empty()) {
        return Ok(Ruling::NotApplicable("no quota in it".to_owned()));
    }
    let of_all_pods = || quotas.iter().filter(|it| !it.is_scoped());
    for (what, keys) in BOUNDS {
        let bounded =
            of_all_pods().any(|it| keys.iter().any(|key| it.spec.hard.contains_key(*key)));
        if !bounded {
            findings.warn(Location::object(), format!("no quota bounds {what} of all its pods"));
        }
    }
    Ok(Ruling::Applies)
}
