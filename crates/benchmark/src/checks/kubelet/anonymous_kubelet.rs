//! Kubelets that let in requests without credentials.
//!
//! | field, of the running configuration  | accepted                                      |
//! |--------------------------------------|-----------------------------------------------|
//! | `authentication.anonymous.enabled`   | `false`, or left out: `configz` omits `false` |
//!
//! Exempt: virtual nodes. Unlike the field, the flag `--anonymous-auth` is `true` when unset; the
//! running configuration has both already resolved.

use assay_model::{
    Findings, Location, Outcome, Resource, Severity,
    node::{KubeletConfig, Node},
};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling};

pub(super) static CHECK: Check = Check {
    code: "HST-CIS-012",
    id: "anonymous-kubelet",
    title: "kubelet accepts requests without credentials",
    severity: Severity::Critical,
    rationale: "Whoever reaches port 10250 of the node asks as `system:anonymous`; with authorization \
                mode AlwaysAllow beside it that is a command in any container.",
    remediation: "Set `authentication.anonymous.enabled: false` in the kubelet's configuration file and \
                  restart it.",
    references: &["https://kubernetes.io/docs/reference/access-authn-authz/kubelet-authn-authz/"],
    verdicts: &[
        (Outcome::Fail, "the kubelet runs with `authentication.anonymous.enabled: true`"),
        (Outcome::Unknown, "the configuration that the kubelet runs with was not read"),
        (Outcome::Pass, "it runs with `false`"),
    ],
    needs: &[&[Resource::Nodes, Resource::KubeletConfigs]],
    empty: Empty::NotApplicable,
    rule: Rule::Kubelet(anonymous_kubelet),
};

fn anonymous_kubelet(
    config: &KubeletConfig,
    _: &Node,
    _: &Facts<'_>,
    findings: &mut Findings,
) -> Ruled {
    if config.authentication.anonymous.enabled {
        let at = Location::field("configz authentication.anonymous.enabled");
        findings.fail(at, "is `true`");
    }
    Ok(Ruling::Applies)
}
