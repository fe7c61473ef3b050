//! Nodes whose operating system was not made for containers.
//!
//! | `status.nodeInfo.osImage`                                  | verdict |
//! |------------------------------------------------------------|---------|
//! | begins with one of [`MINIMAL`], or has [`OS_GUARD`]        | pass    |
//! | begins with one of [`LEAN`]                                | warn    |
//! | any other that table `lifecycle` knows: Debian, Ubuntu, …  | fail    |
//! | anything else                                              | unknown |
//!
//! Exempt: Windows, and virtual nodes, whose machines are the provider's.

use assay_model::{Cause, Findings, Gap, Location, Outcome, Resource, Severity, node::Node};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling};

pub(super) static CHECK: Check = Check {
    code: "HST-OSM-001",
    id: "general-purpose-os",
    title: "node's operating system was not made for containers",
    severity: Severity::Medium,
    rationale: "A package manager, shells and services that no pod needs are what a process that broke \
                out of its container works with, and all of them have holes to be mended.",
    remediation: "Move the node pool to an image with a read-only root and nothing but a runtime and a \
                  kubelet: Bottlerocket, Talos, Flatcar, Container-Optimized OS, Fedora CoreOS, ….",
    references: &["https://csrc.nist.gov/pubs/sp/800/190/final"],
    verdicts: &[
        (Outcome::Fail, "the system is a general-purpose distribution"),
        (Outcome::Unknown, "the system is not told, or no table has it"),
        (
            Outcome::Warn,
            "it is a slim one with a package manager: Azure Linux, Amazon Linux 2023, Photon, Alpine, \
             NixOS",
        ),
        (Outcome::Pass, "it was made for containers"),
        (Outcome::NotApplicable, "the node runs Windows, or is virtual"),
    ],
    needs: &[&[Resource::Nodes]],
    empty: Empty::NotApplicable,
    rule: Rule::Node(general_purpose_os),
};

/// Systems that were made to run containers: their `PRETTY_NAME` in os-release begins so.
const MINIMAL: &[&str] = &[
    "Bottlerocket OS ",
    "Container Linux by CoreOS ",
    "Container-Optimized OS",
    "Elemental",
    "Fedora CoreOS ",
    "Flatcar Container Linux",
    "Garden Linux ",
    "Kairos",
    "Red Hat Enterprise Linux CoreOS ",
    "RancherOS ",
    "SUSE Linux Enterprise Micro",
    "SUSE Linux Micro",
    "Talos (",
    "Ubuntu Core ",
    "k3OS ",
    "openSUSE Leap Micro",
    "openSUSE MicroOS",
];

/// What the names of Azure Linux have in its variant that cannot be changed.
const OS_GUARD: &str = "OS Guard";

/// Slim ones that can be changed while they run.
const LEAN: &[&str] = &[
    "Alpine Linux ",
    "Amazon Linux 2023",
    "Azure Linux",
    "CBL-Mariner",
    "Microsoft Azure Linux",
    "NixOS ",
    "VMware Photon",
];

fn general_purpose_os(node: &Node, facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    if node.is_virtual() {
        return Ok(Ruling::NotApplicable("the provider keeps a virtual node's machine".to_owned()));
    }
    if node.is_windows() {
        return Ok(Ruling::NotApplicable("Windows has no such variant".to_owned()));
    }
    let told = &*node.status.node_info.os_image;
    let begins = |list: &[&str]| list.iter().any(|it| told.starts_with(it));
    let at = || Location::field("status.nodeInfo.osImage");
    if begins(MINIMAL) || told.contains(OS_GUARD) {
    } else if begins(LEAN) {
        findings.warn(at(), format!("is `{told}`: slim, but with a package manager"));
    } else if facts.tables.operating_system(told).is_some() {
        findings.fail(at(), format!("is `{told}`, a general-purpose system"));
    } else {
        let message = match told {
            "" => "the operating system is not told".to_owned(),
            told => format!("no table has the operating system `{told}`"),
        };
        return Err(Gap::whole(Resource::Nodes, Cause::Inconclusive, message).into());
    }
    Ok(Ruling::Applies)
}
