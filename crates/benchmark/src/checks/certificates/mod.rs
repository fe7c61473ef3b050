//! Clusters / Build / Certificate management.

mod api_server_certificate;
mod no_kubelet_client_certificate;

use crate::Check;

pub(super) static CHECKS: &[&Check] =
    &[&api_server_certificate::CHECK, &no_kubelet_client_certificate::CHECK];
