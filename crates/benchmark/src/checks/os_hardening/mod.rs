//! Hosts / Build / OS hardening.

mod end_of_life_runtime;

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[&end_of_life_runtime::CHECK];
