//! The whole comparison: our scan, curl and kubectl reading the same pods, side by side.
//!
//! `bench` runs it, prints the table and writes `docs/performance.md`. `bench replay` serves a generated
//! cluster until its input ends; `bench relay` is what [`assay_tests::scale::measure`] runs programs through.

use std::{
    env,
    fmt::Write as _,
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use assay_tests::{
    ControlPlane, Identity, Options, binary,
    scale::{
        Cluster, Cost, JSON_BYTES_A_SECOND, PROTOBUF_BYTES_A_SECOND, Pace, Replay, Size, TOKEN,
        curl_config, measure, relay,
    },
};
use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeValLike as _,
};
use serde_json::{Value, json};

/// Objects a page, as the scan and kubectl ask for.
const PAGE: usize = 500;

/// Workloads of every cluster that is compared.
const WORKLOADS: usize = 1_000;

/// Workloads of the cluster that shows what a further one adds.
const MORE_WORKLOADS: usize = 5_000;

const REPORT: &str = "report.json";

/// Pods that kubectl is asked for: it holds them all, and 20,000 took it 3.8 GB.
const MOST_FOR_KUBECTL: usize = 10_000;

const OURS: &str = "kube-assay, all checks";
const CURL: &str = "curl, pods as JSON";
const KUBECTL: &str = "kubectl get pods -A -o json";

fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    match arguments.next().as_deref() {
        Some("relay") => relay(),
        Some("replay") => replay(arguments),
        None => bench(),
        Some(other) => bail!("{other}: usage: bench | bench replay PODS [WORKLOADS] [--unpaced]"),
    }
}

/// Says on standard output where it serves; then a line on standard input is answered by what it has cost so
/// far, and the end of the input is its own.
fn replay(arguments: impl Iterator<Item = String>) -> Result<()> {
    let (flags, sizes): (Vec<String>, Vec<String>) = arguments.partition(|it| it.starts_with("--"));
    let mut sizes = sizes.iter().map(|it| it.parse::<usize>());
    let pods = sizes.next().context("how many pods?")??;
    let workloads = sizes.next().unwrap_or(Ok(WORKLOADS))?;
    let pace =
        if flags.iter().any(|it| it == "--unpaced") { Pace::Unbounded } else { Pace::Larger };
    let server = Replay::start(Cluster::new(Size::new(pods, workloads)), pace)?;
    let out = &mut std::io::stdout();
    let address = json!({"url": server.url(), "kubeconfig": server.kubeconfig(), "authority": server.authority()});
    writeln!(out, "{address}")?;
    for line in std::io::stdin().lines() {
        line?;
        let used = getrusage(UsageWho::RUSAGE_SELF)?;
        let cpu = used.user_time().num_microseconds() + used.system_time().num_microseconds();
        writeln!(out, "{}", json!({"cpu": cpu, "requests": server.seen().len()}))?;
    }
    Ok(())
}

/// A replay server in a process of its own, so that its costs are not ours.
struct Server {
    child: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    address: Value,
}

