//! Applications / Operate / Access controls: the identities of pods.

mod default_account_token;
mod unneeded_token_mount;

use crate::Check;

pub(super) static CHECKS: &[&Check] =
    &[&default_account_token::CHECK, &unneeded_token_mount::CHECK];
