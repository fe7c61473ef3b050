//! Typed evidence: a refusal is not an absence.
//!
//! A [`Listing`] knows its objects and what of the kind was not read, and its methods are the only
//! way to look inside. Each is monotone: take objects away, put a [`Gap`] in their place, and the
//! answer stays or turns into an [`Unknown`]. So a rule that is written with `?` cannot conclude
//! from what was not read.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::Resource;

/// Why something was not read.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The identity lacks the permission (403).
    Forbidden,
    /// The credentials were refused (401).
    Unauthorized,
    /// No answer in time, or the scan was over before its turn came.
    Timeout,
    /// The objects were read, but not of one point in time.
    Inconsistent,
    /// The answer broke off.
    Truncated,
    /// This many objects could not be decoded.
    Malformed(u32),
    /// The API is served, but does not answer.
    Unavailable,
    /// The endpoint does not honour impersonation, so asking would show another identity's rights.
    NotImpersonable,
    /// The snapshot was written before this was collected.
    Outdated,
    /// Nobody asked for it.
    NotRequested,
    /// It was read, but does not tell: an argument vector that is not understood, a version that no
    /// table covers, a recorded value that need not be in force.
    Inconclusive,
}

impl Cause {
    /// The name that reports use.
    pub const fn name(&self) -> &'static str {
        match self {
            Cause::Forbidden => "forbidden",
            Cause::Unauthorized => "unauthorized",
            Cause::Timeout => "timeout",
            Cause::Inconsistent => "inconsistent",
            Cause::Truncated => "truncated",
            Cause::Malformed(_) => "malformed",
            Cause::Unavailable => "unavailable",
            Cause::NotImpersonable => "not-impersonable",
            Cause::Outdated => "outdated",
            Cause::NotRequested => "not-requested",
            Cause::Inconclusive => "inconclusive",
        }
    }
}

/// Something that was not read, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Gap {
    /// What was not read.
    pub resource: Resource,
    /// The namespace, node, replica or endpoint that was not read; `None` when that is all of them
    /// but those that were read in spite of it.
    pub part: Option<Arc<str>>,
    /// Why.
    pub cause: Cause,
    /// What the server said, or what would decide it.
    pub message: String,
}

impl Gap {
    /// A gap that hides the whole kind.
    pub fn whole(resource: Resource, cause: Cause, message: impl Into<String>) -> Self {
        Gap { resource, part: None, cause, message: message.into() }
    }

    /// A gap that hides one part of the kind.
    pub fn part(
        resource: Resource,
        part: impl Into<Arc<str>>,
        cause: Cause,
        message: impl Into<String>,
    ) -> Self {
        Gap { resource, part: Some(part.into()), cause, message: message.into() }
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.resource)?;
        if let Some(part) = &self.part {
            write!(f, " of {part}")?;
        }
        write!(f, ": {}", self.cause.name())?;
        if let Cause::Malformed(count) = self.cause {
            write!(f, " ({count})")?;
        }
        if self.message.is_empty() { Ok(()) } else { write!(f, ", {}", self.message) }
    }
}

/// Every gap that stood in the way: never empty, sorted, no duplicates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Arc<Gap>>")]
#[must_use = "evidence that is missing makes the outcome unknown"]
pub struct Unknown(Vec<Arc<Gap>>);

/// A file says that something is unknown, and names no gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what is unknown must name a gap")]
pub struct NoGap;

impl TryFrom<Vec<Arc<Gap>>> for Unknown {
    type Error = NoGap;

    fn try_from(gaps: Vec<Arc<Gap>>) -> Result<Self, NoGap> {
        gaps.into_iter().map(Unknown::from).reduce(Unknown::and).ok_or(NoGap)
    }
}

impl Unknown {
    /// Both sets of gaps.
    pub fn and(mut self, other: Unknown) -> Unknown {
        self.0.extend(other.0);
        self.0.sort();
        self.0.dedup();
        self
    }

    /// The gaps; at least one.
    pub fn gaps(&self) -> &[Arc<Gap>] {
        &self.0
    }
}

impl From<Arc<Gap>> for Unknown {
    fn from(gap: Arc<Gap>) -> Self {
        Unknown(vec![gap])
    }
}

impl From<Gap> for Unknown {
    fn from(gap: Gap) -> Self {
        Arc::new(gap).into()
    }
}

