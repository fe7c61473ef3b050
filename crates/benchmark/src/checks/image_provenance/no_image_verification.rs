//! Clusters that run whatever a reference points to.
//!
//! | seen                                                                   | verdict |
//! |------------------------------------------------------------------------|---------|
//! | an engine that verifies images: policies, asked about pods, a ready pod | pass   |
//! | one whose policies are not read, or `ImagePolicyWebhook` is on          | unknown |
//! | none, on a provider's control plane                                     | manual: its gate is nowhere in the API |
//! | one without a policy, not asked, or without a ready pod; or none        | warn   |
//!
//! Engines: table `image-verifiers`. Elsewhere: whether its policies reject, and which namespaces they hold
//! in.

use assay_model::{Cause, Findings, Gap, Known, Location, Outcome, Resource, Severity, all, any};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling,
    data::{VerifierPolicies, VerifierRow},
    image_verification::{self, has_policies, is_asked, is_served},
    installed, pod_admission,
};

pub(super) static CHECK: Check = Check {
    code: "APP-PRV-001",
    id: "no-image-verification",
    title: "nothing verifies images before they run",
    severity: Severity::High,
    rationale: "Whoever can push to a registry, or stands between it and a node, chooses what runs: nobody asks who \
                made the image.",
    remediation: "Sign images where they are built, and install an engine that verifies them at admission (Kyverno, \
                  sigstore policy-controller, Ratify, …) with a policy for your registries.",
    references: &[
        "https://kubernetes.io/docs/tasks/administer-cluster/verify-signed-artifacts/",
        "https://docs.sigstore.dev/policy-controller/overview/",
    ],
    verdicts: &[
        (
            Outcome::Unknown,
            "an engine is there whose policies are not read, or the API server's `ImagePolicyWebhook` may be on",
        ),
        (
            Outcome::Manual,
            "none is seen, and the provider may have a gate that the API does not show",
        ),
        (Outcome::Warn, "none is there; or one has no policy, is not asked, or has no ready pod"),
        (Outcome::Pass, "one has policies, is asked about pods, and has a ready pod"),
    ],
    needs: &[
        Resource::WORKLOADS,
        image_verification::POLICIES,
        &[Resource::Nodes, Resource::Version],
    ],
    empty: Empty::Pass,
    rule: Rule::Cluster(no_image_verification),
};

const QUESTION: &str = "Does the provider verify images before they run, as Binary Authorization and the image \
                        integrity add-ons do?";

fn no_image_verification(facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let rows = &facts.tables.verifiers;
    if any(rows.iter().map(|row| is_at_work(row, facts)))? {
        return Ok(Ruling::Applies);
    }
    if facts.managed_by()?.is_some() {
        return Ok(Ruling::Manual(QUESTION.to_owned()));
    }
    if is_on(facts)? {
        let message = "ImagePolicyWebhook is on, and its configuration is not read";
        return Err(Gap::part(Resource::Pods, "kube-system", Cause::Inconclusive, message).into());
    }
    let mut some = false;
    for row in rows.iter().filter(|it| it.policies != VerifierPolicies::Unread) {
        if any([
            is_served(row, facts),
            is_asked(row, facts),
            installed::is_installed(&row.images, facts),
        ])? {
            some = true;
            findings.warn(Location::field(row.name.as_str()), shortcoming(row, facts)?);
        }
    }
    if !some {
        findings.warn(Location::object(), "has no engine that verifies images");
    }
    Ok(Ruling::Applies)
}

/// Whether an engine has what it takes to verify images.
fn is_at_work(row: &VerifierRow, facts: &Facts<'_>) -> Known<bool> {
    match row.policies {
        VerifierPolicies::Unread => has_policies(row, facts),
        _ => all([
            has_policies(row, facts),
            is_asked(row, facts),
            installed::has_ready_pod(&row.images, facts),
        ]),
    }
}

/// What an engine lacks that is not at work.
fn shortcoming(row: &VerifierRow, facts: &Facts<'_>) -> Known<&'static str> {
    Ok(if !has_policies(row, facts)? {
        "has no policy that verifies images"
    } else if !is_asked(row, facts)? {
        "has policies, and no webhook asks it about pods"
    } else {
        "has policies, and no ready pod"
    })
}

/// Whether some API server asks a webhook of its own about images.
fn is_on(facts: &Facts<'_>) -> Known<bool> {
    pod_admission::some_server(facts, |replica| {
        any(["enable-admission-plugins", "admission-control"].map(|flag| {
            let list = replica.value(flag, facts)?;
            Ok(list.split(',').any(|it| it.trim() == "ImagePolicyWebhook"))
        }))
    })
}
