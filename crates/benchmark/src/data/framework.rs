//! Framework editions: data that names rows of the catalogue. A new edition is a new file, and a line
//! in [`editions`].
//!
//! A check is a row, so an edition names no check: a control is judged by the checks of its rows, those
//! that are there today.

use std::sync::OnceLock;

use assay_model::control_plane::Version;
use serde::Deserialize;

use super::{file, parse};
use crate::{
    Check, checks,
    version::{Minor, minor_name},
};

/// One edition of a framework.
#[derive(Debug, Clone)]
pub struct Edition {
    /// `cis-kubernetes-2.0.1`.
    pub id: String,
    /// As its publisher calls it.
    pub title: String,
    /// What it is for: minor versions of Kubernetes, ascending; empty for all.
    pub minors: Vec<Minor>,
    /// What a weakness counts as.
    pub warn: Weakness,
    /// Whose subjects count.
    pub scope: EditionScope,
    /// Its controls, in its own order.
    pub controls: Vec<Control>,
}

/// What a weakness counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weakness {
    /// As a fault.
    Fail,
    /// As nothing.
    Pass,
    /// As half a pass.
    Half,
    /// As a question: only a person can tell whether it is one.
    Manual,
}

/// Whose subjects an edition counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EditionScope {
    /// Everybody's.
    All,
    /// Those outside of platform namespaces.
    Tenant,
}

/// One control of an edition.
#[derive(Debug, Clone)]
pub struct Control {
    /// The publisher's number or name.
    pub id: String,
    /// In our own words.
    pub title: String,
    /// The publisher's profile level.
    pub level: Option<u8>,
    /// The checks that must all pass, in the order of its rows; empty when none of them judges it.
    pub checks: Vec<&'static Check>,
    /// What would have to be read that no check reads: while there is any, no pass of the checks is
    /// the control's.
    pub evidence: Option<String>,
    /// The question, when a person has to tell.
    pub manual: Option<String>,
    /// What a weakness counts as here.
    pub warn: Weakness,
}

/// How far a control is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Judged {
    /// Its checks decide it.
    Whole,
    /// Its checks can only fail it.
    Part,
    /// A person decides it.
    ByHand,
    /// Nothing is read of it.
    NotYet,
}

impl Control {
    /// How far it is judged.
    pub fn judged(&self) -> Judged {
        match self {
            it if it.checks.is_empty() && it.manual.is_some() => Judged::ByHand,
            it if it.checks.is_empty() => Judged::NotYet,
            it if it.evidence.is_some() || it.manual.is_some() => Judged::Part,
            _ => Judged::Whole,
        }
    }
}

impl Edition {
    /// Its id without the version: what its editions have in common.
    pub fn family(&self) -> &str {
        let version = |it: &str| it.starts_with(|it: char| it.is_ascii_digit());
        self.id
            .rsplit_once('-')
            .filter(|(_, it)| version(it))
            .map_or(&self.id, |(family, _)| family)
    }

    /// Whether it is for this version.
    pub fn applies(&self, server: Minor) -> bool {
        self.minors.is_empty() || self.minors.contains(&server)
    }

    /// What it is for, if not for this version: `made for Kubernetes 1.34 to 1.35, the server runs 1.37`.
    pub fn mismatch(&self, server: Option<Minor>) -> Option<String> {
        let server = server.filter(|it| !self.applies(*it))?;
        let (first, last) = (self.minors.first()?, self.minors.last()?);
        let (first, last, server) = (minor_name(*first), minor_name(*last), minor_name(server));
        let range = if first == last { first } else { format!("{first} to {last}") };
        Some(format!("made for Kubernetes {range}, the server runs {server}"))
    }
}

