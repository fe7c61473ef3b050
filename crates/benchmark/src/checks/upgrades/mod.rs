//! Clusters / Operate / Kubernetes upgrades.

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[];
