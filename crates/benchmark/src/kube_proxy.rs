//! kube-proxy, as far as the command lines of its pods tell, and the file that they name.
//!
//! Only `DaemonSet`s and static pods in platform namespaces count: anybody may call a container
//! `kube-proxy`. Where `--config`
//! is given, kube-proxy ignores its other flags (`Options.Complete` in `cmd/kube-proxy/app/options.go`,
//! 1.37), and none of them tells anything: then the file does, which is read where it is the key
//! `config.conf` of the `ConfigMap` kube-proxy, as kubeadm mounts it. kube-proxy exits when its file
//! changes, so what runs is what the map says.

use assay_model::{
    Cause, Container, Gap, Known, PodSpec, Resource, Scope, Unknown, Workload, arguments::Word,
    both, config_map::KubeProxyConfigMap, pod::VolumeSource,
};

use crate::{
    Facts,
    flags::{CommandLine, Given},
    image::Reference,
};

/// What kube-proxy is called, as a program and as an image.
const NAME: &str = "kube-proxy";

/// Where its `ConfigMap` is, which is called the same.
const MAP_NAMESPACE: &str = "kube-system";

/// The value that one container of kube-proxy has for a setting; `None` where it is not given.
pub(crate) type Told<'a> = Known<Option<Value<'a>>>;

/// A value, and whether a flag gives it or the file of `--config`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Value<'a> {
    /// As written.
    pub(crate) text: &'a str,
    /// Whether it is the file's.
    pub(crate) in_file: bool,
}

/// Something that can be set by a flag, or in the file of `--config`.
pub(crate) struct Setting {
    /// The flag, without dashes.
    pub(crate) flag: &'static str,
    /// What the file says, where that is kept.
    pub(crate) in_file: Option<fn(&KubeProxyConfigMap) -> &str>,
}

/// Visits what each container of kube-proxy was told of a setting; the wanted one and each that runs.
///
/// # Errors
///
/// When some pods or templates were not read; or none of kube-proxy is there, which proves nothing: k3s
/// and hand-made nodes run it outside of the cluster.
pub(crate) fn each(
    setting: &Setting,
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
                let told = match (line.given.get("config"), setting.in_file) {
                    (None, _) => by_flag(&line, setting.flag, workload),
                    (Some(path), Some(read)) if is_of_map(path, container, spec, workload) => {
                        in_map(facts).map(|map| Some(Value { text: read(map), in_file: true }))
                    }
                    (Some(_), _) => Err(untold(
                        &workload.namespace,
                        "kube-proxy is configured by the file of --config, which is not read",
                    )),
                };
                visit(workload, told);
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

/// Whether the file of `--config` is the key of the map that is read.
fn is_of_map(path: &Given, container: &Container, spec: &PodSpec, workload: &Workload) -> bool {
    let folder = path.value().and_then(|it| it.strip_suffix("/config.conf"));
    let is_map = |volume: &str| {
        spec.volumes.iter().any(|it| {
            *it.name == *volume
                && matches!(&it.source, VolumeSource::ConfigMap(map) if &*map.name == NAME)
        })
    };
    let mut mounts = container.volume_mounts.iter();
    &*workload.namespace == MAP_NAMESPACE
        && folder.is_some_and(|folder| {
            mounts.any(|it| it.mount_path.trim_end_matches('/') == folder && is_map(&it.name))
        })
}

/// The map, which is there if a pod runs that mounts it.
fn in_map<'a>(facts: &Facts<'a>) -> Known<&'a KubeProxyConfigMap> {
    let map = facts.inventory.kube_proxy_config_map.as_ref().map_err(Clone::clone)?;
    map.as_ref().ok_or_else(|| {
        untold(MAP_NAMESPACE, "kube-proxy's ConfigMap is mounted by its pods, and is not there")
    })
}

fn by_flag<'a>(line: &'a CommandLine, flag: &str, workload: &Workload) -> Told<'a> {
    let untold = |message: &str| Err(untold(&workload.namespace, message));
    match line.given.get(flag).map(Given::value) {
        Some(Some(value)) => Ok(Some(Value { text: value, in_file: false })),
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
