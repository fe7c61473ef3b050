//! Clusters / Operate / Kubernetes upgrades.

mod end_of_life_kubernetes;
mod kubelet_version_skew;

use crate::Check;

pub(super) static CHECKS: &[&Check] =
    &[&end_of_life_kubernetes::CHECK, &kubelet_version_skew::CHECK];
