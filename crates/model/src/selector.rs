//! Label selectors, by the API server's semantics.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Map, decode::nullable, meta::Labels};

/// `metav1.LabelSelector`: every requirement must hold, so the empty selector matches all.
///
/// Where upstream's field is a pointer and `null` means "none", the field here is an `Option`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Selector {
    /// Key and the one value it must have.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Map::is_empty")]
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

/// A label selector that is not written as kubectl writes it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no requirement; write key=value, key!=value, key in (a,b), key or !key")]
pub struct NoSelector(String);

/// As kubectl writes it: requirements with commas between, all of which must hold.
impl std::str::FromStr for Selector {
    type Err = NoSelector;

    fn from_str(text: &str) -> Result<Self, NoSelector> {
        let mut selector = Selector::default();
        let mut rest = text.trim();
        while !rest.is_empty() {
            // A comma within parentheses belongs to the set.
            let mut depth = 0;
            let end = rest.find(|it| {
                depth += i32::from(it == '(') - i32::from(it == ')');
                it == ',' && depth == 0
            });
            let (one, next) = end.map_or((rest, ""), |at| (&rest[..at], &rest[at + 1..]));
            selector.match_expressions.push(requirement(one.trim())?);
            rest = next.trim_start();
        }
        Ok(selector)
    }
}

fn requirement(text: &str) -> Result<Requirement, NoSelector> {
    let wrong = || NoSelector(text.to_owned());
    let made = |key: &str, operator: &str, values: Vec<Arc<str>>| {
        let key = key.trim();
        let named = |it: char| it.is_ascii_alphanumeric() || "-_./".contains(it);
        let valid = !key.is_empty() && key.chars().all(named);
        valid
            .then(|| Requirement { key: key.into(), operator: operator.into(), values })
            .ok_or_else(wrong)
    };
    for (sign, operator) in [("!=", "NotIn"), ("==", "In"), ("=", "In")] {
        if let Some((key, value)) = text.split_once(sign) {
            return made(key, operator, vec![value.trim().into()]);
        }
    }
    for (word, operator) in [(" notin ", "NotIn"), (" in ", "In")] {
        if let Some((key, set)) = text.split_once(word) {
            let set = set.trim().strip_prefix('(').and_then(|it| it.strip_suffix(')'));
            let values = set.ok_or_else(wrong)?.split(',').map(|it| it.trim().into()).collect();
            return made(key, operator, values);
        }
    }
    match text.strip_prefix('!') {
        Some(key) => made(key, "DoesNotExist", Vec::new()),
        None => made(text, "Exists", Vec::new()),
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

    #[test]
    fn kubectl_s_way_of_writing_is_read() {
        let labels = |key: &str| match key {
            "app" => Some("web"),
            "tier" => Some("front"),
            _ => None,
        };
        for (text, selected) in [
            ("app=web", true),
            ("app==web,tier!=back", true),
            ("app in (api, web),!canary", true),
            ("app notin (api,web)", false),
            ("app,canary", false),
            ("", true),
        ] {
            assert_eq!(text.parse::<Selector>().expect(text).matches(labels), selected, "{text}");
        }
        for text in ["app in web", "a b", "=x", "!"] {
            assert!(text.parse::<Selector>().is_err(), "{text}");
        }
    }
}
