//! `scan`: read, judge, report.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, BufWriter, IsTerminal as _, Write},
    path::Path,
};

use anyhow::{Context as _, anyhow};
use assay_benchmark::{Audit, Settings, audit};
use assay_collector::{
    files::{self, Completeness},
    snapshot_file,
};
use assay_model::{Report, Resource, Snapshot, selector::Selector, snapshot::Source};
use assay_report::{Format, Options, render};
use jiff::Timestamp;

use crate::{
    args::{Colour, Output, ScanArgs},
    choice, config,
    exit::{self, Failure},
    live,
    text::plain,
};

/// The example cluster that ships inside: a snapshot of a real control plane.
const DEMO: &str = include_str!("../../demo/snapshot.json");

/// Reads, judges and reports, as the flags say.
pub(crate) fn scan(args: &ScanArgs) -> Result<u8, Failure> {
    let checks = choice::checks(&args.choice.checks)?;
    let editions = choice::editions(&args.frameworks)?;
    let settings = settings(args)?;
    let outputs = outputs(args)?;

    let (snapshot, signalled) = if args.demo {
        (demo()?, None)
    } else if let Some(path) = &args.from {
        (from(path, args.complete.as_deref())?, None)
    } else {
        let live = live::read(&checks, &args.scope, &args.extra, &args.reading, &args.connection)?;
        (live.snapshot, live.signalled)
    };
    let editions = editions.of(snapshot.version.as_ref().ok());
    let report = audit(
        snapshot,
        &Audit {
            checks,
            editions,
            settings: &settings,
            selector: args.selector.clone(),
            version: env!("CARGO_PKG_VERSION"),
        },
    );
    for output in &outputs {
        write(&report, output, args).map_err(Failure::output)?;
    }
    let code = exit::of(&report, args.fail_on.severity(), args.allow_incomplete);
    Ok(signalled.unwrap_or(code))
}

fn settings(args: &ScanArgs) -> Result<Settings, Failure> {
    let mut settings = args.config.as_deref().map_or(Ok(Settings::default()), config::read)?;
    settings.namespaces.clone_from(&args.scope.namespaces);
    settings.namespaces.sort();
    settings.namespaces.dedup();
    settings.selector = args.selector.as_deref().map(selector).transpose()?;
    Ok(settings)
}

/// A label selector as kubectl writes it.
fn selector(text: &str) -> Result<Selector, Failure> {
    text.parse::<Selector>()
        .map_err(|error| Failure::usage(anyhow!("--selector `{text}`: {error}")))
}

/// Where to write what; a table on standard output when nothing is said.
fn outputs(args: &ScanArgs) -> Result<Vec<Output>, Failure> {
    if args.outputs.is_empty() {
        return Ok(vec![Output { format: Format::Table, file: None }]);
    }
    let mut files = BTreeSet::new();
    for output in &args.outputs {
        if !files.insert(&output.file) {
            let place = output
                .file
                .as_ref()
                .map_or("standard output".to_owned(), |it| it.display().to_string());
            return Err(Failure::usage(anyhow!(
                "two formats go to {place}: give one a file, `-o json=report.json`"
            )));
        }
    }
    Ok(args.outputs.clone())
}

fn demo() -> Result<Snapshot, Failure> {
    let mut snapshot = snapshot_file::parse(DEMO)
        .context("the example cluster does not fit this version")
        .map_err(Failure::usage)?;
    snapshot.origin.source = Source::Demo;
    Ok(snapshot)
}

/// A snapshot of ours, or Kubernetes objects.
fn from(path: &Path, complete: Option<&str>) -> Result<Snapshot, Failure> {
    let completeness = completeness(complete)?;
    let read = files::read(path, &completeness, Timestamp::now()).map_err(Failure::usage)?;
    for note in &read.notes {
        crate::say(&plain(&format!("note: {note}")));
    }
    Ok(read.snapshot)
}

/// What `--complete` says: nothing, everything, or all there is of some resources.
fn completeness(complete: Option<&str>) -> Result<Completeness, Failure> {
    let names = match complete {
        None => return Ok(Completeness::Nothing),
        Some("all") => return Ok(Completeness::Everything),
        Some(names) => names.split(',').map(str::trim),
    };
    let kinds = names.map(|name| {
        let is_called = |it: &Resource| {
            it.kind().is_some_and(|kind| kind.plural == name || kind.qualified() == name)
        };
        Resource::ALL.into_iter().find(is_called).ok_or_else(|| {
            let known = Resource::ALL.into_iter().filter_map(Resource::kind).map(|it| it.plural);
            Failure::usage(choice::unknown("resource", name, known, "kubectl api-resources"))
        })
    });
    Ok(Completeness::Kinds(kinds.collect::<Result<_, _>>()?))
}

fn write(report: &Report, output: &Output, args: &ScanArgs) -> anyhow::Result<()> {
    let options = |terminal: bool| Options {
        width: u16::try_from(crate::columns()).unwrap_or(u16::MAX),
        colour: match args.color {
            Colour::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty()),
            Colour::Always => true,
            Colour::Never => false,
        },
        ascii: args.ascii || std::env::var_os("TERM").is_some_and(|it| it == "dumb"),
        wide: output.format == Format::Wide,
    };
    match &output.file {
        None => {
            let stdout = io::stdout();
            let options = options(stdout.is_terminal());
            let mut out = BufWriter::new(stdout.lock());
            render(output.format, report, &options, &mut out)
                .and_then(|()| out.flush())
                .context("cannot write to standard output")
        }
        Some(path) => {
            let context = || format!("cannot write {}", path.display());
            let mut out = BufWriter::new(fs::File::create(path).with_context(context)?);
            render(output.format, report, &options(false), &mut out)
                .and_then(|()| out.flush())
                .with_context(context)
        }
    }
}
