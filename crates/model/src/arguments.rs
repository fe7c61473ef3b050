//! Command lines, as far as they configure a component that checks know.
//!
//! A word of a command line may be a credential, so only what is known to be none is kept: the name
//! of a flag, the value of a flag in [`KEPT_FLAGS`], and the name of a component.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::literal::Literal;

/// Programs whose flags are read.
pub const COMPONENTS: &[&str] =
    &["kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd", "kube-proxy"];

/// Flags whose values are kept, because a check reads them and no value of them is a secret.
pub const KEPT_FLAGS: &[&str] = &[
    "admission-control",
    "admission-control-config-file",
    "advertise-address",
    "anonymous-auth",
    "audit-log-maxage",
    "audit-log-maxbackup",
    "audit-log-maxsize",
    "audit-log-path",
    "audit-policy-file",
    "audit-webhook-config-file",
    "authentication-config",
    "authorization-config",
    "authorization-mode",
    "auto-tls",
    "basic-auth-file",
    "bind-address",
    "cert-file",
    "client-ca-file",
    "client-cert-auth",
    "config",
    "config-file",
    "disable-admission-plugins",
    "enable-admission-plugins",
    "enable-network-policy",
    "enable-priority-and-fairness",
    "encryption-provider-config",
    "etcd-cafile",
    "etcd-certfile",
    "etcd-keyfile",
    "etcd-servers",
    "feature-gates",
    "initial-cluster",
    "insecure-bind-address",
    "insecure-port",
    "key-file",
    "kubelet-certificate-authority",
    "kubelet-client-certificate",
    "kubelet-client-key",
    "listen-client-http-urls",
    "listen-client-urls",
    "listen-metrics-urls",
    "listen-peer-urls",
    "metrics-bind-address",
    "peer-auto-tls",
    "peer-cert-file",
    "peer-client-cert-auth",
    "peer-key-file",
    "peer-trusted-ca-file",
    "profiling",
    "proxy-mode",
    "request-timeout",
    "requestheader-allowed-names",
    "requestheader-client-ca-file",
    "root-ca-file",
    "run-firewall",
    "service-account-extend-token-expiration",
    "service-account-key-file",
    "service-account-lookup",
    "service-account-max-token-expiration",
    "service-account-private-key-file",
    "service-account-signing-endpoint",
    "terminated-pod-gc-threshold",
    "tls-cert-file",
    "tls-cipher-suites",
    "tls-min-version",
    "tls-private-key-file",
    "token-auth-file",
    "trusted-ca-file",
    "use-service-account-credentials",
];

/// What stands where a word was not kept, before what it looked like.
const HIDDEN: &str = "…";

/// What a word that was not kept looked like, as snapshots write it.
const SHAPES: [(Literal, &str); 6] = [
    (Literal::Plain, ""),
    (Literal::Empty, "empty"),
    (Literal::Reference, "reference"),
    (Literal::Random, "random"),
    (Literal::ConnectionString, "connection-string"),
    (Literal::Credential, "credential"),
];

/// One word of a command line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Word {
    /// One of [`COMPONENTS`], by whatever path it was called.
    Component(Arc<str>),
    /// `--name` or `-name`: a flag whose value, if it takes one, is the next word.
    Flag(Arc<str>),
    /// `--name=value`.
    Assigned(Arc<str>, Value),
    /// The word after a kept flag.
    Value(Arc<str>),
    /// Anything else, by what it looked like.
    Hidden(Literal),
}

/// The value of a flag.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// Of a flag in [`KEPT_FLAGS`].
    Kept(Arc<str>),
    /// Of any other flag, or one that a shell would expand: what it looked like.
    Hidden(Literal),
}

impl Value {
    /// What it says, if it was kept.
    pub fn kept(&self) -> Option<&Arc<str>> {
        match self {
            Value::Kept(value) => Some(value),
            Value::Hidden(_) => None,
        }
    }
}

/// The words of a container's `command` or `args`; empty when none is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Arguments(Vec<Word>);

impl Arguments {
    /// The words in order.
    pub fn words(&self) -> &[Word] {
        &self.0
    }

    /// Whether nothing is given.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keeps of a command line what may be kept.
    ///
    /// A word with blanks in it, as in `sh -c "exec kube-apiserver --a=b"`, is taken apart at them;
    /// quotes are not understood and hide the word they stand in.
    pub fn of<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let mut kept: Vec<Word> = Vec::new();
        for whole in words {
            // A private key has blanks in it, and a script may hold one.
            if whole.contains(char::is_whitespace) && Literal::of(whole) == Literal::Credential {
                kept.push(Word::Hidden(Literal::Credential));
                continue;
            }
            for word in whole.split_whitespace() {
                let awaits = matches!(kept.last(), Some(Word::Flag(flag)) if is_kept(flag));
                kept.push(Word::of(word, awaits));
            }
        }
        Arguments(kept)
    }
}

