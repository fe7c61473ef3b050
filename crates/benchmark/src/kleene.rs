//! Kleene's logic over what is known, beside [`assay_model::both`] and [`assay_model::either`].

use assay_model::{Known, both};

/// Whether one holds: one certain yes is enough, and a no takes all of them.
pub(crate) fn any(tests: impl IntoIterator<Item = Known<bool>>) -> Known<bool> {
    let mut unknown = Ok(());
    for test in tests {
        match test {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(it) => unknown = both(unknown, Err(it)),
        }
    }
    unknown.map(|()| false)
}
