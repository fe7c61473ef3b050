//! Applications / Operate / Pod security: the sixteen aspects of the former `PodSecurityPolicy`.
//!
//! Rows that mirror a check of Pod Security admission use exactly its predicate.

mod added_capability;
mod host_ipc;
mod host_network;
mod host_path_volume;
mod host_pid;
mod privilege_escalation;
mod privileged_container;
mod root_container;

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[
    &privileged_container::CHECK,
    &host_pid::CHECK,
    &host_ipc::CHECK,
    &host_network::CHECK,
    &host_path_volume::CHECK,
    &root_container::CHECK,
    &privilege_escalation::CHECK,
    &added_capability::CHECK,
];
