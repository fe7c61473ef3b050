//! A control plane behind on patch releases.
//!
//! | patches behind the latest of its minor                 | verdict |
//! |--------------------------------------------------------|---------|
//! | [`FAR`] or more, where nobody else picks the patch     | fail    |
//! | [`FAR`] or more, where EKS, GKE or AKS picks it        | warn    |
//! | [`BEHIND`] or more                                     | warn    |
//! | fewer, by a row that is older than [`FRESH`] days      | warn    |
//! | fewer                                                  | pass    |
//! | a pre-release, or no row has the minor                 | unknown |
//!
//! The latest: table `kubernetes-patches`. A release that is newer than the table knows is not behind.

use assay_model::{Cause, Findings, Gap, Location, Outcome, Resource, Severity};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling,
    lifecycle::{FRESH, days},
    version::{first_release, minor_name},
};

pub(super) static CHECK: Check = Check {
    code: "CLU-UPG-002",
    id: "outdated-patch-release",
    title: "API server is several patch releases behind",
    severity: Severity::Medium,
    rationale: "Patch releases carry the fixes of holes that are public from that day on; several of \
                them missed means that some are open here.",
    remediation: "Upgrade to the latest patch release of the minor: patches change no behaviour, and \
                  nodes need not follow at once.",
    references: &["https://kubernetes.io/releases/patch-releases/"],
    verdicts: &[
        (Outcome::Fail, "4 or more patch releases behind"),
        (Outcome::Unknown, "no table has the minor, or it is a pre-release"),
        (
            Outcome::Warn,
            "2 or 3 behind, or more where the provider picks the patch, or the table is older than 180 \
             days",
        ),
        (Outcome::Pass, "at most one behind"),
    ],
    needs: &[&[Resource::Version, Resource::Nodes]],
    empty: Empty::NotApplicable,
    rule: Rule::Cluster(outdated_patch_release),
};

const FAR: u32 = 4;

const BEHIND: u32 = 2;

/// What the versions of pre-releases have.
const PRE_RELEASES: [&str; 3] = ["-alpha.", "-beta.", "-rc."];

fn outdated_patch_release(facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let version = facts.inventory.version.as_ref().map_err(Clone::clone)?;
    let told = &*version.git_version;
    let untold = |why: &str| Gap::whole(Resource::Version, Cause::Inconclusive, why);
    let minor = facts.server_minor()?;
    let patch = first_release(told, 3).filter(|_| !PRE_RELEASES.iter().any(|it| told.contains(it)));
    let patch: Option<u32> = patch.and_then(|it| it.split('.').nth(2)?.parse().ok());
    let patch = patch.ok_or_else(|| untold(&format!("`{told}` is no patch release")))?;
    let row = facts.tables.latest_patch(minor).ok_or_else(|| {
        untold(&format!("no table has the patch releases of {}", minor_name(minor)))
    })?;
    let behind = row.latest.saturating_sub(patch);
    let at = || Location::field("version");
    let detail = format!("is `{told}`, {behind} patches behind {}.{}", row.minor, row.latest);
    if behind >= FAR {
        match facts.managed_by()? {
            None => findings.fail(at(), detail),
            Some(provider) => findings.warn(at(), format!("{detail}; {provider} picks the patch")),
        }
    } else if behind >= BEHIND {
        findings.warn(at(), detail);
    } else if days(row.date, facts.today()) > FRESH {
        let date = row.date;
        let detail =
            format!("is `{told}`, up to date as far as was known on {date}: update the tool");
        findings.warn(at(), detail);
    }
    Ok(Ruling::Applies)
}