impl Server {
    fn start(pods: usize, workloads: usize) -> Result<Self> {
        let mut child = Command::new(env::current_exe()?)
            .args(["replay", &pods.to_string(), &workloads.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let questions = child.stdin.take();
        let mut answers = BufReader::new(child.stdout.take().context("no output")?);
        let address = read(&mut answers)?;
        Ok(Self { child, questions, answers, address })
    }

    /// Processor time so far.
    fn cpu(&mut self) -> Result<Duration> {
        writeln!(self.questions.as_mut().context("no input")?)?;
        Ok(Duration::from_micros(read(&mut self.answers)?["cpu"].as_u64().context("a number")?))
    }

    fn text(&self, key: &str) -> Result<&str> {
        self.address[key].as_str().context("a text")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.questions = None;
        // It ends by itself when its input does.
        if self.child.wait().is_err() {}
    }
}

fn read(answers: &mut BufReader<ChildStdout>) -> Result<Value> {
    let mut line = String::new();
    answers.read_line(&mut line)?;
    serde_json::from_str(&line).context("the replay server ended")
}

/// What one program did.
struct Row {
    name: &'static str,
    /// The shortest times and the most memory of all runs.
    cost: Cost,
    runs: usize,
    requests: u64,
    bytes: u64,
}

/// One cluster, read by all.
struct Table {
    title: String,
    pods: usize,
    rows: Vec<Row>,
    notes: Vec<String>,
}

impl Table {
    fn cost(&self, name: &str) -> Option<Cost> {
        self.rows.iter().find(|it| it.name == name).map(|it| it.cost)
    }

    /// How many times as long as another program ours took.
    fn ratio_to(&self, other: &str) -> Option<f64> {
        let (ours, other) = (self.cost(OURS)?, self.cost(other)?);
        Some(ours.wall.as_secs_f64() / other.wall.as_secs_f64())
    }
}

/// All that was measured.
struct Measured {
    real: Option<Table>,
    few: Table,
    many: Table,
    /// Peak memory of as few pods in more workloads.
    diverse: u64,
}

fn bench() -> Result<()> {
    let folder = tempfile::Builder::new().prefix("assay-bench-").tempdir()?;
    let rounds = number("BENCH_ROUNDS", 5)?;
    let real = number("BENCH_REAL_PODS", 10_000)?;
    let load = fs::read_to_string("/proc/loadavg")?;
    let load = load.split(' ').next().unwrap_or_default();
    let few = number("BENCH_FEW_PODS", 10_000)?;
    let many = number("BENCH_MANY_PODS", 100_000)?;
    ensure!(
        WORKLOADS < MORE_WORKLOADS && MORE_WORKLOADS <= few && few < many,
        "sizes that compare"
    );
    let measured = Measured {
        real: (real > 0).then(|| real_server(real, rounds, folder.path())).transpose()?,
        few: replayed(few, rounds, folder.path())?,
        many: replayed(many, rounds, folder.path())?,
        diverse: diverse(few, folder.path())?,
    };
    let page = page(&measured, load)?;
    std::io::stdout().write_all(page.as_bytes())?;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/performance.md");
    if env::var_os("BENCH_DRY").is_none() {
        fs::write(&path, page).with_context(|| format!("could not write {}", path.display()))?;
    }
    Ok(())
}

/// A number that the environment may give in place of `usual`.
fn number(name: &str, usual: usize) -> Result<usize> {
    env::var(name).map_or(Ok(usual), |it| it.parse().with_context(|| format!("{name}={it}")))
}

fn real_server(pods: usize, rounds: usize, folder: &Path) -> Result<Table> {
    note(&format!("a real API server with {pods} pods: creating them takes minutes"));
    let server = ControlPlane::start(&Options::default())?;
    let workloads = WORKLOADS.min(pods);
    let cluster = Cluster::new(Size { pods, workloads, nodes: pods.div_ceil(100) });
    let loaded = server.create(cluster.objects().collect())?;
    ensure!(loaded.refused.is_empty(), "{loaded}");
    let api = server.api(Identity::Admin)?;
    // The pages as the server hands them out: each token is in the page before.
    let mut paths = vec![format!("/api/v1/pods?limit={PAGE}")];
    let mut bytes = 0;
    loop {
        let answer = api.get(paths.last().context("a path")?)?;
        bytes += answer.body.len() as u64;
        let list = answer.success()?;
        let Some(token) = list.pointer("/metadata/continue").and_then(Value::as_str) else { break };
        paths.push(format!("/api/v1/pods?limit={PAGE}&continue={token}"));
    }
    let file = |name: &str| server.folder().join(name);
    let (certificate, key) = (file("admin.crt"), file("admin.key"));
    let curl = folder.join("curl-real");
    let login = [("cert", certificate.display().to_string()), ("key", key.display().to_string())];
    let login: Vec<(&str, &str)> = login.iter().map(|(key, it)| (*key, it.as_str())).collect();
    curl_config(&curl, server.url(), &file("ca.crt"), &login, &paths)?;
    let kubeconfig = server.kubeconfig(Identity::Admin)?;
    let version = api.get("/version")?.success()?;
    let version = version["gitVersion"].as_str().unwrap_or_default().to_owned();
    let cpu = || -> Result<Duration> { server.pids().into_iter().map(cpu_of).sum() };
    let mut rows = compare(pods, &kubeconfig, &curl, rounds, folder, cpu)?;
    rows.fetched(paths.len(), bytes);
    Ok(Table {
        title: format!(
            "Real API server {version} on the same machine, {pods} pods of {workloads} distinct workloads"
        ),
        pods,
        notes: rows.notes,
        rows: rows.rows,
    })
}

fn replayed(pods: usize, rounds: usize, folder: &Path) -> Result<Table> {
    note(&format!("replay of {pods} pods"));
    let mut server = Server::start(pods, WORKLOADS)?;
    let paths: Vec<String> = (0..pods.div_ceil(PAGE))
        .map(|it| match it * PAGE {
            0 => format!("/api/v1/pods?limit={PAGE}"),
            start => format!("/api/v1/pods?limit={PAGE}&continue=from-{start}"),
        })
        .collect();
    let curl = folder.join("curl-replay");
    let bearer = format!("Authorization: Bearer {TOKEN}");
    let authority = PathBuf::from(server.text("authority")?);
    curl_config(&curl, server.text("url")?, &authority, &[("header", &bearer)], &paths)?;
    let cluster = Cluster::new(Size::new(pods, WORKLOADS));
    let bytes = (0..pods)
        .step_by(PAGE)
        .map(|it| {
            let page =
                cluster.page("v1", "Pod", "pods", (it, PAGE), assay_tests::scale::Encoding::Json);
            page.len() as u64
        })
        .sum();
    let kubeconfig = PathBuf::from(server.text("kubeconfig")?);
    let mut rows = compare(pods, &kubeconfig, &curl, rounds, folder, || server.cpu())?;
    rows.fetched(paths.len(), bytes);
    Ok(Table {
        title: format!("Paced replay, {pods} pods of {WORKLOADS} distinct workloads"),
        pods,
        notes: rows.notes,
        rows: rows.rows,
    })
}

/// The most memory that a scan takes of as many pods in [`MORE_WORKLOADS`].
fn diverse(pods: usize, folder: &Path) -> Result<u64> {
    note(&format!("replay of {pods} pods of {MORE_WORKLOADS} workloads"));
    let server = Server::start(pods, MORE_WORKLOADS)?;
    let command = scan(Path::new(server.text("kubeconfig")?), folder);
    Ok(run(&command)?.peak)
}

struct Rows {
    rows: Vec<Row>,
    notes: Vec<String>,
}

impl Rows {
    /// What curl and kubectl fetch does not show in what they say.
    fn fetched(&mut self, requests: usize, bytes: u64) {
        for row in self.rows.iter_mut().filter(|it| it.requests == 0) {
            row.requests = requests as u64;
            row.bytes = bytes;
        }
    }
}

/// Runs all programs in turn, `rounds` times; kubectl once, for it takes long.
fn compare(
    pods: usize,
    kubeconfig: &Path,
    curl_file: &Path,
    rounds: usize,
    folder: &Path,
    mut server: impl FnMut() -> Result<Duration>,
) -> Result<Rows> {
    let scan = scan(kubeconfig, folder);
    let mut curl = Command::new("curl");
    curl.env("HOME", folder).env("PATH", path()).arg("--config").arg(curl_file);

    let mut notes = Vec::new();
    let mut at_server = |name: &str, command: &Command| -> Result<(Cost, String)> {
        let before = server()?;
        let cost = run(command)?;
        Ok((cost, format!("{name} {}", seconds(server()?.saturating_sub(before)))))
    };
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let mut spent = Vec::new();
    for round in 0..rounds {
        let (scan_cost, scan_spent) = at_server("our scan", &scan)?;
        let (curl_cost, curl_spent) = at_server("curl", &curl)?;
        ours.push(scan_cost);
        theirs.push(curl_cost);
        if round + 1 == rounds {
            spent = vec![scan_spent, curl_spent];
        }
    }
    let told: Value = serde_json::from_slice(&fs::read(folder.join(REPORT))?)?;
    let (requests, bytes) = bill(&told);
    ensure!(requests > 0, "the report has no bill");
    let mut rows = vec![
        Row { name: OURS, cost: best(&ours), runs: rounds, requests, bytes },
        Row { name: CURL, cost: best(&theirs), runs: rounds, requests: 0, bytes: 0 },
    ];
    if pods > MOST_FOR_KUBECTL {
        notes.push(format!("kubectl is not asked for more than {MOST_FOR_KUBECTL} pods."));
    } else if let Some(kubectl) = kubectl() {
        let mut command = Command::new(kubectl);
        command.env("HOME", folder).env("PATH", path()).env("KUBECONFIG", kubeconfig);
        command.args(["get", "pods", "-A", "-o", "json", "--cache-dir"]).arg(folder.join("cache"));
        let (cost, kubectl_spent) = at_server("kubectl", &command)?;
        spent.push(kubectl_spent);
        rows.push(Row { name: KUBECTL, cost, runs: 1, requests: 0, bytes: 0 });
    } else {
        notes.push("kubectl was not to be had: set `KUBECTL`.".to_owned());
    }
    notes.push(format!("CPU of the server itself: {}.", spent.join(", ")));
    Ok(Rows { rows, notes })
}

/// Our scan; its report is in [`REPORT`] of `folder`.
fn scan(kubeconfig: &Path, folder: &Path) -> Command {
    let mut scan = Command::new(binary());
    scan.env("HOME", folder).env("KUBECONFIG", kubeconfig);
    scan.args(["scan", "--fail-on", "never", "--allow-incomplete", "-o"]);
    scan.arg(format!("json={}", folder.join(REPORT).display()));
    scan
}

fn run(command: &Command) -> Result<Cost> {
    let cost = measure(&env::current_exe()?, command)?;
    ensure!(cost.code == Some(0), "{command:?} ended with {:?}", cost.code);
    Ok(cost)
}

fn best(runs: &[Cost]) -> Cost {
    Cost {
        wall: runs.iter().map(|it| it.wall).min().unwrap_or_default(),
        cpu: runs.iter().map(|it| it.cpu).min().unwrap_or_default(),
        peak: runs.iter().map(|it| it.peak).max().unwrap_or_default(),
        code: Some(0),
    }
}

/// Requests and bytes that a report says the scan took.
fn bill(report: &Value) -> (u64, u64) {
    let read = report["collection"].as_array();
    let sum = |key: &str| read.into_iter().flatten().filter_map(|it| it[key].as_u64()).sum();
    (sum("requests"), sum("bytes"))
}

/// `KUBECTL`, or what `make bench` unpacked, or else the one on the path.
fn kubectl() -> Option<PathBuf> {
    let unpacked = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/kubectl/kubectl");
    let found = env::var_os("KUBECTL").map(PathBuf::from);
    let found = found.or_else(|| unpacked.canonicalize().ok());
    let works = |it: &PathBuf| {
        let version = Command::new(it).args(["version", "--client"]).output();
        version.is_ok_and(|it| it.status.success())
    };
    found.or_else(|| Some("kubectl".into())).filter(works)
}

fn path() -> std::ffi::OsString {
    env::var_os("PATH").unwrap_or_default()
}

/// Processor time of a process that is not our child, from `/proc`; in hundredths of a second, as Linux
/// counts there.
fn cpu_of(pid: u32) -> Result<Duration> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, fields) = text.rsplit_once(')').context("no name")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks =
        |at: usize| fields.get(at).and_then(|it| it.parse::<u64>().ok()).unwrap_or_default();
    Ok(Duration::from_millis((ticks(11) + ticks(12)) * 10))
}

