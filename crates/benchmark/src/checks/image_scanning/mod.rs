//! Applications / Build / Image scanning.

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[];
