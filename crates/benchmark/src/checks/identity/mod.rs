//! Clusters / Operate / Identity and access.

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[];
