//! Clusters / Operate / CIS Benchmarks: the control plane.

mod fail_open_policy_webhook;
mod no_node_restriction;

use crate::Check;

pub(super) static CHECKS: &[&Check] =
    &[&no_node_restriction::CHECK, &fail_open_policy_webhook::CHECK];