fn page(measured: &Measured, load: &str) -> Result<String> {
    let mut out = String::new();
    write!(
        out,
        "\
# Performance

Written by `make bench`. Ratios hold from machine to machine, absolute times do not; the gates in CI
(`tests/tests/scale.rs`) count instructions, allocations, memory and requests instead.

- Machine: {}; load before the start: {load}
- Versions: {}
- Clusters have {WORKLOADS} distinct workloads unless said otherwise, some with thousands of pods and most with a
  few; pods come to about 8 KB of JSON. Pages of {PAGE}.
- Our scan reads all that its checks need, over TLS, judges, and writes the report as JSON. curl reads the pages of
  pods alone as JSON, one after another, over TLS, to `/dev/null`.
- The replay server answers each request at {} MB/s, protobuf at {} MB/s of the JSON that it stands for, as the
  API server of a larger machine does.
- Times are the shortest of the runs, memory the most of them. × is the ratio to curl.

",
        machine()?,
        versions()?,
        JSON_BYTES_A_SECOND / 1_000_000,
        PROTOBUF_BYTES_A_SECOND / 1_000_000
    )?;
    limits(&mut out, measured)?;
    for table in measured.real.iter().chain([&measured.few, &measured.many]) {
        table.write(&mut out)?;
    }
    Ok(out.trim_end().to_owned() + "\n")
}

