//! Reports held against their schemas by other people's readers.
//!
//! Python reads them, from `target/venv`, by the scripts of the crate that writes the reports.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{keeper::say, shared};

const CRATE: &str = env!("CARGO_MANIFEST_DIR");

/// Whether a JSON report is valid by the schema that we publish; says no more than a line where there is no
/// Python to ask.
///
/// # Panics
///
/// If it is not valid; or, where `CI` is `true`, without Python.
pub fn assert_valid_json(report: &Path) {
    let schema = Path::new(CRATE).join("../reports/schema/report-v1.json");
    assert_valid("validate_json.py", &schema, report);
}

/// Whether a report in the format of `JUnit` is valid by the schema that Jenkins uses; as [`assert_valid_json`].
///
/// # Panics
///
/// If it is not valid; or, where `CI` is `true`, without Python or the shared schemas.
pub fn assert_valid_junit(report: &Path) {
    if let Some(shared) = shared() {
        assert_valid("validate_junit.py", &shared.join("schemas/junit-10.xsd"), report);
    }
}

fn assert_valid(script: &str, schema: &Path, report: &Path) {
    let Some(python) = python() else { return };
    let mut command = Command::new(python);
    command.arg(Path::new(CRATE).join("../crates/report/tests").join(script));
    let output = command.arg(schema).arg(report).output().expect("Python runs");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {complaint}", report.display());
}

fn python() -> Option<PathBuf> {
    let target = env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(CRATE).join("../target"), PathBuf::from);
    let python = target.join("venv/bin/python");
    if python.exists() {
        return Some(python);
    }
    let missing = format!("no Python at {}: `make tools` installs it", python.display());
    assert!(env::var("CI").as_deref() != Ok("true"), "{missing}");
    say(&format!("skipped: {missing}"));
    None
}
