//! Applications / Operate / Access controls.

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[];