/// The editions that ship, in the order that reports show them; of one family the newest first.
pub fn editions() -> &'static [Edition] {
    static EDITIONS: OnceLock<Vec<Edition>> = OnceLock::new();
    EDITIONS.get_or_init(|| {
        let files: Vec<Written> = [
            file!("frameworks/cis-kubernetes-2.0.1.toml"),
            file!("frameworks/cis-kubernetes-1.12.toml"),
            file!("frameworks/pss-baseline.toml"),
            file!("frameworks/pss-restricted.toml"),
            file!("frameworks/nsa-1.2.toml"),
            file!("frameworks/psp-aspects.toml"),
        ]
        .map(parse)
        .into();
        files.iter().map(|it| it.edition(&files)).collect()
    })
}

/// Of each family the edition for this version of the server: the one that is made for it, else the
/// nearest; the newest where the version is not known.
pub fn for_server(server: Option<Minor>) -> Vec<&'static Edition> {
    let mut chosen: Vec<&Edition> = Vec::new();
    let distance = |it: &Edition| {
        let server = server?;
        let far = |minor: &Minor| minor.1.abs_diff(server.1);
        Some(it.minors.iter().map(far).min().unwrap_or_default())
    };
    for edition in editions() {
        match chosen.iter_mut().find(|it| it.family() == edition.family()) {
            None => chosen.push(edition),
            Some(before) if distance(edition) < distance(before) => *before = edition,
            Some(_) => {}
        }
    }
    chosen
}

/// An edition as its file says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: String,
    /// An edition with the same controls, but for those that stand here.
    base: Option<String>,
    title: String,
    #[serde(rename = "publisher")]
    _publisher: String,
    #[serde(rename = "date")]
    _date: String,
    #[serde(rename = "source")]
    _source: String,
    warn: Weakness,
    scope: EditionScope,
    applies: Applies,
    #[serde(default)]
    control: Vec<WrittenControl>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Applies {
    /// `1.37`; empty for all.
    minors: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenControl {
    id: String,
    title: String,
    level: Option<u8>,
    #[serde(rename = "assessed")]
    _assessed: Option<String>,
    /// Codes of the catalogue's rows that it rolls up.
    #[serde(default)]
    rows: Vec<String>,
    /// What would have to be read for the rows that no check judges.
    evidence: Option<String>,
    /// What would have to be read although every row is judged.
    partial: Option<String>,
    manual: Option<String>,
    warn: Option<Weakness>,
}

impl Written {
    fn edition(&self, all: &[Written]) -> Edition {
        let base = self.base.as_ref().and_then(|base| all.iter().find(|it| it.id == *base));
        let own = |id: &str| self.control.iter().find(|it| it.id == id);
        let controls = match base {
            Some(base) => base.control.iter().map(|it| own(&it.id).unwrap_or(it)).collect(),
            None => self.control.iter().collect::<Vec<_>>(),
        };
        let mut minors: Vec<Minor> =
            self.applies.minors.iter().filter_map(|it| Version::minor_of(it)).collect();
        minors.sort_unstable();
        Edition {
            id: self.id.clone(),
            title: self.title.clone(),
            minors,
            warn: self.warn,
            scope: self.scope,
            controls: controls.into_iter().map(|it| it.control(self.warn)).collect(),
        }
    }
}

impl WrittenControl {
    fn control(&self, warn: Weakness) -> Control {
        let check = |row: &String| checks::all().find(|it| it.code == *row);
        let checks: Vec<_> = self.rows.iter().filter_map(check).collect();
        let open: Vec<&str> =
            self.rows.iter().filter(|it| check(it).is_none()).map(String::as_str).collect();
        let evidence = (!open.is_empty() && self.manual.is_none()).then(|| {
            self.evidence.clone().unwrap_or_else(|| format!("what {} asks for", open.join(", ")))
        });
        Control {
            id: self.id.clone(),
            title: self.title.clone(),
            level: self.level,
            checks,
            evidence: evidence.or_else(|| self.partial.clone()),
            manual: self.manual.clone(),
            warn: self.warn.unwrap_or(warn),
        }
    }
}
