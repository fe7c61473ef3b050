//! Clusters whose images nobody scans.
//!
//! | seen                                                    | verdict                        |
//! |---------------------------------------------------------|--------------------------------|
//! | `registry-scanning` is declared                         | pass                           |
//! | a scanner with a ready pod, and reports of its kinds    | pass                           |
//! | a scanner that keeps its findings to itself, and is ready | pass                         |
//! | a scanner or its kinds, but no ready pod or no report   | warn                           |
//! | nothing, on a provider's control plane                  | manual: its registry may scan  |
//! | nothing                                                 | fail                           |
//!
//! Scanners: table `image-scanners`. Of the reports only trivy-operator's kinds are read; a scanner
//! with others that is ready is unknown.

use std::collections::BTreeSet;

use assay_model::{
    Cause, Findings, Gap, Known, Location, Outcome, Resource, Scope, Severity, any, both, either,
};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling,
    data::ScannerRow,
    installed::{has_ready_pod, is_installed},
    settings::Declaration,
};

pub(super) static CHECK: Check = Check {
    code: "APP-SCN-001",
    id: "no-image-scanner",
    title: "no vulnerability scanner covers the cluster",
    severity: Severity::High,
    rationale: "What is found in an image after it was built is known to attackers, and to nobody here.",
    remediation: "Install a scanner in the cluster, or scan in the registry and declare \
                  `registry-scanning` in the configuration file.",
    references: &[
        "https://kubernetes.io/docs/concepts/security/cloud-native-security/",
        "https://aquasecurity.github.io/trivy-operator/",
    ],
    verdicts: &[
        (Outcome::Fail, "no scanner that is known is there, and registry scanning is not declared"),
        (Outcome::Unknown, "a scanner is ready whose reports are not read"),
        (Outcome::Manual, "none is there, and the provider's registry may scan"),
        (Outcome::Warn, "one is there, but has no ready pod or has left no report"),
        (Outcome::Pass, "one is ready and leaves reports, or registry scanning is declared"),
    ],
    needs: &[
        Resource::WORKLOADS,
        &[
            Resource::CustomResourceDefinitions,
            Resource::VulnerabilityReports,
            Resource::ClusterVulnerabilityReports,
            Resource::Nodes,
            Resource::Version,
        ],
    ],
    empty: Empty::Pass,
    rule: Rule::Cluster(no_image_scanner),
};

/// The group whose reports are read.
const READ: &str = "aquasecurity.github.io";

fn no_image_scanner(facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    if facts.settings.declares(Declaration::RegistryScanning) {
        findings.hint("registry scanning is declared in the configuration file");
        return Ok(Ruling::Applies);
    }
    let rows = &facts.tables.scanners;
    if any(rows.iter().map(|row| is_at_work(row, facts)))? {
        return Ok(Ruling::Applies);
    }
    // From here on no scanner is at work, which is proven: so what one lacks is worth saying.
    shortcomings(facts, findings);
    let installed = any(rows.iter().map(|row| is_installed(&row.images, facts)));
    let served = any(rows.iter().map(|row| is_served(row, facts)));
    if any([installed, served])? {
        return Ok(Ruling::Applies);
    }
    if facts.managed_by()?.is_some() {
        let question = "Does the provider's registry scan every image that runs here?";
        return Ok(Ruling::Manual(question.to_owned()));
    }
    findings.fail(Location::object(), "has no image scanner that is known");
    Ok(Ruling::Applies)
}

/// Reports what keeps each scanner that is there from its work. Said only of what is certain.
fn shortcomings(facts: &Facts<'_>, findings: &mut Findings) {
    let rows = &facts.tables.scanners;
    for row in rows {
        if is_installed(&row.images, facts) == Ok(true)
            && has_ready_pod(&row.images, facts) == Ok(false)
        {
            findings.warn(Location::field(row.name.as_str()), "is installed, but has no ready pod");
        }
    }
    let groups: BTreeSet<&str> = rows.iter().filter_map(|it| it.group.as_deref()).collect();
    for group in groups {
        let of_group = || rows.iter().filter(|it| it.group.as_deref() == Some(group));
        let installed = any(of_group().map(|row| is_installed(&row.images, facts)));
        let served = any(of_group().map(|row| is_served(row, facts))) == Ok(true);
        if served && installed == Ok(false) {
            let detail = "is served, but no scanner that writes its reports is installed";
            findings.warn(Location::field(group), detail);
        }
        let there = served || installed == Ok(true);
        if there && any(of_group().map(|row| has_reports(row, facts))) == Ok(false) {
            findings.warn(Location::field(group), "has no report");
        }
    }
}

/// Whether a scanner has a ready pod and what it leaves behind.
fn is_at_work(row: &ScannerRow, facts: &Facts<'_>) -> Known<bool> {
    match (has_ready_pod(&row.images, facts), has_reports(row, facts)) {
        (Ok(false), _) | (_, Ok(false)) => Ok(false),
        (ready, reports) => both(ready.map(drop), reports.map(drop)).map(|()| true),
    }
}

/// Whether there are reports; a scanner that keeps them to itself is taken at its word.
fn has_reports(row: &ScannerRow, facts: &Facts<'_>) -> Known<bool> {
    let inventory = facts.inventory;
    match row.group.as_deref() {
        None => Ok(true),
        Some(READ) => {
            let one = inventory.vulnerability_reports.find(Scope::Cluster, |_| Ok(true));
            let other = inventory.cluster_vulnerability_reports.find(Scope::Cluster, |_| Ok(true));
            Ok(either(one, other)?.is_some())
        }
        Some(group) => {
            let message = format!("the reports of {} are not read yet", row.name);
            let resource = Resource::CustomResourceDefinitions;
            Err(Gap::part(resource, group, Cause::Inconclusive, message).into())
        }
    }
}

/// Whether one of its kinds is served as a custom resource.
fn is_served(row: &ScannerRow, facts: &Facts<'_>) -> Known<bool> {
    let definitions = &facts.inventory.custom_resource_definitions;
    let found = definitions.find(Scope::Cluster, |it| {
        let kind = &*it.spec.names.kind;
        Ok(row.group.as_deref() == Some(&*it.spec.group) && row.kinds.iter().any(|it| it == kind))
    })?;
    Ok(found.is_some())
}
