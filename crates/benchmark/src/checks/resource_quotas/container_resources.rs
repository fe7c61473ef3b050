//! Requests and limits that containers lack: a check a row.
//!
//! | check                    | missing on                 | verdict |
//! |--------------------------|----------------------------|---------|
//! | `no-cpu-request`,        | every container            | fail    |
//! | `no-memory-request`      | some                       | warn    |
//! | `no-memory-limit`        | a container, or a sidecar  | fail    |
//! |                          | an init container only     | warn    |
//! | `no-cpu-limit`           | any, and it is exposed     | warn    |
//! |                          | any, and it is not         | pass    |
//!
//! Zero is none. What the pod as a whole has holds for its containers, and a limit is a request as
//! well: the server fills that in. Ephemeral containers cannot have any. What live pods have decides;
//! where there are none, the template's, unless a `LimitRange` of the namespace fills it in. A template
//! that is scaled to zero counts: it is what will run.

use std::collections::BTreeSet;

use assay_model::{
    Findings, Known, Location, Outcome, PodSpec, Resource, Scope, Severity, Workload,
    namespace::LimitRange,
    pod::{Placed, Resources, Role},
};

use crate::amounts::{counts, gives_limit, gives_request};
use crate::{Check, Empty, Facts, Rule, Ruled, Ruling, exposure};

pub(super) static NO_CPU_REQUEST: Check = Check {
    code: "APP-QUO-009",
    id: "no-cpu-request",
    title: "container does not ask for cpu",
    severity: Severity::Low,
    rationale: "The scheduler sets nothing aside for it: nodes are filled beyond what they have, and when \
                cpu runs short such containers get the least of it.",
    remediation: "Set `resources.requests.cpu` on each container to what it usually takes, or a \
                  `defaultRequest` for the namespace by a LimitRange.",
    references: &["https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/"],
    verdicts: &[
        (Outcome::Fail, "no container of the pod has a request or a limit of cpu"),
        (Outcome::Warn, "some have none"),
        (Outcome::Pass, "each has one, or the pod as a whole does"),
    ],
    needs: NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Workload(|workload, facts, findings| no_request("cpu", workload, facts, findings)),
};

pub(super) static NO_MEMORY_REQUEST: Check = Check {
    code: "APP-QUO-010",
    id: "no-memory-request",
    title: "container does not ask for memory",
    severity: Severity::Low,
    rationale: "The scheduler sets nothing aside for it: nodes are filled beyond what they have, and when \
                memory runs short such pods are killed first, or take others with them.",
    remediation: "Set `resources.requests.memory` on each container to what it usually takes, or a \
                  `defaultRequest` for the namespace by a LimitRange.",
    references: &["https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/"],
    verdicts: &[
        (Outcome::Fail, "no container of the pod has a request or a limit of memory"),
        (Outcome::Warn, "some have none"),
        (Outcome::Pass, "each has one, or the pod as a whole does"),
    ],
    needs: NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Workload(|workload, facts, findings| {
        no_request("memory", workload, facts, findings)
    }),
};

pub(super) static NO_MEMORY_LIMIT: Check = Check {
    code: "APP-QUO-011",
    id: "no-memory-limit",
    title: "container may use all memory of its node",
    severity: Severity::Medium,
    rationale: "Memory cannot be taken back from a program: one leak, or one request that was made to be \
                large, drives the node out of memory, and the kernel kills others' containers too.",
    remediation: "Set `resources.limits.memory` on each container, or a `default` for the namespace by a \
                  LimitRange.",
    references: &[
        "https://kubernetes.io/docs/tasks/configure-pod-container/assign-memory-resource/",
    ],
    verdicts: &[
        (Outcome::Fail, "a container or a sidecar has no limit of memory"),
        (Outcome::Warn, "only an init container has none"),
        (Outcome::Pass, "each has one, or the pod as a whole does"),
    ],
    needs: NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Workload(no_memory_limit),
};

pub(super) static NO_CPU_LIMIT: Check = Check {
    code: "APP-QUO-012",
    id: "no-cpu-limit",
    title: "exposed container may use all cpu of its node",
    severity: Severity::Low,
    rationale: "Strangers decide how much work a program does that they can reach, and so how much cpu it \
                takes from its neighbours; for programs that only their own team uses, a request is enough.",
    remediation: "Set `resources.limits.cpu` on containers that are reached from outside of the cluster, \
                  or a `default` for the namespace by a LimitRange.",
    references: &["https://kubernetes.io/docs/tasks/configure-pod-container/assign-cpu-resource/"],
    verdicts: &[
        (
            Outcome::Warn,
            "a Service or an Ingress exposes the pod to the outside, and a container has no limit of cpu",
        ),
        (Outcome::Pass, "each container has one, the pod as a whole does, or nothing exposes it"),
    ],
    needs: &[
        Resource::WORKLOADS,
        &[Resource::LimitRanges, Resource::Services, Resource::Ingresses],
    ],
    empty: Empty::NotApplicable,
    rule: Rule::Workload(no_cpu_limit),
};

