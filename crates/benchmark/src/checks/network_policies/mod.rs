//! Applications / Operate / Network policies: what may reach which pod, and what a pod may reach.

mod allow_all_network_policy;
mod dangling_network_policy;
mod mismatched_policy_types;
mod namespace_without_network_policy;
mod no_default_deny;
mod no_network_policy_engine;
mod pod_open_to_egress;
mod pod_open_to_ingress;

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[
    &no_network_policy_engine::CHECK,
    &namespace_without_network_policy::CHECK,
    &no_default_deny::INGRESS,
    &no_default_deny::EGRESS,
    &pod_open_to_ingress::CHECK,
    &pod_open_to_egress::CHECK,
    &allow_all_network_policy::CHECK,
    &dangling_network_policy::CHECK,
    &mismatched_policy_types::CHECK,
];
