//! Hosts / Build / OS hardening.

mod end_of_life_runtime;
mod shared_control_plane_node;
mod unhealthy_node;
mod unmaintained_kernel;

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[
    &unmaintained_kernel::CHECK,
    &end_of_life_runtime::CHECK,
    &shared_control_plane_node::CHECK,
    &unhealthy_node::CHECK,
];
