//! Kubelets that do not renew their serving certificate.
//!
//! | fields, of the running configuration                                | verdict |
//! |---------------------------------------------------------------------|---------|
//! | `featureGates.RotateKubeletServerCertificate: false`                | fail    |
//! | else `serverTLSBootstrap: true`                                     | pass    |
//! | else no files, or those that a kubelet signs itself                 | warn    |
//! | else `tlsCertFile` is somebody's: who renews it cannot be seen here | manual  |
//!
//! The gate is on unless it is set (beta since 1.12, and still in 1.37).

use assay_model::{
    Findings, Location, Outcome, Resource, Severity,
    node::{KubeletConfig, Node},
};

use super::self_signed_kubelet_certificate::is_self_made;
use crate::{Check, Empty, Facts, Rule, Ruled, Ruling};

pub(super) static CHECK: Check = Check {
    code: "HST-CIS-022",
    id: "no-kubelet-serving-rotation",
    title: "kubelet does not renew its serving certificate",
    severity: Severity::Medium,
    rationale: "When it ends, `logs`, `exec` and metrics of the node end with it, and the quick cure is \
                to stop verifying kubelets at all.",
    remediation: "Set `serverTLSBootstrap: true` in the kubelet's configuration file, leave \
                  `RotateKubeletServerCertificate` out of `featureGates`, restart it, and run an \
                  approver for requests of the signer `kubernetes.io/kubelet-serving`.",
    references: &[
        "https://kubernetes.io/docs/reference/access-authn-authz/kubelet-tls-bootstrapping/",
    ],
    verdicts: &[
        (Outcome::Fail, "the gate `RotateKubeletServerCertificate` is `false`"),
        (Outcome::Unknown, "the configuration that the kubelet runs with was not read"),
        (Outcome::Manual, "the kubelet was given a certificate that something else has to renew"),
        (Outcome::Warn, "the kubelet signs its certificate itself, and once only"),
        (Outcome::Pass, "the gate is on, and `serverTLSBootstrap` is `true`"),
    ],
    needs: &[&[Resource::Nodes, Resource::KubeletConfigs]],
    empty: Empty::NotApplicable,
    rule: Rule::Kubelet(no_kubelet_serving_rotation),
};

const GATE: &str = "RotateKubeletServerCertificate";

fn no_kubelet_serving_rotation(
    kubelet: &KubeletConfig,
    _: &Node,
    _: &Facts<'_>,
    findings: &mut Findings,
) -> Ruled {
    let at = |field: &str| Location::field(format!("configz {field}"));
    let (certificate, key) = (&*kubelet.tls_cert_file, &*kubelet.tls_private_key_file);
    if kubelet.feature_gates.get(GATE) == Some(&false) {
        findings.fail(at(&format!("featureGates.{GATE}")), "is `false`");
    } else if kubelet.server_tls_bootstrap {
    } else if certificate.is_empty() || is_self_made(certificate, key) {
        let detail = "is not `true`, and the kubelet signs its certificate itself";
        findings.warn(at("serverTLSBootstrap"), detail);
    } else {
        let question = "Who renews the serving certificates that kubelets are given as files, before \
                        they end?";
        return Ok(Ruling::Manual(question.to_owned()));
    }
    Ok(Ruling::Applies)
}
