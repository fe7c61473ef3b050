//! Certificate requests that ask for an identity with power.
//!
//! | signer                                       | asks for                                      | approved | else |
//! |----------------------------------------------|-----------------------------------------------|----------|------|
//! | `kubernetes.io/kube-apiserver-client`        | `system:masters`, `system:nodes`, `system:kube-*`, or a group that is bound to `cluster-admin` | fail | warn |
//! | `kubernetes.io/kube-apiserver-client-kubelet`, `kubernetes.io/kubelet-serving` | another node's name, by a node | fail | warn |
//! | likewise                                     | any, by somebody who is neither node nor bootstrapper | warn | warn |
//!
//! A pending request is kept for a day, any other for an hour: a pass is about these.
//! A request that cannot be decoded may ask for anything: unknown.

use std::sync::Arc;

use assay_model::{
    Cause, Findings, Gap, Known, Outcome, Resource, Scope, Severity,
    certificate::{CertificateSigningRequest, Requested},
};

use super::unanswered_certificate_request::at;
use crate::{Check, Empty, Facts, Rule, Ruled, Ruling};

pub(super) static CHECK: Check = Check {
    code: "CLU-CRT-029",
    id: "privileged-certificate-request",
    title: "certificate request asks for an identity with power",
    severity: Severity::Critical,
    rationale: "A client certificate cannot be revoked: whoever holds one of `system:masters` is cluster-admin \
                until it ends, whatever bindings say, and one of another node reads the Secrets of that node's pods.",
    remediation: "Find out who asked and who approved it (audit log: `certificatesigningrequests/approval`). Deny it \
                  while it waits (`kubectl certificate deny NAME`); of an approved one of `system:masters`, rotate the \
                  cluster's client CA, for nothing else ends it early. Take `approve` on signers from whoever let it pass.",
    references: &[
        "https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/",
    ],
    verdicts: &[
        (Outcome::Fail, "an approved request is for a powerful user or group, or for another node"),
        (
            Outcome::Warn,
            "one that waits or was denied is; or an unusual requester asks for a kubelet's",
        ),
        (Outcome::Pass, "no request of the last hour is"),
    ],
    needs: &[&[Resource::CertificateSigningRequests, Resource::ClusterRoleBindings]],
    empty: Empty::Pass,
    rule: Rule::Cluster(privileged_certificate_request),
};

fn privileged_certificate_request(facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let requests = &facts.inventory.certificate_signing_requests;
    requests.each(Scope::Cluster, |request| {
        let spec = &request.spec;
        let Some(asked) = &spec.request else {
            let message = format!("{} cannot be decoded", request.metadata.name);
            let resource = Resource::CertificateSigningRequests;
            return Err(Gap::whole(resource, Cause::Inconclusive, message).into());
        };
        let mut report = |is_fault: bool, detail: String| {
            if is_fault && request.is("Approved") {
                findings.fail(at(request), format!("{detail}, and is approved"));
            } else {
                findings.warn(at(request), detail);
            }
        };
        match &*spec.signer_name {
            "kubernetes.io/kube-apiserver-client" => {
                if asked.common_name.starts_with("system:kube-") {
                    report(true, format!("is for the user {}", asked.common_name));
                }
                let mut read = Ok(());
                for group in &asked.organizations {
                    match is_powerful(group, facts) {
                        Ok(true) => report(true, format!("is for the group {group}")),
                        Ok(false) => {}
                        Err(it) => read = assay_model::both(read, Err(it)),
                    }
                }
                read?;
            }
            "kubernetes.io/kube-apiserver-client-kubelet" | "kubernetes.io/kubelet-serving" => {
                of_a_kubelet(request, asked, &mut report);
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(Ruling::Applies)
}

/// A request for a kubelet's certificate: a node may ask for its own, and one that joins for its first.
fn of_a_kubelet(
    request: &CertificateSigningRequest,
    asked: &Requested,
    report: &mut impl FnMut(bool, String),
) {
    let spec = &request.spec;
    let is_in = |group: &str| spec.groups.iter().any(|it| &**it == group);
    let joins = is_in("system:bootstrappers") && spec.signer_name.ends_with("-client-kubelet");
    if is_in("system:nodes") {
        if asked.common_name != spec.username {
            report(true, format!("of {} is for {}", spec.username, asked.common_name));
        }
    } else if !joins {
        report(
            false,
            format!("of {}, which is no node, is for {}", spec.username, asked.common_name),
        );
    }
}

fn is_powerful(group: &Arc<str>, facts: &Facts<'_>) -> Known<bool> {
    if matches!(&**group, "system:masters" | "system:nodes") || group.starts_with("system:kube-") {
        return Ok(true);
    }
    let bound = facts.inventory.cluster_role_bindings.find(Scope::Cluster, |binding| {
        let subjects = || binding.subjects.iter();
        Ok(&*binding.role_ref.name == "cluster-admin"
            && subjects().any(|it| &*it.kind == "Group" && it.name == *group))
    })?;
    Ok(bound.is_some())
}