impl Word {
    fn of(word: &str, awaited: bool) -> Self {
        if let Some(shape) = hidden(word) {
            return Word::Hidden(shape);
        }
        if let Some(flag) = word.strip_prefix("--").or_else(|| word.strip_prefix('-')) {
            let named = |name: &str| {
                name.starts_with(|it: char| it.is_ascii_alphabetic())
                    && name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-' || it == b'_')
            };
            return match flag.split_once('=') {
                Some((name, value)) if named(name) => {
                    let value = match hidden(value) {
                        Some(shape) => Value::Hidden(shape),
                        None if is_kept(name) && plain(value) => Value::Kept(value.into()),
                        None => Value::Hidden(Literal::of(value)),
                    };
                    Word::Assigned(name.replace('_', "-").into(), value)
                }
                None if named(flag) => Word::Flag(flag.replace('_', "-").into()),
                _ => Word::Hidden(Literal::of(word)),
            };
        }
        let base = word.rsplit('/').next().unwrap_or(word);
        match COMPONENTS.iter().find(|it| **it == base) {
            Some(component) => Word::Component((*component).into()),
            None if awaited && plain(word) => Word::Value(word.into()),
            None => Word::Hidden(Literal::of(word)),
        }
    }
}

/// What a word looked like that a snapshot does not hold.
fn hidden(word: &str) -> Option<Literal> {
    let shape = word.strip_prefix(HIDDEN)?;
    SHAPES.iter().find(|(_, name)| *name == shape).map(|(literal, _)| *literal)
}

fn is_kept(flag: &str) -> bool {
    KEPT_FLAGS.contains(&flag.replace('_', "-").as_str())
}

/// No quote, variable or substitution that a shell or the kubelet would expand, and no URL that may
/// carry a password.
fn plain(value: &str) -> bool {
    let names_user = value.contains("://") && value.contains('@');
    !names_user && !value.contains(['"', '\'', '$', '`', '\\', ';', '&', '|', '<', '>'])
}

/// Writes each word as a command line would have it, `…` for what was not kept. Reading that back
/// gives the same words.
impl Serialize for Arguments {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|word| match word {
            Word::Component(name) | Word::Value(name) => name.to_string(),
            Word::Flag(name) => format!("--{name}"),
            Word::Assigned(name, Value::Kept(value)) => format!("--{name}={value}"),
            Word::Assigned(name, Value::Hidden(shape)) => format!("--{name}={}", written(*shape)),
            Word::Hidden(shape) => written(*shape),
        }))
    }
}

fn written(shape: Literal) -> String {
    let name = SHAPES.iter().find(|(literal, _)| *literal == shape).map_or("", |(_, name)| name);
    format!("{HIDDEN}{name}")
}

impl<'de> Deserialize<'de> for Arguments {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let words = Option::<Vec<String>>::deserialize(deserializer)?.unwrap_or_default();
        Ok(Arguments::of(words.iter().map(String::as_str)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_flags_is_kept_and_reading_back_changes_nothing() {
        let line = r#"["/go-runner", "--log-file=/var/log/x", "/usr/local/bin/kube-apiserver",
            "--anonymous-auth=false", "--token-auth-file", "/etc/tokens", "--password=hush",
            "--secret", "hush", "--audit-log-path=$(LOG)",
            "--etcd-servers=https://etcd:2379", "--etcd-servers=https://me:hush@etcd:2379"]"#;
        let kept: Arguments = serde_json::from_str(line).expect("a command line");
        let written = serde_json::to_string(&kept).expect("words");
        assert_eq!(
            written,
            r#"["…reference","--log-file=…reference","kube-apiserver","--anonymous-auth=false","--token-auth-file","/etc/tokens","--password=…","--secret","…","--audit-log-path=…reference","--etcd-servers=https://etcd:2379","--etcd-servers=…connection-string"]"#
        );
        assert_eq!(serde_json::from_str::<Arguments>(&written).expect("words"), kept);
    }

    #[test]
    fn what_is_not_kept_is_known_by_what_it_looks_like() {
        let key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n";
        let lines = ["--key", key, "--token=AKIAIOSFODNN7EXAMPLE", "postgres://a:hush@db/b"];
        let kept = Arguments::of(lines);
        let shapes = [
            Word::Flag("key".into()),
            Word::Hidden(Literal::Credential),
            Word::Assigned("token".into(), Value::Hidden(Literal::Credential)),
            Word::Hidden(Literal::ConnectionString),
        ];
        assert_eq!(kept.words(), shapes);
        let written = serde_json::to_string(&kept).expect("words");
        assert!(!written.contains("hush") && !written.contains("AKIA"), "{written}");
        assert_eq!(serde_json::from_str::<Arguments>(&written).expect("words"), kept);
    }
}
