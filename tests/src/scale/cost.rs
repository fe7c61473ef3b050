//! What a program costs while it runs.

use std::{
    env, fs,
    path::Path,
    process::{Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeValLike as _,
};
use serde_json::{Value, json};

/// What one run of a program cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// From its start to its end.
    pub wall: Duration,
    /// Processor time of all its threads, the system's on its behalf included.
    pub cpu: Duration,
    /// The most memory that it had at a time, in bytes.
    pub peak: u64,
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
}

/// Runs a program to its end, and says what it cost.
///
/// Between us and it stands `relay`, a small program that calls [`relay()`]: the memory of a process's parent
/// counts as the process's own until it has started its program, and ours may be large.
///
/// # Errors
///
/// A program that cannot be started.
pub fn measure(relay: &Path, command: &Command) -> Result<Cost> {
    let report = tempfile::NamedTempFile::new()?;
    let mut through = Command::new(relay);
    through.arg("relay").arg(report.path()).arg(command.get_program()).args(command.get_args());
    // A `Command` does not tell whether its environment was cleared: what it names is all there is.
    through.env_clear().envs(command.get_envs().filter_map(|(key, value)| Some((key, value?))));
    through.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Some(folder) = command.get_current_dir() {
        through.current_dir(folder);
    }
    let status = through.status().with_context(|| format!("could not run {}", relay.display()))?;
    ensure!(status.success(), "{} could not be run", command.get_program().display());
    let told: Value = serde_json::from_slice(&fs::read(report.path())?)?;
    let number = |key: &str| told[key].as_u64().unwrap_or_default();
    Ok(Cost {
        wall: Duration::from_micros(number("wall")),
        cpu: Duration::from_micros(number("cpu")),
        peak: number("peak"),
        code: told["code"].as_i64().and_then(|it| it.try_into().ok()),
    })
}

/// The part of [`measure`] that stands in between: `relay REPORT PROGRAM ARGUMENT…`, as this program was called.
///
/// # Errors
///
/// A program that cannot be started, or a report that cannot be written.
pub fn relay() -> Result<()> {
    let mut arguments = env::args_os().skip(2);
    let report = arguments.next().context("no file for the report")?;
    let program = arguments.next().context("no program")?;
    let began = Instant::now();
    let status: ExitStatus = Command::new(program).args(arguments).status()?;
    let wall = began.elapsed();
    let used = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let told = json!({
        "wall": u64::try_from(wall.as_micros())?,
        "cpu": used.user_time().num_microseconds() + used.system_time().num_microseconds(),
        // Kilobytes on Linux.
        "peak": used.max_rss() * 1024,
        "code": status.code(),
    });
    Ok(fs::write(report, told.to_string())?)
}
