//! What may be known of a literal value: its shape, never the value.
//!
//! The value of an environment variable passes through [`Literal::of`] while it is decoded, and only
//! the verdict of the detectors is kept.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, Visitor},
};

/// What a literal value looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Literal {
    /// Nothing.
    Empty,
    /// Points to where the value is kept, or is no value at all: `$(VAR)`, `vault:…`, a file path, a
    /// number, `true`.
    Reference,
    /// Text without the shape of a credential.
    Plain,
    /// Long and random enough to be generated: base64-like of at least 20 characters and 4.0 bits
    /// each, or hexadecimal of at least 32 and 3.0.
    Random,
    /// A connection string that carries a password.
    ConnectionString,
    /// The format of a credential that a provider issues, or a private key.
    Credential,
}

impl Literal {
    /// What `value` looks like. The most telling detector wins.
    pub fn of(value: &str) -> Literal {
        let value = value.trim();
        if value.is_empty() {
            Literal::Empty
        } else if is_credential(value) {
            Literal::Credential
        } else if carries_password(value) {
            Literal::ConnectionString
        } else if is_reference(value) {
            Literal::Reference
        } else if is_random(value) {
            Literal::Random
        } else {
            Literal::Plain
        }
    }

    /// What reports call it.
    pub const fn name(self) -> &'static str {
        match self {
            Literal::Empty => "empty",
            Literal::Reference => "a reference",
            Literal::Plain => "a literal",
            Literal::Random => "a random literal",
            Literal::ConnectionString => "a connection string with a password",
            Literal::Credential => "in the format of a credential",
        }
    }
}

/// A value on its way through the decoder: what it looks like is kept, the text is not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Passing(pub(crate) Literal);

impl<'de> Deserialize<'de> for Passing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Value;
        impl Visitor<'_> for Value {
            type Value = Passing;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_str<E: Error>(self, value: &str) -> Result<Passing, E> {
                Ok(Passing(Literal::of(value)))
            }
            fn visit_unit<E: Error>(self) -> Result<Passing, E> {
                Ok(Passing(Literal::Empty))
            }
            // The default messages of these would quote the value.
            fn visit_bool<E: Error>(self, _: bool) -> Result<Passing, E> {
                Err(E::custom("the value of a variable must be a string"))
            }
            fn visit_i64<E: Error>(self, _: i64) -> Result<Passing, E> {
                Err(E::custom("the value of a variable must be a string"))
            }
            fn visit_u64<E: Error>(self, _: u64) -> Result<Passing, E> {
                Err(E::custom("the value of a variable must be a string"))
            }
            fn visit_f64<E: Error>(self, _: f64) -> Result<Passing, E> {
                Err(E::custom("the value of a variable must be a string"))
            }
        }
        deserializer.deserialize_any(Value)
    }
}

/// Token formats by their fixed prefix and least length, as their providers document them.
const TOKEN_FORMATS: &[(&str, usize)] = &[
    ("AKIA", 20),        // AWS access key id
    ("ASIA", 20),        // AWS temporary access key id
    ("ghp_", 40),        // GitHub personal access token
    ("gho_", 40),        // GitHub OAuth token
    ("ghs_", 40),        // GitHub server token
    ("github_pat_", 40), // GitHub fine-grained token
    ("glpat-", 26),      // GitLab personal access token
    ("xoxb-", 24),       // Slack bot token
    ("xoxp-", 24),       // Slack user token
    ("sk_live_", 24),    // Stripe secret key
    ("rk_live_", 24),    // Stripe restricted key
    ("AIza", 39),        // Google API key
    ("SG.", 60),         // SendGrid API key
    ("npm_", 40),        // npm access token
    ("hvs.", 28),        // HashiCorp Vault service token
    ("dop_v1_", 71),     // DigitalOcean personal access token
];

fn is_credential(value: &str) -> bool {
    let token = |(prefix, least): &(&str, usize)| {
        value.len() >= *least
            && value.starts_with(prefix)
            && value.bytes().all(|it| it.is_ascii_alphanumeric() || b"_-.".contains(&it))
    };
    let private_key = value.contains("-----BEGIN ") && value.contains("PRIVATE KEY-----");
    private_key || is_jwt(value) || TOKEN_FORMATS.iter().any(token)
}

