//! Taking away never improves: with less evidence, an outcome stays or becomes unknown, and findings
//! stay or go.
//!
//! Worlds are fixtures, several of them in one, with pods added whose specs differ from their
//! templates; and the two clusters of the shared test data. Of each, random parts are taken away, one
//! after the other, with the gap that a scan would have noted. What is said then is compared with what
//! was said of all of it and of the step before, subject by subject. A workload is told by its pods,
//! for a pod's owner may be told otherwise when less was read.
//!
//! `ASSAY_CASES` says how many worlds, and `ASSAY_FIRST` which is the first: a failure names the case.

#[path = "common/broken.rs"]
mod broken;
#[path = "common/cases.rs"]
mod cases;
mod common;
#[path = "common/compare.rs"]
mod compare;
#[path = "common/drops.rs"]
mod drops;
#[path = "common/random.rs"]
mod random;
#[path = "common/worlds.rs"]
mod worlds;

use std::{collections::BTreeSet, env, path::PathBuf, sync::LazyLock};

use assay_benchmark::{Check, Settings, checks};
use assay_collector::files::{self, Completeness};
use assay_model::Resource;
use serde_json::Value;

use self::{
    cases::cases,
    compare::{View, violations},
    drops::{Drop, Read},
    random::Random,
    worlds::World,
};

/// How many worlds, unless `ASSAY_CASES` says otherwise.
const CASES: u64 = 400;

/// How many times something is taken away from one world.
const STEPS: usize = 4;

fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is no number")))
}

/// What worlds are made from.
struct Material {
    fixtures: Vec<&'static World>,
    /// Every pod spec of any fixture.
    specs: Vec<Value>,
    /// What any of the checks reads.
    resources: Vec<Resource>,
}

/// Every fixture, read once for all tests: nothing else here takes as long.
static FIXTURES: LazyLock<Vec<World>> = LazyLock::new(|| cases().iter().map(World::of).collect());

impl Material {
    fn of(checks: &[&Check]) -> Self {
        let fixtures: Vec<&World> = FIXTURES.iter().collect();
        let specs = fixtures.iter().flat_map(|it| it.specs()).collect();
        Material { fixtures, specs, resources: resources(checks) }
    }

    /// Those of the fixtures only that hold what a check reads: of the many others, too many worlds would
    /// show nothing.
    fn about(check: &Check) -> Self {
        let mut material = Material::of(&[check]);
        let kinds: Vec<&str> =
            material.resources.iter().filter_map(|it| it.kind()).map(|it| it.kind).collect();
        let is_about = |it: &Value| it["kind"].as_str().is_some_and(|it| kinds.contains(&it));
        material.fixtures.retain(|world| world.objects.iter().any(is_about));
        material
    }

    /// A fixture, or some of them in one.
    fn world(&self, random: &mut Random) -> World {
        let mut world = if random.once_in(4) {
            (*random.pick(&self.fixtures)).clone()
        } else {
            let some: Vec<&World> =
                (0..2 + random.below(5)).map(|_| *random.pick(&self.fixtures)).collect();
            World::united(&some, random)
        };
        if !random.once_in(4) {
            world.populate(&self.specs, random);
        }
        world
    }
}

/// What any of some checks reads.
fn resources(checks: &[&Check]) -> Vec<Resource> {
    let resources: BTreeSet<Resource> = checks.iter().flat_map(|it| it.needs()).collect();
    resources.into_iter().collect()
}

/// A check that says of less what it did not say of more.
#[derive(Clone)]
struct Violation {
    check: usize,
    world: World,
    settings: Settings,
    /// What was taken away before, and what then.
    before: Vec<Drop>,
    then: Vec<Drop>,
}

impl Violation {
    /// What is wrong; nothing when it is no violation.
    fn wrong(&self, checks: &[&Check]) -> Vec<String> {
        let (more, less) = self.views(checks);
        violations(0, &more, &less)
    }

    fn views(&self, checks: &[&Check]) -> (View, View) {
        let check = [checks[self.check]];
        let more = self.before.iter().fold(Read::of(&self.world), |read, it| read.without(it));
        let less = self.then.iter().fold(more.clone(), |read, it| read.without(it));
        let view = |read: Read| View::of(read.snapshot, &self.settings, &check);
        (view(more), view(less))
    }

