//! What is compiled in from `benchmarks/` can be read, and answers what checks ask of it.

use std::collections::BTreeSet;

use assay_benchmark::{
    checks::SECTIONS,
    data::{Tables, framework::editions, matrix},
    pod_security::CONTROLS,
};
use jiff::civil::date;

#[test]
fn the_matrix_has_the_sections_in_order() {
    let items: Vec<&str> = matrix().iter().map(|it| it.code.as_str()).collect();
    let sections: Vec<&str> = SECTIONS.iter().map(|(code, _)| *code).collect();
    assert_eq!(items, sections);
    for item in matrix() {
        assert!(item.short.chars().count() <= 16, "{} is too long", item.short);
    }
}

#[test]
fn editions_and_their_controls_are_unique() {
    let ids: BTreeSet<&str> = editions().iter().map(|it| it.id.as_str()).collect();
    assert_eq!(ids.len(), editions().len());
    assert!(ids.contains("cis-kubernetes-2.0.1"));
    for edition in editions() {
        let controls: BTreeSet<&str> = edition.controls.iter().map(|it| it.id.as_str()).collect();
        assert_eq!(controls.len(), edition.controls.len(), "{}", edition.id);
        assert!(!controls.is_empty(), "{}", edition.id);
    }
}

#[test]
fn tables_answer() {
    let tables = Tables::get();
    let release = tables.release("kubernetes", "1.34").expect("a row");
    assert_eq!(release.end, Some(date(2026, 10, 27)));
    assert!(tables.release("kubernetes", "1.99").is_none());
    assert!(tables.release("centos-linux", "8").expect("of the product").discontinued);
    assert_eq!(tables.flag_default("kube-apiserver", "anonymous-auth", (1, 37)), Some("true"));
    assert_eq!(tables.flag_default("kube-apiserver", "insecure-port", (1, 37)), Some(""));
    assert_eq!(tables.flag_default("kube-apiserver", "anonymous-auth", (1, 9)), None);
    assert!(tables.policy_engines.iter().any(|it| it.name == "Gatekeeper"));
    assert!(tables.scanners.iter().any(|it| it.name == "Trivy Operator"));
    assert!(tables.network_engines.iter().any(|it| it.enforces));
    assert!(tables.system_workloads.iter().any(|it| it.name == "CoreDNS"));
}

#[test]
fn policy_rules_are_about_controls() {
    for row in &Tables::get().policy_rules {
        let known = CONTROLS.iter().any(|it| it.id == row.control);
        assert!(known, "{} is no control", row.control);
    }
}

#[test]
fn operating_systems_are_told_by_the_longest_prefix() {
    let told = |image| Tables::get().operating_system(image);
    let is = |product, release: &str| Some((product, release.to_owned()));
    assert_eq!(told("Debian GNU/Linux 12 (bookworm)"), is("debian", "12"));
    assert_eq!(told("Ubuntu 22.04.3 LTS"), is("ubuntu", "22.04"));
    assert_eq!(told("Ubuntu Core 22"), is("ubuntu-core", "22"));
    assert_eq!(told("SUSE Linux Enterprise Server 15 SP5"), is("sles-15-sp", "5"));
    assert_eq!(told("Talos (v1.13.2)"), is("talos", "1.13"));
    assert_eq!(told("Plan 9"), None);
}
