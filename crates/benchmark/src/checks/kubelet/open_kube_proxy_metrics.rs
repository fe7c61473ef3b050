//! kube-proxies that serve their metrics to the network.
//!
//! | `--metrics-bind-address`, or `metricsBindAddress` in the file of `--config` | verdict |
//! |------------------------------------------------------------------------------|---------|
//! | another address than loopback: `0.0.0.0`, `::`, ….                           | fail    |
//! | loopback, empty, or not given                                                | pass    |
//!
//! With `--config` the file decides alone. It is read where it is the `ConfigMap` kube-proxy, and
//! kube-proxy's pods mount it; else it is unknown. Not given is `127.0.0.1:10249`, or `::1`
//! (`defaults.go` of `kubeproxy.config.k8s.io/v1alpha1`).
//! How kube-proxy is found: [`kube_proxy`](crate::kube_proxy).

use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
};

use assay_model::{Findings, Location, Outcome, Resource, Severity, both};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling,
    kube_proxy::{self, Setting},
};

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
        (
            Outcome::Fail,
            "`--metrics-bind-address` is another address than loopback, or with `--config` the file's \
             `metricsBindAddress` is",
        ),
        (
            Outcome::Unknown,
            "kube-proxy takes its settings from a `--config` that is not the ConfigMap kube-proxy, or no \
             pod of it is seen",
        ),
        (Outcome::Pass, "it is loopback, or not given"),
    ],
    needs: &[Resource::WORKLOADS, &[Resource::KubeProxyConfigMap]],
    empty: Empty::NotApplicable,
    rule: Rule::Cluster(open_kube_proxy_metrics),
};

/// The address, as a flag and in the file of `--config`.
const FLAG: &str = "--metrics-bind-address";
const FIELD: &str = "metricsBindAddress";

const ADDRESS: Setting =
    Setting { flag: "metrics-bind-address", in_file: Some(|map| &map.metrics_bind_address) };

fn open_kube_proxy_metrics(facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let mut unknown = Ok(());
    let mut open = BTreeSet::new();
    let read = kube_proxy::each(&ADDRESS, facts, |workload, told| {
        let judged = told.and_then(|told| {
            let Some(told) = told.filter(|it| !it.text.is_empty()) else { return Ok(()) };
            let name = if told.in_file { FIELD } else { FLAG };
            let text = told.text;
            let address = address(text).ok_or_else(|| {
                let message = format!("kube-proxy's {name} is `{text}`, which is no address");
                kube_proxy::untold(&workload.namespace, &message)
            })?;
            if !address.is_loopback() {
                let owner = &workload.owner;
                let at = format!("{} {}/{}", owner.kind, workload.namespace, owner.name);
                let detail = if told.in_file {
                    format!("is `{text}`, in the ConfigMap kube-proxy that it mounts")
                } else {
                    format!("is `{text}`")
                };
                open.insert((format!("{at} {name}"), detail));
            }
            Ok(())
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
