//! An encoded pod whose strings that differ from pod to pod can be written over: each is of fixed length.

use serde_json::Value;

use super::{Dice, Encoding, protobuf};

/// What differs from one pod of a workload to the next, as it stands in the template. Each mark is as long as
/// what replaces it.
pub(super) mod mark {
    /// Five characters at the end of a pod's name.
    pub(in super::super) const SUFFIX: &str = "@sfx@";
    /// Five characters at the end of its token volume's name.
    pub(in super::super) const VOLUME: &str = "@vol@";
    /// A UUID.
    pub(in super::super) const UID: &str = "@uid@uid@uid@uid@uid@uid@uid@uid@uid";
    /// Four digits of its node's name.
    pub(in super::super) const NODE: &str = "@nd@";
    /// The last octet but one of its node's address, and the last.
    pub(in super::super) const HOST: [&str; 2] = ["@h1", "@h2"];
    /// The last three octets of its address.
    pub(in super::super) const ADDRESS: [&str; 3] = ["@a1", "@a2", "@a3"];
    /// Nine digits.
    pub(in super::super) const VERSION: &str = "@version@";
    /// The 64 digits of a container's id.
    pub(in super::super) const CONTAINER: &str =
        "@container@container@container@container@container@container@con";
}

/// The letters of generated names (`k8s.io/apimachinery/pkg/util/rand`).
const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// How many suffixes of five letters there are.
const SUFFIXES: u64 = 27_u64.pow(5);

/// Which string of a pod a place holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    Suffix,
    Volume,
    Uid,
    Node,
    Host(usize),
    Address(usize),
    Version,
    Container,
}

/// One pod's strings.
#[derive(Debug)]
pub(super) struct Identity {
    suffix: String,
    volume: String,
    uid: String,
    node: String,
    host: [String; 2],
    address: [String; 3],
    version: String,
    container: String,
}

impl Identity {
    /// Of the pod `ordinal` of the workload `workload`, which runs on a node below `nodes`. Pods whose names
    /// end in their ordinals are told so.
    pub(super) fn new(workload: usize, ordinal: usize, nodes: usize, named: bool) -> Self {
        let dice = &mut Dice::new(((workload as u64) << 32) + ordinal as u64);
        // A step that is prime to the number of suffixes meets each of them once.
        let suffix = (ordinal as u64 * 7_654_321 + workload as u64 * 977) % SUFFIXES;
        // Scattered from workload to workload, and never twice on a node before all had one.
        let node = (ordinal + workload * 131) % nodes;
        let octet = |it: usize| format!("{}", 100 + it);
        Self {
            suffix: if named { format!("{ordinal:05}") } else { letters(suffix) },
            volume: letters(dice.roll() % SUFFIXES),
            uid: dice.uid(),
            node: format!("{node:04}"),
            host: [octet(node / 150), octet(node % 150)],
            address: [octet(dice.below(150)), octet(dice.below(150)), octet(dice.below(150))],
            version: format!("{:09}", 100_000_000 + dice.below(800_000_000)),
            container: dice.hex(64),
        }
    }

    fn at(&self, slot: Slot) -> &str {
        match slot {
            Slot::Suffix => &self.suffix,
            Slot::Volume => &self.volume,
            Slot::Uid => &self.uid,
            Slot::Node => &self.node,
            Slot::Host(at) => &self.host[at],
            Slot::Address(at) => &self.address[at],
            Slot::Version => &self.version,
            Slot::Container => &self.container,
        }
    }
}

fn letters(mut number: u64) -> String {
    let mut text = String::new();
    for _ in 0..5 {
        text.push(char::from(ALPHABET[(number % 27) as usize]));
        number /= 27;
    }
    text
}

/// An encoded object, and where its pods differ.
#[derive(Debug)]
struct Encoded {
    bytes: Vec<u8>,
    places: Vec<(usize, Slot)>,
}

impl Encoded {
    fn new(bytes: Vec<u8>) -> Self {
        let marks = [
            (mark::SUFFIX, Slot::Suffix),
            (mark::VOLUME, Slot::Volume),
            (mark::UID, Slot::Uid),
            (mark::NODE, Slot::Node),
            (mark::HOST[0], Slot::Host(0)),
            (mark::HOST[1], Slot::Host(1)),
            (mark::ADDRESS[0], Slot::Address(0)),
            (mark::ADDRESS[1], Slot::Address(1)),
            (mark::ADDRESS[2], Slot::Address(2)),
            (mark::VERSION, Slot::Version),
            (mark::CONTAINER, Slot::Container),
        ];
        let mut places = Vec::new();
        let mut at = 0;
        while let Some(next) = bytes[at..].iter().position(|it| *it == b'@') {
            at += next;
            let rest = &bytes[at..];
            let found = marks.iter().find(|(mark, _)| rest.starts_with(mark.as_bytes()));
            if let Some((mark, slot)) = found {
                places.push((at, *slot));
                at += mark.len();
            } else {
                at += 1;
            }
        }
        Self { bytes, places }
    }

    fn append(&self, out: &mut Vec<u8>, identity: &Identity) {
        let start = out.len();
        out.extend_from_slice(&self.bytes);
        for (at, slot) in &self.places {
            let text = identity.at(*slot).as_bytes();
            out[start + at..][..text.len()].copy_from_slice(text);
        }
    }
}

/// A pod, or any other object, in both encodings.
#[derive(Debug)]
pub(super) struct Template {
    json: Encoded,
    protobuf: Encoded,
}

impl Template {
    /// Encodes `object` as the message `kind`.
    pub(super) fn new(kind: &str, object: &Value) -> Self {
        Self {
            json: Encoded::new(object.to_string().into_bytes()),
            protobuf: Encoded::new(protobuf::message(kind, object)),
        }
    }

    /// Bytes of one object.
    pub(super) fn len(&self, encoding: Encoding) -> usize {
        self.of(encoding).bytes.len()
    }

    /// Writes one object behind `out`.
    pub(super) fn append(&self, out: &mut Vec<u8>, encoding: Encoding, identity: &Identity) {
        self.of(encoding).append(out, identity);
    }

    fn of(&self, encoding: Encoding) -> &Encoded {
        match encoding {
            Encoding::Json => &self.json,
            Encoding::Protobuf => &self.protobuf,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_mark_is_as_long_as_what_replaces_it() {
        let all =
            [mark::SUFFIX, mark::VOLUME, mark::UID, mark::NODE, mark::VERSION, mark::CONTAINER]
                .into_iter()
                .chain(mark::HOST)
                .chain(mark::ADDRESS);
        for (workload, ordinal) in [(0, 0), (1, 1), (9999, 99_999)] {
            let identity = Identity::new(workload, ordinal, 1000, false);
            for mark in all.clone() {
                let encoded = Encoded::new(mark.into());
                let [(0, slot)] = encoded.places[..] else { panic!("{mark}") };
                assert_eq!(identity.at(slot).len(), mark.len(), "{mark}");
            }
        }
    }

    #[test]
    fn suffixes_do_not_repeat() {
        let suffixes: BTreeSet<String> =
            (0..50_000).map(|it| Identity::new(7, it, 10, false).suffix).collect();
        assert_eq!(suffixes.len(), 50_000);
    }
}
