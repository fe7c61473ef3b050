//! Clusters / Build / Certificate management.

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[];
