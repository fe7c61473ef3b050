//! Clusters / Operate / Kubernetes upgrades.

mod end_of_life_kubernetes;
mod kubelet_version_skew;
mod mixed_kubelet_minors;
mod outdated_patch_release;

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[
    &end_of_life_kubernetes::CHECK,
    &outdated_patch_release::CHECK,
    &kubelet_version_skew::CHECK,
    &mixed_kubelet_minors::CHECK,
];
