//! The files of `benchmarks/`, checked for form and for what they say of each other.
//!
//! Stricter than the product's loader need be: a key that nobody reads is a typo.
//! A row that states a fact names its source and the day it was looked at.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};
use jiff::civil::Date;
use serde::de::DeserializeOwned;

use self::framework::{Framework, Matrix};
use self::tables::{
    BootstrapRbac, FlagDefaults, ImageScanners, ImageVerifiers, InstallerBindings,
    KubernetesPatches, Lifecycle, NetworkEngines, PolicyEngines, PolicyRules, SecretManagers,
    SystemWorkloads,
};

mod framework;
mod tables;

/// How many controls each edition has, by the publisher's count.
const EDITIONS: &[(&str, usize)] = &[
    ("cis-kubernetes-2.0.1", 131),
    ("cis-kubernetes-1.12", 131),
    ("pss-baseline", 12),
    ("pss-restricted", 15),
    ("nsa-1.2", 21),
    ("psp-aspects", 16),
];

/// Reads and checks every file of `benchmarks`. Answers how much there was.
///
/// # Errors
///
/// The first thing that is wrong, with the file and the row it is in.
pub(crate) fn run(benchmarks: &Path) -> anyhow::Result<String> {
    let items = read(benchmarks, "matrix.toml", |matrix: &Matrix| matrix.check())?.items;
    let prefixes: BTreeSet<_> = items.iter().map(|it| it.code.as_str()).collect();

    let mut controls = 0;
    for (edition, count) in EDITIONS {
        let file = format!("frameworks/{edition}.toml");
        let framework =
            read(benchmarks, &file, |it: &Framework| it.check(edition, *count, &prefixes))?;
        if let Some(base) = &framework.base {
            ensure!(EDITIONS.iter().any(|it| it == &(base.as_str(), *count)), "{file}: no {base}");
        }
        controls += framework.controls.len();
    }

    let tables = benchmarks.join("tables");
    let mut rows = 0;
    rows += read(&tables, "lifecycle.toml", Lifecycle::check)?.rows();
    rows += read(&tables, "kubernetes-patches.toml", KubernetesPatches::check)?.patches.len();
    rows += read(&tables, "flag-defaults.toml", FlagDefaults::check)?.rows();
    let bootstrap = read(&tables, "bootstrap-rbac.toml", BootstrapRbac::check)?;
    rows += bootstrap.rows();
    let installers = |it: &InstallerBindings| it.check().and_then(|()| it.resolves(&bootstrap));
    rows += read(&tables, "installer-bindings.toml", installers)?.bindings.len();
    rows += read(&tables, "network-engines.toml", NetworkEngines::check)?.engines.len();
    rows += read(&tables, "policy-engines.toml", PolicyEngines::check)?.engines.len();
    rows += read(&tables, "policy-rules.toml", PolicyRules::check)?.rules.len();
    rows += read(&tables, "image-scanners.toml", ImageScanners::check)?.scanners.len();
    rows += read(&tables, "image-verifiers.toml", ImageVerifiers::check)?.verifiers.len();
    rows += read(&tables, "secret-managers.toml", SecretManagers::check)?.managers.len();
    rows += read(&tables, "system-workloads.toml", SystemWorkloads::check)?.workloads.len();

    every_file_is_known(benchmarks)?;
    Ok(format!("{} items, {controls} controls, {rows} rows", items.len()))
}

/// One file, parsed and checked.
fn read<T: DeserializeOwned>(
    folder: &Path,
    file: &str,
    check: impl FnOnce(&T) -> anyhow::Result<()>,
) -> anyhow::Result<T> {
    let text =
        fs::read_to_string(folder.join(file)).with_context(|| format!("could not read {file}"))?;
    let data = toml::from_str(&text).with_context(|| format!("could not parse {file}"))?;
    check(&data).with_context(|| file.to_owned())?;
    Ok(data)
}

/// A file that nothing checks is one that nothing reads.
fn every_file_is_known(benchmarks: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(benchmarks.join("frameworks")).context("no frameworks")? {
        let name = entry.context("no frameworks")?.file_name();
        let known = EDITIONS.iter().any(|(id, _)| name == format!("{id}.toml").as_str());
        ensure!(known, "frameworks/{} is in no list of editions", name.display());
    }
    Ok(())
}

/// Where a fact was read, and when.
fn sourced(source: &str, date: Date) -> anyhow::Result<()> {
    ensure!(!source.trim().is_empty(), "no source");
    ensure!(date >= Date::constant(2026, 1, 1), "{date} is before this project");
    Ok(())
}

/// A minor version such as `1.37`: two numbers.
fn minor(text: &str) -> anyhow::Result<()> {
    let parts: Vec<_> = text.split('.').map(str::parse::<u16>).collect();
    ensure!(matches!(parts[..], [Ok(_), Ok(_)]), "{text} is no minor version");
    Ok(())
}

fn minors(list: &[String]) -> anyhow::Result<()> {
    ensure!(!list.is_empty(), "no minors");
    list.iter().try_for_each(|it| minor(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_of_this_workspace_is_sound() {
        if let Err(error) = run(&crate::workspace().join("benchmarks")) {
            panic!("{error:#}");
        }
    }
}
