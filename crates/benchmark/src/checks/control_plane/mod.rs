//! Clusters / Operate / CIS Benchmarks: the control plane.

mod admission_plugins;
mod admission_policy_without_effect;
mod default_plugins_off;
mod exposed_etcd_listener;
mod external_ips_allowed;
mod fail_open_policy_webhook;
mod limits;
mod listeners;
mod no_event_rate_limit;
mod no_node_restriction;
mod profiling;

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[
    &external_ips_allowed::CHECK,
    &no_event_rate_limit::CHECK,
    &admission_plugins::ALWAYS_ADMIT,
    &admission_plugins::CACHED_IMAGES,
    &admission_plugins::SERVICE_ACCOUNT,
    &admission_plugins::NAMESPACE_LIFECYCLE,
    &no_node_restriction::CHECK,
    &profiling::API_SERVER,
    &limits::REQUEST_TIMEOUT,
    &limits::FINISHED_PODS,
    &profiling::CONTROLLER_MANAGER,
    &listeners::CONTROLLER_MANAGER,
    &profiling::SCHEDULER,
    &listeners::SCHEDULER,
    &default_plugins_off::CHECK,
    &exposed_etcd_listener::CHECK,
    &fail_open_policy_webhook::CHECK,
    &admission_policy_without_effect::CHECK,
];
