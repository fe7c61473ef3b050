//! Clusters / Operate / Identity and access.

mod anonymous_api_requests;
mod static_token_file;

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[&anonymous_api_requests::CHECK, &static_token_file::CHECK];
