//! Hosts / Build / Minimal OS.

mod end_of_life_os;
mod general_purpose_os;
mod mixed_node_pool;

use crate::Check;

pub(super) static CHECKS: &[&Check] =
    &[&general_purpose_os::CHECK, &end_of_life_os::CHECK, &mixed_node_pool::CHECK];
