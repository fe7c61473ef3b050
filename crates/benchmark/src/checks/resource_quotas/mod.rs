//! Applications / Operate / Resource quotas.

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[];