/// A value, or the gaps that hide it.
pub type Known<T> = Result<T, Unknown>;

/// Both, or all that is missing. Kleene's conjunction of "was this read".
pub fn both(a: Known<()>, b: Known<()>) -> Known<()> {
    match (a, b) {
        (Err(a), Err(b)) => Err(a.and(b)),
        (Ok(()), it) | (it, Ok(())) => it,
    }
}

/// The first certain witness, else what is missing, else a proven none. Kleene's disjunction.
pub fn either<T>(a: Known<Option<T>>, b: Known<Option<T>>) -> Known<Option<T>> {
    match (a, b) {
        (Ok(Some(it)), _) | (_, Ok(Some(it))) => Ok(Some(it)),
        (Err(a), Err(b)) => Err(a.and(b)),
        (Err(it), _) | (_, Err(it)) => Err(it),
        (Ok(None), Ok(None)) => Ok(None),
    }
}

/// Whether one holds: one certain yes is enough, and a no takes all of them.
pub fn any(tests: impl IntoIterator<Item = Known<bool>>) -> Known<bool> {
    let mut unknown = Ok(());
    for test in tests {
        match test {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(it) => unknown = both(unknown, Err(it)),
        }
    }
    unknown.map(|()| false)
}

/// Whether all hold: one certain no is enough, and a yes takes all of them.
pub fn all(tests: impl IntoIterator<Item = Known<bool>>) -> Known<bool> {
    any(tests.into_iter().map(|it| it.map(|it| !it))).map(|it| !it)
}

/// Where to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope<'s> {
    /// Everywhere.
    Cluster,
    /// One namespace, node, replica or endpoint.
    Part(&'s str),
}

/// What a [`Listing`] can hold.
pub trait Object {
    /// What the object's kind can be refused by: its namespace, its node, ….
    /// Empty for kinds that are read as a whole.
    fn part(&self) -> &str;
    /// Unique within the part.
    fn name(&self) -> &str;
}

/// Objects sorted by (part, name), and what of the kind was not read.
///
/// It is not iterable on purpose: looping over what happens to be there is how absence gets
/// concluded from a refusal. A kind that the server does not serve is complete and empty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "WrittenListing<T>", bound(deserialize = "T: Object + Deserialize<'de>"))]
pub struct Listing<T> {
    items: Vec<T>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    gaps: Vec<Arc<Gap>>,
    /// Parts that were read in full although a gap hides the kind as a whole; sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    read: Vec<Arc<str>>,
}

/// A listing in a file that somebody may have edited: nothing in it need be sorted.
#[derive(Deserialize)]
struct WrittenListing<T> {
    items: Vec<T>,
    #[serde(default)]
    gaps: Vec<Arc<Gap>>,
    #[serde(default)]
    read: Vec<Arc<str>>,
}

impl<T: Object> From<WrittenListing<T>> for Listing<T> {
    fn from(written: WrittenListing<T>) -> Self {
        Listing::partial(written.items, written.gaps, written.read)
    }
}

impl<T: Object> Listing<T> {
    /// Read in full, also when it is empty or the API does not serve the kind.
    pub fn complete(items: Vec<T>) -> Self {
        Self::partial(items, Vec::new(), Vec::new())
    }

    /// Not read at all.
    pub fn unread(gap: impl Into<Arc<Gap>>) -> Self {
        Self::partial(Vec::new(), vec![gap.into()], Vec::new())
    }

    /// Read as far as `gaps` say. A gap without a part hides every part but those in `read`.
    pub fn partial(mut items: Vec<T>, mut gaps: Vec<Arc<Gap>>, mut read: Vec<Arc<str>>) -> Self {
        items.sort_by(|a, b| (a.part(), a.name()).cmp(&(b.part(), b.name())));
        gaps.sort();
        gaps.dedup();
        read.sort();
        read.dedup();
        Listing { items, gaps, read }
    }

    /// Adds a gap: from now on, less is known.
    pub fn hide(&mut self, gap: impl Into<Arc<Gap>>) {
        self.gaps.push(gap.into());
        self.gaps.sort();
        self.gaps.dedup();
    }

