//! Worlds for tests: manifests taken as the whole cluster, on a fixed day.

use std::{fs, path::Path};

use assay_benchmark::{Settings, engine::Finding};
use assay_collector::files::{self, Completeness};
use assay_model::{
    Snapshot,
    control_plane::{AnonymousProbe, Flagz, Metrics, ServingCertificate, Version},
};
use jiff::Timestamp;
use serde::Deserialize;

/// The day of every fixture.
pub(crate) const NOW: &str = "2026-11-23T12:00:00Z";

/// What no manifest shows.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct Evidence {
    version: Option<Version>,
    serving_certificate: Option<ServingCertificate>,
    anonymous_probe: Option<AnonymousProbe>,
    metrics: Option<Metrics>,
    flagz: Option<Flagz>,
    /// Not of the cluster: what its user says.
    allowed_registries: Option<Vec<String>>,
}

impl Evidence {
    fn of(case: &Path) -> Result<Self, Box<dyn std::error::Error>> {
        Ok(match fs::read_to_string(case.join("evidence.json")) {
            Ok(text) => serde_json::from_str(&text)?,
            Err(_) => Evidence::default(),
        })
    }
}

/// What the user of a case says of the cluster.
#[allow(dead_code, reason = "not every test asks for it")]
pub(crate) fn settings(case: &Path) -> Settings {
    let Evidence { allowed_registries, .. } = Evidence::of(case).expect("evidence");
    Settings { allowed_registries, ..Settings::default() }
}

/// A case, as the whole cluster; Kubernetes 1.37.2 unless its evidence says otherwise.
pub(crate) fn world(case: &Path) -> Result<Snapshot, Box<dyn std::error::Error>> {
    let now: Timestamp = NOW.parse()?;
    let mut snapshot = files::read(case, &Completeness::Everything, now)?.snapshot;
    let evidence = Evidence::of(case)?;
    let version = evidence.version.unwrap_or(Version { git_version: "v1.37.2".into() });
    snapshot.version = Ok(version);
    if let Some(it) = evidence.serving_certificate {
        snapshot.serving_certificate = Ok(it);
    }
    if let Some(it) = evidence.anonymous_probe {
        snapshot.anonymous_probe = Ok(it);
    }
    if let Some(it) = evidence.metrics {
        snapshot.metrics = Ok(it);
    }
    if let Some(it) = evidence.flagz {
        snapshot.flagz = Ok(it);
    }
    Ok(snapshot)
}

/// A finding as a line: `fail Deployment shop/web: spec.template… is unset`.
pub(crate) fn line(finding: &Finding) -> String {
    let outcome = finding.outcome.name();
    let at =
        if finding.at.path.is_empty() { String::new() } else { format!("{} ", finding.at.path) };
    format!("{outcome} {} {}: {at}{}", finding.severity.name(), finding.object, finding.detail)
}
