//! Images that a tag names, not a digest.
//!
//! | image of a container or a volume                                      | verdict |
//! |-----------------------------------------------------------------------|---------|
//! | with a digest                                                         | pass    |
//! | in the template without, in all pods with: something adds it on the way | warn  |
//! | without, and the workload is exposed or has a privileged container    | fail    |
//! | without, elsewhere                                                    | warn    |
//!
//! Init and ephemeral containers count. A place without an image is left to whoever fills it.
//! Exposed is what [`exposure`] says. Elsewhere: tags that move are `floating-image-tag`'s.

use std::{collections::BTreeSet, sync::Arc};

use assay_model::{
    Findings, Known, Location, Outcome, PodSpec, Resource, Severity, Workload, any, both,
};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling, exposure,
    image::{self, Reference},
};

pub(super) static CHECK: Check = Check {
    code: "APP-PRV-009",
    id: "image-without-digest",
    title: "image is not named by its digest",
    severity: Severity::Medium,
    rationale: "A tag can be pushed again: whoever may write to the registry changes what runs, without \
                a change in the cluster. A digest is the content.",
    remediation: "Add the digest to the reference (`app:1.4.2@sha256:…`), by the pipeline that renders \
                  the manifests or by an admission policy that resolves tags.",
    references: &["https://kubernetes.io/docs/concepts/containers/images/#image-names"],
    verdicts: &[
        (
            Outcome::Fail,
            "an image has no digest, and the workload is privileged or a Service or an Ingress opens \
             it to the outside",
        ),
        (Outcome::Warn, "an image of another workload has none"),
        (Outcome::Warn, "an image in the template has none, though the pods run with one"),
        (Outcome::Pass, "every image has a digest"),
    ],
    needs: &[Resource::WORKLOADS, &[Resource::Services, Resource::Ingresses]],
    empty: Empty::NotApplicable,
    rule: Rule::Workload(image_without_digest),
};

fn image_without_digest(workload: &Workload, facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let mut unpinned = BTreeSet::new();
    let mut unknown = Ok(());
    for live in &workload.live {
        unpinned.extend(without_digest(&live.spec));
    }
    for (at, written) in workload.wanted().into_iter().flat_map(without_digest) {
        match pinned_on_the_way(&at, workload) {
            Ok(true) => {
                let detail = format!("`{written}` has no digest, though the pods run with one");
                findings.warn(workload.locate(at), detail);
            }
            Ok(false) => {
                unpinned.insert((at, written));
            }
            Err(it) => unknown = both(unknown, Err(it)),
        }
    }
    if !unpinned.is_empty() {
        match any([exposure::is_exposed(workload, facts.inventory), is_privileged(workload)]) {
            Ok(risky) => {
                for (at, written) in unpinned {
                    let at = workload.locate(at);
                    let detail = format!("`{written}` has no digest");
                    if risky { findings.fail(at, detail) } else { findings.warn(at, detail) }
                }
            }
            Err(it) => unknown = both(unknown, Err(it)),
        }
    }
    both(unknown, workload.each_spec(|_| {})).map(|()| Ruling::Applies)
}

fn without_digest(spec: &PodSpec) -> impl Iterator<Item = (Location, Arc<str>)> {
    image::references(spec).filter(|(_, written)| Reference::parse(written).digest.is_empty())
}

/// Whether there are pods, and all of them have a digest where the template has none. An injected
/// container moves the others, so the same place is the container of the same name.
fn pinned_on_the_way(place: &Location, workload: &Workload) -> Known<bool> {
    let same = |it: &Location| match &place.container {
        Some(_) => it.container == place.container,
        None => it.path == place.path,
    };
    let pinned = |spec: &PodSpec| {
        image::references(spec)
            .any(|(at, written)| same(&at) && !Reference::parse(&written).digest.is_empty())
    };
    if workload.live.iter().any(|it| !pinned(&it.spec)) {
        return Ok(false);
    }
    workload.live_read.clone().map(|()| !workload.live.is_empty())
}

fn is_privileged(workload: &Workload) -> Known<bool> {
    let mut found = false;
    let read = workload.each_spec(|spec| {
        found |= spec.containers().any(|container| {
            container.security_context.as_ref().and_then(|it| it.privileged) == Some(true)
        });
    });
    if found { Ok(true) } else { read.map(|()| false) }
}
