//! The example cluster: a snapshot of a real control plane, without a trace of the machine it ran on.

use std::{
    fs::{self, File},
    path::Path,
};

use anyhow::Context as _;
use assay_collector::snapshot_file;

/// Writes what `collect` wrote to `from` as the example that ships.
pub(crate) fn run(from: &Path, workspace: &Path) -> anyhow::Result<String> {
    let mut file = File::open(from).with_context(|| format!("cannot open {}", from.display()))?;
    let mut snapshot = snapshot_file::read(&mut file)?;
    "example".clone_into(&mut snapshot.origin.cluster);
    "https://api.example.com:6443".clone_into(&mut snapshot.origin.server);
    "example".clone_into(&mut snapshot.origin.context);
    if let Ok(it) = &mut snapshot.serving_certificate {
        it.endpoint = "api.example.com:6443".into();
    }
    let to = workspace.join("crates/cli/demo/snapshot.json");
    // Plain and line by line, so that a change of the example can be read in a diff.
    fs::write(&to, serde_json::to_string_pretty(&snapshot)? + "\n")
        .with_context(|| format!("cannot write {}", to.display()))?;
    Ok(format!("{} written", to.display()))
}
