//! Rights by which a subject makes credentials out of certificate requests.
//!
//! | `client-certificate-approval`: what all grants of a subject come to                  | verdict |
//! |--------------------------------------------------------------------------------------|---------|
//! | create requests, update their approval, and approve for the client signer            | fail    |
//! | the last two                                                                         | warn    |
//!
//! | `built-in-signer`: a grant gives                                                     | verdict |
//! |--------------------------------------------------------------------------------------|---------|
//! | approve, sign or attest for a signer of `kubernetes.io`, or for any                  | fail    |
//! | update of a request's status, unless it signs for private signers only               | fail    |
//!
//! The server asks for a signer by its own name, then by its domain's, `kubernetes.io/*`.
//! Source: `k8s.io/kubernetes/pkg/certauthorization`, `plugin/pkg/admission/certificates`.

use assay_model::{Known, Outcome, Severity, all, rbac::PolicyRule};

use super::{CLUSTER_WIDE, ROW};
use crate::{
    Check, Rule,
    rbac::{
        Reach, Where, allows,
        power::{Ask, Claim, Grade, Held, Power, Right, Rights, usual},
    },
};

pub(super) static APPROVAL: Check = Check {
    code: "CLU-RBA-036",
    id: "client-certificate-approval",
    title: "subject requests and approves its own client certificates",
    severity: Severity::Critical,
    rationale: "It writes any user and group into a request, approves it, and has a credential that nobody \
                can withdraw before it ends.",
    remediation: "Split the halves: whoever creates `certificatesigningrequests` should not have `update` on \
                  their `approval` and `approve` on the signer `kubernetes.io/kube-apiserver-client`.",
    references: &[
        "https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/#authorization",
    ],
    verdicts: &[
        (Outcome::Fail, "all its grants together create, approve and are not allowed"),
        (Outcome::Warn, "together they approve what others create"),
        (Outcome::Pass, "no subject approves but what the API server or the installer binds"),
    ],
    needs: CLUSTER_WIDE,
    rule: Rule::Power(&Power {
        rights: Rights::Any(&[REQUEST, APPROVAL_UPDATE, SIGNER_APPROVE]),
        reach: Where::Cluster,
        grade: both_halves,
        ..Power::USUAL
    }),
    ..ROW
};

pub(super) static SIGNER: Check = Check {
    code: "CLU-RBA-037",
    id: "built-in-signer",
    title: "subject signs or approves for built-in signers",
    severity: Severity::High,
    rationale: "The built-in signers make credentials of users, kubelets and their servers: whoever has a say \
                there can make one for itself.",
    remediation: "Name the signers of its own domain in `resourceNames` of the rule on `signers`; an issuer \
                  such as cert-manager needs no signer of `kubernetes.io`.",
    references: &[
        "https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/#signers",
    ],
    verdicts: &[
        (
            Outcome::Fail,
            "it approves, signs or attests for any signer, or writes a request's status",
        ),
        (Outcome::Warn, "it does so for built-in signers by name"),
        (Outcome::Pass, "it does so for signers of other domains only"),
        (Outcome::Pass, "only what the API server or the installer binds, and what is allowed"),
    ],
    needs: CLUSTER_WIDE,
    rule: Rule::Power(&Power {
        rights: Rights::Any(&[
            Right::cluster(CERTIFICATES, "signers", &["approve", "attest", "sign"]),
            Right::cluster(CERTIFICATES, "certificatesigningrequests/status", &["patch", "update"]),
        ]),
        reach: Where::Cluster,
        grade: |held, _| {
            let private = |it: &&Claim| it.is_on(&["signers"]) && !names_built_in(&it.reach);
            let signs = |it: &Claim| it.is_on(&["signers"]) && &*it.verb == "sign";
            let signed: Vec<&Claim> = held.claims.iter().filter(|it| signs(it)).collect();
            let only_private = !signed.is_empty() && signed.iter().all(private);
            Ok(usual(
                held.claims
                    .iter()
                    .filter(|it| if it.is_on(&["signers"]) { !private(it) } else { !only_private }),
            ))
        },
        ..Power::USUAL
    }),
    ..ROW
};

const CERTIFICATES: &str = "certificates.k8s.io";

const REQUEST: Right = Right::cluster(CERTIFICATES, "certificatesigningrequests", &["create"]);

const APPROVAL_UPDATE: Right =
    Right::cluster(CERTIFICATES, "certificatesigningrequests/approval", &["patch", "update"]);

const SIGNER_APPROVE: Right = Right::cluster(CERTIFICATES, "signers", &["approve"]);

/// A fault where all grants together make a whole of it, and this one is part of it.
fn both_halves(held: &Held<'_>, ask: &Ask<'_>) -> Known<Grade> {
    let is_part = |it: &Claim| !it.is_on(&["signers"]) || names_clients(&it.reach);
    if !held.claims.iter().any(is_part) {
        return Ok(Grade::Harmless);
    }
    let approves = all([
        ask.has_some(&[APPROVAL_UPDATE], ""),
        ask.any_rule("", |_, rule| approves_clients(rule)),
    ])?;
    if !approves {
        return Ok(Grade::Harmless);
    }
    if ask.has_some(&[REQUEST], "")? {
        return Ok(Grade::Fault("part of requesting and approving client certificates"));
    }
    Ok(Grade::Milder(Severity::High, "part of approving client certificates"))
}

fn approves_clients(rule: &PolicyRule) -> bool {
    allows(rule, "approve", CERTIFICATES, "signers").is_some_and(|it| names_clients(&it))
}

/// Whether the signer of client certificates is among some names: by its own, or by its domain's.
fn names_clients(reach: &Reach) -> bool {
    let of_clients = ["kubernetes.io/kube-apiserver-client", "kubernetes.io/*"];
    match reach {
        Reach::Any => true,
        Reach::Named(names) => names.iter().any(|it| of_clients.contains(&&**it)),
    }
}

fn names_built_in(reach: &Reach) -> bool {
    match reach {
        Reach::Any => true,
        Reach::Named(names) => names.iter().any(|it| it.starts_with("kubernetes.io/")),
    }
}
