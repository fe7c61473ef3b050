//! Clusters / Build / Audit policies and logging.

mod audit_files;
mod audit_policy_gaps;
mod no_audit_backend;
mod no_audit_policy;

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[
    &no_audit_policy::CHECK,
    &no_audit_backend::CHECK,
    &audit_files::SHORT_RETENTION,
    &audit_files::FEW_FILES,
    &audit_files::SMALL_FILES,
    &audit_policy_gaps::CHECK,
];
