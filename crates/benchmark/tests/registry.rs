//! What is promised of every check: it is found where its name says, it says what it is, and it is
//! shown to pass and to fail.

#[path = "common/cases.rs"]
mod cases;

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
};

use assay_benchmark::{
    Check,
    checks::{self, SECTIONS},
    data::matrix,
};
use assay_model::{Outcome, Resource};

use self::cases::{FIXTURES, cases, entries, name};

const CHECKS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/checks");

/// Checks that cannot say everything, because what would decide it is not read yet.
const ONE_SIDED: &[(&str, Outcome)] = &[
    // The file of `--audit-policy-file`. Metrics count its levels, and not what it passes over.
    ("audit-policy-gaps", Outcome::Pass),
    // Not every policy that may set `imagePullPolicy` is read, nor what pods have there.
    ("cached-image-reuse", Outcome::Fail),
    // When a bootstrap token ends and whether nodes log in by it, which are values of its Secret.
    ("bootstrap-token", Outcome::Fail),
    // Kubeconfig files on the control plane's nodes.
    ("standing-cluster-admin", Outcome::Pass),
];

/// Fails with all that is wrong, a line each: whoever mends one thing need not run again for the next.
fn none(faults: &[String]) {
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// The folder of each section, as the registration in `checks/mod.rs` pairs them.
fn folders() -> Vec<(String, PathBuf)> {
    let text = fs::read_to_string(Path::new(CHECKS).join("mod.rs")).expect("the registration");
    let row = |line: &str| {
        let (code, folder) = line.trim().strip_prefix("(\"")?.split_once("\", ")?;
        let folder = folder.strip_suffix("::CHECKS),")?;
        Some((code.to_owned(), Path::new(CHECKS).join(folder)))
    };
    text.lines().filter_map(row).collect()
}

#[test]
fn files_and_registrations_agree() {
    let folders = folders();
    let registered: Vec<&str> = SECTIONS.iter().map(|(code, _)| *code).collect();
    assert_eq!(folders.iter().map(|(code, _)| code.as_str()).collect::<Vec<_>>(), registered);
    let known: Vec<PathBuf> =
        entries(Path::new(CHECKS)).into_iter().filter(|it| it.is_dir()).collect();
    let mut sections: Vec<PathBuf> = folders.iter().map(|(_, folder)| folder.clone()).collect();
    sections.sort();
    assert_eq!(known, sections, "each folder is a section's");

    let mut faults = Vec::new();
    for ((_, folder), (_, checks)) in folders.iter().zip(SECTIONS) {
        let texts: Vec<(PathBuf, String)> = entries(folder)
            .into_iter()
            .map(|path| (path.clone(), fs::read_to_string(&path).expect("a source file")))
            .collect();
        let mentions = |text: &str, check: &Check| text.contains(&format!("\"{}\"", check.id));
        for check in *checks {
            let own = folder.join(format!("{}.rs", check.id.replace('-', "_")));
            let of_its_own = texts.iter().find(|(path, _)| *path == own);
            let stands = match of_its_own {
                Some((_, text)) => mentions(text, check),
                // A row of a table.
                None => texts.iter().any(|(_, text)| mentions(text, check)),
            };
            if !stands {
                faults.push(format!("{} stands nowhere in {}", check.id, folder.display()));
            }
        }
        for (path, text) in texts.iter().filter(|(path, _)| name(path) != "mod.rs") {
            if !checks.iter().any(|check| mentions(text, check)) {
                faults.push(format!("{} has no check that is registered", path.display()));
            }
        }
    }
    none(&faults);
}

#[test]
fn ids_and_codes_are_unique_and_well_formed() {
    let kebab = |id: &str| {
        let is_word = |it: &str| {
            !it.is_empty() && it.chars().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit())
        };
        id.starts_with(|it: char| it.is_ascii_lowercase()) && id.split('-').all(is_word)
    };
    let has_form = |code: &str| {
        let parts: Vec<&str> = code.split('-').collect();
        let letters = |it: &str| it.len() == 3 && it.chars().all(|it| it.is_ascii_uppercase());
        let digits = |it: &str| it.len() == 3 && it.chars().all(|it| it.is_ascii_digit());
        matches!(parts[..], [row, item, number] if letters(row) && letters(item) && digits(number))
    };
    let (mut ids, mut codes, mut faults) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for (section, checks) in SECTIONS {
        for check in *checks {
            let Check { id, code, .. } = check;
            let items = matrix().iter().filter(|it| it.code == check.item()).count();
            let rules = [
                (ids.insert(id), "its id is another's as well"),
                (codes.insert(code), "its code is another's as well"),
                (kebab(id), "its id is not kebab-case"),
                (has_form(code), "its code is not of the form AAA-BBB-NNN"),
                (check.item() == *section, "its code is of another section"),
                (items == 1, "its code is of no item of the matrix"),
            ];
            let broken = rules.iter().filter(|(holds, _)| !holds);
            faults.extend(broken.map(|(_, why)| format!("{code} {id}: {why}")));
        }
    }
    none(&faults);
}

