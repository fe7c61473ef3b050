//! Hosts / Operate / CIS Benchmarks: the kubelet.

mod anonymous_kubelet;

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[&anonymous_kubelet::CHECK];
