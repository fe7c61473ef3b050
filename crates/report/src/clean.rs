//! Text that is safe to show: the one place through which every string of a text format goes.

use std::{borrow::Cow, fmt::Write};

/// `text` with each character that [`is_treacherous`] written as Rust writes its escape: `\n`,
/// `\u{1b}`. With `ascii`, every other character beyond ASCII as well, but for a few signs that
/// have a plain form.
pub(crate) fn clean(text: &str, ascii: bool) -> Cow<'_, str> {
    let keep = |it: char| !is_treacherous(it) && (it.is_ascii() || !ascii);
    if text.chars().all(keep) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            it if keep(it) => out.push(it),
            '\u{2026}' => out.push_str("..."),
            '\u{2013}' | '\u{2014}' => out.push('-'),
            it => write!(out, "{}", it.escape_default()).expect("a String takes any text"),
        }
    }
    Cow::Owned(out)
}

/// Whether a character could drive a terminal, reorder, hide or break text, or be refused by XML.
///
/// - Control characters, C0, DEL and C1 (general category Cc), ANSI escapes among them.
/// - Line and paragraph separators.
/// - Bidirectional controls, zero-width and other invisible characters: those that Unicode gives
///   the property `Default_Ignorable_Code_Point` (`DerivedCoreProperties.txt`, version 16), and
///   the interlinear annotations.
/// - Noncharacters, of which XML 1.0 (section 2.2) forbids two, and private use, which each font
///   draws as it likes.
pub(crate) fn is_treacherous(it: char) -> bool {
    it.is_control()
        || matches!(it,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{e000}'..='\u{f8ff}'
            | '\u{fdd0}'..='\u{fdef}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}' | '\u{f0000}'..)
        || u32::from(it) & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_text_is_left_alone() {
        assert!(matches!(clean("web-0 ÄÖ 日本 é", false), Cow::Borrowed("web-0 ÄÖ 日本 é")));
    }

    #[test]
    fn treacherous_characters_become_visible() {
        let cases = [
            ("\x1b[31mred", "\\u{1b}[31mred"),
            ("a\nb\r\tc\0", "a\\nb\\r\\tc\\u{0}"),
            ("\u{7f}\u{9b}", "\\u{7f}\\u{9b}"),
            ("a\u{202e}b\u{2066}c\u{2069}", "a\\u{202e}b\\u{2066}c\\u{2069}"),
            ("a\u{200b}\u{feff}\u{2028}", "a\\u{200b}\\u{feff}\\u{2028}"),
            ("\u{e0041}\u{fffe}\u{1ffff}", "\\u{e0041}\\u{fffe}\\u{1ffff}"),
        ];
        for (text, shown) in cases {
            assert_eq!(clean(text, false), shown);
        }
    }

    #[test]
    fn ascii_has_plain_forms() {
        assert_eq!(clean("é \u{2026} \u{2014} x", true), "\\u{e9} ... - x");
    }

    proptest! {
        #[test]
        fn nothing_treacherous_is_left(text in any::<String>()) {
            prop_assert!(!clean(&text, false).chars().any(is_treacherous));
            prop_assert!(clean(&text, true).chars().all(|it| it.is_ascii() && !it.is_control()));
        }
    }
}
