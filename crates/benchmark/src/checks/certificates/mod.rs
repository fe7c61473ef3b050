//! Clusters / Build / Certificate management.

mod api_server_certificate;
mod api_server_pairs;
mod controller_manager;
mod etcd;
mod etcd_shares_cluster_ca;
mod expiring_certificate_authority;
mod no_kubelet_client_certificate;
mod privileged_certificate_request;
mod unanswered_certificate_request;
mod weak_api_server_tls;

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[
    &api_server_certificate::CHECK,
    &weak_api_server_tls::CHECK,
    &no_kubelet_client_certificate::CHECK,
    &api_server_pairs::KUBELET_CA,
    &api_server_pairs::ETCD_CLIENT,
    &api_server_pairs::SERVING,
    &api_server_pairs::CLIENT_CA,
    &api_server_pairs::ETCD_CA,
    &controller_manager::ROOT_CA,
    &controller_manager::ROTATION,
    &etcd::NO_TLS,
    &etcd::OPEN_TO_CLIENTS,
    &etcd::SELF_SIGNED_FOR_CLIENTS,
    &etcd::PEERS_WITHOUT_TLS,
    &etcd::OPEN_TO_PEERS,
    &etcd::SELF_SIGNED_FOR_PEERS,
    &etcd_shares_cluster_ca::CHECK,
    &expiring_certificate_authority::CHECK,
    &unanswered_certificate_request::CHECK,
    &privileged_certificate_request::CHECK,
];
