//! Kubelets that agree to weak cipher suites.
//!
//! | fields, of the running configuration                    | verdict                            |
//! |---------------------------------------------------------|------------------------------------|
//! | `tlsMinVersion: VersionTLS13`                           | pass: its suites are strong, and a list has no effect |
//! | `tlsCipherSuites` with one that is none of [`STRONG`]   | fail                               |
//! | `tlsCipherSuites` of those only                         | pass                               |
//! | no `tlsCipherSuites`                                    | warn: Go chooses, by its version   |

use assay_model::{
    Findings, Location, Outcome, Resource, Severity,
    node::{KubeletConfig, Node},
};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling};

pub(super) static CHECK: Check = Check {
    code: "HST-CIS-023",
    id: "weak-kubelet-cipher-suite",
    title: "kubelet agrees to weak cipher suites",
    severity: Severity::Medium,
    rationale: "Suites without forward secrecy let whoever records traffic now and takes the key later \
                read it all; CBC suites have been broken by their padding time and again.",
    remediation: "Set `tlsMinVersion: VersionTLS13` in the kubelet's configuration file, or \
                  `tlsCipherSuites` to ECDHE suites with AES-GCM or ChaCha20 only, and restart it.",
    references: &["https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/"],
    verdicts: &[
        (Outcome::Fail, "`tlsCipherSuites` has one that is not ECDHE with AES-GCM or ChaCha20"),
        (Outcome::Unknown, "the configuration that the kubelet runs with was not read"),
        (Outcome::Warn, "no suites are named, so that the kubelet's Go version decides"),
        (Outcome::Pass, "all that are named are strong, or TLS 1.3 is the minimum"),
    ],
    needs: &[&[Resource::Nodes, Resource::KubeletConfigs]],
    empty: Empty::NotApplicable,
    rule: Rule::Kubelet(weak_kubelet_cipher_suite),
};

/// Suites with forward secrecy and authenticated encryption, by the names that Kubernetes takes.
const STRONG: &[&str] = &[
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
];

fn weak_kubelet_cipher_suite(
    kubelet: &KubeletConfig,
    _: &Node,
    _: &Facts<'_>,
    findings: &mut Findings,
) -> Ruled {
    if &*kubelet.tls_min_version == "VersionTLS13" {
        return Ok(Ruling::Applies);
    }
    let at = || Location::field("configz tlsCipherSuites");
    if kubelet.tls_cipher_suites.is_empty() {
        findings.warn(at(), "is not set: the kubelet's Go version chooses");
    }
    for suite in kubelet.tls_cipher_suites.iter().filter(|it| !STRONG.contains(&&***it)) {
        findings.fail(at(), format!("has `{suite}`"));
    }
    Ok(Ruling::Applies)
}
