//! The certificate that the API server shows.
//!
//! | of the certificate                     | fail                       | warn           |
//! |----------------------------------------|----------------------------|----------------|
//! | validity                               | not yet, past, or < 7 days | < 30 days left |
//! | alternative names                      | not the host dialled       |                |
//! | chain                                  | not to the kubeconfig's CA |                |
//! | kubeconfig: `insecure-skip-tls-verify` |                            | set            |
//!
//! Where verification is switched off there is no CA to lead to, so the chain is not judged.
//! Seen is the endpoint of the kubeconfig: replicas behind one address are not told apart.

use assay_model::{Findings, Location, Outcome, Resource, Severity};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling};

pub(super) static CHECK: Check = Check {
    code: "CLU-CRT-001",
    id: "api-server-certificate",
    title: "API server's certificate is invalid or about to end",
    severity: Severity::Critical,
    rationale: "When it ends, every client and node loses the cluster; where clients learn to ignore it, \
                anybody between them and the server can read and change what they say.",
    remediation: "Renew it (`kubeadm certs renew apiserver`, then restart the API server) with the \
                  names that clients dial; remove `insecure-skip-tls-verify` from kubeconfigs.",
    references: &[
        "https://kubernetes.io/docs/tasks/administer-cluster/kubeadm/kubeadm-certs/",
        "https://kubernetes.io/docs/setup/best-practices/certificates/",
    ],
    verdicts: &[
        (
            Outcome::Fail,
            "it is not valid now, has less than 7 days left, does not name the endpoint, or its chain \
             does not lead to the kubeconfig's CA",
        ),
        (Outcome::Warn, "it has less than 30 days left, or the kubeconfig skips verification"),
        (Outcome::Pass, "none of that"),
    ],
    needs: &[&[Resource::ServingCertificate]],
    empty: Empty::NotApplicable,
    rule: Rule::Cluster(api_server_certificate),
};

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn api_server_certificate(facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let shown = facts.inventory.serving_certificate.as_ref().map_err(Clone::clone)?;
    let at = || Location::field(format!("certificate of {}", shown.endpoint));
    let left = shown.not_after.duration_since(facts.now());
    let end = day(shown.not_after);
    if shown.not_before > facts.now() {
        findings.fail(at(), format!("is not valid before {}", day(shown.not_before)));
    }
    if left <= SignedDuration::ZERO {
        findings.fail(at(), format!("has expired on {end}"));
    } else if left < DAY * 7 {
        findings.fail(at(), format!("ends on {end}, in less than 7 days"));
    } else if left < DAY * 30 {
        findings.warn(at(), format!("ends on {end}, in less than 30 days"));
    }
    if !shown.names_endpoint {
        findings.fail(at(), "does not name the host that was dialled");
    }
    if shown.verification_skipped {
        findings.warn(at(), "is not verified: the kubeconfig says `insecure-skip-tls-verify`");
    } else if !shown.trusted {
        findings.fail(at(), "does not lead to the CA of the kubeconfig");
    }
    Ok(Ruling::Applies)
}

fn day(of: Timestamp) -> jiff::civil::Date {
    of.to_zoned_datetime(TimeZone::UTC).date()
}
