//! Applications / Operate / Secrets management.

mod credential_in_command;
mod credential_in_environment;
mod encryption;
mod long_lived_token_secret;
mod no_secret_manager;
mod secret_in_environment;
mod widely_readable_secret;

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[
    &secret_in_environment::CHECK,
    &credential_in_environment::CHECK,
    &credential_in_command::CHECK,
    &encryption::UNENCRYPTED,
    &encryption::WEAK,
    &encryption::STALE,
    &no_secret_manager::CHECK,
    &long_lived_token_secret::CHECK,
    &widely_readable_secret::CHECK,
];
