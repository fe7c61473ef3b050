//! Lists as `application/vnd.kubernetes.protobuf`, read into the same types as JSON.
//!
//! A body is the four bytes `k8s\0`, then a `runtime.Unknown` that says what kind it holds, then the
//! list: its metadata, and its items one by one. Field numbers are those of upstream's
//! `generated.proto` files. Fields that no check reads are passed over in place, `managedFields`
//! among them.
//!
//! Go writes zero values where JSON leaves them out, so a field that is no pointer upstream is the
//! same when it is zero and when it is absent.

mod kinds;
mod meta;
mod pod_spec;
mod pods;
mod wire;

use std::{collections::BTreeMap, sync::Arc};

use assay_model::{Resource, resource::Kind};

use crate::objects::{DEFAULT_NAMESPACE, Page, PageError};

pub(crate) use kinds::Object;
pub(crate) use pods::{Pod, RecentSpecs};
use wire::{Field, Flaw, Message};
pub(crate) use wire::{Fields, Malformed};

/// The media type, as an answer's `Content-Type` begins with it.
pub(crate) const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

/// What every body begins with.
const MAGIC: &[u8] = b"k8s\0";

/// What a list says of itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ListMeta {
    /// Asks for the next page; `None` on the last one.
    pub(crate) continue_token: Option<String>,
    /// How many objects come after this page, where the server knows.
    pub(crate) remaining: Option<u64>,
}

/// What a list says of itself, from the beginning of its body; `None` while there is too little of
/// it, or when it is no list.
///
/// The server writes the metadata before the items, so a kilobyte or two are enough.
pub(crate) fn list_meta(beginning: &[u8]) -> Option<ListMeta> {
    let envelope = Fields::of_beginning(beginning.strip_prefix(MAGIC)?);
    let list = envelope.flatten().find(|it| it.number == 2)?;
    let first = list.fields().ok()?.next()?.ok()?;
    (first.number == 1).then(|| first.message().ok()).flatten()
}

/// What a refusal says, as far as it is read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Status {
    /// Why, in words.
    pub(crate) message: String,
    /// With 410: where to go on.
    pub(crate) continue_token: Option<String>,
}

impl Status {
    /// The `metav1.Status` of a body; `None` when it is something else.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let envelope = Unknown::read(Fields::of(body.strip_prefix(MAGIC)?)).ok()?;
        if envelope.is_wrapped || envelope.kind != b"Status" {
            return None;
        }
        let mut status = Status::default();
        Fields::of(envelope.raw.unwrap_or_default()).read(&mut status).ok()?;
        Some(status)
    }
}

/// Reads a page of `resource`: calls `keep` with each object, in order.
///
/// Nothing is kept of a body that is no list or broke off. An object that `keep` refuses is counted
/// as malformed, and costs no other.
pub(crate) fn page<'a>(
    body: &'a [u8],
    resource: Resource,
    mut keep: impl FnMut(Fields<'a>) -> Result<(), Malformed>,
) -> Result<Page, PageError> {
    let kind = resource.kind().filter(|it| it.built_in).ok_or(PageError::NotAList)?;
    let Some(rest) = body.strip_prefix(MAGIC) else {
        let begun = MAGIC.starts_with(body);
        return Err(if begun { PageError::Truncated } else { PageError::NotAList });
    };
    let unknown = Unknown::read(Fields::of(rest)).map_err(|it| match it.flaw {
        Flaw::Cut => PageError::Truncated,
        _ => PageError::NotAList,
    })?;
    let list = unknown.raw.ok_or(PageError::Truncated)?;
    if !unknown.is_list_of(kind) {
        return Err(PageError::NotAList);
    }

    // The whole list is walked before anything of it is kept; what an object holds is not looked at.
    let not_a_list = |_: Malformed| PageError::NotAList;
    let mut meta = ListMeta::default();
    for field in Fields::of(list) {
        let field = field.map_err(not_a_list)?;
        match field.number {
            1 => field.merge(&mut meta).map_err(not_a_list)?,
            2 => _ = field.bytes().map_err(not_a_list)?,
            _ => {}
        }
    }

    let mut objects: u32 = 0;
    let mut malformed: BTreeMap<Option<Arc<str>>, u32> = BTreeMap::new();
    for item in Fields::of(list).flatten().filter(|it| it.number == 2) {
        objects = objects.saturating_add(1);
        if let Err(error) = item.fields().and_then(&mut keep) {
            tracing::debug!(%resource, %error, "an object could not be decoded");
            *malformed.entry(part(item, kind)).or_default() += 1;
        }
    }
    let malformed = malformed.into_iter().collect();
    Ok(Page { continue_token: meta.continue_token, objects, malformed })
}

