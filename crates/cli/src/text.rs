//! Text for people.

/// `text` with every character that does not show itself as Rust writes its escape, `\u{1b}`: what a
/// cluster, a file or a name says must not drive the terminal. Lines stay lines.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for it in text.chars() {
        match it {
            // These `escape_debug` would mark as well, and they are harmless.
            '\n' | '\'' | '"' | '\\' => out.push(it),
            it => out.extend(it.escape_debug()),
        }
    }
    out
}

/// Breaks a text at blanks into lines of at most `width` characters; a longer word keeps its line.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_not_show_itself_is_written_out() {
        assert_eq!(plain("a `b` \"c\" d\\e é 日本\nf"), "a `b` \"c\" d\\e é 日本\nf");
        assert_eq!(plain("\u{1b}[31m\r\t\u{9b}"), "\\u{1b}[31m\\r\\t\\u{9b}");
        assert_eq!(
            plain("\u{202e}\u{200b}\u{feff}\u{2028}"),
            "\\u{202e}\\u{200b}\\u{feff}\\u{2028}"
        );
    }
}
