//! Kubelets whose serving certificate nobody issued.
//!
//! | fields, of the running configuration                          | verdict |
//! |---------------------------------------------------------------|---------|
//! | `serverTLSBootstrap: true`                                    | pass    |
//! | `tlsCertFile` or `tlsPrivateKeyFile`, without the other       | fail    |
//! | both, as a kubelet calls what it signs itself                 | warn    |
//! | both, by any other name                                       | pass    |
//! | neither                                                       | warn    |
//!
//! A kubelet that is told nothing signs a certificate for itself, and writes the names of the files,
//! `kubelet.crt` and `kubelet.key` in its `--cert-dir`, into the configuration it runs with
//! (`InitializeTLS` in `cmd/kubelet/app/server.go`, 1.37): so "neither" hardly ever shows as such.

use assay_model::{
    Findings, Location, Outcome, Resource, Severity,
    node::{KubeletConfig, Node},
};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling};

pub(super) static CHECK: Check = Check {
    code: "HST-CIS-020",
    id: "self-signed-kubelet-certificate",
    title: "kubelet serves with a certificate that nobody issued",
    severity: Severity::High,
    rationale: "Nobody can tell it from an impostor's: whoever stands between the API server and the node \
                answers in its place, and reads what goes through `exec` and `logs`.",
    remediation: "Set `serverTLSBootstrap: true` in the kubelet's configuration file, restart it and \
                  approve its request (`kubectl get csr`), or run an approver; or set `tlsCertFile` and \
                  `tlsPrivateKeyFile` to a certificate of your CA.",
    references: &[
        "https://kubernetes.io/docs/reference/access-authn-authz/kubelet-tls-bootstrapping/",
    ],
    verdicts: &[
        (Outcome::Fail, "only one of `tlsCertFile` and `tlsPrivateKeyFile` is set"),
        (Outcome::Unknown, "the configuration that the kubelet runs with was not read"),
        (
            Outcome::Warn,
            "neither is set, or both are the `kubelet.crt` and `kubelet.key` that a kubelet makes itself",
        ),
        (Outcome::Pass, "both are set to other files, or `serverTLSBootstrap` is `true`"),
    ],
    needs: &[&[Resource::Nodes, Resource::KubeletConfigs]],
    empty: Empty::NotApplicable,
    rule: Rule::Kubelet(self_signed_kubelet_certificate),
};

fn self_signed_kubelet_certificate(
    kubelet: &KubeletConfig,
    _: &Node,
    _: &Facts<'_>,
    findings: &mut Findings,
) -> Ruled {
    let at = |field: &str| Location::field(format!("configz {field}"));
    let (certificate, key) = (&*kubelet.tls_cert_file, &*kubelet.tls_private_key_file);
    match (certificate.is_empty(), key.is_empty()) {
        _ if kubelet.server_tls_bootstrap => {}
        (true, true) => findings.warn(at("tlsCertFile"), "is not set: the kubelet signs its own"),
        (true, false) => findings.fail(at("tlsCertFile"), "is not set, but its key is"),
        (false, true) => {
            findings.fail(at("tlsPrivateKeyFile"), "is not set, but its certificate is");
        }
        (false, false) if is_self_made(certificate, key) => {
            let detail = format!("is `{certificate}`, as a kubelet calls what it signs itself");
            findings.warn(at("tlsCertFile"), detail);
        }
        (false, false) => {}
    }
    Ok(Ruling::Applies)
}

/// Whether the files are called as a kubelet calls those that it makes.
pub(super) fn is_self_made(certificate: &str, key: &str) -> bool {
    let folder = certificate.strip_suffix("/kubelet.crt");
    folder.is_some() && folder == key.strip_suffix("/kubelet.key")
}
