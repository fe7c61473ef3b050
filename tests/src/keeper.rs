//! Processes and their folder, ended together and whatever happens.
//!
//! A shell that waits for the end of its input does the ending. That end comes when the [`Keeper`] is
//! dropped, and equally when this process exits with the keeper in a `static`, panics, or is killed: the
//! system closes the pipe in every case. A parent-death signal would not do, since it follows the *thread*
//! that started the process, and a test's thread is gone long before its control plane should be.

use std::{
    fs::File,
    io::Write as _,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, Result, bail};

/// Reads process ids, one a line; at the end of input kills them and removes the folder `$1`, and the control
/// groups of its name. It tries again, for a process may be in a system call when it is killed, and those of a
/// node die one after the other.
const KEEP: &str = r#"
pids=
while read -r pid; do pids="$pids $pid"; done
[ -z "$pids" ] || kill -KILL $pids
groups() { [ ! -d /sys/fs/cgroup ] || find /sys/fs/cgroup -depth -type d -path "*/${1##*/}*" -delete; }
for again in 1 2 3 4 5 6 7 8 9; do
    rm -rf "$1" && groups "$1" && exit
    sleep 1
done 2>/dev/null
exit 1
"#;

/// A folder and the processes that work in it. Dropping it kills them, waits, and removes the folder.
#[derive(Debug)]
pub(crate) struct Keeper {
    folder: PathBuf,
    shell: Child,
    children: Vec<(&'static str, Child)>,
}

impl Keeper {
    /// A new, empty folder in the system's place for temporary files, and nothing running in it yet.
    pub(crate) fn new() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("assay-cluster-").tempdir()?;
        let shell = Command::new("sh")
            .args(["-c", KEEP, "keeper"])
            .arg(folder.path())
            // Out of the terminal's foreground group, so that Ctrl-C ends the test and not its cleaner.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("could not start `sh`")?;
        Ok(Self { folder: folder.keep(), shell, children: Vec::new() })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The name of the folder, and of the control groups that end with it.
    pub(crate) fn name(&self) -> String {
        self.folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Starts `program`, writing what it says to `<name>.log` in the folder.
    pub(crate) fn spawn(
        &mut self,
        name: &'static str,
        program: &Path,
        args: &[String],
    ) -> Result<()> {
        let log = File::create(self.log(name))?;
        let child = Command::new(program)
            .args(args)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("could not start {}", program.display()))?;
        let pid = child.id();
        self.children.push((name, child));
        let input = self.shell.stdin.as_mut().context("the keeper has no input")?;
        writeln!(input, "{pid}").context("the keeper is gone")
    }

    /// An error with the end of its log, if a process ended by itself.
    pub(crate) fn check(&mut self) -> Result<()> {
        for (name, child) in &mut self.children {
            if let Some(status) = child.try_wait()? {
                bail!("{name} ended ({status}):\n{}", tail(&log(&self.folder, name)));
            }
        }
        Ok(())
    }

    pub(crate) fn log(&self, name: &str) -> PathBuf {
        log(&self.folder, name)
    }

    /// Process ids, in the order of their start.
    pub(crate) fn pids(&self) -> Vec<u32> {
        self.children.iter().map(|(_, child)| child.id()).collect()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let kept = self.shell.wait().is_ok_and(|status| status.success());
        // Waited for only now: until then the killed ones keep their ids, and the shell hits no stranger.
        for (name, child) in &mut self.children {
            let ended = if kept { Ok(()) } else { child.kill() };
            if let Err(error) = ended.and_then(|()| child.wait()) {
                say(&format!("could not end {name}: {error}"));
            }
        }
    }
}

fn log(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.log"))
}

/// The last 30 lines of a log, or why there are none.
pub(crate) fn tail(log: &Path) -> String {
    match std::fs::read_to_string(log) {
        Ok(text) => {
            let lines: Vec<&str> = text.lines().collect();
            lines[lines.len().saturating_sub(30)..].join("\n")
        }
        Err(error) => format!("({}: {error})", log.display()),
    }
}

/// A line for whoever runs the tests; shown by the test runner when the test fails.
#[expect(
    clippy::print_stderr,
    reason = "the one place where the harness speaks to the person running it"
)]
pub(crate) fn say(line: &str) {
    eprintln!("{line}");
}
