//! Which files are read, and their text.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use super::Error;

/// The path that stands for standard input.
pub(super) const STDIN: &str = "-";

/// What a file of a folder must end in to be read, once a compression's ending is taken off.
const ENDINGS: &[&str] = &["yaml", "yml", "json"];

/// Endings of compressed files. They only choose the files of a folder; how a file is compressed, its
/// content says.
const COMPRESSED: &[&str] = &["gz", "zst"];

/// The longest text that is read: what a cluster of 100,000 pods lists as JSON, a few times over.
/// Above it, a small file was made to decompress to a large one.
const MAX_BYTES: u64 = 4 << 30;

/// The files at a path, and those of a folder that are not read; both sorted.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) files: Vec<PathBuf>,
    pub(super) passed_over: Vec<PathBuf>,
}

impl Found {
    /// A file, whatever its name; or the files below a folder.
    pub(super) fn at(path: &Path) -> Result<Self, Error> {
        let mut found = Found::default();
        if path.as_os_str() != STDIN && path.is_dir() {
            found.folder(path)?;
            found.files.sort();
            found.passed_over.sort();
        } else {
            found.files.push(path.to_owned());
        }
        Ok(found)
    }

    fn folder(&mut self, folder: &Path) -> Result<(), Error> {
        let failed = |source| Error::Folder { path: folder.to_owned(), source };
        for entry in fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = entry.path();
            let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            // A link to a folder may lead back up, so it is not followed; one to a file is.
            if !hidden && entry.file_type().map_err(failed)?.is_dir() {
                self.folder(&path)?;
            } else if !hidden && is_wanted(&path) {
                self.files.push(path);
            } else {
                self.passed_over.push(path);
            }
        }
        Ok(())
    }
}

fn is_wanted(path: &Path) -> bool {
    let uncompressed =
        if has_ending(path, COMPRESSED) { path.with_extension("") } else { path.into() };
    has_ending(&uncompressed, ENDINGS) && !path.is_dir()
}

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    path.extension().is_some_and(|it| endings.iter().any(|ending| it.eq_ignore_ascii_case(ending)))
}

/// A file's name without the endings of its format and compression: `n` of `configz/n.json.gz`.
pub(super) fn stem(path: &Path) -> Option<&str> {
    let name = path.file_name()?.to_str()?;
    let name =
        COMPRESSED.iter().find_map(|it| name.strip_suffix(it)?.strip_suffix('.')).unwrap_or(name);
    ENDINGS.iter().find_map(|it| name.strip_suffix(it)?.strip_suffix('.'))
}

/// The text of a file, decompressed if its first bytes are those of gzip or zstd.
pub(super) fn text(path: &Path) -> Result<String, Error> {
    let bytes = bytes(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    let decompressed = match bytes.as_slice() {
        [0x1f, 0x8b, ..] => Some(limited(flate2::read::MultiGzDecoder::new(&bytes[..]))),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(zstd::Decoder::new(&bytes[..]).and_then(limited)),
        _ => None,
    };
    let bytes = match decompressed {
        Some(it) => it.map_err(|source| Error::Decompress { path: path.to_owned(), source })?,
        None => bytes,
    };
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + newlines(valid);
        Error::Encoding { path: path.to_owned(), line }
    })?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(unmarked) => unmarked.to_owned(),
        None => text,
    })
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    if path.as_os_str() == STDIN {
        limited(io::stdin().lock())
    } else {
        limited(fs::File::open(path)?)
    }
}

fn limited(reader: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if reader.take(MAX_BYTES + 1).read_to_end(&mut bytes)? as u64 > MAX_BYTES {
        let message = format!("holds more than {} GiB: split it", MAX_BYTES >> 30);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

/// How many lines end in a text.
#[expect(clippy::naive_bytecount, reason = "only asked when something is wrong with a file")]
pub(super) fn newlines(text: &[u8]) -> usize {
    text.iter().filter(|it| **it == b'\n').count()
}
