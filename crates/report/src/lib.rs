//! A report, written.
//!
//! One module a format, each a view of the same [`Report`]: [`table`] for people, [`json`] for
//! programs, [`junit`] for pipelines, [`summary`] for a pod's last words. A renderer knows no clock, no environment and no terminal:
//! equal reports and equal [`Options`] give equal bytes.
//!
//! Every string of a report is hostile, for anybody who may create an object in the cluster chose
//! it. None reaches an output with a character that could drive a terminal or hide text: the text
//! formats show such a character as an escape, and JSON escapes it.

mod clean;
mod findings;
mod gaps;
pub mod json;
pub mod junit;
mod page;
pub mod summary;
pub mod table;
mod wide;
mod words;

use std::io::{self, Write};

use assay_model::Report;

/// How a format for people is laid out; the formats for programs do not look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Columns of the terminal. Fewer than [`Options::NARROWEST`] are taken as that many.
    pub width: u16,
    /// Whether to colour; what colour says is always said in words as well.
    pub colour: bool,
    /// Whether to write ASCII only.
    pub ascii: bool,
    /// Whether to write everything that the report knows.
    pub wide: bool,
}

impl Options {
    /// The fewest columns that a layout is made for.
    pub const NARROWEST: u16 = 40;
}

impl Default for Options {
    /// 80 columns, no colour, not wide.
    fn default() -> Self {
        Options { width: 80, colour: false, ascii: false, wide: false }
    }
}

/// A format that a report can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A page for people: what to do first, and what could not be judged.
    Table,
    /// The same with everything that the report knows.
    Wide,
    /// The report as it is.
    Json,
    /// Test results, as Jenkins, GitLab and others read them.
    JUnit,
    /// A few lines, for a termination message.
    Summary,
}

impl Format {
    /// Every format, in the order in which help shows them.
    pub const ALL: [Format; 5] =
        [Format::Table, Format::Wide, Format::Json, Format::JUnit, Format::Summary];

    /// What `-o` calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Format::Table => "table",
            Format::Wide => "wide",
            Format::Json => "json",
            Format::JUnit => "junit",
            Format::Summary => "summary",
        }
    }

    /// What it is, in a line for help.
    pub const fn description(self) -> &'static str {
        match self {
            Format::Table => "for people: scores, what to do first, what was not judged and why",
            Format::Wide => "the table with every finding, check, gap, control and request",
            Format::Json => "the whole report, by the schema kube-assay/v1",
            Format::JUnit => "test results in JUnit XML: a suite an item, a case a check",
            Format::Summary => "at most 4 KiB, for -o summary=/dev/termination-log in a pod",
        }
    }

    /// The format of this name; `None` when there is none.
    pub fn parse(name: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|it| it.name() == name)
    }
}

/// Writes `report` in this format, and flushes.
///
/// # Errors
///
/// Those of `out`, and no others.
pub fn render(
    format: Format,
    report: &Report,
    options: &Options,
    out: &mut dyn Write,
) -> io::Result<()> {
    // Renderers write word by word.
    let mut out = io::BufWriter::new(out);
    match format {
        Format::Table => table::table(report, options, &mut out)?,
        Format::Wide => table::table(report, &Options { wide: true, ..*options }, &mut out)?,
        Format::Json => json::json(report, options, &mut out)?,
        Format::JUnit => junit::junit(report, options, &mut out)?,
        Format::Summary => summary::summary(report, options, &mut out)?,
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_found_by_its_name() {
        for format in Format::ALL {
            assert_eq!(Format::parse(format.name()), Some(format));
        }
        assert_eq!(Format::parse("html"), None);
    }
}
