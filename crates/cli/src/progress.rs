//! Progress on a terminal: a line a kind, with its objects and pages; gone when the scan is over.

use std::{collections::BTreeMap, sync::Mutex};

use assay_collector::Progress;
use assay_model::Resource;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Draws on standard error, if that is a terminal, and is silent otherwise.
pub(crate) struct Drawn {
    lines: MultiProgress,
    open: Mutex<BTreeMap<Resource, ProgressBar>>,
}

impl Drawn {
    pub(crate) fn new() -> Self {
        let lines = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(8));
        Drawn { lines, open: Mutex::default() }
    }

    /// Wipes the lines away, before anything else is written.
    pub(crate) fn clear(&self) {
        // Lines that cannot be wiped away were not drawn either.
        if self.lines.clear().is_err() {}
    }
}

impl Progress for Drawn {
    fn page(&self, resource: Resource, objects: u64, pages: u64, remaining: Option<u64>) {
        let Ok(mut open) = self.open.lock() else { return };
        let line = open.entry(resource).or_insert_with(|| {
            let line = self.lines.add(ProgressBar::no_length());
            let style = ProgressStyle::with_template("  {prefix:<32} {msg}");
            line.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            line.set_prefix(resource.name());
            line
        });
        let of = remaining.map_or(String::new(), |it| format!(" of {}", objects + it));
        line.set_message(format!("{objects}{of} objects, {pages} pages"));
    }

    fn done(&self, resource: Resource) {
        let Ok(mut open) = self.open.lock() else { return };
        if let Some(line) = open.remove(&resource) {
            line.finish_and_clear();
            self.lines.remove(&line);
        }
    }
}
