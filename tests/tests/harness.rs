//! The harness itself: what it starts, loads, breaks and leaves behind.

use std::{path::Path, sync::OnceLock};

use assay_tests::{ControlPlane, Identity, Options, User, shared};

fn control_plane() -> &'static ControlPlane {
    static CONTROL_PLANE: OnceLock<ControlPlane> = OnceLock::new();
    CONTROL_PLANE.get_or_init(|| {
        let users = vec![User::new("nobody", &[]), User::new("counted", &["system:masters"])];
        ControlPlane::start(&Options { users, ..Options::default() }).expect("a control plane")
    })
}

#[test]
fn dumps() {
    let Some(shared) = shared() else { return };
    for name in ["data/clusters/kind-goat", "data/clusters/platform/snapshot.yaml"] {
        let t = std::time::Instant::now();
        let loaded = control_plane().load(&shared.join(name)).expect("load");
        eprintln!("{name}: {loaded} {:?} {:#?}", t.elapsed(), loaded.added);
    }
}
