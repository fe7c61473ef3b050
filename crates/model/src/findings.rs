//! What a rule sees of its subject.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// What a check says. A roll-up takes the highest.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Proven that the subject does not exist here, or that the provider owns it.
    NotApplicable,
    /// All the evidence that matters was read, and no fault.
    Pass,
    /// A weakness below a fault.
    Warn,
    /// Only a person can tell; says what to look at.
    Manual,
    /// Evidence is missing; names what would decide it.
    Unknown,
    /// A fault was seen, or was proven by a complete absence.
    Fail,
}

impl Outcome {
    /// Every outcome, best first.
    pub const ALL: [Outcome; 6] = [
        Outcome::NotApplicable,
        Outcome::Pass,
        Outcome::Warn,
        Outcome::Manual,
        Outcome::Unknown,
        Outcome::Fail,
    ];

    /// The name that reports use.
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::NotApplicable => "not-applicable",
            Outcome::Pass => "pass",
            Outcome::Warn => "warn",
            Outcome::Manual => "manual",
            Outcome::Unknown => "unknown",
            Outcome::Fail => "fail",
        }
    }
}

/// How bad a fault is.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Hygiene.
    Low,
    /// Hardening that stops common chains.
    Medium,
    /// One more condition away from critical.
    High,
    /// A direct path to cluster-admin, to root on a node or to credentials, by anyone exposed.
    Critical,
}

impl Severity {
    /// Every severity, mildest first.
    pub const ALL: [Severity; 4] =
        [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];

    /// The name that reports use.
    pub const fn name(self) -> &'static str {
        match self {
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }

    /// What a check of this severity counts in the score (catalogue, section 2.6).
    pub const fn weight(self) -> u32 {
        match self {
            Severity::Low => 1,
            Severity::Medium => 3,
            Severity::High => 6,
            Severity::Critical => 10,
        }
    }

    /// One step up; critical stays.
    #[must_use]
    pub const fn raised(self) -> Self {
        match self {
            Severity::Low => Severity::Medium,
            Severity::Medium => Severity::High,
            Severity::High | Severity::Critical => Severity::Critical,
        }
    }

    /// One step down; low stays.
    #[must_use]
    pub const fn lowered(self) -> Self {
        match self {
            Severity::Low | Severity::Medium => Severity::Low,
            Severity::High => Severity::Medium,
            Severity::Critical => Severity::High,
        }
    }
}

/// What kind of evidence an outcome rests on, strongest first.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// Running configuration, a handshake, a metric, a live object.
    Observed,
    /// Arguments of a mirror pod or a template, understood to the end.
    Declared,
    /// The version allows nothing else.
    HardWired,
}

impl Basis {
    /// The name that reports use.
    pub const fn name(self) -> &'static str {
        match self {
            Basis::Observed => "observed",
            Basis::Declared => "declared",
            Basis::HardWired => "hard-wired",
        }
    }
}

/// Where in an object something stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// Field path below the rule's subject; empty for the object itself. Rules on pod specs write it
    /// from the pod spec on.
    pub path: String,
    /// The container it belongs to.
    pub container: Option<Arc<str>>,
}

impl Location {
    /// The object as a whole.
    pub const fn object() -> Self {
        Location { path: String::new(), container: None }
    }

    /// A field of the object.
    pub fn field(path: impl Into<String>) -> Self {
        Location { path: path.into(), container: None }
    }
}

/// One thing that a rule saw.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seen {
    /// Where.
    pub at: Location,
    /// What, as words that follow the path: ``is `true` ``.
    pub detail: String,
    /// Raised or lowered from the check's.
    pub severity: Option<Severity>,
}

/// What a rule saw of one subject: there is no way to write PASS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// Each makes the subject fail.
    pub faults: Vec<Seen>,
    /// Each makes a subject without a fault warn.
    pub weaknesses: Vec<Seen>,
    /// What weaker evidence says; shown beside an unknown or a pass, and decides nothing.
    pub hints: Vec<String>,
    /// The weakest basis that was used; `Observed` when nothing else was said.
    pub basis: Option<Basis>,
}

impl Findings {
    /// Reports a fault.
    pub fn fail(&mut self, at: Location, detail: impl Into<String>) {
        self.faults.push(Seen { at, detail: detail.into(), severity: None });
    }

    /// Reports a fault that is better or worse than the check in general.
    pub fn fail_as(&mut self, severity: Severity, at: Location, detail: impl Into<String>) {
        self.faults.push(Seen { at, detail: detail.into(), severity: Some(severity) });
    }

    /// Reports a weakness.
    pub fn warn(&mut self, at: Location, detail: impl Into<String>) {
        self.weaknesses.push(Seen { at, detail: detail.into(), severity: None });
    }

    /// Reports a weakness that is better or worse than the check in general.
    pub fn warn_as(&mut self, severity: Severity, at: Location, detail: impl Into<String>) {
        self.weaknesses.push(Seen { at, detail: detail.into(), severity: Some(severity) });
    }

    /// Notes what weaker evidence says.
    pub fn hint(&mut self, text: impl Into<String>) {
        self.hints.push(text.into());
    }

    /// Says what kind of evidence was used; the weakest is kept.
    pub fn rest_on(&mut self, basis: Basis) {
        self.basis = self.basis.max(Some(basis));
    }
}
