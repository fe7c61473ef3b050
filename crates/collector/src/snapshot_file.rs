//! Snapshot files: what `collect` writes and `--from` reads.
//!
//! A file is a [`Snapshot`] as JSON, compressed with zstd. It is recognised by its content: the field
//! `format`. The same snapshot gives the same bytes.

use std::io::{self, Read, Write};

use assay_model::{
    Snapshot,
    snapshot::{FORMAT, Source},
};
use serde::Deserialize;

/// What the `format` of every version begins with.
const FAMILY: &str = "kube-assay/snapshot-";

/// zstd's own default: beyond it, seconds buy few percent.
const LEVEL: i32 = 3;

/// Why a snapshot was not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes could not be had, or not be decompressed.
    #[error("could not decompress the snapshot")]
    Decompress(#[source] io::Error),

    /// The file is of another version of this program.
    #[error(
        "the snapshot is of format `{}`, and `{FORMAT}` is what can be read: collect again, or read it \
         with the version that wrote it",
        found.escape_debug()
    )]
    Format {
        /// What the file says it is.
        found: String,
    },

    /// The file says that it is a snapshot, and is none.
    #[error("the snapshot is damaged at line {line}, column {column}: collect again")]
    Damaged {
        /// Line of the decompressed text, from 1.
        line: usize,
        /// Column of that line, from 1.
        column: usize,
    },
}

/// Writes a snapshot.
///
/// # Errors
///
/// Those of `out`.
pub fn write(snapshot: &Snapshot, out: &mut dyn Write) -> io::Result<()> {
    let mut compressed = zstd::Encoder::new(out, LEVEL)?;
    compressed.include_checksum(true)?;
    serde_json::to_writer(&mut compressed, snapshot)?;
    compressed.finish()?.flush()
}

/// Reads what [`write`] wrote.
///
/// Kinds whose projection is older than the one that checks read today have an `Outdated` gap, and
/// the origin says that this is a snapshot.
///
/// # Errors
///
/// [`Error`], when the bytes are no snapshot of ours.
pub fn read(file: &mut dyn Read) -> Result<Snapshot, Error> {
    let mut text = String::new();
    let mut decoder = zstd::Decoder::new(file).map_err(Error::Decompress)?;
    decoder.read_to_string(&mut text).map_err(Error::Decompress)?;
    parse(&text)
}

/// Whether an object's `format` says that it is a snapshot, of whatever version.
pub(crate) fn is_ours(format: &str) -> bool {
    format.starts_with(FAMILY)
}

/// Reads a snapshot that is not compressed.
///
/// # Errors
///
/// As [`read`].
pub fn parse(text: &str) -> Result<Snapshot, Error> {
    #[derive(Deserialize)]
    struct Head {
        format: String,
    }
    // The message of the decoder is dropped, for it may quote what a damaged file holds.
    let damaged =
        |error: serde_json::Error| Error::Damaged { line: error.line(), column: error.column() };
    let Head { format } = serde_json::from_str(text).map_err(damaged)?;
    if format != FORMAT {
        return Err(Error::Format { found: format });
    }
    let mut snapshot: Snapshot = serde_json::from_str(text).map_err(damaged)?;
    snapshot.origin.source = Source::Snapshot;
    snapshot.outdate();
    Ok(snapshot)
}
