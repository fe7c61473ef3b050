//! Applications / Operate / Namespaces.

mod default_namespace_used;
mod foreign_system_workload;
mod invalid_pod_security_label;
mod unguarded_namespace;
mod unseparated_applications;

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[
    &unseparated_applications::CHECK,
    &default_namespace_used::CHECK,
    &foreign_system_workload::CHECK,
    &unguarded_namespace::CHECK,
    &invalid_pod_security_label::CHECK,
];
