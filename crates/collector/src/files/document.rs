//! Text, taken apart into documents: JSON as it stands, YAML turned into JSON.

use std::borrow::Cow;

use serde_json::value::{RawValue, to_raw_value};
use serde_saphyr::{DuplicateKeyPolicy, Spanned};

use super::source::newlines;

/// How deep YAML may be nested: CRD schemas reach about 40. The reader recurses, so the stack sets
/// the limit.
const MAX_DEPTH: usize = 64;

/// One document of a file.
#[derive(Debug)]
pub(super) struct Document<'t> {
    text: &'t str,
    /// Where it begins, from 1; only for YAML, which is no slice of the text any more.
    line: usize,
    json: Cow<'t, RawValue>,
}

impl Document<'_> {
    /// As JSON.
    pub(super) fn json(&self) -> &RawValue {
        &self.json
    }

    /// The line of a place in the document, from 1: that of `line` (from 1) in `part`, or where the
    /// document begins when it is YAML.
    pub(super) fn line_of(&self, part: &RawValue, line: usize) -> usize {
        match self.json {
            Cow::Borrowed(_) => line_of(self.text, part.get()) + line.saturating_sub(1),
            Cow::Owned(_) => self.line,
        }
    }
}

/// Why a text is neither JSON nor YAML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unreadable {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) why: Why,
}

/// What is wrong with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    Truncated,
    Syntax(&'static str),
    /// Anchors, nesting or size beyond what any cluster needs.
    Limits,
}

/// The documents of a text, in order; none when it holds nothing but blanks and comments.
pub(super) fn documents(text: &str) -> Result<Vec<Document<'_>>, Unreadable> {
    // A JSON document is YAML too, but the JSON reader is a hundred times as fast and keeps places.
    if !text.trim_start().starts_with(['{', '[']) {
        return yaml(text);
    }
    json(text).or_else(|broken| match broken.why {
        Why::Truncated => Err(broken),
        // YAML has braces of its own: `{a: b}`.
        _ => yaml(text).map_err(|_| broken),
    })
}

fn json(text: &str) -> Result<Vec<Document<'_>>, Unreadable> {
    serde_json::Deserializer::from_str(text)
        .into_iter::<&RawValue>()
        .map(|document| match document {
            Ok(json) => Ok(Document { text, line: 1, json: Cow::Borrowed(json) }),
            Err(error) => Err(Unreadable {
                line: error.line(),
                column: error.column(),
                why: if error.is_eof() { Why::Truncated } else { Why::Syntax("JSON") },
            }),
        })
        .collect()
}

fn yaml(text: &str) -> Result<Vec<Document<'_>>, Unreadable> {
    // The text is in memory already, so what it holds itself is no bomb; what its aliases repeat may
    // be, and is bounded apart.
    let budget = serde_saphyr::budget! {
        max_reader_input_bytes: None,
        max_depth: MAX_DEPTH,
        max_events: 1_000_000 + text.len(),
        max_nodes: 1_000_000 + text.len(),
        max_total_scalar_bytes: (64 << 20) + text.len(),
    };
    let options = serde_saphyr::options! {
        budget: budget,
        emit_comments: false,
        // As the API server reads them: the last key wins, and `0644` is a file mode.
        duplicate_keys: DuplicateKeyPolicy::LastWins,
        legacy_octal_numbers: true,
    };
    let mut bytes = text.as_bytes();
    serde_saphyr::read_with_options(&mut bytes, options)
        .map(|document| {
            let Spanned { value, referenced, .. }: Spanned<serde_json::Value> =
                document.map_err(|error| unreadable(&error))?;
            let line = usize::try_from(referenced.line()).unwrap_or_default().max(1);
            let json = to_raw_value(&value).expect("a JSON value has string keys only");
            Ok(Document { text, line, json: Cow::Owned(json) })
        })
        .collect()
}

/// Drops the reader's message, for it may quote the text.
fn unreadable(error: &serde_saphyr::Error) -> Unreadable {
    let at = error.location();
    let place = |it: Option<u64>| it.and_then(|it| usize::try_from(it).ok()).unwrap_or(1);
    Unreadable {
        line: place(at.map(|it| it.line())),
        column: place(at.map(|it| it.column())),
        why: why(error),
    }
}

fn why(error: &serde_saphyr::Error) -> Why {
    use serde_saphyr::Error;
    match error {
        Error::AliasError { error, .. } | Error::WithSnippet { error, .. } => why(error),
        Error::Eof { .. } => Why::Truncated,
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => Why::Limits,
        _ => Why::Syntax("YAML"),
    }
}

/// The line where `part`, a slice of `text`, begins; from 1.
fn line_of(text: &str, part: &str) -> usize {
    let offset = part.as_ptr().addr().wrapping_sub(text.as_ptr().addr());
    let before = text.as_bytes().get(..offset).unwrap_or_default();
    1 + newlines(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Vec<String> {
        let documents = documents(text).expect("documents");
        documents.iter().map(|it| it.json().get().to_owned()).collect()
    }

    #[test]
    fn yaml_is_read_as_the_api_server_reads_it() {
        let cases = [
            ("mode: 0644", r#"{"mode":420}"#),
            ("a: 1\na: 2", r#"{"a":2}"#),
            ("1: a", r#"{"1":"a"}"#),
            ("a: yes\nb: \"yes\"", r#"{"a":true,"b":"yes"}"#),
            ("a: &x {b: c}\nd: {<<: *x, e: f}", r#"{"a":{"b":"c"},"d":{"b":"c","e":"f"}}"#),
            ("at: 2026-01-22T02:29:41Z", r#"{"at":"2026-01-22T02:29:41Z"}"#),
            ("a: |\n  b\n  c\n", r#"{"a":"b\nc\n"}"#),
        ];
        for (text, expected) in cases {
            let value = |json: &str| serde_json::from_str::<serde_json::Value>(json).expect("JSON");
            let [read] = &json(text)[..] else { panic!("{text}") };
            assert_eq!(value(read), value(expected), "{text}");
        }
    }

    #[test]
    fn nesting_is_bounded_in_either_language() {
        let nested = |depth: usize| ["[".repeat(depth), "]".repeat(depth)].concat();
        // JSON is not decoded here, so it needs no bound here.
        assert_eq!(json(&nested(100_000)).len(), 1);
        let yaml = |depth| documents(&format!("a: {}", nested(depth))).map(|it| it.len());
        assert_eq!(yaml(MAX_DEPTH - 1), Ok(1));
        assert!(yaml(MAX_DEPTH).is_err() && yaml(100_000).is_err());
    }

    #[test]
    fn lines_are_counted_in_the_file() {
        let text = "{\"a\":\n\n[1,\n2]}\n{}";
        let all = documents(text).expect("JSON");
        let inner = serde_json::from_str::<std::collections::BTreeMap<&str, &RawValue>>(
            all[0].json().get(),
        );
        assert_eq!(all[0].line_of(inner.expect("JSON")["a"], 2), 4);
        assert_eq!(all[1].line_of(all[1].json(), 1), 5);
        let all = documents("# a\na: 1\n---\nb: 1\n").expect("YAML");
        assert_eq!([0, 1].map(|it| all[it].line_of(all[it].json(), 1)), [2, 4]);
    }
}
