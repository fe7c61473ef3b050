//! Credentials that are written out, told by the shape of a value and the name it has.

use assay_model::literal::Literal;

/// How sure it is that a value is a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suspicion {
    /// It has the format of one, or is random under a name for credentials.
    Strong,
    /// It is other text under a name for credentials.
    Weak,
}

/// Whether a value of this shape, under this name, is likely to be a credential.
pub fn suspicion(literal: Literal, name: &str) -> Option<Suspicion> {
    match literal {
        Literal::Credential | Literal::ConnectionString => Some(Suspicion::Strong),
        Literal::Random => names_credential(name).then_some(Suspicion::Strong),
        Literal::Plain => names_credential(name).then_some(Suspicion::Weak),
        Literal::Reference | Literal::Empty => None,
    }
}

/// Words of which one makes a name one for credentials; the end of a word is enough, as in
/// `PGPASSWORD`.
const WORDS: &[&str] =
    &["password", "passwd", "passphrase", "secret", "token", "apikey", "credential", "credentials"];

/// Words that do so only as whole ones, in a name of several.
const PARTS: &[&str] = &["pass", "pwd", "pw"];

/// What before `key` makes a name one for credentials: `API_KEY`, `SIGNING_KEY`.
const KEYS: &[&str] = &[
    "access",
    "account",
    "api",
    "app",
    "application",
    "auth",
    "encryption",
    "hmac",
    "license",
    "master",
    "private",
    "shared",
    "signing",
    "ssh",
    "storage",
];

/// Last words of names for what goes with a credential and is none: `TOKEN_URL`, `SECRET_NAME`.
const COMPANIONS: &[&str] = &[
    "algorithm",
    "audience",
    "class",
    "count",
    "dir",
    "directory",
    "enabled",
    "endpoint",
    "expiration",
    "expiry",
    "field",
    "file",
    "format",
    "header",
    "host",
    "id",
    "interval",
    "issuer",
    "kind",
    "length",
    "lifetime",
    "location",
    "mode",
    "name",
    "namespace",
    "path",
    "policy",
    "port",
    "prefix",
    "provider",
    "ref",
    "region",
    "scope",
    "service",
    "source",
    "stdin",
    "store",
    "timeout",
    "ttl",
    "type",
    "uri",
    "url",
    "user",
    "username",
    "version",
];

/// Whether a variable, flag or header of this name is likely to hold a credential. Upper and lower case, `_`, `-`,
/// `.` and `camelCase` are understood.
fn names_credential(name: &str) -> bool {
    let words = words(name);
    let Some(last) = words.last() else { return false };
    if COMPANIONS.contains(&last.as_str()) {
        return false;
    }
    let whole = |it: &String| words.len() > 1 && PARTS.contains(&it.as_str());
    let says = |it: &String| WORDS.iter().any(|word| it.ends_with(word)) || whole(it);
    let key = |pair: &[String]| pair[1] == "key" && KEYS.contains(&pair[0].as_str());
    words.iter().any(says) || words.windows(2).any(key)
}

/// The words of a name, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_lower = false;
    for letter in name.chars() {
        let boundary = !letter.is_alphanumeric();
        if boundary || (after_lower && letter.is_uppercase()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| !boundary) {
            word.extend(letter.to_lowercase());
        }
        after_lower = letter.is_lowercase();
    }
    words.retain(|it| !it.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::names_credential;

    #[test]
    fn names_for_credentials() {
        for name in [
            "PASSWORD",
            "DB_PASS",
            "PGPASSWORD",
            "dbPassword",
            "spring.datasource.password",
            "AWS_SECRET_ACCESS_KEY",
            "API_KEY",
            "SECRET_KEY_BASE",
            "github-token",
        ] {
            assert!(names_credential(name), "{name}");
        }
        for name in [
            "",
            "PATH",
            "PWD",
            "BYPASS",
            "PUBLIC_KEY",
            "TOKEN_URL",
            "SECRET_NAME",
            "PASSWORD_FILE",
            "passwordPolicy",
            "MAX_TOKENS",
            "AWS_ACCESS_KEY_ID",
        ] {
            assert!(!names_credential(name), "{name}");
        }
    }
}
