//! Applications / Operate / Network policies.

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[];
