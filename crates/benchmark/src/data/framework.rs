//! Framework editions: data that names checks. A new edition is a new file, and a line here.

use std::sync::OnceLock;

use serde::Deserialize;

use super::{file, parse};

/// One edition of a framework.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edition {
    /// `cis-kubernetes-2.0.1`.
    pub id: String,
    /// As its publisher calls it.
    pub title: String,
    /// Who publishes it.
    pub publisher: String,
    /// When this file was made.
    pub date: String,
    /// Where the edition is published.
    pub source: String,
    /// What it is for.
    pub applies: Applies,
    /// What a weakness counts as.
    pub warn: Weakness,
    /// Whose subjects count.
    pub scope: EditionScope,
    /// Its controls, in its own order.
    pub control: Vec<Control>,
}

/// What an edition is for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Applies {
    /// Minor versions of Kubernetes.
    pub minors: Vec<String>,
}

/// What a weakness counts as in an edition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weakness {
    /// As a fault.
    Fail,
    /// As nothing.
    Pass,
    /// As half a pass.
    Half,
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
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// The publisher's number or name.
    pub id: String,
    /// In our own words.
    pub title: String,
    /// The publisher's profile level.
    #[serde(default)]
    pub level: Option<u8>,
    /// How the publisher has it assessed; for information.
    #[serde(default)]
    pub assessed: Option<String>,
    /// Ids of the checks that must all pass.
    #[serde(default)]
    pub checks: Vec<String>,
    /// What the checks leave unread: a pass of theirs is not yet the control's.
    #[serde(default)]
    pub partial: Option<String>,
    /// The evidence it would need, when no check judges it.
    #[serde(default)]
    pub evidence: Option<String>,
    /// The question, when only a person can tell.
    #[serde(default)]
    pub manual: Option<String>,
    /// Codes of the catalogue's rows that it rolls up.
    #[serde(default)]
    pub rows: Vec<String>,
}

/// The editions that ship, in the order that reports show them.
pub fn editions() -> &'static [Edition] {
    static EDITIONS: OnceLock<Vec<Edition>> = OnceLock::new();
    EDITIONS.get_or_init(|| {
        [
            file!("frameworks/cis-kubernetes-2.0.1.toml"),
            file!("frameworks/pss-baseline.toml"),
            file!("frameworks/pss-restricted.toml"),
        ]
        .map(parse)
        .into()
    })
}
