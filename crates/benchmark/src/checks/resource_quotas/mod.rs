//! Applications / Operate / Resource quotas.

mod best_effort_pod;
mod namespace_without_quota;

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[&namespace_without_quota::CHECK, &best_effort_pod::CHECK];
