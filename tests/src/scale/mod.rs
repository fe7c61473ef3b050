//! A large cluster that needs no machines: realistic objects ([`Cluster`]), a server that answers lists of
//! them at an API server's pace ([`Replay`]), and what a program costs that reads them ([`Cost`]).
//!
//! Nothing is kept a pod: a workload is encoded once, and its pods differ from one another in strings of
//! fixed length, which are written over a copy ([`template`]). So 100,000 pods cost the server the copying of
//! their bytes, and some megabytes.

mod cluster;
mod cost;
mod protobuf;
mod replay;
mod shape;
mod template;

pub use cluster::{Cluster, Size, Spoil};
pub use cost::{Cost, measure, relay};
pub use replay::{JSON_BYTES_A_SECOND, PROTOBUF_BYTES_A_SECOND, Pace, Replay, TOKEN, curl_config};

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// `application/json`, compact.
    Json,
    /// `application/vnd.kubernetes.protobuf`.
    Protobuf,
}

impl Encoding {
    /// Its media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Protobuf => "application/vnd.kubernetes.protobuf",
        }
    }
}

/// Numbers that look random and are the same each time.
#[derive(Clone, Debug)]
struct Dice(u64);

impl Dice {
    /// One sequence for each `seed`.
    const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number (`SplitMix64`: Steele, Lea, Flood, OOPSLA 2014).
    const fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut it = self.0;
        it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        it ^ (it >> 31)
    }

    /// Below `end`.
    const fn below(&mut self, end: usize) -> usize {
        #[expect(clippy::cast_possible_truncation, reason = "the remainder is below a usize")]
        let it = (self.roll() % end as u64) as usize;
        it
    }

    /// Hexadecimal digits.
    fn hex(&mut self, digits: usize) -> String {
        let mut text = String::new();
        while text.len() < digits {
            text.extend([format!("{:016x}", self.roll())]);
        }
        text.truncate(digits);
        text
    }

    /// In the form of a random UUID.
    fn uid(&mut self) -> String {
        let hex = self.hex(32);
        format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
    }
}
