//! Release numbers as they stand in the wild.

/// A minor version: `1.37` as `(1, 37)`.
pub type Minor = (u32, u32);

/// Writes a minor version as tables and people do: `1.37`.
pub fn minor_name((major, minor): Minor) -> String {
    format!("{major}.{minor}")
}

/// The first dotted number in a text, cut to `parts` parts: in `Bottlerocket OS 1.19.2 (aws)` with 2
/// parts `1.19`. `None` when the text has no number.
pub fn first_release(text: &str, parts: usize) -> Option<String> {
    let from = text.find(|it: char| it.is_ascii_digit())?;
    let number = &text[from..];
    let end = number.find(|it: char| !it.is_ascii_digit() && it != '.').unwrap_or(number.len());
    let cut: Vec<&str> = number[..end].split('.').filter(|it| !it.is_empty()).take(parts).collect();
    Some(cut.join("."))
}

#[cfg(test)]
mod tests {
    use super::first_release;

    #[test]
    fn releases_are_cut_to_their_parts() {
        assert_eq!(first_release("Ubuntu 22.04.3 LTS", 2).as_deref(), Some("22.04"));
        assert_eq!(first_release("Debian GNU/Linux 12 (bookworm)", 1).as_deref(), Some("12"));
        assert_eq!(first_release("Debian GNU/Linux 12 (bookworm)", 2).as_deref(), Some("12"));
        assert_eq!(first_release("v2.1.4", 2).as_deref(), Some("2.1"));
        assert_eq!(first_release("Talos", 2), None);
    }
}
