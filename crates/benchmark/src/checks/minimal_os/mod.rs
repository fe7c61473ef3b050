//! Hosts / Build / Minimal OS.

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[];