/// What the rows read, but for the one that asks who is exposed.
const NEEDS: &[&[Resource]] = &[Resource::WORKLOADS, &[Resource::LimitRanges]];

/// An amount that containers should have.
#[derive(Clone, Copy)]
struct Amount {
    resource: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Request,
    Limit,
}

impl Amount {
    const fn request(resource: &'static str) -> Self {
        Amount { resource, kind: Kind::Request }
    }

    const fn limit(resource: &'static str) -> Self {
        Amount { resource, kind: Kind::Limit }
    }

    fn is_set(self, resources: Option<&Resources>) -> bool {
        resources.is_some_and(|it| {
            let requested = self.kind == Kind::Request && counts(&it.requests, self.resource);
            requested || counts(&it.limits, self.resource)
        })
    }

    fn is_default(self, range: &LimitRange) -> bool {
        match self.kind {
            Kind::Request => gives_request(range, self.resource),
            Kind::Limit => gives_limit(range, self.resource),
        }
    }

    fn field(self) -> String {
        let list = match self.kind {
            Kind::Request => "requests",
            Kind::Limit => "limits",
        };
        format!("resources.{list}.{}", self.resource)
    }

    /// The containers that could have it.
    fn containers(spec: &PodSpec) -> impl Iterator<Item = Placed<'_>> {
        spec.containers().filter(|it| it.role != Role::Ephemeral)
    }

    /// Those that have not.
    fn missing(self, spec: &PodSpec) -> Vec<Placed<'_>> {
        if self.is_set(spec.resources.as_ref()) {
            return Vec::new();
        }
        Self::containers(spec).filter(|it| !self.is_set(it.resources.as_ref())).collect()
    }

    /// Looks at each spec that runs; where none does, at what the template makes.
    fn each_spec(
        self,
        workload: &Workload,
        facts: &Facts<'_>,
        mut look: impl FnMut(&PodSpec),
    ) -> Known<()> {
        workload.live.iter().for_each(|it| look(&it.spec));
        workload.live_read.clone()?;
        if !workload.live.is_empty() {
            return Ok(());
        }
        if let Some(template) = workload.template.as_ref().map_err(Clone::clone)?
            && !self.missing(&template.spec).is_empty()
        {
            let here = Scope::Part(&workload.namespace);
            let filled_in =
                facts.inventory.limit_ranges.find(here, |it| Ok(self.is_default(it)))?;
            if filled_in.is_none() {
                look(&template.spec);
            }
        }
        Ok(())
    }
}

/// Where something is missing; several specs of a workload say the same once.
type Places = BTreeSet<Location>;

const UNSET: &str = "is unset or zero";

fn report(faults: Places, weaknesses: Places, workload: &Workload, findings: &mut Findings) {
    for at in faults {
        findings.fail(workload.locate(at), UNSET);
    }
    for at in weaknesses {
        findings.warn(workload.locate(at), UNSET);
    }
}

fn no_request(
    resource: &'static str,
    workload: &Workload,
    facts: &Facts<'_>,
    findings: &mut Findings,
) -> Ruled {
    let amount = Amount::request(resource);
    let (mut faults, mut weaknesses) = (Places::new(), Places::new());
    let read = amount.each_spec(workload, facts, |spec| {
        let missing = amount.missing(spec);
        if missing.len() == Amount::containers(spec).count() {
            faults.insert(Location::field(format!("containers[*].{}", amount.field())));
        } else {
            weaknesses.extend(missing.iter().map(|it| it.field(&amount.field())));
        }
    });
    report(faults, weaknesses, workload, findings);
    read.map(|()| Ruling::Applies)
}

fn no_memory_limit(workload: &Workload, facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let amount = Amount::limit("memory");
    let (mut faults, mut weaknesses) = (Places::new(), Places::new());
    let read = amount.each_spec(workload, facts, |spec| {
        for container in amount.missing(spec) {
            let places = if container.role == Role::Init { &mut weaknesses } else { &mut faults };
            places.insert(container.field(&amount.field()));
        }
    });
    report(faults, weaknesses, workload, findings);
    read.map(|()| Ruling::Applies)
}

fn no_cpu_limit(workload: &Workload, facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let amount = Amount::limit("cpu");
    let mut places = Places::new();
    let read = amount.each_spec(workload, facts, |spec| {
        places.extend(amount.missing(spec).iter().map(|it| it.field(&amount.field())));
    });
    if !places.is_empty() && exposure::is_exposed(workload, facts.inventory)? {
        for at in places {
            let detail = format!("{UNSET}, and the pod is exposed to the outside");
            findings.warn(workload.locate(at), detail);
        }
    }
    read.map(|()| Ruling::Applies)
}
