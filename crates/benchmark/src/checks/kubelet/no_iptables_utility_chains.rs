//! Kubelets that do not keep their iptables chains.
//!
//! | `makeIPTablesUtilChains`, of the running configuration | kube-proxy's `--proxy-mode` | verdict |
//! |--------------------------------------------------------|-----------------------------|---------|
//! | `true`, or unset                                       | any                         | pass    |
//! | `false`                                                | `iptables`, `ipvs`          | fail    |
//! | `false`                                                | another, such as `nftables` | warn    |
//! | `false`                                                | not told                    | unknown |
//!
//! Exempt: virtual nodes, Windows. How kube-proxy is found: [`kube_proxy`](crate::kube_proxy).

use assay_model::{
    Findings, Known, Location, Outcome, Resource, Severity, any,
    node::{KubeletConfig, Node},
};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling,
    kube_proxy::{self, Setting},
};

pub(super) static CHECK: Check = Check {
    code: "HST-CIS-017",
    id: "no-iptables-utility-chains",
    title: "kubelet does not keep its iptables chains",
    severity: Severity::Low,
    rationale: "The rules of kube-proxy and of host firewalls build on those chains; without them traffic \
                to services, or what is meant to be dropped, takes ways that nobody planned.",
    remediation: "Remove `makeIPTablesUtilChains: false` from the kubelet's configuration file and \
                  restart it.",
    references: &["https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/"],
    verdicts: &[
        (Outcome::Fail, "the kubelet keeps none, and kube-proxy works with iptables or IPVS"),
        (
            Outcome::Unknown,
            "its configuration was not read, or it keeps none and kube-proxy's mode is not told",
        ),
        (Outcome::Warn, "it keeps none, and kube-proxy works in another way"),
        (Outcome::Pass, "it keeps them"),
        (Outcome::NotApplicable, "the node runs Windows"),
    ],
    needs: &[Resource::WORKLOADS, &[Resource::Nodes, Resource::KubeletConfigs]],
    empty: Empty::NotApplicable,
    rule: Rule::Kubelet(no_iptables_utility_chains),
};

fn no_iptables_utility_chains(
    kubelet: &KubeletConfig,
    node: &Node,
    facts: &Facts<'_>,
    findings: &mut Findings,
) -> Ruled {
    if node.is_windows() {
        return Ok(Ruling::NotApplicable("Windows has no iptables".to_owned()));
    }
    if kubelet.make_iptables_util_chains == Some(false) {
        let at = Location::field("configz makeIPTablesUtilChains");
        if some_proxy_uses_iptables(facts)? {
            findings.fail(at, "is `false`, and kube-proxy works with iptables");
        } else {
            findings.warn(at, "is `false`, though kube-proxy works without iptables");
        }
    }
    Ok(Ruling::Applies)
}

/// Whether some kube-proxy was told to; all of them must tell before none does.
fn some_proxy_uses_iptables(facts: &Facts<'_>) -> Known<bool> {
    let mut modes = Vec::new();
    let mode = Setting { flag: "proxy-mode", in_file: None };
    let read = kube_proxy::each(&mode, facts, |workload, told| {
        modes.push(told.and_then(|mode| match mode.map(|it| it.text) {
            None | Some("") => {
                let message = "kube-proxy's --proxy-mode is not given";
                Err(kube_proxy::untold(&workload.namespace, message))
            }
            Some(mode) => Ok(matches!(mode, "iptables" | "ipvs")),
        }));
    });
    any(modes.into_iter().chain([read.map(|()| false)]))
}
