//! Credentials that are written out in a manifest, as the value of an environment variable.
//!
//! | value of a variable, by its shape                         | verdict |
//! |-----------------------------------------------------------|---------|
//! | a provider's token format, a private key                  | fail    |
//! | a connection string with a password                       | fail    |
//! | random, under a name for credentials                      | fail    |
//! | any other text, under a name for credentials              | warn    |
//! | empty, a reference, a path, a number, `true`, …           | pass    |
//!
//! Init and ephemeral containers count. The model keeps a value's shape and never the value
//! ([`Literal`]), so no report can show one. Names for credentials: [`names_credential`].
//! Elsewhere: values that a Secret holds are `secret-in-environment`'s.

use assay_model::{Findings, Outcome, PodSpec, Resource, Severity, literal::Literal};

use crate::{Check, Empty, Rule};

pub(super) static CHECK: Check = Check {
    code: "APP-SEC-002",
    id: "credential-in-environment",
    title: "credential is written out in the environment",
    severity: Severity::High,
    rationale: "Whoever may read the pod, its manifest or the repository it comes from has the \
                credential; no audit log says that it was read.",
    remediation: "Treat the value as leaked and replace it; keep the new one in a Secret or an external \
                  store, mounted as a file.",
    references: &["https://kubernetes.io/docs/concepts/security/secrets-good-practices/"],
    verdicts: &[
        (
            Outcome::Fail,
            "a value has the format of a credential, or is random under a name for credentials",
        ),
        (Outcome::Warn, "a value is other text under a name for credentials"),
        (Outcome::Pass, "no value is either"),
    ],
    needs: &[Resource::WORKLOADS],
    empty: Empty::NotApplicable,
    rule: Rule::PodSpec(credential_in_environment),
};

fn credential_in_environment(pod: &PodSpec, findings: &mut Findings) {
    for container in pod.containers() {
        for (index, variable) in container.env.iter().enumerate() {
            let Some(literal) = variable.literal else { continue };
            let at = || container.field(&format!("env[{index}].value"));
            let detail = || format!("of `{}` is {}", variable.name, literal.name());
            match literal {
                Literal::Credential | Literal::ConnectionString => findings.fail(at(), detail()),
                Literal::Random if names_credential(&variable.name) => {
                    findings.fail(at(), detail());
                }
                Literal::Plain if names_credential(&variable.name) => findings.warn(at(), detail()),
                Literal::Random | Literal::Plain | Literal::Reference | Literal::Empty => {}
            }
        }
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

/// Whether a variable of this name is likely to hold a credential. Upper and lower case, `_`, `-`,
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
