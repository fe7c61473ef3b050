//! Label selectors, by the API server's semantics.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{decode::nullable, meta::Labels};

/// `metav1.LabelSelector`: every requirement must hold, so the empty selector matches all.
///
/// Where upstream's field is a pointer and `null` means "none", the field here is an `Option`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Selector {
    /// Key and the one value it must have.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "BTreeMap::is_empty")]
    pub match_labels: Labels,
    /// Set-based requirements.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub match_expressions: Vec<Requirement>,
}

/// One set-based requirement on a label.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Requirement {
    /// The label's key.
    pub key: Arc<str>,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    pub operator: Arc<str>,
    /// For `In` and `NotIn`.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Arc<str>>,
}

impl Selector {
    /// Whether it selects everything.
    pub fn is_empty(&self) -> bool {
        self.match_labels.is_empty() && self.match_expressions.is_empty()
    }

    /// The keys it looks at.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let expressions = self.match_expressions.iter().map(|it| &*it.key);
        self.match_labels.keys().map(|it| &**it).chain(expressions)
    }

    /// Whether something with these labels is selected.
    ///
    /// `NotIn` and `DoesNotExist` hold for a key that is absent, as upstream. An operator that is
    /// not one of the four selects nothing; the API server refuses it.
    pub fn matches<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        let equal = |(key, value): (&Arc<str>, &Arc<str>)| label(key) == Some(&**value);
        let holds = |it: &Requirement| {
            let seen = label(&it.key);
            let listed = seen.is_some_and(|seen| it.values.iter().any(|value| **value == *seen));
            match &*it.operator {
                "In" => listed,
                "NotIn" => !listed,
                "Exists" => seen.is_some(),
                "DoesNotExist" => seen.is_none(),
                _ => false,
            }
        };
        self.match_labels.iter().all(equal) && self.match_expressions.iter().all(holds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selector(yaml: &str) -> Selector {
        serde_json::from_str(yaml).expect("a selector")
    }

    #[test]
    fn absent_keys_satisfy_the_negative_operators_only() {
        let none = |_: &str| None;
        assert!(selector("{}").matches(none));
        assert!(
            selector(r#"{"matchExpressions":[{"key":"a","operator":"NotIn","values":["b"]}]}"#)
                .matches(none)
        );
        assert!(
            selector(r#"{"matchExpressions":[{"key":"a","operator":"DoesNotExist"}]}"#)
                .matches(none)
        );
        assert!(
            !selector(r#"{"matchExpressions":[{"key":"a","operator":"Exists"}]}"#).matches(none)
        );
        assert!(!selector(r#"{"matchLabels":{"a":"b"},"matchExpressions":null}"#).matches(none));
    }
}
