//! The program under test, and the data that tests share.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::keeper::say;

/// `kubectl-assay`, built if need be, in the profile of the tests. `ASSAY_BINARY` names another one to test.
///
/// # Panics
///
/// If it cannot be built.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| match env::var_os("ASSAY_BINARY") {
        Some(path) => path.into(),
        None => build().expect("`kubectl-assay` builds"),
    })
}

/// A run of `kubectl-assay` with this kubeconfig and nothing else of the caller's environment: no cluster of
/// the developer's own can be reached by accident. Arguments are the test's to add.
pub fn assay(kubeconfig: &Path) -> Command {
    let mut command = Command::new(binary());
    command
        .env_clear()
        .env("KUBECONFIG", kubeconfig)
        .env("HOME", "/nonexistent")
        .stdin(Stdio::null());
    command
}

/// The folder of test data beside the workspace, or `ASSAY_SHARED`. `None`, and a line that says so, if it
/// is missing.
///
/// # Panics
///
/// If it is missing where `CI` is `true`: there, nothing may be left out.
pub fn shared() -> Option<PathBuf> {
    let folder = env::var_os("ASSAY_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    let missing = format!("no test data at {}: set ASSAY_SHARED", folder.display());
    assert!(env::var("CI").as_deref() != Ok("true"), "{missing}");
    say(&format!("skipped: {missing}"));
    None
}

fn build() -> Result<PathBuf> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args([
        "build",
        "--package",
        "kubectl-assay",
        "--bin",
        "kubectl-assay",
        "--message-format=json",
    ]);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    let output =
        command.current_dir(env!("CARGO_MANIFEST_DIR")).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "cargo build failed ({})", output.status);
    String::from_utf8(output.stdout)?
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| {
            message.pointer("/target/name").is_some_and(|name| name == "kubectl-assay")
        })
        .find_map(|message| Some(message.get("executable")?.as_str()?.into()))
        .context("cargo named no executable")
}
