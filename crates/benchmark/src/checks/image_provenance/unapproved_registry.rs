//! Images from registries that nobody approved.
//!
//! | an image, against `allowed-registries` of the configuration file   | verdict |
//! |--------------------------------------------------------------------|---------|
//! | its registry and path begin with none of them                      | fail    |
//! | they begin with one, part by part                                  | pass    |
//! | the file has no such list                                          | manual: the hints name the registries |
//!
//! Init and ephemeral containers and image volumes count. What a runtime fills in is filled in first:
//! `nginx` comes from `docker.io/library`.

use std::collections::BTreeSet;

use assay_model::{Findings, Outcome, Resource, Severity, Workload};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling,
    image::{self, Reference, full_repository},
};

pub(super) static CHECK: Check = Check {
    code: "APP-PRV-013",
    id: "unapproved-registry",
    title: "image comes from a registry that is not on the list",
    severity: Severity::Medium,
    rationale: "Whoever runs that registry, or takes over an account there, chooses what runs here; nobody \
                here scans it, signs it or keeps it when it disappears.",
    remediation: "Mirror the image into a registry on the list and name it there; or add its registry to \
                  `allowed-registries` in the configuration file.",
    references: &["https://kubernetes.io/docs/concepts/containers/images/"],
    verdicts: &[
        (Outcome::Fail, "an image is from none of the registries in `allowed-registries`"),
        (Outcome::Manual, "the configuration file names none; the hints show those in use"),
        (Outcome::Warn, "a pod in a platform namespace has an image from none of them"),
        (Outcome::Pass, "every image is from one of them"),
    ],
    needs: &[Resource::WORKLOADS],
    empty: Empty::NotApplicable,
    rule: Rule::Workload(unapproved_registry),
};

const QUESTION: &str = "Are these registries yours, or ones that you trust? Name those that are in \
                        `allowed-registries` of the configuration file.";

fn unapproved_registry(workload: &Workload, facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let mut images = BTreeSet::new();
    let read = workload.each_spec(|spec| images.extend(image::references(spec)));
    let Some(allowed) = &facts.settings.allowed_registries else {
        for (_, written) in images {
            let repository = full_repository(Reference::parse(&written).repository);
            let registry = repository.split('/').next().unwrap_or_default();
            findings.hint(format!("images come from {registry}"));
        }
        return read.map(|()| Ruling::Manual(QUESTION.to_owned()));
    };
    for (at, written) in images {
        let repository = full_repository(Reference::parse(&written).repository);
        if !allowed.iter().any(|it| is_below(&repository, it)) {
            findings
                .fail(workload.locate(at), format!("`{written}` is from no registry on the list"));
        }
    }
    read.map(|()| Ruling::Applies)
}

/// Whether a repository is in a registry, or below a path of one.
fn is_below(repository: &str, allowed: &str) -> bool {
    let rest = repository.strip_prefix(allowed.trim_end_matches('/'));
    rest.is_some_and(|it| it.is_empty() || it.starts_with('/'))
}
