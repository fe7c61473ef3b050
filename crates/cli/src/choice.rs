//! Names from the command line, turned into checks and editions.

use anyhow::anyhow;
use assay_benchmark::{
    Check, checks,
    data::{
        self, Edition,
        framework::{self, Control},
    },
};
use assay_model::control_plane::Version;

use crate::exit::Failure;

/// The checks of these ids, codes or items, in the order of the matrix; all when none is named.
///
/// # Errors
///
/// When a name is none of them; says which comes closest.
pub(crate) fn checks(names: &[String]) -> Result<Vec<&'static Check>, Failure> {
    for name in names {
        if !checks::all().any(|it| is_named(it, name)) {
            let known = checks::all().flat_map(|it| [it.id, it.code]);
            let message = unknown("check", name, known, "kubectl assay list checks");
            return Err(Failure::usage(message));
        }
    }
    let chosen = |it: &&Check| names.is_empty() || names.iter().any(|name| is_named(it, name));
    Ok(checks::all().filter(chosen).collect())
}

fn is_named(check: &Check, name: &str) -> bool {
    check.id == name
        || check.code.eq_ignore_ascii_case(name)
        || check.item().eq_ignore_ascii_case(name)
}

/// The editions that were asked for.
#[derive(Debug)]
pub(crate) enum Editions {
    /// Of each family the one for the server's version.
    Auto,
    /// These.
    Named(Vec<&'static Edition>),
}

impl Editions {
    /// The editions for a server.
    pub(crate) fn of(self, version: Option<&Version>) -> Vec<&'static Edition> {
        match self {
            Editions::Auto => framework::for_server(version.and_then(Version::minor)),
            Editions::Named(editions) => editions,
        }
    }
}

/// What the editions' names stand for: `auto`, as when none is named, `all`, or ids, in this order.
///
/// # Errors
///
/// When a name is none of them; says which comes closest.
pub(crate) fn editions(names: &[String]) -> Result<Editions, Failure> {
    let all = framework::editions();
    match names {
        [] => return Ok(Editions::Auto),
        [one] if one == "auto" => return Ok(Editions::Auto),
        [one] if one == "all" => return Ok(Editions::Named(all.iter().collect())),
        _ => {}
    }
    let chosen = names.iter().map(|name| {
        all.iter().find(|it| it.id == *name).ok_or_else(|| {
            let known = all.iter().map(|it| it.id.as_str()).chain(["auto", "all"]);
            Failure::usage(unknown("framework", name, known, "kubectl assay list frameworks"))
        })
    });
    chosen.collect::<Result<_, _>>().map(Editions::Named)
}

/// The controls of this id, with their editions.
pub(crate) fn controls(id: &str) -> Vec<(&'static Edition, &'static Control)> {
    let of = |edition: &'static Edition| edition.controls.iter().map(move |it| (edition, it));
    framework::editions().iter().flat_map(of).filter(|(_, control)| control.id == id).collect()
}

/// The title of an item of the matrix.
pub(crate) fn item(code: &str) -> Option<&'static data::Item> {
    data::matrix().iter().find(|it| it.code == code)
}

/// Says that a name is unknown, what comes closest, and where to look.
pub(crate) fn unknown<'a>(
    what: &str,
    name: &str,
    known: impl Iterator<Item = &'a str>,
    list: &str,
) -> anyhow::Error {
    let wanted = name.to_ascii_lowercase();
    // A name that holds what was typed comes first, then the one with the fewest typing errors.
    let far = |it: &str| {
        let it = it.to_ascii_lowercase();
        if wanted.len() > 2 && it.contains(&wanted) { 0 } else { distance(&wanted, &it) }
    };
    let close = known.map(|it| (far(it), it)).min();
    let close = close.filter(|(distance, _)| *distance <= 1 + wanted.len() / 3);
    let hint = close.map_or(String::new(), |(_, it)| format!("; did you mean `{it}`?"));
    anyhow!("there is no {what} `{name}`{hint} (`{list}` shows them)")
}

/// Levenshtein's distance, by characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_closest_is_named() {
        let known = ["privileged-container", "host-network"];
        let close = unknown("check", "privileged-contaner", known.into_iter(), "list").to_string();
        assert!(close.contains("did you mean `privileged-container`?"), "{close}");
        let far = unknown("check", "zzzzzzzz", known.into_iter(), "list").to_string();
        assert!(!far.contains("did you mean"), "{far}");
    }

    #[test]
    fn an_item_stands_for_its_checks() {
        let chosen = checks(&["app-psp".to_owned()]).expect("an item");
        assert!(chosen.len() > 5 && chosen.iter().all(|it| it.item() == "APP-PSP"));
    }
}
