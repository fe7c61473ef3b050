//! Applications / Operate / Secrets management.

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[];
