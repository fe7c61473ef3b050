//! `collect`: a cluster into a file.

use std::{fs, io::BufWriter, path::Path};

use anyhow::Context as _;
use assay_collector::snapshot_file;
use assay_model::Snapshot;

use crate::{
    args::CollectArgs,
    choice,
    exit::{self, Failure},
    live,
};

/// Reads what the checks need, and writes it to the file.
pub(crate) fn collect(args: &CollectArgs) -> Result<u8, Failure> {
    let checks = choice::checks(&args.choice.checks)?;
    let live = live::read(&checks, &args.scope, &args.extra, &args.reading, &args.connection)?;
    write(&live.snapshot, &args.output).map_err(Failure::output)?;
    if let Some(code) = live.signalled {
        return Ok(code);
    }
    if live.snapshot.is_complete() {
        return Ok(exit::CLEAN);
    }
    crate::say("incomplete: part of the cluster was not read; judge the file to see what and why");
    Ok(exit::INCOMPLETE)
}

/// Writes beside the file and moves into place, so that a file is never half a snapshot.
fn write(snapshot: &Snapshot, path: &Path) -> anyhow::Result<()> {
    let context = || format!("cannot write the snapshot {}", path.display());
    let part = path.with_added_extension("part");
    let file = fs::File::create(&part).with_context(context)?;
    snapshot_file::write(snapshot, &mut BufWriter::new(file)).with_context(context)?;
    fs::rename(&part, path).with_context(context)
}
