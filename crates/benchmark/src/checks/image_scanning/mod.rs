//! Applications / Build / Image scanning.

mod no_image_scanner;

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[&no_image_scanner::CHECK];