/// What was promised, and what was measured of it.
fn limits(out: &mut String, measured: &Measured) -> Result<()> {
    let Measured { real, few, many, diverse } = measured;
    writeln!(out, "## Limits\n\n| | at most | measured |\n|---|--:|--:|")?;
    let mut row = |what: &str, limit: &str, value: Option<String>| match value {
        Some(value) => writeln!(out, "| {what} | {limit} | {value} |"),
        None => Ok(()),
    };
    let ratio = |it: f64| format!("{it:.2}");
    if let Some(real) = real {
        let of = format!("{} pods of the real API server", real.pods);
        let wall = |other| real.ratio_to(other).map(ratio);
        row(&format!("time for {of}, to curl"), "0.75", wall(CURL))?;
        row(&format!("time for {of}, to kubectl"), "0.15", wall(KUBECTL))?;
        let ours = real.cost(OURS);
        row(&format!("CPU for {of}"), "0.50 s", ours.map(|it| seconds(it.cpu) + " s"))?;
        let peak = ours.map(|it| format!("{:.1} MB", mega(it.peak)));
        row(&format!("peak memory for {of}, {WORKLOADS} distinct workloads"), "48 MB", peak)?;
    }
    let of = format!("{} replayed pods", many.pods);
    row(&format!("time for {of}, to curl"), "0.60", many.ratio_to(CURL).map(ratio))?;
    let (few_cost, many_cost) =
        (few.cost(OURS).context("our scan")?, many.cost(OURS).context("our scan")?);
    let more = u32::try_from(many.pods - few.pods)?;
    let cpu = many_cost.cpu.saturating_sub(few_cost.cpu).as_secs_f64() * 1e6 / f64::from(more);
    let slope = format!("CPU of a further pod, from {} to {}", few.pods, many.pods);
    row(&format!("{slope}, TLS and all checks included"), "20 µs", Some(format!("{cpu:.1} µs")))?;
    let peak = format!("{:.1} MB", mega(many_cost.peak));
    row(&format!("peak memory for {of}, {WORKLOADS} distinct workloads"), "48 MB", Some(peak))?;
    let growth = mega(many_cost.peak) / mega(few_cost.peak);
    let what = format!(
        "peak memory for {of}, to {}, of the same {WORKLOADS} distinct workloads",
        few.pods
    );
    row(&what, "1.10", Some(ratio(growth)))?;
    let workload = diverse.saturating_sub(few_cost.peak) / (MORE_WORKLOADS - WORKLOADS) as u64;
    let what = format!(
        "peak memory of a further distinct workload, from {WORKLOADS} to {MORE_WORKLOADS} among {} pods",
        few.pods
    );
    row(&what, "4,000 bytes", Some(format!("{workload} bytes")))?;
    Ok(writeln!(out)?)
}

