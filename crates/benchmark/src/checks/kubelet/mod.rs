//! Hosts / Operate / CIS Benchmarks: what each kubelet runs with.

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[];
