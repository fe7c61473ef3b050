//! Images that run and were not scanned.
//!
//! | images that tenants' pods run                        | verdict |
//! |------------------------------------------------------|---------|
//! | more than one of ten has no report                   | fail    |
//! | some have none                                       | warn    |
//! | all have one                                         | pass    |
//! | there is no report in the cluster                    | manual  |
//!
//! How reports and images are joined: [`scans`](crate::scans). Elsewhere: whether there is a scanner is
//! `no-image-scanner`'s.

use std::{collections::BTreeMap, sync::Arc};

use assay_model::{Findings, Location, Outcome, Resource, Scope, Severity, both};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling, image};

pub(super) static CHECK: Check = Check {
    code: "APP-SCN-002",
    id: "image-without-report",
    title: "image runs that no scanner has reported on",
    severity: Severity::High,
    rationale: "A count of vulnerabilities says nothing of the images that were never looked at, and those \
                are the ones that nobody updates.",
    remediation: "See the scanner's log for the image: it needs the pull secret, or a namespace was left \
                  out of its configuration.",
    references: &[
        "https://aquasecurity.github.io/trivy-operator/latest/docs/crds/vulnerability-report/",
    ],
    verdicts: &[
        (Outcome::Fail, "more than one of ten images that tenants run have no report"),
        (Outcome::Manual, "there is no report in the cluster: images may be scanned elsewhere"),
        (Outcome::Warn, "up to one of ten have none"),
        (Outcome::Pass, "all have one"),
        (Outcome::NotApplicable, "no image runs in a tenant's namespace"),
    ],
    needs: &[
        Resource::WORKLOADS,
        &[Resource::VulnerabilityReports, Resource::ClusterVulnerabilityReports],
    ],
    empty: Empty::NotApplicable,
    rule: Rule::Cluster(image_without_report),
};

fn image_without_report(facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let scans = facts.scans();
    if scans.are_none()? {
        let question = "Is every image that runs here scanned, where the cluster does not show it?";
        return Ok(Ruling::Manual(question.to_owned()));
    }
    let mut has_report: BTreeMap<Arc<str>, bool> = BTreeMap::new();
    // How many of all have none takes all of them.
    facts.inventory.workloads.each(Scope::Cluster, |workload| {
        let mut read = workload.live_read.clone();
        let is_tenants = !facts.settings.is_platform(&workload.namespace);
        for image in workload.live.iter().filter(|_| is_tenants).flat_map(image::running) {
            match scans.newest(&image) {
                Ok(report) => *has_report.entry(image.written).or_insert(true) &= report.is_some(),
                Err(it) => read = both(read, Err(it)),
            }
        }
        if is_tenants { read } else { Ok(()) }
    })?;
    if has_report.is_empty() {
        return Ok(Ruling::NotApplicable("no image runs in a tenant's namespace".to_owned()));
    }
    let missing: Vec<&Arc<str>> =
        has_report.iter().filter(|(_, has)| !**has).map(|(it, _)| it).collect();
    let are_many = missing.len() * 10 > has_report.len();
    for image in missing {
        let at = Location::field(format!("image `{image}`"));
        let detail = "has no report";
        if are_many { findings.fail(at, detail) } else { findings.warn(at, detail) }
    }
    Ok(Ruling::Applies)
}
