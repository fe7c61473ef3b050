//! The command line.

use std::{num::NonZeroUsize, path::PathBuf, time::Duration};

use assay_model::{Resource, Severity};
use assay_report::Format;
use clap::{Args, Parser, Subcommand, ValueEnum, builder::TypedValueParser};

const ABOUT: &str = "Audits a Kubernetes cluster, and never passes what it did not read";

const AFTER: &str = "\
Exit codes: 0 nothing at or above --fail-on, 1 findings, 2 usage or a file of yours, 3 cluster \
unreachable, 4 incomplete, 5 an output could not be written, 130 or 143 interrupted.";

#[derive(Debug, Parser)]
#[command(
    name = "kubectl-assay",
    bin_name = "kubectl assay",
    version,
    about = ABOUT,
    after_help = AFTER,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) scan: ScanArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Read a cluster, judge it, and report (the default)
    Scan(Box<ScanArgs>),
    /// Read a cluster into a file, to be judged later with --from
    Collect(Box<CollectArgs>),
    /// Say what a check or a control looks at, why, and what to do
    Explain {
        /// Id or code of a check, or id of a control: `privileged-container`, `APP-PSP-001`, `5.2.2`
        name: String,
    },
    /// List what there is
    List {
        /// What to list
        #[arg(value_enum)]
        what: Listed,
    },
    /// Say what this identity may read, and which checks a missing right costs; reads nothing else
    Preflight(Box<PreflightArgs>),
    /// Print the roles that the chosen checks need
    Rbac {
        #[command(flatten)]
        choice: ChoiceArgs,
        #[command(flatten)]
        extra: ExtraArgs,
        /// Name of the roles
        #[arg(long, default_value = "kube-assay")]
        name: String,
    },
}

/// What `list` can list.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Listed {
    /// Every check, by item of the matrix
    Checks,
    /// Every control of every framework edition, and the checks that judge it
    Controls,
    /// Every framework edition
    Frameworks,
    /// Every output format
    Formats,
}

#[derive(Debug, Args)]
pub(crate) struct ScanArgs {
    #[command(flatten)]
    pub(crate) choice: ChoiceArgs,
    #[command(flatten)]
    pub(crate) scope: ScopeArgs,
    /// Framework edition to show; repeatable. `auto`: of each framework the one for the server's
    /// version; `all` [default: auto]
    #[arg(long = "framework", value_name = "ID", value_delimiter = ',')]
    pub(crate) frameworks: Vec<String>,
    /// Label selector of the workloads that the report is about
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    pub(crate) selector: Option<String>,
    /// Format, and where to: a file, or standard output; repeatable
    #[arg(short = 'o', long = "output", value_name = "FORMAT[=FILE]", value_parser = output)]
    pub(crate) outputs: Vec<Output>,
    /// Least severity of a finding that makes the exit code 1
    #[arg(long, value_name = "SEVERITY", default_value = "high")]
    pub(crate) fail_on: FailOn,
    /// Exit 0 or 1 although part of the cluster was not read
    #[arg(long)]
    pub(crate) allow_incomplete: bool,
    /// What is platform, allowed and declared
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Judge a snapshot, or Kubernetes objects in a file or folder; `-` for standard input
    #[arg(long, value_name = "PATH", conflicts_with = "demo")]
    pub(crate) from: Option<PathBuf>,
    /// The files of --from are all there is; or all there is of these resources
    #[arg(
        long,
        value_name = "RESOURCE,…",
        num_args = 0..=1,
        default_missing_value = "all",
        require_equals = true,
        requires = "from"
    )]
    pub(crate) complete: Option<String>,
    /// Judge the example cluster that ships inside
    #[arg(long)]
    pub(crate) demo: bool,
    /// When to colour
    #[arg(long, value_enum, default_value_t = Colour::Auto, visible_alias = "colour")]
    pub(crate) color: Colour,
    /// Write ASCII only
    #[arg(long)]
    pub(crate) ascii: bool,
    #[command(flatten)]
    pub(crate) extra: ExtraArgs,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CollectArgs {
    /// The file to write
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) choice: ChoiceArgs,
    #[command(flatten)]
    pub(crate) scope: ScopeArgs,
    #[command(flatten)]
    pub(crate) extra: ExtraArgs,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
}

