//! Helpers to decode what Go's encoder writes.

use serde::{Deserialize, Deserializer, de::IgnoredAny};

/// A list or map that Go may write as `null`: that is the empty one.
pub(crate) fn nullable<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Whether anything is written, be it empty; what, is not kept.
pub(crate) fn is_there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Option::<IgnoredAny>::deserialize(deserializer)?.is_some())
}

/// `true` when a flag is unset, so that serde can leave it out.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes the field by reference")]
pub(crate) fn is_false(flag: &bool) -> bool {
    !flag
}

/// `true` for nothing, so that serde can leave it out.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes the field by reference")]
pub(crate) fn is_zero(number: &i32) -> bool {
    *number == 0
}