/// `runtime.Unknown`.
#[derive(Debug, Default)]
struct Unknown<'a> {
    api_version: &'a [u8],
    kind: &'a [u8],
    raw: Option<&'a [u8]>,
    /// Whether `raw` is encoded once more, or no protobuf.
    is_wrapped: bool,
}

impl<'a> Unknown<'a> {
    fn read(fields: Fields<'a>) -> Result<Self, Malformed> {
        let mut unknown = Unknown::default();
        fields.read(&mut unknown)?;
        Ok(unknown)
    }

    /// Field numbers mean nothing in another kind or version.
    fn is_list_of(&self, kind: Kind) -> bool {
        !self.is_wrapped
            && self.api_version == kind.api_version().as_bytes()
            && self.kind.strip_suffix(b"List") == Some(kind.kind.as_bytes())
    }
}

impl<'a> Message<'a> for Unknown<'a> {
    fn set(&mut self, field: Field<'a>) -> Result<(), Malformed> {
        match field.number {
            1 => {
                for field in field.fields()? {
                    let field = field?;
                    match field.number {
                        1 => self.api_version = field.bytes()?,
                        2 => self.kind = field.bytes()?,
                        _ => {}
                    }
                }
            }
            2 => self.raw = Some(field.bytes()?),
            // contentEncoding and contentType: empty for protobuf.
            3 | 4 => self.is_wrapped |= !field.bytes()?.is_empty(),
            _ => {}
        }
        Ok(())
    }
}

/// `metav1.Status`.
impl Message<'_> for Status {
    fn set(&mut self, field: Field<'_>) -> Result<(), Malformed> {
        match field.number {
            1 => {
                let mut meta = ListMeta::default();
                field.merge(&mut meta)?;
                self.continue_token = meta.continue_token;
            }
            3 => self.message = field.text()?.into_owned(),
            _ => {}
        }
        Ok(())
    }
}

/// `metav1.ListMeta`.
impl Message<'_> for ListMeta {
    fn set(&mut self, field: Field<'_>) -> Result<(), Malformed> {
        match field.number {
            3 => {
                self.continue_token = Some(field.text()?.into_owned()).filter(|it| !it.is_empty());
            }
            4 => self.remaining = u64::try_from(field.int64()?).ok(),
            _ => {}
        }
        Ok(())
    }
}

/// The namespace that a malformed object hides; `None` when it may be any, or the kind has none.
fn part(object: Field<'_>, kind: Kind) -> Option<Arc<str>> {
    if !kind.namespaced {
        return None;
    }
    let metadata = first(object, 1).ok()??;
    let namespace = first(metadata, 3).ok()?.map(Field::shared).transpose().ok()?;
    Some(namespace.filter(|it| !it.is_empty()).unwrap_or_else(|| DEFAULT_NAMESPACE.into()))
}

/// The field `number` of a message that may be flawed after it.
fn first(message: Field<'_>, number: u32) -> Result<Option<Field<'_>>, Malformed> {
    for field in message.fields()? {
        let field = field?;
        if field.number == number {
            return Ok(Some(field));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod others;
#[cfg(test)]
mod tests;
