//! Clusters / Build / RBAC: who may do what, by effective permissions.

mod anonymous_binding;
mod cluster_admin_binding;
mod cluster_admin_equivalent;
mod cluster_wide_secret_read;

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[
    &cluster_admin_binding::CHECK,
    &cluster_admin_equivalent::CHECK,
    &cluster_wide_secret_read::CHECK,
    &anonymous_binding::CHECK,
];
