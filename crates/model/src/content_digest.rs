//! Text that is recognised and not kept.
//!
//! What a policy asks of objects can hold anything its author likes. Checks recognise some of it, word for
//! word; so what is kept is a digest, which is equal where the content is and tells nothing else.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
    sync::Arc,
};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use sha2::{Digest, Sha256};

/// A digest of what was written, whatever its layout: spaces, the order of keys, and whether a scalar is
/// quoted make no difference.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ContentDigest {
    /// Hexadecimal.
    sha256: Arc<str>,
}

impl ContentDigest {
    /// Of an expression.
    pub fn of(expression: &str) -> Self {
        Written::Scalar(expression.to_owned()).digest()
    }
}

/// As manifests write it; or as a snapshot does, which is an object of one key that no pattern has.
impl<'de> Deserialize<'de> for ContentDigest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Written::deserialize(deserializer)?;
        if let Written::Map(map) = &written
            && let (1, Some(Written::Scalar(sha256))) = (map.len(), map.get("sha256"))
        {
            return Ok(ContentDigest { sha256: sha256.as_str().into() });
        }
        Ok(written.digest())
    }
}

/// Anything that JSON can hold, on its way to its digest.
enum Written {
    Scalar(String),
    List(Vec<Written>),
    Map(BTreeMap<String, Written>),
}

impl Written {
    fn digest(&self) -> ContentDigest {
        // What is left out is empty.
        if matches!(self, Written::Scalar(it) if it.trim().is_empty()) {
            return ContentDigest::default();
        }
        let mut digest = Sha256::new();
        self.add_to(&mut digest);
        let mut hex = String::new();
        for byte in digest.finalize() {
            write!(hex, "{byte:02x}").expect("a string takes all");
        }
        ContentDigest { sha256: hex.into() }
    }

    /// Each part says what it is and how long, so that no two contents come out alike.
    fn add_to(&self, digest: &mut Sha256) {
        match self {
            Written::Scalar(text) => {
                let bare: String = text.split_whitespace().collect();
                digest.update(format!("s{}:{bare}", bare.len()));
            }
            Written::List(items) => {
                digest.update(format!("l{}:", items.len()));
                for item in items {
                    item.add_to(digest);
                }
            }
            Written::Map(map) => {
                digest.update(format!("m{}:", map.len()));
                for (key, value) in map {
                    Written::Scalar(key.clone()).add_to(digest);
                    value.add_to(digest);
                }
            }
        }
    }
}

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Anything;
        impl<'de> Visitor<'de> for Anything {
            type Value = Written;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }
            fn visit_bool<E: Error>(self, it: bool) -> Result<Written, E> {
                Ok(Written::Scalar(it.to_string()))
            }
            fn visit_i64<E: Error>(self, it: i64) -> Result<Written, E> {
                Ok(Written::Scalar(it.to_string()))
            }
            fn visit_u64<E: Error>(self, it: u64) -> Result<Written, E> {
                Ok(Written::Scalar(it.to_string()))
            }
            fn visit_f64<E: Error>(self, it: f64) -> Result<Written, E> {
                Ok(Written::Scalar(it.to_string()))
            }
            fn visit_str<E: Error>(self, it: &str) -> Result<Written, E> {
                Ok(Written::Scalar(it.to_owned()))
            }
            fn visit_unit<E: Error>(self) -> Result<Written, E> {
                Ok(Written::Scalar("null".to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Written, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Written::List(items))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Written, A::Error> {
                let mut entries = BTreeMap::new();
                while let Some((key, value)) = map.next_entry()? {
                    entries.insert(key, value);
                }
                Ok(Written::Map(entries))
            }
        }
        deserializer.deserialize_any(Anything)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> ContentDigest {
        serde_json::from_str(json).expect("JSON")
    }

    #[test]
    fn layout_makes_no_difference_and_content_does() {
        assert_eq!(of(r#"{"a": "false", "b": [1]}"#), of(r#"{"b":["1"],"a":false}"#));
        assert_eq!(of(r#""a  &&\n b""#), ContentDigest::of("a && b"));
        for other in [r#"{"a":"false","b":[]}"#, r#"{"a":"false"}"#, r#"["a","false","b",1]"#] {
            assert_ne!(of(r#"{"a":"false","b":[1]}"#), of(other), "{other}");
        }
        assert_ne!(of(r#"["ab"]"#), of(r#"["a","b"]"#));
        assert_eq!(ContentDigest::of(""), ContentDigest::default());
    }

    #[test]
    fn a_snapshot_keeps_the_digest_alone() {
        let known = of(r#"{"spec": {"containers": [{"env": "hunter2"}]}}"#);
        let kept = serde_json::to_string(&known).expect("JSON");
        assert!(!kept.contains("hunter2"));
        assert_eq!(of(&kept), known);
    }
}
