//! What ages, compiled in from `benchmarks/`: the matrix, framework editions, and dated tables.
//!
//! Every row of a table names its source and its date; without one there is no row. What no table
//! covers is UNKNOWN, never assumed.

pub mod bootstrap;
pub mod framework;
mod tables;

use std::sync::OnceLock;

use serde::Deserialize;

pub use framework::Edition;
pub use tables::{
    EngineRow, InstallerBinding, ManagerObjects, ManagerRow, Patch, Release, ScannerRow,
    SystemWorkload, Tables, VerifierPolicies, VerifierRow,
};

macro_rules! file {
    ($path:literal) => {
        ($path, include_str!(concat!("../../../../benchmarks/", $path)))
    };
}
pub(crate) use file;

/// Reads a file that was compiled in.
///
/// # Panics
///
/// When it is not what it should be; a test reads all of them.
pub(crate) fn parse<T: for<'de> Deserialize<'de>>((path, text): (&str, &str)) -> T {
    toml::from_str(text).unwrap_or_else(|error| panic!("benchmarks/{path}: {error}"))
}

/// One item of the matrix.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Prefix of its checks' codes.
    pub code: String,
    /// `Hosts`, `Clusters` or `Applications`.
    pub row: String,
    /// `Build` or `Operate`.
    pub column: String,
    /// Its title.
    pub title: String,
    /// At most 16 characters of it.
    pub short: String,
}

/// The 17 items, in order.
pub fn matrix() -> &'static [Item] {
    #[derive(Deserialize)]
    struct Matrix {
        item: Vec<Item>,
    }
    static MATRIX: OnceLock<Vec<Item>> = OnceLock::new();
    MATRIX.get_or_init(|| parse::<Matrix>(file!("matrix.toml")).item)
}
