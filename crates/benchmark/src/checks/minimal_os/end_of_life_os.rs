//! Nodes whose operating system gets no more security fixes.
//!
//! | field, from the Node      | accepted                                                   |
//! |---------------------------|------------------------------------------------------------|
//! | `status.nodeInfo.osImage` | a release with support, by [`lifecycle`](crate::lifecycle) |
//!
//! Exempt: virtual nodes, whose machines are the provider's.
//! A name that no table has is unknown: rolling systems publish no dates.

use assay_model::{Findings, Location, Outcome, Resource, Severity, node::Node};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling,
    lifecycle::{self, NOTICE, Running},
};

pub(super) static CHECK: Check = Check {
    code: "HST-OSM-002",
    id: "end-of-life-os",
    title: "node's operating system gets no more security fixes",
    severity: Severity::High,
    rationale: "Holes in the kernel and in system services stay open, and every container of the node \
                shares that kernel.",
    remediation: "Replace the node by one with a supported release. Declare `extended-support` in the \
                  configuration file where it is paid for.",
    references: &["https://kubernetes.io/docs/concepts/security/security-checklist/"],
    verdicts: &[
        (Outcome::Fail, "the release's support has ended, or its product is discontinued"),
        (Outcome::Unknown, "no table has the release"),
        (
            Outcome::Warn,
            "support ends within 90 days, only declared extended support is left, or the table is \
             older than 180 days",
        ),
        (Outcome::Pass, "the release is supported"),
    ],
    needs: &[&[Resource::Nodes]],
    empty: Empty::NotApplicable,
    rule: Rule::Node(end_of_life_os),
};

fn end_of_life_os(node: &Node, facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    if node.is_virtual() {
        return Ok(Ruling::NotApplicable("the provider keeps a virtual node's machine".to_owned()));
    }
    let told = &*node.status.node_info.os_image;
    let (product, release) = facts
        .tables
        .operating_system(told)
        .ok_or_else(|| lifecycle::untold(Resource::Nodes, told))?;
    let running =
        Running { product, release: &release, told, resource: Resource::Nodes, notice: NOTICE };
    lifecycle::judge(&running, Location::field("status.nodeInfo.osImage"), facts, findings)?;
    Ok(Ruling::Applies)
}
