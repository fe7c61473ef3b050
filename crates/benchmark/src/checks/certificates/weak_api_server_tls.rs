//! Old TLS at the API server.
//!
//! | a handshake at the endpoint that offers nothing but                      | fail     | warn     | pass    |
//! |---------------------------------------------------------------------------|----------|----------|---------|
//! | TLS 1.0; TLS 1.1; NULL, export, RC4, 3DES or static RSA suites of TLS 1.2 | accepted |          | refused |
//! | ECDHE with AES-CBC                                                        |          | accepted | refused |
//!
//! | flag of each visible kube-apiserver | fail                                                          |
//! |-------------------------------------|---------------------------------------------------------------|
//! | `--tls-min-version`                 | `VersionTLS10`, `VersionTLS11`                                |
//! | `--tls-cipher-suites`               | lists a suite with RC4, 3DES, or RSA for the exchange of keys |
//!
//! A proxy in front may speak for the server, and which suites it offers by default is its build's to say:
//! so flags accuse, and never excuse. A handshake that is not answered by an agreement or a refusal tells
//! nothing. Whoever got this far has made one with TLS 1.2 or 1.3 and authenticated encryption.
//! Names of suites: Go's `crypto/tls`, which has none that exports or does not encrypt.

use assay_model::{
    Basis, Cause, Findings, Gap, Known, Location, Outcome, Resource, Scope, Severity, both,
    control_plane::TlsOffer,
};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling,
    flags::{API_SERVER, Replica},
};

pub(super) static CHECK: Check = Check {
    code: "CLU-CRT-004",
    id: "weak-api-server-tls",
    title: "API server speaks old TLS or weak cipher suites",
    severity: Severity::Medium,
    rationale: "Suites without forward secrecy let whoever records traffic today read it on the day the key \
                leaks; RC4 and 3DES fall to much less.",
    remediation: "Set `--tls-min-version=VersionTLS12` or 13, and name in `--tls-cipher-suites` only suites \
                  that begin with `TLS_ECDHE` and end with GCM or CHACHA20_POLY1305.",
    references: &[
        "https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/",
    ],
    verdicts: &[
        (
            Outcome::Fail,
            "TLS before 1.2, or a suite with RC4, 3DES, RSA for the exchange of keys, weak or no encryption is \
             agreed to, or allowed by flags",
        ),
        (Outcome::Unknown, "a handshake was not made or not answered, or flags were not read"),
        (Outcome::Warn, "suites of ECDHE with AES-CBC are agreed to"),
        (Outcome::Pass, "authenticated encryption alone is"),
    ],
    needs: &[Resource::WORKLOADS, &[Resource::Nodes, Resource::ServingCertificate]],
    empty: Empty::NotApplicable,
    rule: Rule::Cluster(weak_api_server_tls),
};

const WEAK: &[&str] = &[
    "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA",
    "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_RC4_128_SHA",
    "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA256",
    "TLS_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_RSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_RSA_WITH_RC4_128_SHA",
];

fn weak_api_server_tls(facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let shaken = handshakes(facts, findings);
    let replicas = facts.replicas(API_SERVER);
    let allowed = replicas.each(Scope::Cluster, |it| by_flags(it, facts, findings));
    both(shaken, allowed)?;
    Ok(Ruling::Applies)
}

/// What the server agrees to at the endpoint that was dialled.
fn handshakes(facts: &Facts<'_>, findings: &mut Findings) -> Known<()> {
    let shown = facts.inventory.serving_certificate.as_ref().map_err(Clone::clone)?;
    let at = || Location::field("handshake");
    let mut silent: Vec<&str> = Vec::new();
    for offer in TlsOffer::ALL {
        let agreed = format!("agrees to {}", offer.name());
        match (shown.accepts.get(&offer), offer) {
            (Some(false), _) | (Some(true), TlsOffer::Aead) => {}
            (Some(true), TlsOffer::Cbc) => findings.warn(at(), agreed),
            (Some(true), _) => findings.fail(at(), agreed),
            (None, _) => silent.push(offer.name()),
        }
    }
    if silent.is_empty() {
        return Ok(());
    }
    let message = format!("it did not tell whether it agrees to {}", silent.join(", "));
    Err(Gap::whole(Resource::ServingCertificate, Cause::Inconclusive, message).into())
}

/// What the flags of a replica allow.
fn by_flags(replica: &Replica, facts: &Facts<'_>, findings: &mut Findings) -> Known<()> {
    let mut read = replica.is_understood();
    for (flag, entries) in
        [("tls-min-version", &["VersionTLS10", "VersionTLS11"][..]), ("tls-cipher-suites", WEAK)]
    {
        match replica.list(flag, facts) {
            Ok(listed) => {
                for it in listed.filter(|it| entries.contains(it)) {
                    findings.rest_on(Basis::Declared);
                    let at = Location::field(format!("{} --{flag}", replica.pod()));
                    findings.fail(at, format!("has {it}"));
                }
            }
            Err(it) => read = both(read, Err(it)),
        }
    }
    read
}
