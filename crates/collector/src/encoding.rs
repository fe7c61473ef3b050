//! The two encodings in which the API server writes a list, and a door to read either.

use assay_model::{Resource, Snapshot};

pub use crate::objects::{Page, PageError};
use crate::{objects::Objects, proto::PROTOBUF};

/// How the body of an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// `application/json`, which every kind has.
    Json,
    /// `application/vnd.kubernetes.protobuf`, which the built-in kinds have.
    Protobuf,
}

impl Encoding {
    /// `Accept` for a built-in kind. A server that has no protobuf answers JSON.
    pub const ACCEPT: &str = "application/vnd.kubernetes.protobuf, application/json";

    /// What an answer's `Content-Type` says; JSON where it names neither.
    pub fn of(content_type: &str) -> Self {
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        if media_type.eq_ignore_ascii_case(PROTOBUF) { Encoding::Protobuf } else { Encoding::Json }
    }
}

/// Reads the pages of one list, in order, in place of what the snapshot has of it.
///
/// What each page held is returned. Objects that could not be decoded are counted there; the
/// snapshot has no gap for them, nor for pages that the last one says would follow.
///
/// # Errors
///
/// A body is no list of `resource`, or broke off. The snapshot is as before.
pub fn read<'a>(
    resource: Resource,
    pages: impl IntoIterator<Item = (Encoding, &'a [u8])>,
    snapshot: &mut Snapshot,
) -> Result<Vec<Page>, PageError> {
    let mut objects = Objects::of(resource).ok_or(PageError::NotAList)?;
    let read: Result<Vec<Page>, PageError> =
        pages.into_iter().map(|(encoding, body)| add(&mut objects, encoding, body)).collect();
    let read = read?;
    objects.store(snapshot, Vec::new(), Vec::new());
    Ok(read)
}

/// Adds a page, however it is written.
pub(crate) fn add(
    objects: &mut Objects,
    encoding: Encoding,
    body: &[u8],
) -> Result<Page, PageError> {
    match encoding {
        Encoding::Protobuf => objects.add_page_proto(body),
        Encoding::Json => {
            let text = std::str::from_utf8(body).map_err(|_| PageError::NotAList)?;
            objects.add_page(text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_type_decides() {
        for protobuf in [
            "application/vnd.kubernetes.protobuf",
            "application/vnd.kubernetes.protobuf;type=watch",
            "Application/vnd.Kubernetes.protobuf ; charset=x",
        ] {
            assert_eq!(Encoding::of(protobuf), Encoding::Protobuf, "{protobuf}");
        }
        for json in ["application/json", "application/json; charset=utf-8", "", "text/plain"] {
            assert_eq!(Encoding::of(json), Encoding::Json, "{json}");
        }
    }
}
