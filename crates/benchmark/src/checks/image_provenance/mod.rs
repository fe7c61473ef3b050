//! Applications / Operate / Image provenance: what runs is what was meant to run.

mod ambiguous_image_tag;
mod floating_image_tag;
mod image_without_digest;
mod unapproved_registry;

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[
    &image_without_digest::CHECK,
    &floating_image_tag::CHECK,
    &ambiguous_image_tag::CHECK,
    &unapproved_registry::CHECK,
];
