//! A cluster to try things on by hand: the tests' own, kept running.
//!
//! `cluster up [PATH…]` starts a control plane, loads what the paths hold, and prints the line to log in
//! with; `cluster down` ends it. Its process id, log and kubeconfig are in `target/cluster/run`, or the
//! folder that `ASSAY_CLUSTER` names. `cluster --node up` and `cluster --node down` do so with a whole node,
//! in `target/cluster/node`.

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
use assay_tests::{ControlPlane, Identity, Node, Options};

fn main() -> Result<ExitCode> {
    let mut arguments = env::args().skip(1).peekable();
    let run = Run::open(arguments.next_if_eq("--node").is_some())?;
    match arguments.next().as_deref() {
        Some("up") => run.up(arguments)?,
        Some("down") => run.down()?,
        Some("hold") => run.hold(arguments)?,
        _ => {
            writeln!(
                std::io::stderr(),
                "usage: cluster up [PATH…] | cluster down | cluster --node up | cluster --node down"
            )?;
            return Ok(ExitCode::from(2));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The folder of the running cluster. Whoever holds its lock is the process that keeps it alive, so a
/// process id that was left behind by a crash, and belongs to somebody else now, is never believed.
struct Run {
    folder: PathBuf,
    lock: File,
    node: bool,
}

impl Run {
    fn open(node: bool) -> Result<Self> {
        let target = env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"), PathBuf::from);
        let default = target.join("cluster").join(if node { "node" } else { "run" });
        let folder = env::var_os("ASSAY_CLUSTER").map_or(default, PathBuf::from);
        fs::create_dir_all(&folder)
            .with_context(|| format!("could not make {}", folder.display()))?;
        let folder = folder.canonicalize()?;
        let lock = File::create(folder.join("lock"))?;
        Ok(Self { folder, lock, node })
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
            .args(self.node.then_some("--node"))
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

    /// Keeps a cluster running until killed; its processes end with this one.
    fn hold(&self, paths: impl Iterator<Item = String>) -> Result<()> {
        ensure!(self.try_lock()?, "another one holds {}", self.folder.display());
        fs::write(self.folder.join("holder"), format!("{}\n", std::process::id()))?;
        if self.node {
            let node = Node::start()?;
            return self.keep(&node.kubeconfig(), &node.pids());
        }
        let control_plane = ControlPlane::start(&Options::default())?;
        for path in paths {
            writeln!(std::io::stderr(), "{path}: {}", control_plane.load(Path::new(&path))?)?;
        }
        self.keep(&control_plane.kubeconfig(Identity::Admin)?, &control_plane.pids())
    }

    /// Says that the cluster is there, and waits to be killed.
    fn keep(&self, kubeconfig: &Path, pids: &[u32]) -> Result<()> {
        let pids: Vec<String> = pids.iter().map(u32::to_string).collect();
        fs::write(self.folder.join("pids"), pids.join("\n") + "\n")?;
        // Last, and by a rename: when it is there, all is.
        let part = self.folder.join("kubeconfig.part");
        fs::copy(kubeconfig, &part)?;
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
