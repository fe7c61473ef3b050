//! Applications / Operate / Namespaces.

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[];
