//! Hosts / Build / Minimal OS.

mod end_of_life_os;

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[&end_of_life_os::CHECK];
