//! Clusters / Build / Audit policies and logging.

mod no_audit_backend;

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[&no_audit_backend::CHECK];
