//! Reading a live cluster: connection, progress, and what a signal does.

use std::{collections::BTreeSet, time::Duration};

use anyhow::Context as _;
use assay_benchmark::Check;
use assay_collector::{
    ConnectOptions, KubeletAccess, Plan, Rights, Stop,
    connect::{SecretString, connect},
};
use assay_model::{Resource, Snapshot};
use tokio::{
    runtime::Runtime,
    signal::unix::{SignalKind, signal},
};

use crate::{
    args::{ConnectionArgs, ExtraArgs, Kubelet, ReadingArgs, ScopeArgs},
    exit::{self, Failure},
    progress::Drawn,
};

/// A snapshot of a live cluster, and the exit code of the signal that ended it early, if one did.
pub(crate) struct Live {
    pub(crate) snapshot: Snapshot,
    pub(crate) signalled: Option<u8>,
}

/// Reads what the checks need.
///
/// # Errors
///
/// When there is no connection; what cannot be read once there is one is a gap of the snapshot.
pub(crate) fn read(
    checks: &[&'static Check],
    scope: &ScopeArgs,
    extra: &ExtraArgs,
    reading: &ReadingArgs,
    connection: &ConnectionArgs,
) -> Result<Live, Failure> {
    log(reading.verbose);
    let needed = assay_benchmark::needed(checks);
    let mut plan = Plan::new(needed.into_iter().filter(|it| extra.wants(*it)));
    plan.kubelets = match extra.kubelet {
        Kubelet::Auto => KubeletAccess::Auto,
        Kubelet::Direct => KubeletAccess::Direct,
        Kubelet::Proxy => KubeletAccess::Proxy,
        Kubelet::Off => KubeletAccess::Off,
    };
    plan.kubelet_insecure_tls = extra.kubelet_insecure_tls;
    if extra.kubelet_insecure_tls && extra.kubelet != Kubelet::Off {
        crate::say(
            "warning: --kubelet-insecure-tls sends your credentials to whoever answers at a node's address",
        );
    }
    plan.namespaces.clone_from(&scope.namespaces);
    plan.page_size = reading.page_size;
    plan.concurrency = reading.concurrency;
    plan.read_timeout = reading.read_timeout;
    plan.deadline = reading.timeout;

    let runtime = runtime()?;
    let live = runtime.block_on(collect(&plan, &options(connection)));
    // A decoder that is still at work on a page holds nothing that anybody waits for.
    runtime.shutdown_timeout(Duration::from_millis(100));
    live
}

/// Asks which of the resources may be read; where not everywhere, in which of the namespaces.
///
/// # Errors
///
/// When there is no connection.
pub(crate) fn review(
    resources: &BTreeSet<Resource>,
    namespaces: &[String],
    read_timeout: Duration,
    connection: &ConnectionArgs,
) -> Result<Rights, Failure> {
    runtime()?.block_on(async {
        let connection = connect(&options(connection)).await.map_err(failure)?;
        let rights = assay_collector::review(&connection, resources, namespaces, read_timeout);
        rights.await.map_err(failure)
    })
}

/// One thread for the network and few to decode: each further one keeps memory of its own.
fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(2)
        .enable_all()
        .build()
        .context("cannot start the runtime")
        .map_err(Failure::cluster)
}

async fn collect(plan: &Plan, options: &ConnectOptions) -> Result<Live, Failure> {
    let connection = connect(options).await.map_err(failure)?;
    let (stopper, stop) = Stop::new();
    let signals = tokio::spawn(async move {
        let code = first_signal().await;
        stopper.stop();
        code
    });
    let progress = Drawn::new();
    let collected = assay_collector::collect(&connection, plan, &progress, stop).await;
    progress.clear();
    let snapshot = collected.map_err(failure)?;
    let signalled = if snapshot.origin.interrupted { signals.await.ok() } else { None };
    Ok(Live { snapshot, signalled })
}

/// Waits for a signal to end, and gives the exit code that tells of it.
async fn first_signal() -> u8 {
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        // Without handlers, a signal ends the process as it always does.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => exit::INTERRUPTED,
        _ = terminate.recv() => exit::TERMINATED,
    }
}

fn failure(error: assay_collector::Error) -> Failure {
    if error.is_configuration() { Failure::usage(error) } else { Failure::cluster(error) }
}

fn options(args: &ConnectionArgs) -> ConnectOptions {
    ConnectOptions {
        kubeconfig: args.kubeconfig.clone(),
        context: args.context.clone(),
        cluster: args.cluster.clone(),
        user: args.user.clone(),
        server: args.server.clone(),
        token: args.token.clone().map(SecretString::from),
        as_user: args.as_user.clone(),
        as_groups: args.as_groups.clone(),
        as_uid: args.as_uid.clone(),
        as_user_extra: args.as_user_extra.clone(),
        certificate_authority: args.certificate_authority.clone(),
        client_certificate: args.client_certificate.clone(),
        client_key: args.client_key.clone(),
        tls_server_name: args.tls_server_name.clone(),
        insecure_skip_tls_verify: args.insecure_skip_tls_verify,
        request_timeout: args.request_timeout.filter(|it| !it.is_zero()),
        disable_compression: args.disable_compression,
    }
}

/// Logs to standard error: our own requests with `-v`, the client's with `-vv`. Never a body.
fn log(verbose: u8) {
    let filter = match verbose {
        0 => return,
        1 => "assay_collector=debug",
        _ => "assay_collector=trace,kube=debug",
    };
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .without_time()
        .finish();
    // A subscriber that is there already logs as it likes.
    if tracing::subscriber::set_global_default(subscriber).is_err() {}
}
