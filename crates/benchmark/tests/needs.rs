//! What a check says that it needs is what it reads: no more, for the permissions that users are asked
//! for are made from it, and no less, for a scan lists nothing else.

#[path = "common/cases.rs"]
mod cases;
mod common;

use std::{
    collections::{BTreeMap, BTreeSet},
    iter,
    sync::LazyLock,
};

use assay_benchmark::{
    Check, Facts, Settings, Verdict, checks, run,
    settings::{Allow, Declaration},
};
use assay_model::{Cause, Gap, Inventory, Outcome, Resource, Scope, Snapshot, Unknown};

use self::cases::{Case, cases};

fn judge(check: &Check, snapshot: Snapshot, settings: &Settings) -> Verdict {
    run(check, &Facts::of(&Inventory::from(snapshot), settings))
}

/// A fixture as a cluster, and what its user may say of it: nothing; or all that can be vouched for,
/// which makes some checks read on.
struct World {
    case: Case,
    snapshot: Snapshot,
    settings: [Settings; 2],
}

impl World {
    fn of(case: Case) -> Self {
        let snapshot = common::world(&case.path).expect("a fixture");
        let mut allow = Vec::new();
        let all = snapshot.cluster_role_bindings.each(Scope::Cluster, |binding| {
            let subjects = binding.subjects.iter().map(assay_benchmark::rbac::normal);
            allow.extend(subjects.map(|subject| Allow { check: None, subject }));
            Ok(())
        });
        all.expect("a fixture is the whole cluster");
        let declared = Declaration::ALL.into_iter().map(|(_, it)| it).collect();
        let vouched = Settings { allow, declared, ..Settings::default() };
        let own = common::settings(&case.path);
        World { case, snapshot, settings: [own, vouched] }
    }
}

/// Without what is refused.
fn without(snapshot: &Snapshot, refused: impl IntoIterator<Item = Resource>) -> Snapshot {
    let mut less = snapshot.clone();
    for resource in refused {
        less.drop_kind(Gap::whole(resource, Cause::Forbidden, "refused"));
    }
    less
}

/// Read once for all tests: to read them takes longer than most of these do.
fn worlds() -> &'static [World] {
    static WORLDS: LazyLock<Vec<World>> =
        LazyLock::new(|| cases().into_iter().map(World::of).collect());
    &WORLDS
}

/// The worlds of a check's own fixtures, then those of all others; each with either of its settings.
fn own_first<'a>(
    check: &'a Check,
    worlds: &'a [World],
) -> impl Iterator<Item = (&'a World, &'a Settings)> {
    let own = move |it: &&World| it.case.check == check.id;
    let sorted = worlds.iter().filter(own).chain(worlds.iter().filter(move |it| !own(it)));
    sorted.flat_map(|world| world.settings.iter().map(move |it| (world, it)))
}

fn told(verdict: &Verdict) -> String {
    let lines = verdict.findings.iter().map(common::line);
    let gaps = verdict.gaps.iter().flat_map(Unknown::gaps).map(|it| format!("because {it}"));
    let name = verdict.outcome.name().to_owned();
    iter::once(name).chain(lines).chain(gaps).collect::<Vec<_>>().join("\n  ")
}

fn none(faults: &[String]) {
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// Every check in every world. An inventory without what checks of the same needs do not read is made
/// once for all of them, and their facts with it: to make it costs more than to judge it.
#[test]
fn nothing_else_is_read() {
    let mut alike: BTreeMap<BTreeSet<Resource>, Vec<&Check>> = BTreeMap::new();
    for check in checks::all() {
        alike.entry(check.needs()).or_default().push(check);
    }
    let mut faults = BTreeMap::new();
    for World { case, snapshot, settings } in worlds() {
        let whole = Inventory::from(snapshot.clone());
        let whole = settings.each_ref().map(|it| Facts::of(&whole, it));
        for (needs, checks) in &alike {
            let others = || Resource::ALL.into_iter().filter(|it| !needs.contains(it));
            let needed = Inventory::from(without(snapshot, others()));
            for (settings, whole) in settings.iter().zip(&whole) {
                let needed = Facts::of(&needed, settings);
                for check in checks {
                    let all = run(check, whole);
                    if run(check, &needed) == all || faults.contains_key(check.id) {
                        continue;
                    }
                    let matters =
                        |it: &Resource| judge(check, without(snapshot, [*it]), settings) != all;
                    let read: Vec<&str> = others().filter(matters).map(Resource::name).collect();
                    let fault = format!("{} reads {} too", check.id, read.join(", "));
                    faults.insert(check.id, format!("{fault}: {}", case.path.display()));
                }
            }
        }
    }
    none(&faults.into_values().collect::<Vec<_>>());
}

#[test]
fn nothing_is_needed_in_vain() {
    let worlds = worlds();
    let mut faults = Vec::new();
    // What shows what one check needs something for, often shows it of the next one as well.
    let mut shown: BTreeMap<Resource, (&World, &Settings)> = BTreeMap::new();
    for check in checks::all() {
        for need in check.needs() {
            let matters = |(world, settings): &(&World, &Settings)| {
                let all = judge(check, world.snapshot.clone(), settings);
                let less = judge(check, without(&world.snapshot, [need]), settings);
                (all.outcome, all.findings, all.hints) != (less.outcome, less.findings, less.hints)
            };
            let again = shown.get(&need).copied().into_iter();
            if let Some(it) = again.chain(own_first(check, worlds)).find(matters) {
                shown.insert(need, it);
            } else {
                faults.push(format!("{} needs {need}, and no world shows what for", check.id));
            }
        }
    }
    none(&faults);
}

/// Whoever is told UNKNOWN is told what was refused.
#[test]
fn what_is_refused_is_named() {
    let worlds = worlds();
    let mut faults = Vec::new();
    for check in checks::all() {
        for World { case, snapshot, settings: [settings, _] } in
            worlds.iter().filter(|it| it.case.check == check.id)
        {
            let at = format!("{} of {}", check.id, case.path.display());
            let nothing = judge(check, without(snapshot, check.needs()), settings);
            if nothing.outcome != Outcome::Unknown || !nothing.findings.is_empty() {
                faults.push(format!("{at}: with nothing read, it says {}", told(&nothing)));
            }
            let named = resources(&nothing);
            if named.is_disjoint(&check.needs()) || !named.is_subset(&check.needs()) {
                faults.push(format!("{at}: with nothing read, it names {named:?}"));
            }
            let all = judge(check, snapshot.clone(), settings);
            for need in check.needs().into_iter().filter(|_| all.outcome != Outcome::Unknown) {
                let less = judge(check, without(snapshot, [need]), settings);
                if less.outcome == Outcome::Unknown && !resources(&less).contains(&need) {
                    faults.push(format!("{at}: without {need}, it says {}", told(&less)));
                }
            }
        }
    }
    none(&faults);
}

/// What a verdict says was not read.
fn resources(verdict: &Verdict) -> BTreeSet<Resource> {
    verdict.gaps.iter().flat_map(Unknown::gaps).map(|it| it.resource).collect()
}
