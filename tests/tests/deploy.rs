//! What is shipped to run in a cluster. That it runs is shown on a node, in `node.rs`.

use std::{fs, path::Path};

use assay_tests::{Run, assay};

#[test]
fn the_shipped_role_is_the_printed_one() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/kustomize/cluster-role.yaml");
    let shipped = fs::read_to_string(file).expect("a role");
    let printed = Run::of(assay(Path::new("/nonexistent")).arg("rbac")).stdout;
    assert_eq!(shipped, printed, "run `make docs`");
}
