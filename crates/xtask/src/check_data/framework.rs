//! The matrix and the framework editions.

use std::collections::BTreeSet;

use anyhow::{Context as _, ensure};
use assay_benchmark::checks;
use jiff::civil::Date;
use serde::Deserialize;

use super::{minor, sourced};

/// How many items the matrix has.
const ITEMS: usize = 17;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Matrix {
    #[serde(rename = "item")]
    pub(super) items: Vec<Item>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Item {
    pub(super) code: String,
    row: Row,
    column: Column,
    title: String,
    short: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
enum Row {
    Hosts,
    Clusters,
    Applications,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
enum Column {
    Build,
    Operate,
}

impl Matrix {
    pub(super) fn check(&self) -> anyhow::Result<()> {
        ensure!(self.items.len() == ITEMS, "{} items", self.items.len());
        ensure!(self.items.is_sorted_by_key(|it| (it.row, it.column)), "not by row and column");
        let codes: BTreeSet<_> = self.items.iter().map(|it| &it.code).collect();
        ensure!(codes.len() == ITEMS, "a code occurs twice");
        for Item { code, row, title, short, .. } in &self.items {
            let prefix = match row {
                Row::Hosts => "HST-",
                Row::Clusters => "CLU-",
                Row::Applications => "APP-",
            };
            ensure!(code.starts_with(prefix) && code.len() == 7, "{code} stands under {row:?}");
            ensure!(!title.is_empty(), "{code} has no title");
            ensure!((1..=16).contains(&short.chars().count()), "`{short}` is not short");
        }
        Ok(())
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Framework {
    id: String,
    /// An edition that has the other controls.
    pub(super) base: Option<String>,
    title: String,
    publisher: String,
    date: Date,
    source: String,
    #[serde(rename = "warn")]
    _warn: Warn,
    #[serde(rename = "scope")]
    _scope: Scope,
    applies: Applies,
    #[serde(rename = "control", default)]
    pub(super) controls: Vec<Control>,
}

/// What a weakness counts as.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Warn {
    Fail,
    Pass,
    Half,
    Manual,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Scope {
    All,
    Tenant,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Applies {
    minors: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Control {
    id: String,
    title: String,
    level: Option<u8>,
    assessed: Option<Assessed>,
    partial: Option<String>,
    evidence: Option<String>,
    manual: Option<String>,
    #[serde(rename = "warn")]
    _warn: Option<Warn>,
    rows: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Assessed {
    Automated,
    Manual,
}

impl Framework {
    pub(super) fn check(
        &self,
        id: &str,
        count: usize,
        prefixes: &BTreeSet<&str>,
    ) -> anyhow::Result<()> {
        ensure!(self.id == id, "its id is {}", self.id);
        ensure!(!self.title.is_empty() && !self.publisher.is_empty(), "no title or publisher");
        sourced(&self.source, self.date)?;
        self.applies.minors.iter().try_for_each(|it| minor(it))?;
        let whole = self.base.is_some() || self.controls.len() == count;
        ensure!(whole, "{} controls of {count}", self.controls.len());
        let ids: BTreeSet<_> = self.controls.iter().map(|it| &it.id).collect();
        ensure!(ids.len() == self.controls.len(), "a control occurs twice");
        let titles: BTreeSet<_> = self.controls.iter().map(|it| &it.title).collect();
        ensure!(titles.len() == self.controls.len(), "a title occurs twice");
        let numbered = id.starts_with("cis-");
        if numbered {
            let numbers = self.controls.iter().map(|it| number(&it.id));
            let numbers = numbers.collect::<anyhow::Result<Vec<_>>>()?;
            ensure!(numbers.is_sorted(), "the controls are out of order");
        }
        for control in &self.controls {
            control.check(numbered, prefixes).with_context(|| format!("control {}", control.id))?;
        }
        Ok(())
    }
}

/// `5.2.10` as something to sort by.
fn number(id: &str) -> anyhow::Result<Vec<u16>> {
    let parts = id.split('.').map(str::parse).collect::<Result<_, _>>();
    parts.with_context(|| format!("{id} is no number"))
}

impl Control {
    fn check(&self, numbered: bool, prefixes: &BTreeSet<&str>) -> anyhow::Result<()> {
        ensure!(!self.title.is_empty() && !self.title.ends_with('.'), "`{}`", self.title);
        ensure!(!numbered || matches!(self.level, Some(1 | 2)), "no profile level");
        ensure!(!numbered || self.assessed.is_some(), "does not say how it is assessed");
        for text in [&self.partial, &self.evidence, &self.manual].into_iter().flatten() {
            ensure!(!text.is_empty() && !text.ends_with('.'), "`{text}`");
        }

        ensure!(!self.rows.is_empty() || self.manual.is_some(), "no rows");
        let distinct: BTreeSet<_> = self.rows.iter().collect();
        ensure!(distinct.len() == self.rows.len(), "a row stands twice");
        for row in &self.rows {
            let item = row.get(..7).with_context(|| format!("{row} is no code"))?;
            ensure!(prefixes.contains(item), "{row} belongs to no item");
        }
        let judged = self.rows.iter().filter(|row| checks::all().any(|it| it.code == **row));
        let (judged, all) = (judged.count(), self.rows.len());
        ensure!(judged > 0 || self.partial.is_none(), "`partial`, but of no check");
        ensure!(
            judged < all || self.evidence.is_none(),
            "every row is judged: `evidence` goes, or is `partial` where the checks leave it unread"
        );
        let silent = self.evidence.is_none() && self.manual.is_none();
        ensure!(judged > 0 || !silent, "says neither what would decide it, nor what to ask");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EDITION: &str = r#"
id = "cis-test"
title = "Test"
publisher = "Nobody"
date = "2026-11-23"
source = "https://example.org"
warn = "fail"
scope = "all"
[applies]
minors = ["1.37"]
[[control]]
id = "4.2.9"
title = "first"
level = 1
assessed = "manual"
evidence = "a file"
rows = ["HST-CIS-001"]
[[control]]
id = "4.2.10"
title = "second"
level = 2
assessed = "automated"
partial = "the rest"
rows = ["CLU-RBA-006"]
"#;

    fn check(edition: &str) -> anyhow::Result<()> {
        let framework: Framework = toml::from_str(edition)?;
        framework.check("cis-test", 2, &BTreeSet::from(["HST-CIS", "CLU-RBA"]))
    }

    #[test]
    fn an_edition_that_contradicts_itself_is_refused() {
        check(EDITION).expect("it is sound");
        for (right, wrong) in [
            ("4.2.10", "4.2.8"),
            ("4.2.10", "4.2.9"),
            ("second", "first"),
            ("second", "second."),
            ("level = 2\n", ""),
            ("level = 2", "level = 3"),
            ("partial = \"the rest\"\n", "evidence = \"the rest\"\n"),
            ("CLU-RBA-006", "CLU-RBX-006"),
            ("\"CLU-RBA-006\"", "\"CLU-RBA-006\", \"CLU-RBA-006\""),
            ("evidence = \"a file\"\n", ""),
            ("evidence = \"a file\"\n", "partial = \"a file\"\n"),
            ("2026-11-23", "2026-13-23"),
            ("https://example.org", ""),
            ("warn = \"fail\"", "warn = \"maybe\""),
            ("scope = \"all\"", "scope = \"all\"\nscoop = 1"),
            ("\"1.37\"", "\"v1.37\""),
        ] {
            assert_eq!(EDITION.matches(right).count(), 1, "`{right}` is not one place");
            assert!(check(&EDITION.replace(right, wrong)).is_err(), "`{right}` -> `{wrong}`");
        }
    }
}
