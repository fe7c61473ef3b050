//! The checks: a folder for each item of the matrix, a file for each check.
//!
//! A section's `mod.rs` has a `mod` line and a row for each check; that is its registration.

mod access_controls;
mod audit_logging;
mod certificates;
mod control_plane;
mod identity;
mod image_provenance;
mod image_scanning;
mod kubelet;
mod minimal_os;
mod namespaces;
mod network_policies;
mod os_hardening;
mod pod_security;
mod rbac;
mod resource_quotas;
mod secrets;
mod upgrades;

use crate::Check;

/// The sections, in the order of the matrix: code of the item, and its checks.
pub static SECTIONS: &[(&str, &[&Check])] = &[
    ("HST-OSM", minimal_os::CHECKS),
    ("HST-OSH", os_hardening::CHECKS),
    ("HST-CIS", kubelet::CHECKS),
    ("CLU-RBA", rbac::CHECKS),
    ("CLU-AUD", audit_logging::CHECKS),
    ("CLU-CRT", certificates::CHECKS),
    ("CLU-IAM", identity::CHECKS),
    ("CLU-UPG", upgrades::CHECKS),
    ("CLU-CIS", control_plane::CHECKS),
    ("APP-SCN", image_scanning::CHECKS),
    ("APP-PRV", image_provenance::CHECKS),
    ("APP-SEC", secrets::CHECKS),
    ("APP-NSP", namespaces::CHECKS),
    ("APP-ACC", access_controls::CHECKS),
    ("APP-NET", network_policies::CHECKS),
    ("APP-QUO", resource_quotas::CHECKS),
    ("APP-PSP", pod_security::CHECKS),
];

/// Every check, in the order of the matrix.
pub fn all() -> impl Iterator<Item = &'static Check> {
    SECTIONS.iter().flat_map(|(_, checks)| checks.iter().copied())
}

/// The check of this id or code.
pub fn find(id: &str) -> Option<&'static Check> {
    all().find(|it| it.id == id || it.code.eq_ignore_ascii_case(id))
}
