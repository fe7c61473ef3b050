//! Runs of the program under test, and what their reports say.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use serde_json::Value;

/// A run of the program that came to its end.
#[derive(Clone, Debug)]
pub struct Run {
    /// Exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// As written; every output of the program is UTF-8.
    pub stdout: String,
    /// As written.
    pub stderr: String,
}

impl Run {
    /// Runs `command` to its end.
    ///
    /// # Panics
    ///
    /// If it cannot be started, writes what is not UTF-8, or panics itself.
    pub fn of(command: &mut Command) -> Self {
        let output = command.output().expect("the program starts");
        Self::ended(output)
    }

    /// What a run that was started by hand left.
    ///
    /// # Panics
    ///
    /// As [`Run::of`].
    pub fn ended(output: std::process::Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        let run = Self {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        };
        assert!(!run.stderr.contains("panicked at"), "{}", run.stderr);
        run
    }

    /// Its `-o json`.
    ///
    /// # Panics
    ///
    /// If standard output is no JSON.
    pub fn report(&self) -> Report {
        let parsed = serde_json::from_str(&self.stdout);
        Report(parsed.unwrap_or_else(|error| panic!("{error}: {self:?}")))
    }
}

/// A JSON report.
#[derive(Clone, Debug)]
pub struct Report(pub Value);

impl Report {
    /// The verdict of each check, by its id.
    pub fn checks(&self) -> BTreeMap<&str, Verdict<'_>> {
        let checks = self.0["checks"].as_array().into_iter().flatten();
        checks.map(|it| (text(&it["id"]), Verdict(it))).collect()
    }

    /// What was not read, a line each: resource, namespace if it has one, and cause.
    pub fn gaps(&self) -> Vec<String> {
        let mut gaps = Vec::new();
        for kind in self.0["collection"].as_array().into_iter().flatten() {
            for gap in kind["gaps"].as_array().into_iter().flatten() {
                let namespace = gap["namespace"].as_str().map(|it| format!(" of {it}"));
                let resource = text(&kind["resource"]);
                let cause = text(&gap["cause"]);
                gaps.push(format!("{resource}{}: {cause}", namespace.unwrap_or_default()));
            }
        }
        gaps
    }

    /// Held against the report of somebody who saw everything: the checks that are no longer known.
    ///
    /// # Panics
    ///
    /// If an outcome is neither that of `full` nor unknown with a reason, or if anything was found that
    /// `full` has not found.
    pub fn lost_against(&self, full: &Report) -> BTreeSet<String> {
        let (all, less) = (full.checks(), self.checks());
        assert!(all.keys().eq(less.keys()), "the same checks");
        let mut lost = BTreeSet::new();
        for (id, less) in less {
            let all = all[id];
            if less.outcome() != all.outcome() {
                assert_eq!(less.outcome(), "unknown", "{id} was {}", all.outcome());
                assert!(!less.reasons().is_empty(), "{id} says why it is unknown");
                lost.insert(id.to_owned());
            }
            let found: BTreeSet<String> = all.findings().into_iter().collect();
            let new = |it: &String| !found.contains(it);
            let invented: Vec<String> = less.findings().into_iter().filter(new).collect();
            assert!(invented.is_empty(), "{id}: {invented:#?}\nis not among {found:#?}");
        }
        lost
    }

    /// Whether the scan says that it read all it was asked for.
    pub fn is_complete(&self) -> bool {
        self.0["scan"]["complete"] == true
    }
}

/// One check of a report.
#[derive(Clone, Copy, Debug)]
pub struct Verdict<'a>(pub &'a Value);

impl<'a> Verdict<'a> {
    /// Such as `fail`.
    pub fn outcome(self) -> &'a str {
        text(&self.0["outcome"])
    }

    /// What was found, a line each, in the report's order: outcome, severity, object, place, detail.
    pub fn findings(self) -> Vec<String> {
        let line = |it: &Value| {
            let object = &it["object"];
            let mut line = format!(
                "{} {} {} {}",
                text(&it["outcome"]),
                text(&it["severity"]),
                text(&object["kind"]),
                [text(&object["namespace"]), text(&object["name"])].join("/").trim_matches('/'),
            );
            for part in [&it["path"], &it["detail"]] {
                if let Some(part) = part.as_str().filter(|it| !it.is_empty()) {
                    line.push_str("  ");
                    line.push_str(part);
                }
            }
            line
        };
        self.0["findings"].as_array().into_iter().flatten().map(line).collect()
    }

    /// Why it is not judged, a line each: what was not read, and what the server said.
    pub fn reasons(self) -> Vec<String> {
        let gaps = self.0["gaps"].as_array().into_iter().flatten();
        gaps.map(|it| format!("{}: {}", text(&it["resource"]), text(&it["message"]))).collect()
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// `text` with each address on loopback and each of `paths` replaced by a word, for snapshots.
pub fn redacted(text: &str, paths: &[(&std::path::Path, &str)]) -> String {
    let mut shown = String::new();
    let mut parts = text.split("127.0.0.1:");
    shown.push_str(parts.next().unwrap_or_default());
    for part in parts {
        shown.push_str("127.0.0.1:PORT");
        shown.push_str(part.trim_start_matches(|it: char| it.is_ascii_digit()));
    }
    let named = paths.iter().filter(|(path, _)| !path.as_os_str().is_empty());
    named.fold(shown, |shown, (path, word)| shown.replace(&path.display().to_string(), word))
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use serde_json::json;

    use super::*;

    fn report(outcome: &str, gaps: &[&str], details: &[&str]) -> Report {
        let gap = |it: &&str| json!({ "resource": "pods", "message": it });
        let finding = |it: &&str| json!({ "outcome": "fail", "severity": "high", "object": {}, "detail": it });
        Report(json!({ "checks": [{
            "id": "a",
            "outcome": outcome,
            "gaps": gaps.iter().map(gap).collect::<Vec<_>>(),
            "findings": details.iter().map(finding).collect::<Vec<_>>(),
        }] }))
    }

    #[test]
    fn knowing_less_is_told_from_knowing_better() {
        let full = report("fail", &[], &["x", "y"]);
        assert!(report("fail", &[], &["y"]).lost_against(&full).is_empty());
        assert_eq!(report("unknown", &["refused"], &["x"]).lost_against(&full).len(), 1);
        for wrong in [
            report("pass", &[], &[]),
            report("unknown", &[], &["x"]),
            report("unknown", &["refused"], &["z"]),
            Report(json!({ "checks": [] })),
        ] {
            assert!(catch_unwind(|| wrong.lost_against(&full)).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn addresses_and_paths_are_replaced() {
        let path = std::path::Path::new("/tmp/x");
        assert_eq!(
            redacted("https://127.0.0.1:40123/api of /tmp/x/y", &[(path, "DIR")]),
            "https://127.0.0.1:PORT/api of DIR/y"
        );
    }
}
