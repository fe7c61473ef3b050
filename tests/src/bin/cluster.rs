//! A control plane to try things on by hand: the tests' own, kept running.
//!
//! `cluster up [PATH…]` starts it, loads what the paths hold, and prints the line to log in with;
//! `cluster down` ends it. Its process id, log and kubeconfig are in `target/cluster/run`, or the folder
//! that `ASSAY_CLUSTER` names.

use std::{
    env,
    fs::{self, File, TryLockError},
    io::Write as _,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use assay_tests::{ControlPlane, Identity, Options};

fn main() -> Result<ExitCode> {
    let mut arguments = env::args().skip(1);
    let run = Run::open()?;
    match arguments.next().as_deref() {
        Some("up") => run.up(arguments)?,
        Some("down") => run.down()?,
        Some("hold") => run.hold(arguments)?,
        _ => {
            writeln!(std::io::stderr(), "usage: cluster up [PATH…] | cluster down")?;
            return Ok(ExitCode::from(2));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The folder of the running control plane. Whoever holds its lock is the process that keeps it alive, so a
/// process id that was left behind by a crash, and belongs to somebody else now, is never believed.
struct Run {
    folder: PathBuf,
    lock: File,
}

impl Run {
    fn open() -> Result<Self> {
        let target = env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"), PathBuf::from);
        let folder =
            env::var_os("ASSAY_CLUSTER").map_or_else(|| target.join("cluster/run"), PathBuf::from);
        fs::create_dir_all(&folder)
            .with_context(|| format!("could not make {}", folder.display()))?;
        let folder = folder.canonicalize()?;
        let lock = File::create(folder.join("lock"))?;
        Ok(Self { folder, lock })
    }

    /// Starts the holder and waits until its kubeconfig is there.
    fn up(&self, paths: impl Iterator<Item = String>) -> Result<()> {
        ensure!(
            self.try_lock()?,
            "a cluster is running already: KUBECONFIG={}",
            self.kubeconfig().display()
        );
        self.forget()?;
        self.lock.unlock()?;

        let log = File::create(self.folder.join("log"))?;
        let mut holder = Command::new(env::current_exe()?)
            .arg("hold")
            .args(paths)
            // Out of the terminal's group, so that Ctrl-C in the same terminal does not end it.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        while !self.kubeconfig().exists() {
            if let Some(status) = holder.try_wait()? {
                bail!("it ended ({status}):\n{}", fs::read_to_string(self.folder.join("log"))?);
            }
            thread::sleep(Duration::from_millis(100));
        }
        std::io::stderr().write_all(&fs::read(self.folder.join("log"))?)?;
        Ok(writeln!(std::io::stdout(), "export KUBECONFIG={}", self.kubeconfig().display())?)
    }

    /// Ends the holder, and with it the control plane.
    fn down(&self) -> Result<()> {
        if self.try_lock()? {
            return Ok(writeln!(std::io::stderr(), "no cluster is running")?);
        }
        let holder = fs::read_to_string(self.folder.join("holder"))
            .context("no process id of the holder")?;
        let killed = Command::new("kill").arg(holder.trim()).status()?;
        ensure!(killed.success(), "could not end process {}", holder.trim());
        self.lock.lock()?;
        self.forget()
    }

    /// Keeps a control plane running until killed; the processes end with this one.
    fn hold(&self, paths: impl Iterator<Item = String>) -> Result<()> {
        ensure!(self.try_lock()?, "another one holds {}", self.folder.display());
        fs::write(self.folder.join("holder"), format!("{}\n", std::process::id()))?;
        let control_plane = ControlPlane::start(&Options::default())?;
        for path in paths {
            writeln!(std::io::stderr(), "{path}: {}", control_plane.load(Path::new(&path))?)?;
        }
        let pids: Vec<String> = control_plane.pids().iter().map(u32::to_string).collect();
        fs::write(self.folder.join("pids"), pids.join("\n") + "\n")?;
        // Last, and by a rename: when it is there, all is.
        let part = self.folder.join("kubeconfig.part");
        fs::copy(control_plane.kubeconfig(Identity::Admin)?, &part)?;
        fs::rename(part, self.kubeconfig())?;
        loop {
            thread::park();
        }
    }

    fn kubeconfig(&self) -> PathBuf {
        self.folder.join("kubeconfig")
    }

    fn try_lock(&self) -> Result<bool> {
        match self.lock.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    /// Removes what a cluster that no longer runs has left.
    fn forget(&self) -> Result<()> {
        for name in ["kubeconfig", "pids", "holder"] {
            match fs::remove_file(self.folder.join(name)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error.into());
                }
                _ => {}
            }
        }
        Ok(())
    }
}
