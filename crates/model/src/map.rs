//! A map for few entries: labels, annotations, amounts.

use std::{borrow::Borrow, fmt, iter, marker::PhantomData, slice, sync::Arc, vec};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
};

/// A map with text for keys, sorted by them. It takes little more room than its entries, where a tree
/// takes that of eleven for the first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Map<V>(Vec<(Arc<str>, V)>);

impl<V> Default for Map<V> {
    fn default() -> Self {
        Map(Vec::new())
    }
}

impl<V> Map<V> {
    /// One without entries.
    pub const fn new() -> Self {
        Map(Vec::new())
    }

    /// Whether it has no entry.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The value of a key.
    pub fn get<K: Borrow<str> + ?Sized>(&self, key: &K) -> Option<&V> {
        self.place(key.borrow()).ok().map(|at| &self.0[at].1)
    }

    /// Whether it has a key.
    pub fn contains_key<K: Borrow<str> + ?Sized>(&self, key: &K) -> bool {
        self.place(key.borrow()).is_ok()
    }

    /// Adds an entry, or gives its key another value.
    pub fn insert(&mut self, key: Arc<str>, value: V) {
        match self.place(&key) {
            Ok(at) => self.0[at].1 = value,
            Err(at) => self.0.insert(at, (key, value)),
        }
    }

    /// The entries, by key.
    pub fn iter(&self) -> Entries<'_, V> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// The keys, sorted.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &Arc<str>> {
        self.0.iter().map(|(key, _)| key)
    }

    /// Where a key is, or where it would be.
    fn place(&self, key: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(it, _)| (**it).cmp(key))
    }
}

/// What [`Map::iter`] gives.
type Entries<'a, V> =
    iter::Map<slice::Iter<'a, (Arc<str>, V)>, fn(&(Arc<str>, V)) -> (&Arc<str>, &V)>;

impl<'a, V> IntoIterator for &'a Map<V> {
    type Item = (&'a Arc<str>, &'a V);
    type IntoIter = Entries<'a, V>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<V> IntoIterator for Map<V> {
    type Item = (Arc<str>, V);
    type IntoIter = vec::IntoIter<(Arc<str>, V)>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<V> Extend<(Arc<str>, V)> for Map<V> {
    fn extend<I: IntoIterator<Item = (Arc<str>, V)>>(&mut self, entries: I) {
        entries.into_iter().for_each(|(key, value)| self.insert(key, value));
    }
}

impl<V> FromIterator<(Arc<str>, V)> for Map<V> {
    /// Of two entries of one key, the later one counts.
    fn from_iter<I: IntoIterator<Item = (Arc<str>, V)>>(entries: I) -> Self {
        let mut map = Map::new();
        map.extend(entries);
        map
    }
}

impl<V: Serialize> Serialize for Map<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Map<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Whole<V>(PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for Whole<V> {
            type Value = Map<V>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Map<V>, A::Error> {
                let mut map = Map::new();
                while let Some((key, value)) = entries.next_entry()? {
                    map.insert(key, value);
                }
                Ok(map)
            }
        }
        deserializer.deserialize_map(Whole(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_holds_what_a_tree_holds(entries in proptest::collection::vec(("[a-d]{0,2}", any::<u8>()), 0..12)) {
            let map: Map<u8> = entries.iter().map(|(key, value)| (key.as_str().into(), *value)).collect();
            let tree: BTreeMap<String, u8> = entries.iter().cloned().collect();
            let json = serde_json::to_string(&map).expect("string keys");
            prop_assert_eq!(&json, &serde_json::to_string(&tree).expect("string keys"));
            prop_assert_eq!(&serde_json::from_str::<Map<u8>>(&json).expect("as written"), &map);
            for key in ["", "a", "bc", "dd", "x"] {
                prop_assert_eq!(map.get(key), tree.get(key));
                prop_assert_eq!(map.contains_key(key), tree.contains_key(key));
            }
            prop_assert_eq!(map.is_empty(), tree.is_empty());
        }
    }
}