    /// The smallest that is left when one thing after the other is left out.
    fn shrunk(mut self, checks: &[&Check]) -> Self {
        loop {
            let size = (self.world.objects.len(), self.before.len(), self.then.len());
            self.leave_out(checks, |it| it.settings = Settings::default());
            for index in (0..self.before.len()).rev() {
                self.leave_out(checks, |it| drop(it.before.remove(index)));
            }
            for index in (0..self.then.len()).rev() {
                self.leave_out(checks, |it| drop(it.then.remove(index)));
            }
            for index in (0..self.world.objects.len()).rev() {
                self.leave_out(checks, |it| drop(it.world.objects.remove(index)));
            }
            if size == (self.world.objects.len(), self.before.len(), self.then.len()) {
                return self;
            }
        }
    }

    fn leave_out(&mut self, checks: &[&Check], change: impl Fn(&mut Violation)) {
        let mut smaller = self.clone();
        change(&mut smaller);
        if !smaller.wrong(checks).is_empty() {
            *self = smaller;
        }
    }

    fn told(&self, checks: &[&Check]) -> String {
        let (more, less) = self.views(checks);
        let objects: Vec<String> = self.world.objects.iter().map(Value::to_string).collect();
        format!(
            "{}: {}\nof a world from {}\n{}\n{:?}\nwithout {:?}\n{}\nthen without {:?}\n{}",
            checks[self.check].id,
            violations(0, &more, &less).join("; "),
            self.world.name,
            objects.join("\n"),
            self.settings,
            self.before,
            more.told(0),
            self.then,
            less.told(0),
        )
    }
}

/// Takes something away, again and again, and compares each time with all and with the step before.
fn descend(
    world: &World,
    checks: &[&Check],
    resources: &[Resource],
    random: &mut Random,
) -> Option<Violation> {
    let settings = if random.once_in(2) { world.settings(random) } else { Settings::default() };
    let mut drops: Vec<Drop> = Vec::new();
    let mut read = Read::of(world);
    let mut views = vec![View::of(read.snapshot.clone(), &settings, checks)];
    for step in 0..STEPS {
        let drop = Drop::any(&read, resources, random);
        read = read.without(&drop);
        drops.push(drop);
        let less = View::of(read.snapshot.clone(), &settings, checks);
        for check in 0..checks.len() {
            for from in [0, step] {
                if !violations(check, &views[from], &less).is_empty() {
                    let then = drops.split_off(from);
                    let (world, before) = (world.clone(), drops);
                    return Some(Violation { check, world, settings, before, then });
                }
            }
        }
        views.push(less);
    }
    None
}

#[test]
fn taking_away_only_makes_unknown() {
    let checks: Vec<&Check> = checks::all().collect();
    let material = Material::of(&checks);
    let first = number("ASSAY_FIRST").unwrap_or(0);
    let mut found: Vec<String> = Vec::new();
    let mut blamed = BTreeSet::new();
    for case in first..first + number("ASSAY_CASES").unwrap_or(CASES) {
        let mut random = Random::new(case);
        let world = material.world(&mut random);
        if let Some(violation) = descend(&world, &checks, &material.resources, &mut random)
            && blamed.insert(violation.check)
        {
            found.push(format!("case {case}, {}", violation.shrunk(&checks).told(&checks)));
        }
    }
    assert!(found.is_empty(), "{} checks say more of less:\n\n{}", found.len(), found.join("\n"));
}

#[test]
fn also_of_whole_clusters() {
    let checks: Vec<&Check> = checks::all().collect();
    let resources = resources(&checks);
    for (index, place) in ["kind-goat", "platform"].into_iter().enumerate() {
        let Some(path) = shared(place) else { continue };
        let now = common::NOW.parse().expect("a time");
        let reading = files::read(&path, &Completeness::Everything, now).expect("objects");
        let mut world = World::read(place, &path, &reading.snapshot);
        world.thin_out();
        for case in 0..number("ASSAY_CASES").unwrap_or(CASES) / 80 {
            let mut random = Random::new(1_000_000 * (1 + index as u64) + case);
            if let Some(violation) = descend(&world, &checks, &resources, &mut random) {
                panic!("case {case}, {}", violation.shrunk(&checks).told(&checks));
            }
        }
    }
}

/// A cluster of the shared test data; `None`, with a printed line, where there is none. CI must have it.
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

/// Without this, that no violation is found would prove nothing.
#[test]
fn broken_rules_are_caught() {
    let mut missed = Vec::new();
    for check in &broken::CHECKS {
        let material = Material::about(check);
        // What some of them take is rare.
        let caught = (0..10 * CASES).any(|case| {
            let mut random = Random::new(case);
            let world = material.world(&mut random);
            descend(&world, &[check], &material.resources, &mut random).is_some()
        });
        if !caught {
            missed.push(check.id);
        }
    }
    assert!(missed.is_empty(), "not caught: {}", missed.join(", "));
}
