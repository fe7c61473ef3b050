//! Applications / Operate / Pod security: the sixteen aspects of the former `PodSecurityPolicy`.
//!
//! Rows that mirror a control of Pod Security admission judge by [`pod_security`](crate::pod_security).

mod added_capability;
mod admitted;
mod escape_capability;
mod flex_volume;
mod git_repo_volume;
mod host_ipc;
mod host_network;
mod host_path_volume;
mod host_pid;
mod host_port;
mod host_process_container;
mod naked_pod;
mod namespace_below_baseline;
mod no_pod_admission;
mod no_seccomp_profile;
mod no_security_context;
mod pod_admission_exemption;
mod pod_breaks_baseline;
mod privilege_escalation;
mod privileged_container;
mod probe_of_other_host;
mod raw_sockets;
mod restricted_volume;
mod root_container;
mod root_group;
mod root_user;
mod runtime_socket_mounted;
mod sensitive_host_path;
mod unconfined_apparmor;
mod unconfined_seccomp;
mod undropped_capability;
mod unmasked_proc;
mod unsafe_sysctl;
mod weakened_selinux;
mod writable_host_path;
mod writable_root_filesystem;

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[
    &privileged_container::CHECK,
    &host_process_container::CHECK,
    &host_pid::CHECK,
    &host_ipc::CHECK,
    &host_network::CHECK,
    &host_port::CHECK,
    &probe_of_other_host::CHECK,
    &restricted_volume::CHECK,
    &git_repo_volume::CHECK,
    &host_path_volume::CHECK,
    &sensitive_host_path::CHECK,
    &writable_host_path::CHECK,
    &runtime_socket_mounted::CHECK,
    &flex_volume::CHECK,
    &writable_root_filesystem::CHECK,
    &root_container::CHECK,
    &root_user::CHECK,
    &root_group::CHECK,
    &privilege_escalation::CHECK,
    &added_capability::CHECK,
    &undropped_capability::CHECK,
    &raw_sockets::CHECK,
    &escape_capability::CHECK,
    &weakened_selinux::CHECK,
    &unmasked_proc::CHECK,
    &unconfined_apparmor::CHECK,
    &unconfined_seccomp::CHECK,
    &no_seccomp_profile::CHECK,
    &unsafe_sysctl::CHECK,
    &no_security_context::CHECK,
    &pod_breaks_baseline::CHECK,
    &naked_pod::CHECK,
    &no_pod_admission::CHECK,
    &namespace_below_baseline::CHECK,
    &pod_admission_exemption::CHECK,
    &admitted::PRIVILEGED,
    &admitted::HOST_PID,
    &admitted::HOST_IPC,
    &admitted::HOST_NETWORK,
    &admitted::PRIVILEGE_ESCALATION,
    &admitted::ROOT,
    &admitted::RAW_SOCKETS,
    &admitted::CAPABILITIES,
    &admitted::HOST_PROCESS,
    &admitted::HOST_PATH,
    &admitted::HOST_PORT,
    &admitted::SECCOMP,
];
