//! Applications / Operate / Image provenance.

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[];
