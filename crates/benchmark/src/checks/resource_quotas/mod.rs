//! Applications / Operate / Resource quotas.

mod best_effort_pod;
mod container_resources;
mod critical_workload_not_guaranteed;
mod incomplete_quota;
mod namespace_without_default_limits;
mod namespace_without_quota;

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[
    &namespace_without_quota::CHECK,
    &incomplete_quota::CHECK,
    &namespace_without_default_limits::CHECK,
    &container_resources::NO_CPU_REQUEST,
    &container_resources::NO_MEMORY_REQUEST,
    &container_resources::NO_MEMORY_LIMIT,
    &container_resources::NO_CPU_LIMIT,
    &best_effort_pod::CHECK,
    &critical_workload_not_guaranteed::CHECK,
];
