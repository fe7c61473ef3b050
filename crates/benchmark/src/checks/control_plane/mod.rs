//! Clusters / Operate / CIS Benchmarks: the control plane.

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[];
