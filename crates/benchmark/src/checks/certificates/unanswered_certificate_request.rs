//! Certificate requests that nobody answers.
//!
//! | request                                          | verdict        |
//! |--------------------------------------------------|----------------|
//! | approved, denied or failed                       | pass           |
//! | none of these, for more than an hour             | warn           |
//! | likewise, of signer `kubernetes.io/kubelet-serving` | warn, medium |
//!
//! The controller that cleans up removes a pending request after a day, so there is none older.

use assay_model::{
    Cause, Findings, Gap, Location, Outcome, Resource, Scope, Severity,
    certificate::CertificateSigningRequest, findings::Seen,
};
use jiff::SignedDuration;

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling};

pub(super) static CHECK: Check = Check {
    code: "CLU-CRT-028",
    id: "unanswered-certificate-request",
    title: "certificate request waits without an answer",
    severity: Severity::Low,
    rationale: "Somebody has no certificate and works around it; or a kubelet's serving certificate is about to \
                end, and with it logs, exec and metrics of its pods. A queue that nobody looks at is also where \
                a forged request goes unnoticed.",
    remediation: "Look at each (`kubectl describe csr NAME`), then `kubectl certificate approve` or `deny` it. \
                  For kubelets run an approver of serving certificates.",
    references: &[
        "https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/",
    ],
    verdicts: &[
        (Outcome::Warn, "a request is older than an hour and has no answer"),
        (Outcome::Pass, "none is"),
    ],
    needs: &[&[Resource::CertificateSigningRequests]],
    empty: Empty::Pass,
    rule: Rule::Cluster(unanswered_certificate_request),
};

const PATIENCE: SignedDuration = SignedDuration::from_hours(1);

fn unanswered_certificate_request(facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let requests = &facts.inventory.certificate_signing_requests;
    requests.each(Scope::Cluster, |request| {
        if ["Approved", "Denied", "Failed"].iter().any(|it| request.is(it)) {
            return Ok(());
        }
        let Some(made) = request.metadata.creation_timestamp else {
            let message = format!("{} does not tell when it was made", request.metadata.name);
            let resource = Resource::CertificateSigningRequests;
            return Err(Gap::whole(resource, Cause::Inconclusive, message).into());
        };
        if facts.now().duration_since(made) > PATIENCE {
            let serving = &*request.spec.signer_name == "kubernetes.io/kubelet-serving";
            findings.weaknesses.push(Seen {
                at: at(request),
                detail: format!("of {} has no answer", request.spec.username),
                severity: serving.then_some(Severity::Medium),
            });
        }
        Ok(())
    })?;
    Ok(Ruling::Applies)
}

/// Where a finding on a request is.
pub(super) fn at(request: &CertificateSigningRequest) -> Location {
    Location::field(format!("certificate request {}", request.metadata.name))
}
