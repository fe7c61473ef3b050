//! Applications / Operate / Network policies: what may reach which pod.

mod no_default_deny_ingress;
mod no_network_policy_engine;
mod pod_open_to_ingress;

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[
    &no_network_policy_engine::CHECK,
    &no_default_deny_ingress::CHECK,
    &pod_open_to_ingress::CHECK,
];