    /// What hides part of `scope`; `Ok` when nothing does.
    pub fn covers(&self, scope: Scope<'_>) -> Known<()> {
        let hides = |gap: &&Arc<Gap>| match (scope, &gap.part) {
            (Scope::Cluster, _) => true,
            (Scope::Part(part), Some(it)) => **it == *part,
            (Scope::Part(part), None) => self.read.binary_search_by(|it| (**it).cmp(part)).is_err(),
        };
        self.gaps
            .iter()
            .filter(hides)
            .map(|it| Unknown::from(Arc::clone(it)))
            .reduce(Unknown::and)
            .map_or(Ok(()), Err)
    }

    /// Everything in `scope`, sorted; `Ok(&[])` is a proven absence.
    pub fn all(&self, scope: Scope<'_>) -> Known<&[T]> {
        self.covers(scope).map(|()| self.slice(scope))
    }

    /// `Ok(Some)` when seen, `Ok(None)` when proven absent.
    pub fn get(&self, part: &str, name: &str) -> Known<Option<&T>> {
        let found = self.items.binary_search_by(|it| (it.part(), it.name()).cmp(&(part, name)));
        match found {
            Ok(at) => Ok(Some(&self.items[at])),
            Err(_) => self.covers(Scope::Part(part)).map(|()| None),
        }
    }

    /// Whether one satisfies `test`: one certain witness is enough, `Ok(None)` is proven.
    ///
    /// It decides and never reports: which witness comes back depends on what was read.
    pub fn find(
        &self,
        scope: Scope<'_>,
        mut test: impl FnMut(&T) -> Known<bool>,
    ) -> Known<Option<&T>> {
        let mut unknown = self.covers(scope);
        for item in self.slice(scope) {
            match test(item) {
                Ok(true) => return Ok(Some(item)),
                Ok(false) => {}
                Err(it) => unknown = both(unknown, Err(it)),
            }
        }
        unknown.map(|()| None)
    }

    /// Visits everything that was seen, goes on after an `Err`, and returns every gap met.
    pub fn each<'a>(
        &'a self,
        scope: Scope<'_>,
        mut visit: impl FnMut(&'a T) -> Known<()>,
    ) -> Known<()> {
        self.slice(scope).iter().fold(self.covers(scope), |known, it| both(known, visit(it)))
    }

    /// A listing computed from this one and `rest`: it inherits every gap of its sources.
    ///
    /// The one door to the items of an incomplete listing. What `make` returns must only grow when
    /// items are added.
    pub fn derive<'a, U: Object>(
        &'a self,
        rest: &[Known<()>],
        make: impl FnOnce(&'a [T]) -> Vec<U>,
    ) -> Listing<U> {
        let mut gaps = self.gaps.clone();
        gaps.extend(rest.iter().filter_map(|it| it.as_ref().err()).flat_map(|it| it.0.clone()));
        let inherited = gaps.len() == self.gaps.len();
        let read = if inherited { self.read.clone() } else { Vec::new() };
        Listing::partial(make(&self.items), gaps, read)
    }

    /// What was read, gaps or not: for joining kinds in this crate, where the gaps go along.
    pub(crate) fn items(&self) -> &[T] {
        &self.items
    }

    /// Takes the items out; what was read, and what was not, stays. For joining kinds in this crate.
    pub(crate) fn take(&mut self) -> Vec<T> {
        std::mem::take(&mut self.items)
    }

    /// Objects that were read. For counting what a scan cost, not for judging.
    pub fn seen(&self) -> usize {
        self.items.len()
    }

    /// What was not read; empty when the listing is complete. For reporting, not for judging.
    pub fn gaps(&self) -> &[Arc<Gap>] {
        &self.gaps
    }

    /// Parts that were read in full although a gap hides the kind as a whole.
    pub fn read(&self) -> &[Arc<str>] {
        &self.read
    }

    /// Takes the listing apart: items, gaps, and the parts read in full in spite of them.
    pub fn into_parts(self) -> (Vec<T>, Vec<Arc<Gap>>, Vec<Arc<str>>) {
        (self.items, self.gaps, self.read)
    }

    fn slice(&self, scope: Scope<'_>) -> &[T] {
        let Scope::Part(part) = scope else { return &self.items };
        let from = self.items.partition_point(|it| it.part() < part);
        let len = self.items[from..].partition_point(|it| it.part() == part);
        &self.items[from..from + len]
    }
}
