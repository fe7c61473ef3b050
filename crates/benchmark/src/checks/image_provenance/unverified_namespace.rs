//! Namespaces of tenants whose images nobody verifies.
//!
//! | tenants' namespaces in which images are verified               | verdict        |
//! |-----------------------------------------------------------------|----------------|
//! | all of them                                                     | pass           |
//! | at least 80 percent                                             | warn           |
//! | fewer; or one has exposed workloads and was never opted in      | fail           |
//! | it is not known of so many that it could be either              | unknown        |
//! | there is no policy that verifies images, or no tenant           | not applicable |
//!
//! Verified is where an engine's webhook is sent every pod, and a policy looks at them: Kyverno's rules by
//! what they match and whom they exempt, policy-controller by the label that its webhook selects, Portieris
//! by its policies for the cluster or the namespace. An engine's own namespace does not count. Opting in is policy-controller's way. Elsewhere:
//! whether the policies reject, and which images they are about.

use assay_model::{
    Findings, Known, Location, Outcome, Resource, Scope, Severity, Unknown, any,
    namespace::Namespace,
};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling,
    data::VerifierPolicies,
    exposure::is_exposed,
    image_verification::{self, covers, has_policies, is_home},
};

pub(super) static CHECK: Check = Check {
    code: "APP-PRV-004",
    id: "unverified-namespace",
    title: "images of some tenants are not verified",
    severity: Severity::High,
    rationale: "One namespace without verification is enough: an image that nobody signed is run from there.",
    remediation: "Let the policies match every namespace of tenants, and exempt those of the platform by name; with \
                  sigstore's policy-controller, label each namespace `policy.sigstore.dev/include: \"true\"`.",
    references: &[
        "https://docs.sigstore.dev/policy-controller/overview/",
        "https://kyverno.io/docs/policy-types/cluster-policy/verify-images/",
    ],
    verdicts: &[
        (
            Outcome::Fail,
            "fewer than 80 percent of tenants' namespaces are covered, or one with exposed workloads was not opted in",
        ),
        (
            Outcome::Unknown,
            "an engine is there whose policies are not read, or conditions decide what it verifies",
        ),
        (Outcome::Warn, "at least 80 percent are, and not all"),
        (Outcome::Pass, "all are"),
        (
            Outcome::NotApplicable,
            "there is no policy that verifies images, or no tenant's namespace",
        ),
    ],
    needs: &[
        Resource::WORKLOADS,
        image_verification::POLICIES,
        &[
            Resource::Namespaces,
            Resource::KyvernoExceptions,
            Resource::KyvernoConfigMap,
            Resource::Services,
            Resource::Ingresses,
        ],
    ],
    empty: Empty::NotApplicable,
    rule: Rule::Cluster(unverified_namespace),
};

/// So many in a hundred namespaces may be left out before it is a fault that the others are.
const TOLERATED: usize = 20;

fn unverified_namespace(facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    if !any(facts.tables.verifiers.iter().map(|row| has_policies(row, facts)))? {
        return Ok(Ruling::NotApplicable("there is no policy that verifies images".to_owned()));
    }
    let (mut covered, mut open) = (0, Vec::new());
    let mut unknown: Option<Unknown> = None;
    let mut left_open = false;
    for namespace in facts.inventory.namespaces.all(Scope::Cluster)? {
        let is_platform = facts.settings.is_platform(&namespace.name);
        if is_platform || namespace.terminating()? || is_home(namespace, facts)? {
            continue;
        }
        match covers(namespace, facts) {
            Ok(true) => covered += 1,
            Ok(false) => {
                match was_never_opted_in(namespace, facts) {
                    Ok(it) => left_open |= it,
                    Err(it) => unknown = Some(unknown.map_or(it.clone(), |other| other.and(it))),
                }
                open.push(&namespace.name);
            }
            Err(it) => unknown = Some(unknown.map_or(it.clone(), |other| other.and(it))),
        }
    }
    if covered == 0 && open.is_empty() && unknown.is_none() {
        return Ok(Ruling::NotApplicable("no namespace of a tenant".to_owned()));
    }
    if let Some(unknown) = unknown {
        return Err(unknown);
    }
    let fails = left_open || open.len() * 100 > TOLERATED * (covered + open.len());
    for name in open {
        let at = Location::field(format!("namespace {name}"));
        if fails {
            findings.fail(at, "runs images that nobody verifies");
        } else {
            findings.warn(at, "runs images that nobody verifies");
        }
    }
    Ok(Ruling::Applies)
}

/// Whether what is exposed there runs unverified because policy-controller was never let in.
fn was_never_opted_in(namespace: &Namespace, facts: &Facts<'_>) -> Known<bool> {
    let mut rows = facts.tables.verifiers.iter();
    let Some(row) = rows.find(|it| it.policies == VerifierPolicies::Sigstore) else {
        return Ok(false);
    };
    if !has_policies(row, facts)? {
        return Ok(false);
    }
    let inventory = facts.inventory;
    let here = Scope::Part(&namespace.name);
    let exposed = inventory.workloads.find(here, |it| is_exposed(it, inventory))?;
    Ok(exposed.is_some())
}
