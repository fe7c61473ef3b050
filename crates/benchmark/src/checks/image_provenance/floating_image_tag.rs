//! Images whose tag is meant to move, or that have none.
//!
//! | image of a container or a volume | accepted                                        |
//! |----------------------------------|-------------------------------------------------|
//! | with a digest                    | whatever its tag: the digest decides            |
//! | with a tag                       | not `latest`, and none of [`FLOATING`]          |
//! | with neither                     | never: that is `latest`                         |
//!
//! Init and ephemeral containers count. A place without an image is left to whoever fills it.
//! Elsewhere: any tag without a digest is `image-without-digest`'s.

use assay_model::{Findings, Outcome, PodSpec, Resource, Severity};

use crate::{
    Check, Empty, Rule,
    image::{self, Reference},
};

pub(super) static CHECK: Check = Check {
    code: "APP-PRV-010",
    id: "floating-image-tag",
    title: "image follows a tag that moves",
    severity: Severity::Medium,
    rationale: "Which program runs is decided by whoever pushed last, and may differ from node to node; \
                nobody can say later what ran.",
    remediation: "Name a version, better with its digest: `registry.example/app:1.4.2@sha256:…`.",
    references: &["https://kubernetes.io/docs/concepts/containers/images/#image-names"],
    verdicts: &[
        (
            Outcome::Fail,
            "an image without a digest has no tag, `latest`, `stable`, `main`, `edge`, `dev` or \
             `nightly`",
        ),
        (Outcome::Pass, "every image has another tag, or a digest"),
    ],
    needs: &[Resource::WORKLOADS],
    empty: Empty::NotApplicable,
    rule: Rule::PodSpec(floating_image_tag),
};

/// Tags that say which line to follow, not which build to run.
const FLOATING: &[&str] = &["latest", "stable", "main", "edge", "dev", "nightly"];

fn floating_image_tag(pod: &PodSpec, findings: &mut Findings) {
    for (at, written) in image::references(pod) {
        let image = Reference::parse(&written);
        if !image.digest.is_empty() {
            continue;
        }
        if image.tag.is_empty() {
            findings.fail(at, format!("`{written}` has no tag"));
        } else if FLOATING.contains(&image.tag) {
            findings.fail(at, format!("`{written}` has a tag that moves"));
        }
    }
}