#[test]
fn texts_are_there_and_in_style() {
    let mut faults = Vec::new();
    for check in checks::all() {
        let sentence =
            |it: &str| it.ends_with('.') && it.starts_with(|it: char| !it.is_lowercase());
        let has = |wanted: &[Outcome]| check.verdicts.iter().any(|(it, _)| wanted.contains(it));
        let lacks = |outcome| ONE_SIDED.contains(&(check.id, outcome));
        let rules = [
            (!check.title.is_empty(), "has no title"),
            (is_lower_case(check.title), "the title does not start in lower case"),
            (!check.title.ends_with('.'), "the title ends with a full stop"),
            (sentence(check.rationale), "the rationale is no sentence"),
            (sentence(check.remediation), "the remediation is no sentence"),
            (!check.references.is_empty(), "has no references"),
            (check.references.iter().all(|it| it.starts_with("https://")), "a reference is no URL"),
            (
                has(&[Outcome::Fail, Outcome::Warn]) != lacks(Outcome::Fail),
                "either a row says what is at fault, or it is one-sided",
            ),
            (
                has(&[Outcome::Pass]) != lacks(Outcome::Pass),
                "either a row says what passes, or it is one-sided",
            ),
            (check.verdicts.is_sorted_by_key(|(it, _)| std::cmp::Reverse(*it)), "worst first"),
            (check.verdicts.iter().all(|(_, it)| !it.is_empty()), "a row says nothing"),
            (!check.needs().is_empty(), "needs nothing"),
        ];
        let broken = rules.iter().filter(|(holds, _)| !holds);
        faults.extend(broken.map(|(_, why)| format!("{}: {why}", check.id)));
    }
    none(&faults);
}

/// Whether a title starts in lower case, as far as its first word has one: `API`, `Secret`.
fn is_lower_case(title: &str) -> bool {
    let first = title.split(' ').next().unwrap_or_default();
    let is_acronym = first.len() > 1 && first.chars().all(char::is_uppercase);
    let is_name = ["Kubernetes", "Secret"].contains(&first)
        || Resource::ALL.iter().any(|it| it.kind().is_some_and(|it| it.kind == first));
    !first.starts_with(char::is_uppercase) || is_acronym || is_name
}

#[test]
fn every_outcome_that_a_check_names_is_shown() {
    let cases = cases();
    let shown = |check: &Check, outcome: Outcome| {
        cases.iter().any(|it| it.check == check.id && it.outcome == outcome)
    };
    let mut faults = Vec::new();
    for check in checks::all() {
        let named: BTreeSet<Outcome> = check.verdicts.iter().map(|(it, _)| *it).collect();
        // Beside a fault, a weakness may take what fixtures do not have: another day, or a declaration.
        let elsewhere = |it: &Outcome| *it == Outcome::Warn && named.contains(&Outcome::Fail);
        let missing = named.iter().filter(|it| !elsewhere(it) && !shown(check, **it));
        faults.extend(missing.map(|it| format!("{} has no case in {}/", check.id, it.name())));
    }
    none(&faults);
}

#[test]
fn no_fixture_is_astray() {
    let mut faults = Vec::new();
    for folder in entries(Path::new(FIXTURES)) {
        if !checks::all().any(|it| it.id == name(&folder)) {
            faults.push(format!("{} is no check's", folder.display()));
        }
        for outcome in entries(&folder) {
            if !Outcome::ALL.iter().any(|it| it.name() == name(&outcome)) {
                faults.push(format!("{} is no outcome", outcome.display()));
            }
            if entries(&outcome).is_empty() {
                faults.push(format!("{} is empty", outcome.display()));
            }
            faults.extend(entries(&outcome).iter().filter(|it| !is_known(it)).map(|it| {
                format!("{} is neither a case nor what is expected of one", it.display())
            }));
        }
    }
    none(&faults);
}

/// A manifest; a folder with `objects.yaml` and what goes with it; or the findings of one of them.
fn is_known(path: &Path) -> bool {
    if path.is_dir() {
        let known = |it: &PathBuf| match &*name(it) {
            "objects.yaml" | "evidence.json" => true,
            "configz" | "flagz" => {
                it.is_dir() && entries(it).iter().all(|it| it.extension() == Some("json".as_ref()))
            }
            _ => false,
        };
        return path.join("objects.yaml").is_file() && entries(path).iter().all(known);
    }
    match path.extension().and_then(|it| it.to_str()) {
        // Two cases of one stem would share their findings.
        Some("yaml") => !path.with_extension("").exists(),
        Some("snap") => path.with_extension("yaml").exists() || path.with_extension("").exists(),
        _ => false,
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "a skipped test must be seen")]
fn severities_are_the_catalogues() {
    let shared = env::var_os("ASSAY_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let folder = shared.join("controls");
    if !folder.exists() {
        assert!(env::var_os("CI").is_none(), "{} is missing", folder.display());
        println!("skipped: {} is missing", folder.display());
        return;
    }
    let mut severities: BTreeMap<String, String> = BTreeMap::new();
    for path in entries(&folder) {
        let text = fs::read_to_string(&path).expect("a page");
        // ID, cell, control, evidence, verdict, severity, ….
        let rows = text.lines().filter_map(|it| {
            let cells: Vec<&str> = it.split('|').map(str::trim).collect();
            let code = cells.get(1).filter(|it| it.len() == "AAA-BBB-NNN".len())?;
            Some(((*code).to_owned(), (*cells.get(6)?).to_owned()))
        });
        severities.extend(rows);
    }
    let mut faults = Vec::new();
    for check in checks::all() {
        match severities.get(check.code) {
            Some(it) if it == check.severity.name() => {}
            Some(it) => faults.push(format!("{}: {it} in the catalogue", check.code)),
            None => faults.push(format!("{}: not in the catalogue", check.code)),
        }
    }
    none(&faults);
}
