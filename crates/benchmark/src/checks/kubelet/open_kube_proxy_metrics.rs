//! kube-proxies that serve their metrics to the network.
//!
//! | `--metrics-bind-address` of kube-proxy, without `--config` | verdict |
//! |-----------------------------------------------------------|---------|
//! | another address than loopback: `0.0.0.0`, `::`, ….        | fail    |
//! | loopback, empty, or not given                             | pass    |
//!
//! With `--config` the file decides, and it is not read. Not given is `127.0.0.1:10249`, or `::1`
//! (`defaults.go` of `kubeproxy.config.k8s.io/v1alpha1`).
//! How kube-proxy is found: [`kube_proxy`](crate::kube_proxy).

use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
};

use assay_model::{Findings, Location, Outcome, Resource, Severity, both};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling, kube_proxy};

pub(super) static CHECK: Check = Check {
    code: "HST-CIS-026",
    id: "open-kube-proxy-metrics",
    title: "kube-proxy serves its metrics to the network",
    severity: Severity::Low,
    rationale: "Port 10249 asks for no login: whoever reaches a node learns how busy its services are, \
                and `/configz` beside the metrics tells how kube-proxy is set up.",
    remediation: "Set `metricsBindAddress: 127.0.0.1:10249` in kube-proxy's configuration, or \
                  `--metrics-bind-address`, and restart its pods. Scrape it by a proxy that asks for a \
                  login, such as kube-rbac-proxy.",
    references: &["https://kubernetes.io/docs/reference/command-line-tools-reference/kube-proxy/"],
    verdicts: &[
        (Outcome::Fail, "`--metrics-bind-address` is another address than loopback"),
        (
            Outcome::Unknown,
            "kube-proxy takes its settings from `--config`, or no pod of it is seen",
        ),
        (Outcome::Pass, "it is loopback, or not given and there is no `--config`"),
    ],
    needs: &[Resource::WORKLOADS],
    empty: Empty::NotApplicable,
    rule: Rule::Cluster(open_kube_proxy_metrics),
};

const FLAG: &str = "metrics-bind-address";

fn open_kube_proxy_metrics(facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let mut unknown = Ok(());
    let mut open = BTreeSet::new();
    let read = kube_proxy::each(FLAG, facts, |workload, told| {
        let judged = told.and_then(|told| match told.filter(|it| !it.is_empty()) {
            None => Ok(()),
            Some(told) => {
                let address = address(told).ok_or_else(|| {
                    let message = format!("kube-proxy's --{FLAG} is `{told}`, which is no address");
                    kube_proxy::untold(&workload.namespace, &message)
                })?;
                if !address.is_loopback() {
                    let owner = &workload.owner;
                    let at = format!("{} {}/{}", owner.kind, workload.namespace, owner.name);
                    open.insert((format!("{at} --{FLAG}"), format!("is `{told}`")));
                }
                Ok(())
            }
        });
        unknown = both(std::mem::replace(&mut unknown, Ok(())), judged);
    });
    for (at, detail) in open {
        findings.fail(Location::field(at), detail);
    }
    both(unknown, read).map(|()| Ruling::Applies)
}

/// The address of `127.0.0.1:10249`, `[::1]:10249`, `0.0.0.0`, `[::]` or `::`.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let with_port = text.parse::<SocketAddr>().map(|it| it.ip());
    with_port.or_else(|_| bare.parse()).ok()
}
