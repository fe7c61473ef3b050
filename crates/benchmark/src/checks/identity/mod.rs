//! Clusters / Operate / Identity and access.

mod anonymous_api_requests;
mod legacy_insecure_access;
mod service_account_tokens;
mod spoofable_front_proxy;
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
    &spoofable_front_proxy::CHECK,
];
