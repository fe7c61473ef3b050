#![allow(missing_docs, dead_code)]
mod common;
use assay_benchmark::{Facts, Settings, checks, run};
use assay_model::*;
use std::collections::BTreeSet;
fn world(dir: &std::path::Path, out: &mut Vec<std::path::PathBuf>) {
    for e in std::fs::read_dir(dir).unwrap() {
        let p = e.unwrap().path();
        if p.is_dir() { if p.join("objects.yaml").exists() { out.push(p) } else { world(&p, out) } }
        else if p.extension().is_some_and(|x| x == "yaml") { out.push(p) }
    }
}
type F = BTreeSet<(String, String, String, String)>;
fn judge(s: &Snapshot) -> Vec<(&'static str, Outcome, F)> {
    let inv = Inventory::from(s.clone()); let set = Settings::default(); let facts = Facts::of(&inv, &set);
    checks::all().map(|c| { let v = run(c, &facts); (c.id, v.outcome, v.findings.iter().map(|f| (f.outcome.name().to_owned(), f.object.to_string(), f.at.path.clone(), f.detail.clone())).collect()) }).collect()
}
#[test]
fn monotone() {
    let mut w = Vec::new(); world("fixtures".as_ref(), &mut w);
    let (mut n, mut bad) = (0, BTreeSet::new());
    for path in &w {
        let Ok(full) = common::world(path) else { continue };
        let was = judge(&full);
        let mut parts: Vec<(String, Snapshot)> = Vec::new();
        for r in Resource::ALL {
            let mut s = full.clone(); s.drop_kind(Gap::whole(r, Cause::Forbidden, "x")); parts.push((format!("no {r}"), s));
            let mut s = full.clone(); s.hide(Gap::whole(r, Cause::Forbidden, "x")); parts.push((format!("gap {r}"), s));
            for ns in ["shop", "kube-system"] { let mut s = full.clone(); s.hide(Gap::part(r, ns, Cause::Forbidden, "x")); parts.push((format!("gap {r} of {ns}"), s)); }
        }
        let json = serde_json::to_value(&full).unwrap();
        for (field, value) in json.as_object().unwrap() {
            let Some(items) = value.get("items").and_then(|i| i.as_array()) else { continue };
            for i in 0..items.len() {
                let mut j = json.clone();
                let it = j[field]["items"].as_array_mut().unwrap().remove(i);
                let ns = it.pointer("/metadata/namespace").or(it.get("namespace")).and_then(|x| x.as_str()).unwrap_or("").to_owned();
                let mut s: Snapshot = serde_json::from_value(j).unwrap();
                let r = Resource::ALL.into_iter().find(|r| serde_json::to_value(r).unwrap().as_str().unwrap().replace('-', "") == field.to_lowercase().replace("webhooks", "webhookconfigurations").replace("kubeletconfigs","kubeletconfigs")).unwrap_or_else(|| panic!("{field}"));
                s.hide(if ns.is_empty() { Gap::whole(r, Cause::Forbidden, "y") } else { Gap::part(r, ns, Cause::Forbidden, "y") });
                parts.push((format!("without {field} {i}"), s));
            }
        }
        for (why, s) in parts {
            for ((id, a, fa), (_, b, fb)) in was.iter().zip(judge(&s)) {
                n += 1;
                if !(b == *a || b == Outcome::Unknown) { bad.insert(format!("{id} [{}] {why}: {} -> {}", path.display(), a.name(), b.name())); }
                for f in fb.difference(fa) { bad.insert(format!("{id} [{}] {why}: new {f:?}", path.display())); }
            }
        }
    }
    for b in bad.iter().take(60) { println!("{b}"); }
    println!("{n} comparisons, {} bad", bad.len());
}
#[test]
fn needs() {
    let mut w = Vec::new(); world("fixtures".as_ref(), &mut w);
    let mut bites: BTreeSet<(&str, Resource)> = BTreeSet::new();
    let mut extra: BTreeSet<(&str, Resource)> = BTreeSet::new();
    for path in &w {
        let Ok(full) = common::world(path) else { continue };
        let was = judge(&full);
        for r in Resource::ALL {
            let mut s = full.clone(); s.drop_kind(Gap::whole(r, Cause::Forbidden, "x"));
            for ((id, a, fa), (_, b, fb)) in was.iter().zip(judge(&s)) {
                if *a != b || *fa != fb { if checks::find(id).unwrap().needs().contains(&r) { bites.insert((id, r)); } else { extra.insert((id, r)); } }
            }
        }
    }
    println!("undeclared: {extra:?}");
    for c in checks::all() { for r in c.needs() { if !bites.contains(&(c.id, r)) { println!("never bites: {} {r}", c.id) } } }
}
