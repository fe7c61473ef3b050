//! Files, read into a snapshot: a snapshot of ours, or Kubernetes objects.
//!
//! `source` finds the files and their text, `document` takes a text apart, and `reader` says what each
//! document is. Files of others prove presence only, unless the user states that they are all there
//! is.

mod document;
mod reader;
mod source;

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
};

use assay_model::{
    Resource, Snapshot,
    snapshot::{Origin, Source},
};
use jiff::Timestamp;

use self::{
    document::{Unreadable, Why},
    reader::Reader,
};
use crate::{objects::Fields, snapshot_file};

/// What a snapshot of ours need not be told, and other files cannot tell: how much of the cluster
/// they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Completeness {
    /// They prove what is in them, and no absence.
    Nothing,
    /// They are the whole cluster.
    Everything,
    /// They are all there is of these kinds.
    Kinds(BTreeSet<Resource>),
}

impl Completeness {
    fn holds_for(&self, resource: Resource) -> bool {
        match self {
            Completeness::Nothing => false,
            Completeness::Everything => true,
            Completeness::Kinds(kinds) => kinds.contains(&resource),
        }
    }
}

/// What files were read into.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The objects, and what of the cluster the files do not show.
    pub snapshot: Snapshot,
    /// What the user should know of the files, a line each, in their order: objects that were given
    /// twice, were malformed or are of kinds that no check reads, and files that were passed over.
    /// Control characters are escaped.
    pub notes: Vec<String>,
}

/// Why files were not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A folder could not be listed.
    #[error("could not list the folder {}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },

    /// A file could not be opened or read.
    #[error("could not read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },

    /// A file begins as gzip or zstd does, and does not go on so.
    #[error("could not decompress {}: make it again, or decompress it yourself", path.display())]
    Decompress {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },

    /// A file is no text.
    #[error("{}, line {line}: is not UTF-8 text: convert it, or leave it out", path.display())]
    Encoding {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
    },

    /// A file ends in the middle of an object.
    #[error("{}, line {line}: breaks off here: make it again", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
    },

    /// A file is neither JSON nor YAML.
    #[error(
        "{}, line {line}, column {column}: is not valid {language}: mend it, or leave it out",
        path.display()
    )]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What it was taken for: `JSON` or `YAML`.
        language: &'static str,
    },

    /// A file repeats itself by aliases, or is nested, beyond what a cluster's objects need.
    #[error(
        "{}, line {line}: goes beyond the limits on aliases, nesting or size: write it out as plain \
         JSON, one list a kind",
        path.display()
    )]
    Limits {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
    },

    /// There is no object at all: a wrong path, a table that kubectl printed, or nothing, where the
    /// command before the pipe failed.
    #[error(
        "{} holds no Kubernetes objects: write them with `kubectl get -o yaml`, or name another path",
        path.display()
    )]
    Empty {
        /// The path as given.
        path: PathBuf,
    },

    /// A snapshot of ours could not be read.
    #[error("could not read the snapshot {}", path.display())]
    Snapshot {
        /// The file.
        path: PathBuf,
        /// Why.
        source: snapshot_file::Error,
    },

    /// A snapshot of ours lies among other files, whose gaps would contradict its own.
    #[error("{} is a snapshot, which cannot be read with other files: name it alone", path.display())]
    SnapshotAmongFiles {
        /// The file.
        path: PathBuf,
    },
}

/// Reads a file, the files below a folder, or standard input for `-`.
///
/// Files are YAML (one or more documents) or JSON, plain or compressed with gzip or zstd, which their
/// content tells. In a folder, only names that end in `.yaml`, `.yml` or `.json` (and `.gz` or `.zst`)
/// are read, in the order of their paths. Lists may be nested, and the items of a `PodList` need no
/// `kind`. Of two objects with one name, the later one holds. `configz/<node>.json` is what the
/// kubelet of that node answers there, `flagz/<node>.json` what it says of its flags; `version.json` and `flagz.json` are what the API server answers to
/// `/version` and `/flagz`.
///
/// An object that cannot be decoded is a `Malformed` gap of its namespace, not an error. `complete`
/// says nothing about a snapshot of ours, which knows what it lacks. `now` is when the files are said
/// to have been read.
///
/// # Errors
///
/// [`Error`], which names the file, the line, and what to do.
pub fn read(path: &Path, complete: &Completeness, now: Timestamp) -> Result<Reading, Error> {
    let found = source::Found::at(path)?;
    let mut reader = Reader::default();
    // From the last to the first, so that of two objects with one name the later is met first.
    for (index, file) in found.files.iter().enumerate().rev() {
        let text = source::text(file)?;
        let parsed = document::documents(&text).map_err(|it| it.at(file))?;
        if let Some(format) =
            parsed.iter().find_map(|it| Fields::of(it.json().get())?.text("format"))
            && snapshot_file::is_ours(&format)
        {
            if parsed.len() + found.files.len() > 2 {
                return Err(Error::SnapshotAmongFiles { path: file.clone() });
            }
            let snapshot = snapshot_file::parse(parsed[0].json().get())
                .map_err(|source| Error::Snapshot { path: file.clone(), source })?;
            return Ok(Reading { snapshot, notes: Vec::new() });
        }
        reader.file(index, file, &parsed)?;
    }
    if !reader.recognized() {
        return Err(Error::Empty { path: path.to_owned() });
    }
    let origin = Origin {
        source: Source::Files,
        started: now,
        finished: now,
        interrupted: false,
        cluster: path.display().to_string(),
        server: String::new(),
        context: String::new(),
        user: String::new(),
        groups: Vec::new(),
        impersonated: false,
        namespaces: Vec::new(),
    };
    let (snapshot, mut notes) = reader.finish(origin, complete);
    notes.extend(found.passed_over.iter().map(|it| format!("{}: passed over", it.display())));
    Ok(Reading { snapshot, notes: notes.iter().map(|it| escaped(it)).collect() })
}

/// Reads files that are the whole cluster.
///
/// # Errors
///
/// As [`read`].
pub fn complete(path: &Path) -> Result<Snapshot, Error> {
    read(path, &Completeness::Everything, Timestamp::now()).map(|it| it.snapshot)
}

impl Unreadable {
    fn at(self, path: &Path) -> Error {
        let Unreadable { line, column, why } = self;
        let path = path.to_owned();
        match why {
            Why::Truncated => Error::Truncated { path, line },
            Why::Syntax(language) => Error::Syntax { path, line, column, language },
            Why::Limits => Error::Limits { path, line },
        }
    }
}

/// Neutralises what a terminal would act on.
fn escaped(note: &str) -> String {
    let mut text = String::with_capacity(note.len());
    for it in note.chars() {
        if it.is_control() { text.extend(it.escape_default()) } else { text.push(it) }
    }
    text
}
