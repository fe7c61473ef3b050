//! Clusters / Build / Audit policies and logging.

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[];
