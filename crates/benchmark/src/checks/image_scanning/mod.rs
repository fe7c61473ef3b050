//! Applications / Build / Image scanning.

mod fixable_critical_vulnerability;
mod image_without_report;
mod no_image_scanner;
mod stale_vulnerability_report;

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[
    &no_image_scanner::CHECK,
    &image_without_report::CHECK,
    &stale_vulnerability_report::CHECK,
    &fixable_critical_vulnerability::CHECK,
];
