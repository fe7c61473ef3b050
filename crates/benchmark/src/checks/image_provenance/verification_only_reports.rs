//! Policies on images that let everything pass.
//!
//! | policies that verify images           | verdict        |
//! |---------------------------------------|----------------|
//! | all of them reject what does not pass | pass           |
//! | some do, or do in some namespaces     | warn           |
//! | none does                             | fail           |
//! | there is none                         | not applicable |
//!
//! | a policy of | rejects                                                                       |
//! |-------------|-------------------------------------------------------------------------------|
//! | Kyverno     | `failureAction: Enforce` (the policy's where the rule has none), unless `required: false` |
//! | sigstore    | `mode: enforce`, which is the default                                         |
//! | Portieris   | where some repository is asked for signatures                                 |
//!
//! Policies of other engines are not read: where one is there, only what is seen of these is said.

use assay_model::{Findings, Location, Outcome, Severity};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling,
    image_verification::{self, Policy},
};

pub(super) static CHECK: Check = Check {
    code: "APP-PRV-003",
    id: "verification-only-reports",
    title: "policy on images rejects nothing",
    severity: Severity::High,
    rationale: "An image that nobody signed runs all the same: what is written into a report afterwards stops nobody.",
    remediation: "Set `failureAction: Enforce` on Kyverno's rules and leave `required` on; `mode: enforce` on a \
                  ClusterImagePolicy. Look at the reports first: they say what would be rejected.",
    references: &[
        "https://kyverno.io/docs/policy-types/cluster-policy/verify-images/",
        "https://docs.sigstore.dev/policy-controller/overview/",
    ],
    verdicts: &[
        (Outcome::Fail, "no policy rejects an image that does not verify"),
        (Outcome::Unknown, "an engine is there whose policies are not read"),
        (Outcome::Warn, "some policies reject, and some only report"),
        (Outcome::Pass, "every policy rejects"),
        (Outcome::NotApplicable, "there is no policy that verifies images"),
    ],
    needs: &[image_verification::POLICIES],
    empty: Empty::NotApplicable,
    rule: Rule::Cluster(verification_only_reports),
};

fn verification_only_reports(facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let mut policies: Vec<Policy> = Vec::new();
    let read = image_verification::each_policy(facts, |it| policies.push(it));
    policies.sort();
    let rejects = policies.iter().any(|it| it.rejects != Some(false));
    let lax = policies.iter().filter(|it| it.rejects != Some(true));
    let says = |it: &Policy| match it.rejects {
        None => "rejects in some namespaces only",
        Some(_) => "only reports",
    };
    // One that rejects excludes the fault, whatever the others do.
    if !rejects {
        read.clone()?;
        image_verification::none_is_unread(facts)?;
    }
    let mut some = false;
    for policy in lax {
        some = true;
        let at = Location::field(policy.name.as_str());
        if rejects {
            findings.warn(at, says(policy));
        } else {
            findings.fail(at, says(policy));
        }
    }
    if !some {
        read?;
        image_verification::none_is_unread(facts)?;
    }
    Ok(if policies.is_empty() {
        Ruling::NotApplicable("there is no policy that verifies images".to_owned())
    } else {
        Ruling::Applies
    })
}
