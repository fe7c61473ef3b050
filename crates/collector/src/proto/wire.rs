//! The protobuf wire format, read in place: fields of a message one after another, nothing copied.
//!
//! As Go reads it: of a number that is written twice the last one holds, a message that is written
//! twice is merged, and fields that nobody asks for are passed over.

use std::{borrow::Cow, cell::RefCell, fmt, sync::Arc};

/// Why bytes are not the message they should be: what, and where; never the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{flaw} at byte {at}")]
pub(crate) struct Malformed {
    /// Counted from the start of the bytes that were given to [`Fields::of`].
    pub(crate) at: usize,
    pub(crate) flaw: Flaw,
}

/// What is wrong with some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// They end within a field.
    Cut,
    /// A number of more than 64 bits.
    Number,
    /// A field number that cannot be, or a wire type that Kubernetes does not use.
    Tag,
    /// A field that is not of the type that it has upstream.
    Type,
    /// A number that the field cannot mean: a time beyond the calendar, a negative count.
    Range,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Flaw::Cut => "the end of the bytes",
            Flaw::Number => "a number that is too long",
            Flaw::Tag => "no field",
            Flaw::Type => "a field of another type",
            Flaw::Range => "a number out of range",
        })
    }
}

/// How many texts a thread remembers.
const REMEMBERED: usize = 2048;
/// The longest that is, in bytes: names, keys and amounts repeat from object to object, long texts do not.
const SHORT: usize = 64;

/// The text, and the same one where it was met lately.
fn shared(text: &str) -> Arc<str> {
    thread_local! {
        /// By hash, and the last one met of those with the same.
        static MET: RefCell<Vec<Arc<str>>> = RefCell::new(vec![Arc::default(); REMEMBERED]);
    }
    if text.len() > SHORT {
        return text.into();
    }
    // FNV-1a (Fowler, Noll, Vo), folded: texts that meet in one place cost memory, and nothing else.
    let hash = text
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, it| (hash ^ u32::from(it)).wrapping_mul(0x0100_0193));
    let place = (hash ^ hash >> 16) as usize % REMEMBERED;
    MET.with_borrow_mut(|met| {
        if *met[place] != *text {
            met[place] = text.into();
        }
        Arc::clone(&met[place])
    })
}

/// Adds to a list that is most often short, and kept: it has little room to spare.
pub(crate) fn push<T>(list: &mut Vec<T>, item: T) {
    if list.len() == list.capacity() {
        list.reserve_exact(1 + list.len() / 2);
    }
    list.push(item);
}

/// Something that is read field by field.
pub(crate) trait Message<'a>: Default {
    /// Takes one field in; those that are not read are ignored.
    fn set(&mut self, field: Field<'a>) -> Result<(), Malformed>;
}

/// One field of a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'a> {
    pub(crate) number: u32,
    /// Where its value starts, as [`Malformed::at`] counts.
    pub(crate) at: usize,
    value: Value<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Value<'a> {
    Number(u64),
    /// A string or a message.
    Bytes(&'a [u8]),
    /// Four or eight bytes: only `double` fields, of which none is read.
    Fixed,
}

impl<'a> Field<'a> {
    /// What a string or a message is written as.
    pub(crate) fn bytes(self) -> Result<&'a [u8], Malformed> {
        match self.value {
            Value::Bytes(bytes) => Ok(bytes),
            _ => Err(self.flaw(Flaw::Type)),
        }
    }

    /// A string; of one that is no UTF-8, what the API server would write as JSON.
    pub(crate) fn text(self) -> Result<Cow<'a, str>, Malformed> {
        let bytes = self.bytes()?;
        Ok(std::str::from_utf8(bytes).map_or_else(|_| Cow::Owned(repaired(bytes)), Cow::Borrowed))
    }

    /// A string, to keep.
    pub(crate) fn shared(self) -> Result<Arc<str>, Malformed> {
        self.text().map(|it| shared(&it))
    }

    /// A `bool`.
    pub(crate) fn flag(self) -> Result<bool, Malformed> {
        self.number().map(|it| it != 0)
    }

    /// An `int64`.
    pub(crate) fn int64(self) -> Result<i64, Malformed> {
        self.number().map(u64::cast_signed)
    }

    /// An `int32`.
    #[expect(clippy::cast_possible_truncation, reason = "as Go does with the surplus bits")]
    pub(crate) fn int32(self) -> Result<i32, Malformed> {
        self.number().map(|it| it as i32)
    }

    /// An `int32` that counts something.
    pub(crate) fn count(self) -> Result<u32, Malformed> {
        u32::try_from(self.int32()?).map_err(|_| self.flaw(Flaw::Range))
    }

    /// The fields of a message.
    pub(crate) fn fields(self) -> Result<Fields<'a>, Malformed> {
        Ok(Fields { rest: self.bytes()?, at: self.at, cut: false })
    }

    /// A message.
    pub(crate) fn message<M: Message<'a>>(self) -> Result<M, Malformed> {
        let mut message = M::default();
        self.merge(&mut message)?;
        Ok(message)
    }

    /// Adds a message to what came before.
    pub(crate) fn merge<M: Message<'a>>(self, message: &mut M) -> Result<(), Malformed> {
        self.fields()?.read(message)
    }

    /// The field `number` of a message, where nothing else of it is read.
    pub(crate) fn only(self, number: u32) -> Result<Option<Field<'a>>, Malformed> {
        let mut found = None;
        for field in self.fields()? {
            let field = field?;
            if field.number == number {
                found = Some(field);
            }
        }
        Ok(found)
    }

    /// What is wrong with its value.
    pub(crate) fn flaw(self, flaw: Flaw) -> Malformed {
        Malformed { at: self.at, flaw }
    }

    fn number(self) -> Result<u64, Malformed> {
        match self.value {
            Value::Number(number) => Ok(number),
            _ => Err(self.flaw(Flaw::Type)),
        }
    }
}