#[derive(Debug, Args)]
pub(crate) struct PreflightArgs {
    #[command(flatten)]
    pub(crate) extra: ExtraArgs,
    #[command(flatten)]
    pub(crate) choice: ChoiceArgs,
    /// Namespace to ask about where a kind may not be listed in all of them; repeatable
    #[arg(short = 'n', long = "namespace", value_name = "NAMESPACE", value_delimiter = ',')]
    pub(crate) namespaces: Vec<String>,
    /// Format, on standard output
    #[arg(short = 'o', long, value_enum, default_value_t = PreflightFormat::Table)]
    pub(crate) output: PreflightFormat,
    /// Time to wait for the next bytes of an answer
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "30s")]
    pub(crate) read_timeout: Duration,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
}

/// How `preflight` says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PreflightFormat {
    /// For people
    Table,
    /// For programs
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct ChoiceArgs {
    /// Check to run, by id, code or item (`APP-PSP`); repeatable [default: all]
    #[arg(long = "check", value_name = "ID", value_delimiter = ',')]
    pub(crate) checks: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ScopeArgs {
    /// Namespace that the report is about; repeatable
    #[arg(short = 'n', long = "namespace", value_name = "NAMESPACE", value_delimiter = ',')]
    pub(crate) namespaces: Vec<String>,
    /// The whole cluster (the default)
    #[arg(short = 'A', long, conflicts_with = "namespaces")]
    pub(crate) all_namespaces: bool,
}

/// What is read only when it is asked for: each takes a right that most auditors lack.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of the command line")]
#[command(next_help_heading = "Reading more")]
pub(crate) struct ExtraArgs {
    /// How to ask kubelets for their configuration
    #[arg(long, value_enum, value_name = "WAY", default_value_t = Kubelet::Off)]
    pub(crate) kubelet: Kubelet,
    /// Ask a kubelet whose certificate proves nothing: whoever answers gets your credentials
    #[arg(long)]
    pub(crate) kubelet_insecure_tls: bool,
    /// Read /metrics of the API server: some tens of megabytes on a large cluster
    #[arg(long)]
    pub(crate) metrics: bool,
    /// Read /flagz of the API server
    #[arg(long)]
    pub(crate) flagz: bool,
    /// Read names and types of Secrets; no value is sent, but the right to list them grants all
    #[arg(long)]
    pub(crate) secrets: bool,
}

impl ExtraArgs {
    /// Whether a resource is read, if a check needs it.
    pub(crate) fn wants(&self, resource: Resource) -> bool {
        match resource {
            Resource::KubeletConfigs => self.kubelet != Kubelet::Off,
            Resource::Metrics => self.metrics,
            Resource::Flagz => self.flagz,
            Resource::Secrets => self.secrets,
            other => other.flag().is_none(),
        }
    }
}

/// `--kubelet`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kubelet {
    /// Directly; those that do not answer so, by proxy
    Auto,
    /// Each at its address, once its certificate proves that it is that node's (nodes/configz)
    Direct,
    /// Through the API server (nodes/proxy, which is root on every node)
    Proxy,
    /// Not at all
    Off,
}

/// How a cluster is read.
#[derive(Debug, Args)]
#[command(next_help_heading = "Reading")]
pub(crate) struct ReadingArgs {
    /// Objects a page
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) page_size: u32,
    /// Requests in flight at a time, over all resources
    #[arg(long, value_name = "N", default_value = "4", value_parser = concurrency())]
    pub(crate) concurrency: NonZeroUsize,
    /// Time for the whole scan, such as 90s or 5m; then what was read is reported
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,
    /// Time to wait for the next bytes of an answer
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "30s")]
    pub(crate) read_timeout: Duration,
    /// Log requests to standard error; twice for more
    #[arg(short = 'v', long, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// kubectl's connection flags.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection (as kubectl)")]
