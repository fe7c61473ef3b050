//! Reads the pages of a list of pods, and says what came of them: what `tests/tests/scale.rs` counts the
//! instructions and allocations of.
//!
//! `fold json|protobuf FILE…`, a page a file, in order.
//!
//! It stands here and not in the collector, whose tests' dependencies would have all others built once more.

use std::{env, error::Error, fs, io::Write as _, path::PathBuf};

use assay_collector::encoding::{self, Encoding};
use assay_model::{
    Cause, Resource, Snapshot,
    snapshot::{Origin, Source},
};
use jiff::Timestamp;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args_os().skip(1);
    let encoding = match arguments.next().as_deref().and_then(|it| it.to_str()) {
        Some("json") => Encoding::Json,
        Some("protobuf") => Encoding::Protobuf,
        _ => return Err("usage: fold json|protobuf FILE…".into()),
    };
    let pages: Vec<Vec<u8>> =
        arguments.map(PathBuf::from).map(fs::read).collect::<Result<_, _>>()?;
    let origin = Origin {
        source: Source::Live,
        started: Timestamp::UNIX_EPOCH,
        finished: Timestamp::UNIX_EPOCH,
        interrupted: false,
        cluster: String::new(),
        server: String::new(),
        context: String::new(),
        user: String::new(),
        groups: Vec::new(),
        impersonated: false,
        namespaces: Vec::new(),
    };
    let mut snapshot = Snapshot::unread(origin, &Cause::NotRequested, "");
    let bodies = pages.iter().map(|it| (encoding, it.as_slice()));
    let read = encoding::read(Resource::Pods, bodies, &mut snapshot)?;
    let pods: u64 = read.iter().map(|it| u64::from(it.objects)).sum();
    let malformed: u32 = read.iter().flat_map(|it| &it.malformed).map(|(_, count)| count).sum();
    let groups = snapshot.pods.seen();
    Ok(writeln!(std::io::stdout(), "{pods} pods, {malformed} malformed, {groups} groups")?)
}