/// The fields of a message, in order. After an error there is no more.
#[derive(Debug, Clone)]
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
    /// Where `rest` starts.
    at: usize,
    /// Whether the bytes may end within their last field.
    cut: bool,
}

impl<'a> Fields<'a> {
    /// Those of a whole message.
    pub(crate) fn of(message: &'a [u8]) -> Self {
        Fields { rest: message, at: 0, cut: false }
    }

    /// Those of the beginning of a message; the last one may be shorter than it says.
    pub(crate) fn of_beginning(message: &'a [u8]) -> Self {
        Fields { cut: true, ..Fields::of(message) }
    }

    /// Where the next one starts.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// Takes all of them in.
    pub(crate) fn read<M: Message<'a>>(self, message: &mut M) -> Result<(), Malformed> {
        for field in self {
            message.set(field?)?;
        }
        Ok(())
    }

    fn field(&mut self) -> Result<Field<'a>, Malformed> {
        let start = self.at;
        let flawed = |flaw| Malformed { at: start, flaw };
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).ok().filter(|it| (1..1 << 29).contains(it));
        let number = number.ok_or(flawed(Flaw::Tag))?;
        match tag & 7 {
            0 => {
                let at = self.at;
                Ok(Field { number, at, value: Value::Number(self.varint()?) })
            }
            2 => {
                let said = usize::try_from(self.varint()?).map_err(|_| flawed(Flaw::Cut))?;
                let len = if self.cut { said.min(self.rest.len()) } else { said };
                let at = self.at;
                Ok(Field { number, at, value: Value::Bytes(self.take(len)?) })
            }
            fixed @ (1 | 5) => {
                let at = self.at;
                self.take(if fixed == 1 { 8 } else { 4 })?;
                Ok(Field { number, at, value: Value::Fixed })
            }
            _ => Err(flawed(Flaw::Tag)),
        }
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], Malformed> {
        let cut = Malformed { at: self.at + self.rest.len(), flaw: Flaw::Cut };
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(cut)?;
        self.rest = rest;
        self.at += len;
        Ok(taken)
    }

    fn varint(&mut self) -> Result<u64, Malformed> {
        let start = self.at;
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?[0];
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Malformed { at: start, flaw: Flaw::Number })
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

/// Go's JSON encoder puts one replacement character for each byte that belongs to no character.
fn repaired(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Result<Vec<(u32, usize)>, Malformed> {
        Fields::of(bytes).map(|it| it.map(|it| (it.number, it.at))).collect()
    }

    #[test]
    fn fields_of_every_wire_type_are_passed_over() {
        let bytes = [
            &[0x08, 0x96, 0x01][..],
            &[0x11, 0, 0, 0, 0, 0, 0, 0, 0],
            &[0x1a, 2, b'h', b'i'],
            &[0x25, 0, 0, 0, 0],
            &[0x82, 0x01, 0],
        ]
        .concat();
        assert_eq!(all(&bytes), Ok(vec![(1, 1), (2, 4), (3, 14), (4, 17), (16, 24)]));
    }

    #[test]
    fn flaws_are_told_apart_and_placed() {
        let flaw = |at, flaw| Err(Malformed { at, flaw });
        assert_eq!(all(&[0x08]), flaw(1, Flaw::Cut));
        assert_eq!(all(&[0x08, 0x80]), flaw(2, Flaw::Cut));
        assert_eq!(all(&[0x08, 1, 0x12, 3, 0]), flaw(5, Flaw::Cut));
        assert_eq!(all(&[0x0d, 0, 0]), flaw(3, Flaw::Cut));
        assert_eq!(all(&[0x08, 1, 0x00, 1]), flaw(2, Flaw::Tag));
        assert_eq!(all(&[0x0b]), flaw(0, Flaw::Tag));
        let longest = [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(all(&longest), Ok(vec![(1, 1)]));
        let longer = [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02];
        assert_eq!(all(&longer), flaw(1, Flaw::Number));
        let huge = [0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(all(&huge), flaw(11, Flaw::Cut));
    }

    #[test]
    fn a_value_of_another_type_is_refused() {
        let number = Fields::of(&[0x08, 1]).next().expect("a field").expect("well-formed");
        assert_eq!(number.text(), Err(Malformed { at: 1, flaw: Flaw::Type }));
        let text = Fields::of(&[0x0a, 1, b'a']).next().expect("a field").expect("well-formed");
        assert_eq!(text.flag(), Err(Malformed { at: 2, flaw: Flaw::Type }));
        let negative = [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        let number = Fields::of(&negative).next().expect("a field").expect("well-formed");
        assert_eq!((number.int64(), number.int32()), (Ok(-1), Ok(-1)));
        assert_eq!(number.count(), Err(Malformed { at: 1, flaw: Flaw::Range }));
    }

    #[test]
    fn text_is_repaired_as_go_does() {
        assert_eq!(repaired(b"a\xe2\x82z\xff"), "a\u{fffd}\u{fffd}z\u{fffd}");
    }
}
