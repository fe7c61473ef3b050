//! Two whole clusters of the shared test data, read as files.

use std::{collections::BTreeMap, env, path::PathBuf};

use assay_collector::{
    files::{self, Completeness},
    snapshot_file,
};
use assay_model::{Inventory, Resource, Scope, Snapshot, snapshot::Source};
use jiff::Timestamp;

/// A folder of the shared test data; `None`, with a printed line, where there is none. CI must have it.
fn shared(folder: &str) -> Option<PathBuf> {
    let root = env::var_os("ASSAY_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let path = root.join("data").join(folder);
    if path.exists() {
        return Some(path);
    }
    assert!(env::var_os("CI").is_none(), "{} is missing", path.display());
    println!("skipped: {} is missing", path.display());
    None
}

#[test]
fn t() {
    let Some(path) = shared("clusters/kind-goat") else { return };
    let r = files::read(&path, &Completeness::Everything, Timestamp::UNIX_EPOCH).unwrap();
    for r in Resource::ALL {
        let _ = &r;
    }
    println!("{:#?}", r.notes);
    for it in Resource::ALL {
        println!(
            "{it:?} {} {:?} {:?}",
            r.snapshot.distinct(it),
            r.snapshot.costs.get(&it).map(|c| c.objects),
            r.snapshot.gaps(it)
        );
    }
    println!("{}", r.snapshot.finished_pods);
    let Some(path) = shared("clusters/platform/snapshot.yaml") else { return };
    let r = files::read(&path, &Completeness::Everything, Timestamp::UNIX_EPOCH).unwrap();
    println!("{:#?}", r.notes);
    for it in Resource::ALL {
        println!(
            "{it:?} {} {:?} {:?}",
            r.snapshot.distinct(it),
            r.snapshot.costs.get(&it).map(|c| c.objects),
            r.snapshot.gaps(it)
        );
    }
    println!("{}", r.snapshot.finished_pods);
}
