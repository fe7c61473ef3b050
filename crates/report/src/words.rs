//! How numbers and counts are said.

/// A share of 0 to 1 in hundredths: 100 and 0 only when it is all or nothing.
pub(crate) fn hundredths(share: f64) -> u8 {
    let rounded = (share * 100.0).round();
    let honest = if share > 0.0 && share < 1.0 { rounded.clamp(1.0, 99.0) } else { rounded };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
    {
        honest.clamp(0.0, 100.0) as u8
    }
}

/// `71`, or `-` when there is none.
pub(crate) fn score(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |it| hundredths(it).to_string())
}

/// `83 %`, or `-` when there is none.
pub(crate) fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |it| format!("{} %", hundredths(it)))
}

/// `1 check`, `2 checks`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// `12.4 MB`, in powers of 1000.
pub(crate) fn bytes(number: u64) -> String {
    if number < 1000 {
        return format!("{number} B");
    }
    #[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
    let mut amount = number as f64;
    let mut units = ["kB", "MB", "GB", "TB", "PB", "EB"].into_iter();
    let mut unit = "B";
    // A value that would be shown as 1000.0 belongs to the next unit.
    while amount >= 999.95 {
        let Some(next) = units.next() else { break };
        (amount, unit) = (amount / 1000.0, next);
    }
    format!("{amount:.1} {unit}")
}

/// `0.8 s`, `2 min 5 s`.
pub(crate) fn seconds(amount: f64) -> String {
    if amount < 59.95 {
        return format!("{:.1} s", amount.max(0.0));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is positive")]
    let whole = amount.round() as u64;
    format!("{} min {} s", whole / 60, whole % 60)
}

/// `a, b and 3 more`: at most `most` of them, and never just one left out.
pub(crate) fn some(names: &[impl AsRef<str>], most: usize) -> String {
    let shown = if names.len() <= most + 1 { names.len() } else { most };
    let mut text = names[..shown].iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    if shown < names.len() {
        text = format!("{text} and {} more", names.len() - shown);
    }
    text
}

/// The first sentence, without its full stop.
pub(crate) fn first_sentence(text: &str) -> &str {
    let ends = text.match_indices(". ").find(|(at, _)| {
        text[at + 2..].starts_with(|it: char| it.is_uppercase() || it == '`')
            && !text[..*at].ends_with("e.g")
            && !text[..*at].ends_with("i.e")
    });
    ends.map_or(text, |(at, _)| &text[..at]).trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_and_nothing_are_never_rounded_to() {
        let shares = [0.0, 0.001, 0.4951, 0.999, 1.0];
        assert_eq!(shares.map(hundredths), [0, 1, 50, 99, 100]);
        assert_eq!(percent(None), "-");
    }

    #[test]
    fn amounts() {
        let sizes = [0, 999, 1000, 12_400_000, 999_960, 7_000_000_000];
        assert_eq!(sizes.map(bytes), ["0 B", "999 B", "1.0 kB", "12.4 MB", "1.0 MB", "7.0 GB"]);
        assert_eq!(
            [0.04, 59.94, 59.96, 125.0].map(seconds),
            ["0.0 s", "59.9 s", "1 min 0 s", "2 min 5 s"]
        );
        assert_eq!(bytes(u64::MAX), "18.4 EB");
    }

    #[test]
    fn lists_and_sentences() {
        assert_eq!(some(&["a", "b", "c"], 2), "a, b, c");
        assert_eq!(some(&["a", "b", "c", "d"], 2), "a, b and 2 more");
        assert_eq!(first_sentence("Set it, e.g. Here. Then go."), "Set it, e.g. Here");
        assert_eq!(first_sentence("One v1.2 only."), "One v1.2 only");
    }
}
