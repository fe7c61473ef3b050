//! The cases of the fixtures: `fixtures/<check>/<outcome>/<case>.yaml`, or a folder `<case>/`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use assay_model::Outcome;

/// Where the fixtures are.
pub(crate) const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");

/// One case: objects that are the whole cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Case {
    /// Id of the check whose case it is.
    pub(crate) check: String,
    /// What that check says of it.
    pub(crate) outcome: Outcome,
    /// A file, or a folder.
    pub(crate) path: PathBuf,
}

/// Every case, sorted by path. What is no case is left out; the registry test finds it.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for check in entries(Path::new(FIXTURES)) {
        for folder in entries(&check) {
            let named = |it: &Outcome| it.name() == name(&folder);
            let Some(outcome) = Outcome::ALL.into_iter().find(named) else { continue };
            let found = entries(&folder).into_iter().filter(|it| is_case(it));
            cases.extend(found.map(|path| Case { check: name(&check), outcome, path }));
        }
    }
    cases
}

fn is_case(path: &Path) -> bool {
    path.is_dir() || path.extension().is_some_and(|it| it == "yaml")
}

/// What lies in a folder, sorted; nothing when it is none.
pub(crate) fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(found) = fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<PathBuf> = found.map(|it| it.expect("an entry").path()).collect();
    found.sort();
    found
}

/// The last part of a path.
pub(crate) fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().display().to_string()
}
