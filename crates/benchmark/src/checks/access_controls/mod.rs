//! Applications / Operate / Access controls: the identities of pods.

mod dangerous_account_mounted;
mod default_account_token;
mod default_account_used;
mod missing_service_account;
mod token_secret_mounted;
mod unneeded_token_mount;

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[
    &default_account_used::CHECK,
    &default_account_token::CHECK,
    &unneeded_token_mount::CHECK,
    &dangerous_account_mounted::CHECK,
    &missing_service_account::CHECK,
    &token_secret_mounted::CHECK,
];
