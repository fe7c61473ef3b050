//! What is shipped to run in a cluster. That it runs is shown on a node, in `node.rs`.

use std::{fs, path::Path};

use assay_tests::{Run, assay, objects};

#[test]
fn the_shipped_roles_are_the_printed_ones() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/kustomize/roles.yaml");
    let shipped = fs::read_to_string(file).expect("roles");
    let printed = Run::of(assay(Path::new("/nonexistent")).arg("rbac")).stdout;
    assert_eq!(shipped, printed, "run `make docs`");
}

/// Each role is bound where it is, to the account that the job runs as.
#[test]
fn every_shipped_role_is_bound() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/kustomize");
    let place = |it: &serde_json::Value| {
        (it["metadata"]["namespace"].clone(), it["metadata"]["name"].clone())
    };
    let roles = objects::read(&folder.join("roles.yaml")).expect("roles");
    let bindings = objects::read(&folder.join("role-bindings.yaml")).expect("bindings");
    let bound: Vec<_> = bindings.iter().map(place).collect();
    assert_eq!(roles.iter().map(place).collect::<Vec<_>>(), bound);
    for (role, binding) in roles.iter().zip(&bindings) {
        assert_eq!(binding["roleRef"]["kind"], role["kind"]);
        assert_eq!(binding["roleRef"]["name"], role["metadata"]["name"]);
        assert_eq!(binding["subjects"][0]["name"], "kube-assay");
        assert_eq!(binding["subjects"][0]["namespace"], "kube-assay");
    }
}