pub(crate) struct ConnectionArgs {
    /// Path to the kubeconfig file
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig
    #[arg(long)]
    pub(crate) context: Option<String>,
    /// Cluster of the kubeconfig
    #[arg(long)]
    pub(crate) cluster: Option<String>,
    /// User of the kubeconfig
    #[arg(long)]
    pub(crate) user: Option<String>,
    /// Address and port of the API server
    #[arg(short = 's', long, value_name = "URL")]
    pub(crate) server: Option<String>,
    /// Bearer token
    #[arg(long)]
    pub(crate) token: Option<String>,
    /// User to impersonate
    #[arg(long = "as", value_name = "USER")]
    pub(crate) as_user: Option<String>,
    /// Group to impersonate; repeatable
    #[arg(long = "as-group", value_name = "GROUP")]
    pub(crate) as_groups: Vec<String>,
    /// UID to impersonate
    #[arg(long, value_name = "UID")]
    pub(crate) as_uid: Option<String>,
    /// Extra attribute to impersonate; repeatable
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    pub(crate) as_user_extra: Vec<(String, String)>,
    /// CA file of the API server
    #[arg(long, value_name = "FILE")]
    pub(crate) certificate_authority: Option<PathBuf>,
    /// Client certificate file
    #[arg(long, value_name = "FILE")]
    pub(crate) client_certificate: Option<PathBuf>,
    /// Client key file
    #[arg(long, value_name = "FILE")]
    pub(crate) client_key: Option<PathBuf>,
    /// Name to expect in the server's certificate
    #[arg(long, value_name = "NAME")]
    pub(crate) tls_server_name: Option<String>,
    /// Do not verify the server's certificate
    #[arg(long)]
    pub(crate) insecure_skip_tls_verify: bool,
    /// Do not ask for compressed answers
    #[arg(long)]
    pub(crate) disable_compression: bool,
    /// Time for a single request, such as 10s; 0 for no limit
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) request_timeout: Option<Duration>,
}

/// One `-o`.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    pub(crate) format: Format,
    /// Standard output when absent.
    pub(crate) file: Option<PathBuf>,
}

fn output(text: &str) -> Result<Output, String> {
    let (format, file) = text.split_once('=').map_or((text, None), |(it, file)| (it, Some(file)));
    let known = || Format::ALL.map(Format::name).join(", ");
    let format =
        Format::parse(format).ok_or_else(|| format!("no such format; there are {}", known()))?;
    match file {
        Some("") => Err("a file name must follow `=`".to_owned()),
        file => Ok(Output { format, file: file.map(PathBuf::from) }),
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write it as KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// From one to as many as a server takes from one client without complaint.
fn concurrency() -> impl TypedValueParser<Value = NonZeroUsize> {
    clap::value_parser!(u8).range(1..=32).try_map(|it| NonZeroUsize::try_from(usize::from(it)))
}

/// `90s`, `5m`, `1h30m`, or seconds as a bare number.
fn duration(text: &str) -> Result<Duration, String> {
    if let Ok(seconds) = text.parse::<u64>() {
        return Ok(Duration::from_secs(seconds));
    }
    let span: jiff::SignedDuration =
        text.parse().map_err(|_| "no duration; write it as 90s, 5m or 1h30m".to_owned())?;
    span.try_into().map_err(|_| "a duration cannot be negative".to_owned())
}

/// `--fail-on`.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum FailOn {
    Low,
    Medium,
    High,
    Critical,
    /// Findings never change the exit code
    Never,
}

impl FailOn {
    pub(crate) fn severity(self) -> Option<Severity> {
        match self {
            FailOn::Low => Some(Severity::Low),
            FailOn::Medium => Some(Severity::Medium),
            FailOn::High => Some(Severity::High),
            FailOn::Critical => Some(Severity::Critical),
            FailOn::Never => None,
        }
    }
}

/// `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    Always,
    Never,
}
