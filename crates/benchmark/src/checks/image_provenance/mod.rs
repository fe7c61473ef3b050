//! Applications / Operate / Image provenance: what runs is what was meant to run.

mod ambiguous_image_tag;
mod floating_image_tag;
mod image_without_digest;
mod no_image_verification;
mod unapproved_registry;
mod unverified_namespace;
mod verification_only_reports;

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[
    &no_image_verification::CHECK,
    &verification_only_reports::CHECK,
    &unverified_namespace::CHECK,
    &image_without_digest::CHECK,
    &floating_image_tag::CHECK,
    &ambiguous_image_tag::CHECK,
    &unapproved_registry::CHECK,
];
