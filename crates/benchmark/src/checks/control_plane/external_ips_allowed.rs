//! Services that may claim any external address.
//!
//! | `DenyServiceExternalIPs` at each kube-apiserver                                    | verdict |
//! |------------------------------------------------------------------------------------|---------|
//! | on, by `--enable-admission-plugins` or the deprecated `--admission-control`        | pass    |
//! | else something that is asked about new Services may refuse them                    | unknown |
//! | else no kube-proxy is seen that serves such addresses                              | unknown |
//! | else a Service claims one                                                          | fail    |
//! | else none does                                                                     | warn    |
//!
//! What may refuse: a webhook, a policy engine, an admission policy with a binding that denies. A kube-proxy
//! serves them unless its gate `AllowServiceExternalIPs` is `false`, which exists since 1.36; but it may be
//! replaced by something that is not seen, so that all have it off proves nothing.

use assay_model::{
    Findings, Known, Outcome, Resource, Scope, Severity, both, config_map::KubeProxyConfigMap,
};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling,
    flags::{Demand, FlagRule, Hidden, Replica},
    kube_proxy::{self, Setting},
    policy_engine,
};

pub(super) static CHECK: Check = Check {
    code: "CLU-CIS-022",
    id: "external-ips-allowed",
    title: "any external address may be claimed by a Service",
    severity: Severity::Medium,
    rationale: "Who may create a Service puts the address of someone else into `spec.externalIPs`, and every \
                node hands him the traffic that pods send there (CVE-2020-8554).",
    remediation: "Add `DenyServiceExternalIPs` to `--enable-admission-plugins`, or forbid `spec.externalIPs` by \
                  an admission policy.",
    references: &[
        "https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#denyserviceexternalips",
    ],
    verdicts: &[
        (Outcome::Fail, "it is not on, nothing else may refuse them, and a Service claims one"),
        (
            Outcome::Unknown,
            "it is not on, and a webhook, a policy or what stands in for kube-proxy may do the same; or the \
             flags are not visible",
        ),
        (Outcome::Warn, "it is not on, nothing else may refuse them, and no Service claims one"),
        (Outcome::Pass, "`DenyServiceExternalIPs` is on"),
    ],
    needs: &[
        Resource::WORKLOADS,
        &[Resource::Nodes, Resource::Services, Resource::KubeProxyConfigMap],
        policy_engine::SERVICES_NEED,
    ],
    empty: Empty::NotApplicable,
    rule: Rule::Flag(
        &FlagRule::of("kube-apiserver", &[Demand::Judge(external_ips_allowed)])
            .hidden(Hidden::Elsewhere(ELSEWHERE)),
    ),
};

const ELSEWHERE: &str = "an admission policy on Services, or AllowServiceExternalIPs=false at every \
                         kube-proxy, may do the same";

/// Where a plug-in is named that is off by default.
const ENABLED: &[&str] = &["enable-admission-plugins", "admission-control"];

fn external_ips_allowed(server: &Replica, facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    const PLUGIN: &str = "DenyServiceExternalIPs";
    if server.lists(ENABLED, PLUGIN, facts)? {
        return Ok(Ruling::Applies);
    }
    let refused = policy_engine::refuses_services(facts).map(|_| ());
    both(refused, some_kube_proxy_serves_them(facts))?;
    let claims = |it: &assay_model::network::Service| Ok(!it.spec.external_ips.is_empty());
    let at = server.at(ENABLED[0]);
    match facts.inventory.services.find(Scope::Cluster, claims)? {
        Some(_) => findings.fail(
            at,
            format!("does not list {PLUGIN}, nothing else refuses them, and a Service claims one"),
        ),
        None => findings.warn(at, format!("does not list {PLUGIN}, and nothing else refuses them")),
    }
    Ok(Ruling::Applies)
}

/// That a kube-proxy is seen that serves external addresses.
fn some_kube_proxy_serves_them(facts: &Facts<'_>) -> Known<()> {
    let (mut serves, mut untold) = (false, Ok(()));
    let read = kube_proxy::each(&GATES, facts, |_, told| match told {
        Ok(value) => serves |= !value.is_some_and(|it| is_off(it.text)),
        Err(unknown) => {
            let before = std::mem::replace(&mut untold, Ok(()));
            untold = both(before, Err(unknown));
        }
    });
    if serves {
        return Ok(());
    }
    both(read, untold)?;
    Err(kube_proxy::untold(
        "",
        "each kube-proxy has AllowServiceExternalIPs off, but may be replaced",
    ))
}

const GATE: &str = "AllowServiceExternalIPs";

const GATES: Setting = Setting { flag: "feature-gates", in_file: Some(in_file) };

/// The gate, as the flag would have it.
fn in_file(map: &KubeProxyConfigMap) -> &str {
    match map.feature_gates.get(GATE) {
        Some(false) => "AllowServiceExternalIPs=false",
        _ => "",
    }
}

fn is_off(gates: &str) -> bool {
    let mut entries = gates.split(',').filter_map(|it| it.split_once('='));
    entries
        .any(|(gate, on)| gate.trim() == GATE && matches!(on.trim(), "false" | "False" | "f" | "0"))
}
