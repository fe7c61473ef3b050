//! Applications / Operate / Image provenance: what runs is what was meant to run.

mod floating_image_tag;
mod image_without_digest;

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[&image_without_digest::CHECK, &floating_image_tag::CHECK];
