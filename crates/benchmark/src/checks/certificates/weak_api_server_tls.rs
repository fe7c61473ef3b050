//! Old TLS at the API server.
//!
//! | flag of each kube-apiserver | fail                                                          |
//! |-----------------------------|---------------------------------------------------------------|
//! | `--tls-min-version`         | `VersionTLS10`, `VersionTLS11`                                |
//! | `--tls-cipher-suites`       | lists a suite with RC4, 3DES, or RSA for the exchange of keys |
//!
//! A proxy in front may speak for the server, and which suites it offers by default is its build's to say.
//! So only handshakes tell that all is well. They are not made yet, and nothing passes.
//! Names of suites: Go's `crypto/tls`, which has none that exports or does not encrypt.

use assay_model::{Findings, Outcome, Severity};

use crate::{
    Check, Empty, Facts, Rule, Ruled,
    flags::{self, Demand, FlagRule, Hidden, Replica},
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
        (Outcome::Fail, "the flags allow TLS before 1.2, RC4, 3DES or the exchange of keys by RSA"),
        (Outcome::Unknown, "they do not: handshakes, which would tell, are not made yet"),
        (Outcome::Manual, "a provider owns the API server"),
    ],
    needs: flags::NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(
        &FlagRule::of(
            "kube-apiserver",
            &[
                Demand::Omits {
                    flag: "tls-min-version",
                    entries: &["VersionTLS10", "VersionTLS11"],
                },
                Demand::Omits { flag: "tls-cipher-suites", entries: WEAK },
                Demand::Judge(only_handshakes_tell),
            ],
        )
        .hidden(Hidden::Asks(
            "Does the provider's endpoint refuse TLS before 1.2, RC4, 3DES and suites that exchange keys by \
             RSA? A scanner of TLS servers tells.",
        )),
    ),
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

fn only_handshakes_tell(replica: &Replica, _: &Facts<'_>, _: &mut Findings) -> Ruled {
    Err(replica.untold("a handshake for every family of suites would tell what it offers"))
}
