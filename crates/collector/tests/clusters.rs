//! Two whole clusters of the shared test data, read as files and as the snapshots they make.

use std::{collections::BTreeMap, env, fs, path::PathBuf};

use assay_collector::{
    files::{self, Completeness, Reading},
    snapshot_file,
};
use assay_model::{
    Cause, Inventory, Resource, Scope, Snapshot, resource::Access, snapshot::Source,
};
use jiff::Timestamp;

/// A place in the shared test data; `None`, with a printed line, where there is none. CI must have it.
#[expect(clippy::print_stdout, reason = "a skipped test must be seen")]
fn shared(place: &str) -> Option<PathBuf> {
    let root = env::var_os("ASSAY_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let path = root.join("data/clusters").join(place);
    if path.exists() {
        return Some(path);
    }
    assert!(env::var_os("CI").is_none(), "{} is missing", path.display());
    println!("skipped: {} is missing", path.display());
    None
}

fn whole(place: &str) -> Option<Reading> {
    let read = files::read(&shared(place)?, &Completeness::Everything, Timestamp::UNIX_EPOCH);
    Some(read.expect("objects"))
}

/// How many objects of each kind `expect.json` says there are, as far as the kind is kept.
fn expected(cluster: &str) -> Option<BTreeMap<Resource, u64>> {
    let text = fs::read_to_string(shared(cluster)?.join("expect.json")).expect("a file");
    let expected: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let kinds = expected["kinds"].as_object().expect("an object");
    let count = |kind: &str| kinds.get(kind).and_then(serde_json::Value::as_u64);
    let kept = Resource::ALL.into_iter().filter(|it| *it != Resource::ReplicaSets);
    Some(kept.filter_map(|it| Some((it, count(it.kind()?.kind)?))).collect())
}

fn counted(snapshot: &Snapshot) -> BTreeMap<Resource, u64> {
    let listed = snapshot.costs.iter().filter(|(resource, _)| resource.kind().is_some());
    listed.map(|(resource, cost)| (*resource, cost.objects)).collect()
}

fn pods_seen(snapshot: Snapshot) -> u32 {
    let mut pods = 0;
    Inventory::from(snapshot)
        .workloads
        .each(Scope::Cluster, |it| {
            pods += it.pods();
            Ok(())
        })
        .expect("all of them");
    pods
}

#[test]
fn goat_is_read_whole() {
    let Some(Reading { snapshot, notes }) = whole("kind-goat") else { return };
    assert_eq!(Some(counted(&snapshot)), expected("kind-goat"));
    let lists = Resource::ALL.into_iter().filter(|it| matches!(it.access(), Access::List(_)));
    for resource in lists.filter(|it| *it != Resource::ReplicaSets) {
        assert_eq!(snapshot.gaps(resource), [], "{resource}");
    }
    assert_eq!((snapshot.pods.seen(), snapshot.finished_pods), (25, 0));
    assert_eq!(snapshot.kubelet_configs.all(Scope::Cluster).map(<[_]>::len), Ok(3));
    assert_eq!(notes.len(), 2, "{notes:#?}");
    assert!(
        notes[0].ends_with("expect.json, line 1: no Kubernetes object, passed over"),
        "{notes:#?}"
    );
    assert_eq!(
        notes[1],
        "of kinds that no check reads: 1 APIService, 7 ConfigMap, 1 IngressClass, 10 ReplicaSet"
    );
    assert_eq!(pods_seen(snapshot), 33);
}

#[test]
fn platform_is_read_whole() {
    let Some(Reading { snapshot, .. }) = whole("platform/snapshot.yaml") else { return };
    assert_eq!(Some(counted(&snapshot)), expected("platform"));
    let unread: Vec<_> = snapshot.kubelet_configs.gaps().iter().map(ToString::to_string).collect();
    assert_eq!(
        unread,
        ["node-1", "node-2", "node-3"].map(|it| format!(
            "kubelet configuration of {it}: not-requested, there is no configz/{it}.json"
        ))
    );
    assert_eq!(pods_seen(snapshot), 54);
}

#[test]
fn without_a_statement_files_prove_no_absence() {
    let Some(path) = shared("kind-goat") else { return };
    let now = Timestamp::UNIX_EPOCH;
    let Reading { snapshot, .. } =
        files::read(&path, &Completeness::Nothing, now).expect("objects");
    for resource in Resource::ALL {
        let gaps = snapshot.gaps(resource);
        if resource == Resource::RootCaConfigMap {
            // The dump has a word in the certificate's place.
            assert!(gaps[0].cause == Cause::Inconclusive, "{gaps:?}");
            continue;
        }
        assert!(
            gaps.iter().all(|it| it.cause == Cause::NotRequested && it.part.is_none()),
            "{gaps:?}"
        );
        assert_eq!(gaps.len(), 1, "{resource}");
    }
    assert!(matches!(snapshot.nodes.get("", "kind-worker"), Ok(Some(_))));
    assert!(snapshot.nodes.get("", "another").is_err());
    assert!(snapshot.kubelet_configs.all(Scope::Part("kind-worker")).is_ok());

    let kinds = Completeness::Kinds([Resource::Nodes].into());
    let Reading { snapshot, .. } = files::read(&path, &kinds, now).expect("objects");
    assert_eq!(snapshot.nodes.get("", "another"), Ok(None));
    assert!(snapshot.namespaces.get("", "another").is_err());
}

#[test]
fn a_snapshot_is_read_as_it_was_written() {
    for place in ["kind-goat", "platform"] {
        let Some(path) = shared(place) else { return };
        let mut snapshot = files::complete(&path).expect("objects");
        let write = |snapshot: &Snapshot| {
            let mut bytes = Vec::new();
            snapshot_file::write(snapshot, &mut bytes).expect("memory");
            bytes
        };
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("by-any-name");
        fs::write(&file, write(&snapshot)).expect("a file");
        // It knows what it lacks, whatever else is said.
        let read = files::read(&file, &Completeness::Nothing, Timestamp::UNIX_EPOCH);
        let read = read.expect("a snapshot").snapshot;
        snapshot.origin.source = Source::Snapshot;
        assert!(read == snapshot, "{place} differs");
        assert_eq!(write(&read), write(&snapshot), "{place}");
    }
}

#[test]
fn no_value_that_must_not_be_kept_is_in_a_snapshot() {
    for place in ["kind-goat", "platform"] {
        let (Some(path), Some(Reading { snapshot, notes })) = (shared(place), whole(place)) else {
            return;
        };
        let kept = serde_json::to_string(&snapshot).expect("JSON");
        // Plain, and as Secrets write them.
        for canary in ["CANARY-", "Q0FOQVJZ"] {
            assert!(!kept.contains(canary) && !notes.concat().contains(canary), "{place}");
        }
        let secrets = fs::read_to_string(path.join("secrets.json")).unwrap_or_default();
        assert_eq!(
            secrets.contains("Q0FOQVJZ"),
            place == "kind-goat",
            "what is looked for is there"
        );
    }
}
