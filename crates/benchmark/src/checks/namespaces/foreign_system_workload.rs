//! Workloads in Kubernetes' own namespaces that are not known as part of a platform.
//!
//! Known: the images of the tables of system workloads and of network engines. Of each workload in
//! `kube-system`, `kube-public` and `kube-node-lease`:
//!
//! | its containers                                                          | verdict |
//! |-------------------------------------------------------------------------|---------|
//! | all have a known image                                                  | pass    |
//! | one has not                                                             | warn    |
//! | one has not, and the pod gets at its node or is on the node's network   | fail    |
//!
//! An image is known by its name, which whoever may create pods there can give to his own: a pass says
//! that nothing is there under a foreign name. Who made it (`managedFields`) is not read either: a client
//! gives itself the name that stands there, so it neither excuses nor accuses. Ephemeral containers are
//! somebody's debugging.

use std::collections::BTreeMap;

use assay_model::{Findings, Location, Outcome, PodSpec, Resource, Severity, Workload, pod::Role};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling, exposure, network_engine::image_is};

pub(super) static CHECK: Check = Check {
    code: "APP-NSP-003",
    id: "foreign-system-workload",
    title: "workload in a system namespace is not known as the platform's",
    severity: Severity::Medium,
    rationale: "Policies, quotas and people look away from kube-system: that is where intruders put what \
                is to stay, under a name that sounds as if it belonged there.",
    remediation: "Find out who made it. Move what is yours to a namespace of its own; delete what is \
                  nobody's, and ask how it came there.",
    references: &[
        "https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/#initial-namespaces",
    ],
    verdicts: &[
        (Outcome::Fail, "one that the tables do not know gets at its node, or is on its network"),
        (Outcome::Warn, "another that they do not know"),
        (Outcome::Pass, "every image is one that platforms bring"),
    ],
    needs: &[Resource::WORKLOADS],
    empty: Empty::NotApplicable,
    rule: Rule::SystemWorkload(foreign_system_workload),
};

fn foreign_system_workload(
    workload: &Workload,
    facts: &Facts<'_>,
    findings: &mut Findings,
) -> Ruled {
    // Several specs may say the same of one place; the worse counts.
    let mut foreign: BTreeMap<(Location, String), bool> = BTreeMap::new();
    let read = workload.each_spec(|spec| {
        let near = is_near_its_node(spec);
        for container in spec.containers().filter(|it| it.role != Role::Ephemeral) {
            if !is_known(&container.image, facts) {
                let place = (container.field("image"), container.image.to_string());
                *foreign.entry(place).or_default() |= near;
            }
        }
    });
    let all_read = read.is_ok();
    for ((at, image), near) in foreign {
        let at = workload.locate(at);
        let detail = format!("is {image}, which no platform is known for");
        if near {
            findings.fail(at, format!("{detail}, and the pod gets at its node"));
        } else if all_read {
            findings.warn(at, detail);
        }
    }
    read.map(|()| Ruling::Applies)
}

fn is_near_its_node(spec: &PodSpec) -> bool {
    exposure::reaches_node(spec) || spec.host_network || spec.host_ipc
}

fn is_known(image: &str, facts: &Facts<'_>) -> bool {
    let tables = facts.tables;
    let systems = tables.system_workloads.iter();
    let engines = tables.network_engines.iter().flat_map(|it| &it.matches.image);
    let named = systems.clone().flat_map(|it| &it.images).chain(engines);
    named.into_iter().any(|it| image_is(image, it))
        || systems.flat_map(|it| &it.registry).any(|it| image.starts_with(it.as_str()))
}
