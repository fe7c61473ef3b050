//! Command lines, as far as they configure a component that checks know.
//!
//! A word of a command line may be a credential, so only what is known to be none is kept: the name
//! of a flag, the value of a flag in [`KEPT_FLAGS`], and the name of a component.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Programs whose flags are read.
pub const COMPONENTS: &[&str] =
    &["kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd", "kube-proxy"];

/// Flags whose values are kept, because a check reads them and no value of them is a secret.
pub const KEPT_FLAGS: &[&str] = &[
    "admission-control",
    "admission-control-config-file",
    "anonymous-auth",
    "audit-log-path",
    "audit-policy-file",
    "audit-webhook-config-file",
    "authentication-config",
    "authorization-config",
    "authorization-mode",
    "disable-admission-plugins",
    "enable-admission-plugins",
    "enable-network-policy",
    "kubelet-client-certificate",
    "kubelet-client-key",
    "run-firewall",
    "token-auth-file",
];

/// What stands where a word was not kept.
const HIDDEN: &str = "…";

/// One word of a command line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Word {
    /// One of [`COMPONENTS`], by whatever path it was called.
    Component(Arc<str>),
    /// `--name` or `-name`: a flag whose value, if it takes one, is the next word.
    Flag(Arc<str>),
    /// `--name=value`, with the value if it is one that is kept.
    Assigned(Arc<str>, Option<Arc<str>>),
    /// The word after a kept flag.
    Value(Arc<str>),
    /// Anything else.
    Hidden,
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
        for word in words.into_iter().flat_map(str::split_whitespace) {
            let awaits = matches!(kept.last(), Some(Word::Flag(flag)) if is_kept(flag));
            kept.push(Word::of(word, awaits));
        }
        Arguments(kept)
    }
}

impl Word {
    fn of(word: &str, awaited: bool) -> Self {
        if word == HIDDEN {
            return Word::Hidden;
        }
        if let Some(flag) = word.strip_prefix("--").or_else(|| word.strip_prefix('-')) {
            let named = |name: &str| {
                name.starts_with(|it: char| it.is_ascii_alphabetic())
                    && name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-' || it == b'_')
            };
            return match flag.split_once('=') {
                Some((name, value)) if named(name) => {
                    let value =
                        (is_kept(name) && value != HIDDEN && plain(value)).then(|| value.into());
                    Word::Assigned(name.replace('_', "-").into(), value)
                }
                None if named(flag) => Word::Flag(flag.replace('_', "-").into()),
                _ => Word::Hidden,
            };
        }
        let base = word.rsplit('/').next().unwrap_or(word);
        match COMPONENTS.iter().find(|it| **it == base) {
            Some(component) => Word::Component((*component).into()),
            None if awaited && plain(word) => Word::Value(word.into()),
            None => Word::Hidden,
        }
    }
}

fn is_kept(flag: &str) -> bool {
    KEPT_FLAGS.contains(&flag.replace('_', "-").as_str())
}

/// No quote, variable or substitution that a shell or the kubelet would expand.
fn plain(value: &str) -> bool {
    !value.contains(['"', '\'', '$', '`', '\\', ';', '&', '|', '<', '>'])
}

/// Writes each word as a command line would have it, `…` for what was not kept. Reading that back
/// gives the same words.
impl Serialize for Arguments {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|word| match word {
            Word::Component(name) | Word::Value(name) => name.to_string(),
            Word::Flag(name) => format!("--{name}"),
            Word::Assigned(name, Some(value)) => format!("--{name}={value}"),
            Word::Assigned(name, None) => format!("--{name}={HIDDEN}"),
            Word::Hidden => HIDDEN.to_owned(),
        }))
    }
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
            "--secret", "hush", "--audit-log-path=$(LOG)"]"#;
        let kept: Arguments = serde_json::from_str(line).expect("a command line");
        let written = serde_json::to_string(&kept).expect("words");
        assert_eq!(
            written,
            r#"["…","--log-file=…","kube-apiserver","--anonymous-auth=false","--token-auth-file","/etc/tokens","--password=…","--secret","…","--audit-log-path=…"]"#
        );
        assert_eq!(serde_json::from_str::<Arguments>(&written).expect("words"), kept);
    }
}
