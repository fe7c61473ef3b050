//! The formats for programs, held against their schemas by other people's readers.
//!
//! Python reads them, from `target/venv` with `xmlschema`, `junitparser` and `jsonschema`. Without
//! it, or without the shared schemas, these tests are skipped with a line; under `CI` they fail.

mod sample;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use assay_model::Report;
use assay_report::{Format, Options, render};

const CRATE: &str = env!("CARGO_MANIFEST_DIR");

/// The path, when it exists.
fn required(path: PathBuf) -> Option<PathBuf> {
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none(), "{} is missing", path.display());
    #[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
    {
        eprintln!("skipped: {} is missing", path.display());
    }
    None
}

fn python() -> Option<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(CRATE).join("../../target"), PathBuf::from);
    required(target.join("venv/bin/python"))
}

fn junit_schema() -> Option<PathBuf> {
    let shared = std::env::var_os("ASSAY_SHARED")
        .map_or_else(|| Path::new(CRATE).join("../../../shared"), PathBuf::from);
    required(shared.join("schemas/junit-10.xsd"))
}

/// What the script prints; its complaint when it refuses a file.
fn validate(
    python: &Path,
    script: &str,
    schema: &Path,
    files: &[PathBuf],
) -> Result<String, String> {
    let output = Command::new(python)
        .arg(Path::new(CRATE).join("tests").join(script))
        .arg(schema)
        .args(files)
        .output()
        .expect("Python runs");
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

/// Writes the report where Python finds it.
fn written(format: Format, name: &str, report: &Report) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.{}", format.name()));
    let mut out = Vec::new();
    render(format, report, &Options::default(), &mut out).expect("a Vec takes anything");
    fs::write(&path, out).expect("the file is written");
    path
}

fn all(format: Format) -> Vec<PathBuf> {
    sample::all().map(|(name, report)| written(format, name, &report)).into()
}

#[test]
fn junit_is_valid() {
    let (Some(python), Some(schema)) = (python(), junit_schema()) else { return };
    let counts =
        validate(&python, "validate_junit.py", &schema, &all(Format::JUnit)).expect("valid");
    let lines: Vec<&str> = counts.lines().collect();
    assert_eq!(lines.len(), 7);
    // 26 checks: 12 fail, 5 unknown; one waived, one manual, one not applicable.
    assert!(lines[0].ends_with("report.junit 26 12 5 3"), "{counts}");
    assert!(lines[4].ends_with("empty.junit 0 0 0 0"), "{counts}");
    assert!(lines[6].ends_with("hostile.junit 26 12 5 3"), "{counts}");
}

#[test]
fn broken_junit_is_refused() {
    let (Some(python), Some(schema)) = (python(), junit_schema()) else { return };
    for (file, complaint) in [
        ("properties-in-a-case.xml", "Unexpected child with tag 'properties'"),
        ("too-many-decimals.xml", "0.81234"),
        ("wrong-count.xml", "claims [1, 0, 0, 0], holds [1, 1, 0, 0]"),
    ] {
        let path = Path::new(CRATE).join("tests/broken").join(file);
        let refused = validate(&python, "validate_junit.py", &schema, &[path]).expect_err(file);
        assert!(refused.contains(complaint), "{refused}");
    }
}

fn report_schema() -> PathBuf {
    Path::new(CRATE).join("../../reports/schema/report-v1.json")
}

#[test]
fn json_is_valid() {
    let Some(python) = python() else { return };
    let files = all(Format::Json);
    let read = validate(&python, "validate_json.py", &report_schema(), &files).expect("valid");
    assert_eq!(read.lines().count(), files.len());
}

#[test]
fn broken_json_is_refused() {
    let Some(python) = python() else { return };
    let good =
        fs::read_to_string(written(Format::Json, "to-break", &sample::small())).expect("JSON");
    for (name, from, to, complaint) in [
        ("outcome", r#""outcome": "unknown""#, r#""outcome": "maybe""#, "'maybe' is not"),
        ("version", "kube-assay/v1", "kube-assay/v2", "'kube-assay/v1' was expected"),
        ("left-out", r#""interrupted": false,"#, "", "'interrupted' is a required property"),
        ("text-for-number", r#""pods": 4"#, r#""pods": "4""#, "is not of type 'integer'"),
    ] {
        assert!(good.contains(from), "{name}");
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("broken-{name}.json"));
        fs::write(&path, good.replace(from, to)).expect("the file is written");
        let refused =
            validate(&python, "validate_json.py", &report_schema(), &[path]).expect_err(name);
        assert!(refused.contains(complaint), "{name}: {refused}");
    }
}
