//! Tags that stand for more than one image.
//!
//! | an image that pods run by its tag, by what the runtime says it pulled | verdict |
//! |-----------------------------------------------------------------------|---------|
//! | several digests in pods of one workload                               | fail    |
//! | one there, and others in other workloads                              | warn    |
//! | one in the whole cluster                                              | pass    |
//! | the runtime does not say                                              | unknown |
//!
//! An image that is written with its digest cannot differ. Elsewhere: `image-without-digest`.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use assay_model::{Cause, Findings, Gap, Location, Outcome, Resource, Severity, Workload, both};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling,
    image::{self, Running},
};

pub(super) static CHECK: Check = Check {
    code: "APP-PRV-011",
    id: "ambiguous-image-tag",
    title: "one image tag runs as several images",
    severity: Severity::High,
    rationale: "The tag was pushed again while it ran: pods that look alike run different programs, and \
                nobody can say which of them was tested, or who pushed the other.",
    remediation: "Find out which digest is meant, write it into the reference (`app:1.4.2@sha256:…`), \
                  roll out, and make tags immutable in the registry.",
    references: &["https://kubernetes.io/docs/concepts/containers/images/#image-names"],
    verdicts: &[
        (Outcome::Fail, "pods of one workload run several images by one tag"),
        (Outcome::Unknown, "the runtime does not say which image a pod runs"),
        (Outcome::Warn, "workloads run different images by one tag; or a platform's pods do"),
        (Outcome::Pass, "each tag is one image in the whole cluster"),
        (Outcome::NotApplicable, "nothing of the workload runs by a tag"),
    ],
    needs: &[Resource::WORKLOADS],
    empty: Empty::NotApplicable,
    rule: Rule::Workload(ambiguous_image_tag),
};

fn ambiguous_image_tag(workload: &Workload, facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let mut own: BTreeMap<Arc<str>, BTreeSet<Arc<str>>> = BTreeMap::new();
    let mut unknown = workload.live_read.clone();
    let mut elsewhere = BTreeSet::new();
    for image in workload.live.iter().flat_map(image::running).filter(Running::is_by_tag) {
        if image.digests.is_empty() {
            let message = "the runtime does not say which images some pods run";
            let namespace = workload.namespace.clone();
            let gap = Gap::part(Resource::Pods, namespace, Cause::Inconclusive, message);
            unknown = both(unknown, Err(gap.into()));
        }
        match facts.digests().differ(&image) {
            Ok(true) => {
                elsewhere.insert(image.written.clone());
            }
            Ok(false) => {}
            Err(it) => unknown = both(unknown, Err(it)),
        }
        own.entry(image.written).or_default().extend(image.digests);
    }
    // What looks like another workload may be another ReplicaSet of the same one.
    let is_whole = both(workload.live_read.clone(), workload.owner_is_top.clone());
    for (written, digests) in &own {
        let at = || Location::field(format!("image `{written}`"));
        if digests.len() > 1 {
            findings.fail(at(), "runs with different digests in its pods");
        } else if elsewhere.contains(written) {
            match &is_whole {
                Ok(()) => findings.warn(at(), "runs with another digest in another workload"),
                Err(it) => unknown = both(unknown, Err(it.clone())),
            }
        }
    }
    unknown?;
    if own.is_empty() {
        return Ok(Ruling::NotApplicable("no pod runs an image by its tag".to_owned()));
    }
    Ok(Ruling::Applies)
}
