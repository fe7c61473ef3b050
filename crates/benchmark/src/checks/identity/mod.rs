//! Clusters / Operate / Identity and access.

mod anonymous_api_requests;
mod anonymous_cluster_info;
mod bootstrap_token;
mod legacy_insecure_access;
mod service_account_tokens;
mod spoofable_front_proxy;
mod standing_cluster_admin;
mod static_token_file;

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[
    &anonymous_api_requests::CHECK,
    &static_token_file::CHECK,
    &legacy_insecure_access::CHECK,
    &service_account_tokens::NO_LOOKUP,
    &service_account_tokens::IMPLICIT_KEY,
    &service_account_tokens::YEAR_LONG,
    &service_account_tokens::UNBOUNDED,
    &service_account_tokens::SHARED_ACCOUNT,
    &service_account_tokens::NO_SIGNING_KEY,
    &bootstrap_token::CHECK,
    &anonymous_cluster_info::CHECK,
    &standing_cluster_admin::CHECK,
    &spoofable_front_proxy::CHECK,
];