impl Table {
    fn write(&self, out: &mut String) -> Result<()> {
        writeln!(out, "## {}\n", self.title)?;
        writeln!(out, "| | wall s | × | CPU s | × | peak MB | requests | MB read | runs |")?;
        writeln!(out, "|---|--:|--:|--:|--:|--:|--:|--:|--:|")?;
        let curl = self.cost(CURL).context("curl")?;
        for Row { name, cost, runs, requests, bytes } in &self.rows {
            writeln!(
                out,
                "| {name} | {} | {:.2} | {} | {:.2} | {:.1} | {requests} | {:.1} | {runs} |",
                seconds(cost.wall),
                cost.wall.as_secs_f64() / curl.wall.as_secs_f64(),
                seconds(cost.cpu),
                cost.cpu.as_secs_f64() / curl.cpu.as_secs_f64(),
                mega(cost.peak),
                mega(*bytes),
            )?;
        }
        writeln!(out)?;
        for note in &self.notes {
            writeln!(out, "{note}")?;
        }
        Ok(writeln!(out)?)
    }
}

fn machine() -> Result<String> {
    let cpu = fs::read_to_string("/proc/cpuinfo")?;
    let model = cpu.lines().find_map(|it| it.strip_prefix("model name")?.split_once(": "));
    let cores = std::thread::available_parallelism()?;
    Ok(format!(
        "{cores} cores, {}, {} {}",
        model.map_or("unknown", |it| it.1),
        env::consts::OS,
        env::consts::ARCH
    ))
}

fn versions() -> Result<String> {
    let first = |program: &Path, argument: &[&str]| -> Result<String> {
        let said = Command::new(program).args(argument).output()?.stdout;
        let mut line = String::new();
        said.take(10_000).read_to_string(&mut line)?;
        Ok(line.lines().next().unwrap_or_default().trim().to_owned())
    };
    let mut all = vec![first(binary(), &["--version"])?];
    let curl = first(Path::new("curl"), &["--version"])?;
    all.push(curl.split(' ').take(2).collect::<Vec<_>>().join(" "));
    if let Some(kubectl) = kubectl() {
        let said = first(&kubectl, &["version", "--client"])?;
        all.push(said.replace("Client Version:", "kubectl"));
    }
    Ok(all.join(", "))
}

fn seconds(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64())
}

#[expect(clippy::cast_precision_loss, reason = "for people to read")]
fn mega(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn note(text: &str) {
    // Where standard error is closed, nobody is there to be told.
    if writeln!(std::io::stderr(), "bench: {text}").is_err() {}
}