/// Three base64url parts, the first of which opens a JSON object: a signed JSON Web Token.
fn is_jwt(value: &str) -> bool {
    let parts: Vec<&str> = value.split('.').collect();
    let base64url = |part: &&str| part.len() >= 10 && part.bytes().all(is_base64url);
    parts.len() == 3 && parts[0].starts_with("eyJ") && parts.iter().all(base64url)
}

fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

/// `scheme://user:password@host`, where the password is not itself a reference.
fn carries_password(value: &str) -> bool {
    let Some((scheme, rest)) = value.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let Some((user, _host)) = authority.rsplit_once('@') else { return false };
    let Some((_, password)) = user.split_once(':') else { return false };
    !scheme.contains(char::is_whitespace) && !password.is_empty() && !is_reference(password)
}

/// Says where the value is kept, or cannot be one.
fn is_reference(value: &str) -> bool {
    const ELSEWHERE: &[&str] = &[
        "$", "{{", "<", "vault:", "op://", "ref+", "arn:", "secret:", "file:", "env:", "xxx", "***",
    ];
    let lower = value.to_ascii_lowercase();
    let path = (value.starts_with('/') || value.starts_with("./") || value.starts_with("~/"))
        && !value.contains(char::is_whitespace);
    let word = matches!(
        lower.as_str(),
        "true" | "false" | "yes" | "no" | "on" | "off" | "none" | "null" | "changeme" | "example"
    );
    ELSEWHERE.iter().any(|it| lower.starts_with(it)) || path || word || value.parse::<f64>().is_ok()
}

/// Random enough to be generated, by length, alphabet and Shannon entropy.
fn is_random(value: &str) -> bool {
    let hex = value.len() >= 32 && value.bytes().all(|it| it.is_ascii_hexdigit());
    let base64 = value.len() >= 20
        && value.bytes().all(|it| is_base64url(it) || b"+/=".contains(&it))
        && value.bytes().any(|it| it.is_ascii_digit())
        && value.bytes().any(|it| it.is_ascii_alphabetic());
    let bits = entropy(value);
    (hex && bits >= 3.0) || (base64 && bits >= 4.0)
}

/// Shannon entropy of the bytes, in bits each; 0 when empty.
#[expect(clippy::cast_precision_loss, reason = "lengths of environment values are far below 2^52")]
fn entropy(value: &str) -> f64 {
    let mut counts = BTreeMap::<u8, usize>::new();
    for byte in value.bytes() {
        *counts.entry(byte).or_default() += 1;
    }
    let total = value.len() as f64;
    counts.values().map(|&count| count as f64 / total).map(|share| -share * share.log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_told_apart() {
        let cases = [
            ("", Literal::Empty),
            ("  ", Literal::Empty),
            ("info", Literal::Plain),
            ("redis-leader.default.svc.cluster.local", Literal::Plain),
            ("$(POD_IP)", Literal::Reference),
            ("/etc/tls/tls.key", Literal::Reference),
            ("8080", Literal::Reference),
            ("postgres://app:hunter22@db:5432/app", Literal::ConnectionString),
            ("postgres://app:$(PASSWORD)@db/app", Literal::Plain),
            ("https://example.com/a:b@c", Literal::Plain),
            ("AKIAIOSFODNN7EXAMPLE", Literal::Credential),
            ("-----BEGIN RSA PRIVATE KEY-----\nMII", Literal::Credential),
            ("q8Zr1Tn0vXk4Lw7Bp3Jc9D", Literal::Random),
            ("9f86d081884c7d659a2feaa0c55ad015", Literal::Random),
            ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", Literal::Plain),
        ];
        for (value, shape) in cases {
            assert_eq!(Literal::of(value), shape, "{value}");
        }
    }

    #[test]
    fn errors_do_not_quote_the_value() {
        for value in ["424242", "true", "4.25e7", "[\"hush\"]", "{\"hush\": 1}"] {
            let error = serde_json::from_str::<Passing>(value).expect_err("not a string");
            assert!(!error.to_string().contains("42"), "{error}");
            assert!(!error.to_string().contains("hush"), "{error}");
        }
    }
}
