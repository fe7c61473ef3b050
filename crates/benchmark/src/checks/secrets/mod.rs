//! Applications / Operate / Secrets management.

mod credential_in_command;
mod credential_in_environment;
mod secret_in_environment;
mod widely_readable_secret;

use crate::Check;

pub(super) static CHECKS: &[&Check] = &[
    &secret_in_environment::CHECK,
    &credential_in_environment::CHECK,
    &credential_in_command::CHECK,
    &widely_readable_secret::CHECK,
];
