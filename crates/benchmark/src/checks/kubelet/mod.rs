//! Hosts / Operate / CIS Benchmarks: the kubelet.

mod anonymous_kubelet;
mod no_iptables_utility_chains;
mod no_kubelet_serving_rotation;
mod open_kube_proxy_metrics;
mod overridden_host_name;
mod self_signed_kubelet_certificate;
mod settings;
mod weak_kubelet_cipher_suite;

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[
    &anonymous_kubelet::CHECK,
    &settings::KUBELET_ALLOWS_ALL,
    &settings::NO_KUBELET_CLIENT_CA,
    &settings::KUBELET_READ_ONLY_PORT,
    &settings::ENDLESS_STREAM,
    &no_iptables_utility_chains::CHECK,
    &overridden_host_name::CHECK,
    &settings::THROTTLED_KUBELET_EVENTS,
    &self_signed_kubelet_certificate::CHECK,
    &settings::NO_KUBELET_CLIENT_ROTATION,
    &no_kubelet_serving_rotation::CHECK,
    &weak_kubelet_cipher_suite::CHECK,
    &settings::NO_POD_PIDS_LIMIT,
    &settings::NO_DEFAULT_SECCOMP_PROFILE,
    &open_kube_proxy_metrics::CHECK,
    &settings::ALLOWED_UNSAFE_SYSCTL,
    &settings::STATIC_POD_URL,
];
