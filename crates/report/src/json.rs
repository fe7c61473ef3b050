//! The report as JSON, and the schema that it keeps to.

use std::io::{self, Write};

use assay_model::{Report, report::API_VERSION};
use schemars::{Schema, generate::SchemaSettings};
use serde::Serialize;
use serde_json::{
    Serializer,
    ser::{Formatter, PrettyFormatter},
};

use crate::{Options, clean::is_treacherous};

/// Writes the report as JSON, indented, with a newline at its end. It looks at no option.
///
/// Characters that could drive a terminal or hide text are written as `\uXXXX`, so that `cat` and
/// `less` are safe; a parser reads the text as it was.
///
/// # Errors
///
/// Those of `out`, and no others.
pub fn json(report: &Report, _: &Options, out: &mut dyn Write) -> io::Result<()> {
    report
        .serialize(&mut Serializer::with_formatter(&mut *out, Visible(PrettyFormatter::new())))?;
    out.write_all(b"\n")
}

/// The JSON Schema of what [`json`] writes, in the dialect of draft 2020-12.
pub fn schema() -> Schema {
    let mut schema = SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator()
        .into_root_schema_for::<Report>();
    schema.insert("$id".to_owned(), "urn:kube-assay:report:v1".into());
    for (pointer, only) in [("/properties/apiVersion", API_VERSION), ("/properties/kind", "Report")]
    {
        if let Some(property) = schema.pointer_mut(pointer).and_then(|it| it.as_object_mut()) {
            property.insert("const".to_owned(), only.into());
        }
    }
    schema
}

/// Indents as its inner formatter does, and escapes what must not be written as it is.
struct Visible<'f>(PrettyFormatter<'f>);

impl Formatter for Visible<'_> {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        text: &str,
    ) -> io::Result<()> {
        let mut plain = 0;
        for (at, treacherous) in text.match_indices(is_treacherous) {
            out.write_all(&text.as_bytes()[plain..at])?;
            // Two for a character beyond the basic plane.
            for unit in treacherous.encode_utf16() {
                write!(out, "\\u{unit:04x}")?;
            }
            plain = at + treacherous.len();
        }
        out.write_all(&text.as_bytes()[plain..])
    }

    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_array(out)
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(text: &str) -> String {
        let mut out = Vec::new();
        let mut serializer = Serializer::with_formatter(&mut out, Visible(PrettyFormatter::new()));
        text.serialize(&mut serializer).expect("a Vec takes anything");
        String::from_utf8(out).expect("JSON is text")
    }

    #[test]
    fn treacherous_characters_are_escaped() {
        let text = "\u{1b}[2J\u{7f}\u{9b}\u{202e}\u{e0041}\"";
        assert_eq!(written(text), r#""\u001b[2J\u007f\u009b\u202e\udb40\udc41\"""#);
    }

    proptest! {
        #[test]
        fn every_text_comes_back(text in any::<String>()) {
            let json = written(&text);
            prop_assert!(!json.chars().any(is_treacherous));
            prop_assert_eq!(serde_json::from_str::<String>(&json).expect("JSON"), text);
        }
    }
}
