//! Hosts / Build / OS hardening.

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[];
