//! Applications / Operate / Namespaces.

mod default_namespace_used;

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[&default_namespace_used::CHECK];
