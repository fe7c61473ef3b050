//! The table of flag defaults, held against what programs say of themselves.
//!
//! `--help` of the control plane's programs names every flag and its default, but for those that are
//! empty, off or zero. Only rows of the program's own minor are compared.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize;

/// Programs that the table has rows of.
const COMPONENTS: [&str; 4] =
    ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd"];

/// What `--help` does not tell: a default that is given once all flags are read, and a flag that stands in
/// the usage only.
const UNTOLD: &[(&str, &str, &str)] =
    &[("kube-apiserver", "authorization-mode", "AlwaysAllow"), ("etcd", "config-file", "")];

#[derive(Deserialize)]
struct Table {
    flag: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    component: String,
    flag: String,
    default: Option<String>,
    minors: Vec<String>,
}

/// Compares the table with every program in the folders. Answers how much there was.
///
/// # Errors
///
/// No program at all, one that cannot be run, or every row that says something else than its program.
pub(crate) fn run(benchmarks: &Path, folders: &[PathBuf]) -> anyhow::Result<String> {
    let path = benchmarks.join("tables/flag-defaults.toml");
    let text =
        fs::read_to_string(&path).with_context(|| format!("could not read {}", path.display()))?;
    let table: Table = toml::from_str(&text)?;
    let (mut programs, mut rows, mut faults) = (0, 0, Vec::new());
    for folder in folders {
        for component in COMPONENTS {
            let program = folder.join(component);
            if !program.is_file() {
                continue;
            }
            programs += 1;
            let minor = minor(&said(&program, "--version")?)
                .with_context(|| format!("{} tells no version", program.display()))?;
            let flags = flags(&said(&program, "--help")?);
            ensure!(!flags.is_empty(), "{} tells no flags", program.display());
            let covers = |it: &&Row| it.component == component && it.minors.contains(&minor);
            for row in table.flag.iter().filter(covers) {
                rows += 1;
                let default = row.default.as_deref();
                let told = flags.get(&row.flag);
                let untold = (component, row.flag.as_str(), default.unwrap_or_default());
                if told.map(String::as_str) == default || UNTOLD.contains(&untold) {
                    continue;
                }
                let name = format!("{component} {minor} --{}", row.flag);
                faults.push(format!("{name}: {default:?} in the table, it says {told:?}"));
            }
        }
    }
    ensure!(programs > 0, "none of {} is in any of the folders", COMPONENTS.join(", "));
    ensure!(faults.is_empty(), "{} rows are wrong:\n{}", faults.len(), faults.join("\n"));
    Ok(format!("{rows} defaults are those of {programs} programs"))
}

fn said(program: &Path, flag: &str) -> anyhow::Result<String> {
    let output = Command::new(program)
        .arg(flag)
        .output()
        .with_context(|| format!("could not run {}", program.display()))?;
    if !output.status.success() {
        bail!("{} {flag} ended with {}", program.display(), output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// `Kubernetes v1.37.2`, `etcd Version: 3.7.3` -> `1.37`, `3.7`.
fn minor(version: &str) -> Option<String> {
    let from = version.find(|it: char| it.is_ascii_digit())?;
    let mut parts = version[from..].split(|it: char| !it.is_ascii_digit());
    Some(format!("{}.{}", parts.next()?, parts.next()?))
}

/// Flags and their defaults, as a command line would have them.
fn flags(help: &str) -> BTreeMap<String, String> {
    help.lines().filter_map(flag).collect()
}

/// One line of `--help`: `  --name type   What it does. (default x)`, or etcd's `  --name 'x'`. A switch has
/// no type. What is not told is empty, off or zero.
fn flag(line: &str) -> Option<(String, String)> {
    let line = line.trim_start();
    let line = line.strip_prefix("-").filter(|it| it.starts_with('-')).map_or_else(
        || line.split_once(", --").map(|(_short, rest)| rest),
        |it| it.strip_prefix('-'),
    )?;
    let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
    if let Some(quoted) = rest.strip_prefix('\'') {
        return Some((name.to_owned(), quoted.split('\'').next()?.to_owned()));
    }
    let (kind, told) = rest.split_once("  ").unwrap_or((rest, ""));
    let default = told.rsplit_once("(default ").and_then(|(_, it)| it.split_once(')'));
    let default = match (default, kind.trim()) {
        (Some((it, _)), _) => it.trim_matches(['"', '[', ']']).to_owned(),
        (None, "") => "false".to_owned(),
        (None, "int" | "int32" | "uint" | "float") => "0".to_owned(),
        (None, "duration") => "0s".to_owned(),
        (None, _) => String::new(),
    };
    Some((name.to_owned(), default))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_help() {
        let told = |line| flag(line).map(|(name, default)| format!("{name}={default}"));
        let is = |text: &str| Some(text.to_owned());
        assert_eq!(told("      --profiling     Serve pages. (default true)"), is("profiling=true"));
        assert_eq!(told("      --anonymous     Let in."), is("anonymous=false"));
        assert_eq!(told("      --cert string   Path."), is("cert="));
        assert_eq!(told("      --age int       Days. (default 366)"), is("age=366"));
        assert_eq!(told("      --wait duration   Time."), is("wait=0s"));
        assert_eq!(told("      --dir string    The \"x\". (default \"/var\")"), is("dir=/var"));
        assert_eq!(told("  -h, --help          Help"), is("help=false"));
        assert_eq!(told("  --auto-tls 'false'"), is("auto-tls=false"));
        assert_eq!(told("    Path to the file."), None);
        assert_eq!(minor("Kubernetes v1.37.2"), is("1.37"));
        assert_eq!(minor("etcd Version: 3.7.3\nGit SHA: 1"), is("3.7"));
    }
}
