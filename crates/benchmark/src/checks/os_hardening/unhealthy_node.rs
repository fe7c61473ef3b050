//! Nodes that are not well, or were taken out and forgotten.
//!
//! | of the Node                                                             | verdict |
//! |-------------------------------------------------------------------------|---------|
//! | condition `Ready` is not `True`, for more than [`PATIENCE`]              | fail    |
//! | a condition of [`TROUBLES`] is `True`                                   | warn    |
//! | `spec.unschedulable`, for more than [`CORDON`]                          | warn    |
//! | none of these                                                           | pass    |
//!
//! Since when a node is cordoned, the taint says that comes with it.

use assay_model::{Cause, Findings, Gap, Location, Outcome, Resource, Severity, node::Node};
use jiff::SignedDuration;

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling};

pub(super) static CHECK: Check = Check {
    code: "HST-OSH-020",
    id: "unhealthy-node",
    title: "node is not ready, under pressure, or cordoned and forgotten",
    severity: Severity::Low,
    rationale: "A node that nobody looks after gets no new pods and no updates, and what still runs there \
                runs unwatched.",
    remediation: "See `kubectl describe node NODE` for the condition; `kubectl uncordon NODE`, or drain \
                  and delete it.",
    references: &["https://kubernetes.io/docs/reference/node/node-status/#condition"],
    verdicts: &[
        (Outcome::Fail, "the node has not been ready for more than 15 minutes"),
        (
            Outcome::Unknown,
            "it does not report whether it is ready, or since when it is not, or is cordoned",
        ),
        (
            Outcome::Warn,
            "it is short of memory, disk or process ids, has no network, or has been cordoned for more \
             than 7 days",
        ),
        (Outcome::Pass, "none of these"),
    ],
    needs: &[&[Resource::Nodes]],
    empty: Empty::NotApplicable,
    rule: Rule::Node(unhealthy_node),
};

/// A node may restart for so long.
const PATIENCE: SignedDuration = SignedDuration::from_mins(15);

/// A node may be cordoned for so long: work on it takes no longer.
const CORDON: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Conditions that are bad when they are `True`.
const TROUBLES: [&str; 4] = ["MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable"];

/// What a cordoned node is tainted with.
const CORDONED: &str = "node.kubernetes.io/unschedulable";

fn unhealthy_node(node: &Node, facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let untold = |message: &str| Gap::whole(Resource::Nodes, Cause::Inconclusive, message);
    let at = |name: &str| Location::field(format!("status.conditions {name}"));
    let conditions = &node.status.conditions;
    for it in conditions.iter().filter(|it| &*it.status == "True") {
        if TROUBLES.contains(&&*it.type_) {
            findings.warn(at(&it.type_), "is `True`");
        }
    }
    let ready = conditions.iter().find(|it| &*it.type_ == "Ready");
    let ready = ready.ok_or_else(|| untold("a node has no condition `Ready`"))?;
    if &*ready.status != "True" {
        let message = "since when a node is not ready is not told";
        let since = ready.last_transition_time.ok_or_else(|| untold(message))?;
        if facts.now().duration_since(since) > PATIENCE {
            findings.fail(at("Ready"), format!("is `{}` since {since}", ready.status));
        }
    }
    if node.spec.unschedulable {
        let taint = node.spec.taints.iter().find(|it| &*it.key == CORDONED);
        let message = "since when a node is cordoned is not told";
        let since = taint.and_then(|it| it.time_added).ok_or_else(|| untold(message))?;
        if facts.now().duration_since(since) > CORDON {
            let at = Location::field("spec.unschedulable");
            findings.warn(at, format!("is `true` since {since}"));
        }
    }
    Ok(Ruling::Applies)
}
