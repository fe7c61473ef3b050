//! kube-proxy, as far as the command lines of its pods tell.
//!
//! Only `DaemonSet`s and static pods in platform namespaces count: anybody may call a container
//! `kube-proxy`. Where `--config`
//! is given, kube-proxy ignores its other flags (`Options.Complete` in `cmd/kube-proxy/app/options.go`,
//! 1.37), and none of them tells anything.

use assay_model::{
    Cause, Container, Gap, Known, Resource, Scope, Unknown, Workload, arguments::Word, both,
};

use crate::{
    Facts,
    flags::{CommandLine, Given},
    image::Reference,
};

/// What kube-proxy is called, as a program and as an image.
const NAME: &str = "kube-proxy";

/// The value that one container of kube-proxy has for a flag; `None` where it is not given.
pub(crate) type Told<'a> = Known<Option<&'a str>>;

/// Visits what each container of kube-proxy was told by a flag; the wanted one and each that runs.
///
/// # Errors
///
/// When some pods or templates were not read; or none of kube-proxy is there, which proves nothing: k3s
/// and hand-made nodes run it outside of the cluster.
pub(crate) fn each(
    flag: &str,
    facts: &Facts<'_>,
    mut visit: impl FnMut(&Workload, Told<'_>),
) -> Known<()> {
    let mut found = false;
    let read = facts.inventory.workloads.each(Scope::Cluster, |workload| {
        let is_usual = matches!(&*workload.owner.kind, "DaemonSet" | "Pod");
        if !is_usual || !facts.settings.is_platform(&workload.namespace) {
            return Ok(());
        }
        workload.each_spec(|spec| {
            for container in spec.containers.iter().filter(|it| is_kube_proxy(it)) {
                found = true;
                let line = CommandLine::parse(container, "kube-proxy");
                visit(workload, told(&line, flag, workload));
            }
        })
    });
    let there = if found { Ok(()) } else { Err(untold("", "no pod of kube-proxy was found")) };
    both(read, there)
}

fn is_kube_proxy(container: &Container) -> bool {
    let mut words = container.command.words().iter().chain(container.args.words());
    let image = Reference::parse(&container.image).repository;
    image.rsplit('/').next() == Some(NAME)
        || words.any(|it| matches!(it, Word::Component(name) if &**name == NAME))
}

fn told<'a>(line: &'a CommandLine, flag: &str, workload: &Workload) -> Told<'a> {
    let untold = |message: &str| Err(untold(&workload.namespace, message));
    if line.given.contains_key("config") {
        return untold("kube-proxy is configured by the file of --config, which is not read");
    }
    match line.given.get(flag).map(Given::value) {
        Some(Some(value)) => Ok(Some(value)),
        Some(None) => untold(&format!("the value of kube-proxy's --{flag} is not told")),
        None if line.understood => Ok(None),
        None => untold(&format!(
            "kube-proxy's --{flag} is not seen, but its command line is not understood to its end"
        )),
    }
}

/// What the command lines of kube-proxy do not tell.
pub(crate) fn untold(namespace: &str, message: &str) -> Unknown {
    let resource = Resource::DaemonSets;
    let gap = match namespace {
        "" => Gap::whole(resource, Cause::Inconclusive, message),
        namespace => Gap::part(resource, namespace, Cause::Inconclusive, message),
    };
    gap.into()
}
