//! What every kind has, and the small types that many have: `apimachinery`'s messages.

use assay_model::{
    Labels, Map, Meta, OwnerReference,
    meta::is_kept,
    pod::Quantity,
    selector::{Requirement, Selector},
};
use jiff::Timestamp;

use super::wire::{Field, Flaw, Malformed, Message, push};

/// `metav1.ObjectMeta`.
impl Message<'_> for Meta {
    fn set(&mut self, field: Field<'_>) -> Result<(), Malformed> {
        match field.number {
            1 => self.name = field.shared()?,
            3 => self.namespace = field.shared()?,
            5 => self.uid = field.shared()?,
            8 => self.creation_timestamp = timestamp(field)?,
            9 => self.deletion_timestamp = timestamp(field)?,
            11 => label(field, &mut self.labels)?,
            12 => annotation(field, &mut self.annotations)?,
            13 => push(&mut self.owner_references, field.message()?),
            _ => {}
        }
        Ok(())
    }
}

/// `metav1.OwnerReference`.
impl Message<'_> for OwnerReference {
    fn set(&mut self, field: Field<'_>) -> Result<(), Malformed> {
        match field.number {
            1 => self.kind = field.shared()?,
            3 => self.name = field.shared()?,
            4 => self.uid = field.shared()?,
            5 => self.api_version = field.shared()?,
            6 => self.controller = Some(field.flag()?),
            _ => {}
        }
        Ok(())
    }
}

/// `metav1.LabelSelector`.
impl Message<'_> for Selector {
    fn set(&mut self, field: Field<'_>) -> Result<(), Malformed> {
        match field.number {
            1 => label(field, &mut self.match_labels)?,
            2 => push(&mut self.match_expressions, field.message()?),
            _ => {}
        }
        Ok(())
    }
}

/// `metav1.LabelSelectorRequirement`.
impl Message<'_> for Requirement {
    fn set(&mut self, field: Field<'_>) -> Result<(), Malformed> {
        match field.number {
            1 => self.key = field.shared()?,
            2 => self.operator = field.shared()?,
            3 => push(&mut self.values, field.shared()?),
            _ => {}
        }
        Ok(())
    }
}

/// One entry of a `map<string, string>`.
pub(super) fn label(entry: Field<'_>, labels: &mut Labels) -> Result<(), Malformed> {
    let Entry { key, value } = entry.message()?;
    let (key, value) = (key.map(Field::shared), value.map(Field::shared));
    labels.insert(key.transpose()?.unwrap_or_default(), value.transpose()?.unwrap_or_default());
    Ok(())
}

/// One entry of a `map<string, Quantity>`.
pub(super) fn amount(entry: Field<'_>, amounts: &mut Map<Quantity>) -> Result<(), Malformed> {
    let Entry { key, value } = entry.message()?;
    let key = key.map(Field::shared).transpose()?.unwrap_or_default();
    let written = value.map(|it| it.only(1)).transpose()?.flatten();
    let amount = written.map(Field::shared).transpose()?.unwrap_or_default();
    amounts.insert(key, Quantity::of(amount));
    Ok(())
}

/// One entry of a map, not yet decoded; Go leaves out nothing, but others may.
#[derive(Default)]
struct Entry<'a> {
    key: Option<Field<'a>>,
    value: Option<Field<'a>>,
}

impl<'a> Message<'a> for Entry<'a> {
    fn set(&mut self, field: Field<'a>) -> Result<(), Malformed> {
        match field.number {
            1 => self.key = Some(field),
            2 => self.value = Some(field),
            _ => {}
        }
        Ok(())
    }
}

/// Keeps an annotation if it is read; the value of another is not even looked at.
pub(super) fn annotation(entry: Field<'_>, kept: &mut Labels) -> Result<(), Malformed> {
    let Entry { key: Some(key), .. } = entry.message()? else { return Ok(()) };
    if is_kept(&key.text()?) { label(entry, kept) } else { Ok(()) }
}

/// `metav1.Time`, in whole seconds as in JSON. The empty message is the zero time, JSON's `null`.
pub(super) fn timestamp(field: Field<'_>) -> Result<Option<Timestamp>, Malformed> {
    if field.bytes()?.is_empty() {
        return Ok(None);
    }
    let seconds = field.only(1)?.map(Field::int64).transpose()?.unwrap_or_default();
    Timestamp::from_second(seconds).map(Some).map_err(|_| field.flaw(Flaw::Range))
}
