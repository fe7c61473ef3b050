//! The Pod Security Standards, as admission computes them: by level and policy version.
//!
//! One function a control of admission, which is what the checks that mirror it judge by; and
//! [`violations`], which runs those of a level. The controls, their first versions and which of them
//! replaces which are those of `k8s.io/pod-security-admission` v0.37.2. Policy versions before 1.19
//! read seccomp from annotations, which are not kept; the first server with the plug-in is 1.22.

use assay_model::{
    Findings, Location, PodSpec, Severity,
    findings::Seen,
    meta::APP_ARMOR_ANNOTATION,
    pod::{Handler, PodSecurityContext, Profile, SeLinuxOptions, SecurityContext, VolumeSource},
};

use crate::{Facts, Ruled, Ruling, version::Minor};

/// The first server with the plug-in: pods of older ones are judged by its policy.
const OLDEST: Minor = (1, 22);

/// The newest policy version that is known; a newer server's is taken for it, as upstream takes a
/// version that it does not know yet for its own newest.
pub const LATEST: Minor = (1, 37);

/// The versions at which a control says something else than before, but for [`LATEST`].
const EPOCHS: [Minor; 9] =
    [OLDEST, (1, 23), (1, 25), (1, 27), (1, 29), (1, 31), (1, 32), (1, 34), (1, 35)];

/// How much a namespace's pods may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Everything.
    Privileged,
    /// What is not known to lead to the node.
    Baseline,
    /// What current practice of hardening leaves.
    Restricted,
}

impl Level {
    /// Every level, loosest first.
    pub const ALL: [Level; 3] = [Level::Privileged, Level::Baseline, Level::Restricted];

    /// As labels have it.
    pub const fn name(self) -> &'static str {
        match self {
            Level::Privileged => "privileged",
            Level::Baseline => "baseline",
            Level::Restricted => "restricted",
        }
    }
}

/// One control of the standards.
#[derive(Debug)]
pub struct Control {
    /// As admission calls it.
    pub id: &'static str,
    /// The loosest level that has it.
    pub level: Level,
    /// The first policy version that has it.
    pub since: Minor,
    /// The control of baseline that it stands for in restricted.
    replaces: Option<&'static str>,
    /// Whether Linux alone knows the field: elsewhere there is nothing to judge.
    linux_only: bool,
    find: fn(&PodSpec, Minor, &mut Findings),
}

/// A control that a pod breaks, and where.
#[derive(Debug)]
pub struct Violation {
    /// Which.
    pub control: &'static Control,
    /// Where, and what is there.
    pub seen: Seen,
}

/// What admission finds wrong with a pod at a level, in the order of [`CONTROLS`].
pub fn violations(pod: &PodSpec, version: Minor, level: Level) -> impl Iterator<Item = Violation> {
    controls(version, level).flat_map(move |control| {
        let mut found = Findings::default();
        (control.find)(pod, version, &mut found);
        found.faults.into_iter().map(move |seen| Violation { control, seen })
    })
}

/// The controls that a level has in a policy version.
pub fn controls(version: Minor, level: Level) -> impl Iterator<Item = &'static Control> {
    let has = move |it: &Control| it.level <= level && it.since <= version;
    let replaced = move |id: &str| CONTROLS.iter().any(|it| it.replaces == Some(id) && has(it));
    CONTROLS.iter().copied().filter(move |it| has(it) && !replaced(it.id))
}

impl Control {
    /// Judges a pod by the policy of the server's version.
    ///
    /// # Errors
    ///
    /// When the version is not known and not all versions say the same.
    pub fn judge(&self, pod: &PodSpec, facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
        if self.linux_only && pod.is_windows() {
            return Ok(Ruling::NotApplicable("the pod is for Windows".to_owned()));
        }
        by_version(facts, findings, |version, out| (self.find)(pod, version, out))
    }
}

/// Judges by the policy of the server's version; where that is not known, by what all versions have in
/// common.
///
/// # Errors
///
/// When the version is not known and not all versions say the same.
pub(crate) fn by_version(
    facts: &Facts<'_>,
    findings: &mut Findings,
    find: impl Fn(Minor, &mut Findings),
) -> Ruled {
    let unknown = match facts.server_minor() {
        Ok(version) => {
            find(version.clamp(OLDEST, LATEST), findings);
            return Ok(Ruling::Applies);
        }
        Err(it) => it,
    };
    let of = |version| {
        let mut found = Findings::default();
        find(version, &mut found);
        found
    };
    let newest = of(LATEST);
    let others: Vec<Findings> = EPOCHS.into_iter().map(of).collect();
    let agreed = others.iter().all(|it| *it == newest);
    let common = |of: fn(&Findings) -> &Vec<Seen>| -> Vec<Seen> {
        let in_all = |seen: &&Seen| others.iter().all(|it| of(it).contains(seen));
        of(&newest).iter().filter(in_all).cloned().collect()
    };
    findings.faults.extend(common(|it| &it.faults));
    findings.weaknesses.extend(common(|it| &it.weaknesses));
    if agreed { Ok(Ruling::Applies) } else { Err(unknown) }
}

/// Every control: those of baseline, then those of restricted.
pub static CONTROLS: [&Control; 19] = [
    &APP_ARMOR_PROFILE,
    &CAPABILITIES_BASELINE,
    &HOST_NAMESPACES,
    &HOST_PATH_VOLUMES,
    &HOST_PORTS,
    &HOST_PROBES,
    &PRIVILEGED,
    &PROC_MOUNT,
    &SE_LINUX_OPTIONS,
    &SECCOMP_BASELINE,
    &SYSCTLS,
    &WINDOWS_HOST_PROCESS,
    &ALLOW_PRIVILEGE_ESCALATION,
    &CAPABILITIES_RESTRICTED,
    &PROC_MOUNT_RESTRICTED,
    &RESTRICTED_VOLUMES,
    &RUN_AS_NON_ROOT,
    &RUN_AS_USER,
    &SECCOMP_RESTRICTED,
];

const fn baseline(id: &'static str, find: fn(&PodSpec, Minor, &mut Findings)) -> Control {
    Control { id, level: Level::Baseline, since: (1, 0), replaces: None, linux_only: false, find }
}

const fn restricted(
    id: &'static str,
    since: Minor,
    find: fn(&PodSpec, Minor, &mut Findings),
) -> Control {
    Control { id, level: Level::Restricted, since, replaces: None, linux_only: false, find }
}

/// `AppArmor` is not switched off.
pub static APP_ARMOR_PROFILE: Control =
    Control { linux_only: true, ..baseline("appArmorProfile", app_armor_profile) };

/// No capability beyond a runtime's default set is added.
pub static CAPABILITIES_BASELINE: Control =
    Control { linux_only: true, ..baseline("capabilities_baseline", capabilities_baseline) };

/// None of the node's namespaces is shared.
pub static HOST_NAMESPACES: Control = baseline("hostNamespaces", |pod, _, out| {
    host_network(pod, out);
    host_pid(pod, out);
    host_ipc(pod, out);
});

/// No path of the node is a volume.
pub static HOST_PATH_VOLUMES: Control =
    baseline("hostPathVolumes", |pod, _, out| host_path_volume(pod, out));

/// No port of the node is taken.
pub static HOST_PORTS: Control = baseline("hostPorts", |pod, _, out| host_port(pod, out));

/// Probes and hooks call no other host.
pub static HOST_PROBES: Control =
    Control { since: (1, 34), ..baseline("hostProbesAndHostLifecycle", host_probes) };

/// No container is privileged.
pub static PRIVILEGED: Control = baseline("privileged", |pod, _, out| privileged(pod, out));

/// `/proc` stays masked, but for pods with users of their own.
pub static PROC_MOUNT: Control = Control {
    linux_only: true,
    ..baseline("procMount", |pod, version, out| {
        if !has_own_users(pod, version) {
            proc_mount(pod, out);
        }
    })
};

/// `SELinux` types are those of containers; users and roles are not set.
pub static SE_LINUX_OPTIONS: Control =
    Control { linux_only: true, ..baseline("seLinuxOptions", se_linux_options) };

/// Seccomp is not switched off.
pub static SECCOMP_BASELINE: Control =
    Control { linux_only: true, ..baseline("seccompProfile_baseline", seccomp_baseline) };

/// Only kernel parameters that are known to be safe are set.
pub static SYSCTLS: Control = Control { linux_only: true, ..baseline("sysctls", sysctls) };

/// No container of Windows runs on the node itself.
pub static WINDOWS_HOST_PROCESS: Control =
    baseline("windowsHostProcess", |pod, _, out| windows_host_process(pod, out));

/// Processes gain no rights beyond their parents'.
pub static ALLOW_PRIVILEGE_ESCALATION: Control = Control {
    linux_only: true,
    ..restricted("allowPrivilegeEscalation", (1, 8), |pod, version, out| {
        if !is_exempt_windows(pod, version) {
            allow_privilege_escalation(pod, out);
        }
    })
};

/// All capabilities are dropped, and at most one comes back.
pub static CAPABILITIES_RESTRICTED: Control = Control {
    replaces: Some("capabilities_baseline"),
    linux_only: true,
    ..restricted("capabilities_restricted", (1, 22), |pod, version, out| {
        if !is_exempt_windows(pod, version) {
            capabilities_restricted(pod, out);
        }
    })
};

/// `/proc` stays masked.
pub static PROC_MOUNT_RESTRICTED: Control = Control {
    replaces: Some("procMount"),
    linux_only: true,
    ..restricted("procMount_restricted", (1, 35), |pod, _, out| proc_mount(pod, out))
};

/// Volumes are of the types that belong to the pod.
pub static RESTRICTED_VOLUMES: Control = Control {
    replaces: Some("hostPathVolumes"),
    ..restricted("restrictedVolumes", (1, 0), |pod, _, out| restricted_volumes(pod, out))
};

/// Containers must run as another user than root.
pub static RUN_AS_NON_ROOT: Control = restricted("runAsNonRoot", (1, 0), |pod, version, out| {
    if !has_own_users(pod, version) {
        run_as_non_root(pod, out);
    }
});

/// No container names root as its user.
pub static RUN_AS_USER: Control = restricted("runAsUser", (1, 23), |pod, version, out| {
    if !has_own_users(pod, version) {
        run_as_user(pod, out);
    }
});

/// Seccomp is on.
pub static SECCOMP_RESTRICTED: Control = Control {
    replaces: Some("seccompProfile_baseline"),
    linux_only: true,
    ..restricted("seccompProfile_restricted", (1, 19), |pod, version, out| {
        if !is_exempt_windows(pod, version) {
            seccomp_restricted(pod, out);
        }
    })
};

/// Whether what a user may do counts less, for the pod's users are not the node's.
fn has_own_users(pod: &PodSpec, version: Minor) -> bool {
    version >= (1, 35) && pod.host_users == Some(false)
}

/// Whether restricted asks nothing of the pod that Windows does not have.
fn is_exempt_windows(pod: &PodSpec, version: Minor) -> bool {
    version >= (1, 25) && pod.is_windows()
}

/// Visits a field of `securityContext` that pods and containers have, wherever it is set.
fn each_set<T: ?Sized>(
    pod: &PodSpec,
    field: &str,
    of_pod: fn(&PodSecurityContext) -> Option<&T>,
    of_container: fn(&SecurityContext) -> Option<&T>,
    mut visit: impl FnMut(Location, &T),
) {
    let field = format!("securityContext.{field}");
    if let Some(it) = pod.security_context.as_ref().and_then(of_pod) {
        visit(pod.field(&field), it);
    }
    for container in pod.containers() {
        if let Some(it) = container.security_context.as_ref().and_then(of_container) {
            visit(container.field(&field), it);
        }
    }
}

/// A container of any kind is privileged.
pub(crate) fn privileged(pod: &PodSpec, out: &mut Findings) {
    for container in pod.containers() {
        if container.security_context.as_ref().and_then(|it| it.privileged) == Some(true) {
            out.fail(container.field("securityContext.privileged"), "is `true`");
        }
    }
}

/// The pod shares the node's network.
pub(crate) fn host_network(pod: &PodSpec, out: &mut Findings) {
    if pod.host_network {
        out.fail(pod.field("hostNetwork"), "is `true`");
    }
}

/// The pod shares the node's IPC.
pub(crate) fn host_ipc(pod: &PodSpec, out: &mut Findings) {
    if pod.host_ipc {
        out.fail(pod.field("hostIPC"), "is `true`");
    }
}

/// The pod sees the node's processes; where it may trace them, that is critical.
pub(crate) fn host_pid(pod: &PodSpec, out: &mut Findings) {
    if !pod.host_pid {
        return;
    }
    let can_trace = pod.containers().any(|container| {
        container.security_context.as_ref().is_some_and(|it| {
            let added = it.capabilities.iter().flat_map(|it| &it.add);
            it.privileged == Some(true)
                || added.into_iter().any(|it| matches!(&**it, "SYS_PTRACE" | "SYS_ADMIN" | "ALL"))
        })
    });
    if can_trace {
        let detail = "is `true`, and a container may trace any process";
        out.fail_as(Severity::Critical, pod.field("hostPID"), detail);
    } else {
        out.fail(pod.field("hostPID"), "is `true`");
    }
}

/// A volume is a path of the node, whether or not a container mounts it.
pub(crate) fn host_path_volume(pod: &PodSpec, out: &mut Findings) {
    for (index, volume) in pod.volumes.iter().enumerate() {
        if let VolumeSource::HostPath(host) = &volume.source {
            let at = Location::field(format!("volumes[{index}].hostPath"));
            out.fail(at, format!("is `{}`", host.path));
        }
    }
}

/// A container takes a port of the node.
pub(crate) fn host_port(pod: &PodSpec, out: &mut Findings) {
    for container in pod.containers() {
        for (index, port) in container.ports.iter().enumerate() {
            if port.host_port != 0 {
                let at = container.field(&format!("ports[{index}].hostPort"));
                out.fail(at, format!("is {}", port.host_port));
            }
        }
    }
}

/// A probe or a hook names a host; older policies let it.
fn host_probes(pod: &PodSpec, version: Minor, out: &mut Findings) {
    let enforced = version >= HOST_PROBES.since;
    for container in pod.containers() {
        let lifecycle = container.lifecycle.as_deref();
        let handlers: [(&str, Option<&Handler>); 5] = [
            ("livenessProbe", container.liveness_probe.as_deref()),
            ("readinessProbe", container.readiness_probe.as_deref()),
            ("startupProbe", container.startup_probe.as_deref()),
            ("lifecycle.postStart", lifecycle.and_then(|it| it.post_start.as_ref())),
            ("lifecycle.preStop", lifecycle.and_then(|it| it.pre_stop.as_ref())),
        ];
        for (field, handler) in handlers {
            let Some(handler) = handler else { continue };
            let hosts = [
                ("httpGet", handler.http_get.as_ref().map(|it| &it.host)),
                ("tcpSocket", handler.tcp_socket.as_ref().map(|it| &it.host)),
            ];
            for (action, host) in hosts {
                let Some(host) = host.filter(|it| !it.is_empty()) else { continue };
                let at = container.field(&format!("{field}.{action}.host"));
                let detail = format!("is `{host}`");
                if enforced { out.fail(at, detail) } else { out.warn(at, detail) }
            }
        }
    }
}

/// What baseline lets containers add. Compared as written: a `CAP_` prefix fails.
const DEFAULT_CAPABILITIES: &[&str] = &[
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// A capability's name however it is written: runtimes take any case, and some the prefix.
pub(crate) fn plain_capability(written: &str) -> String {
    let upper = written.to_ascii_uppercase();
    upper.strip_prefix("CAP_").unwrap_or(&upper).to_owned()
}

fn capabilities_baseline(pod: &PodSpec, _: Minor, out: &mut Findings) {
    added_beyond(pod, DEFAULT_CAPABILITIES, out);
}

fn added_beyond(pod: &PodSpec, accepted: &[&str], out: &mut Findings) {
    for container in pod.containers() {
        let Some(context) = &container.security_context else { continue };
        let added = context.capabilities.iter().flat_map(|it| &it.add);
        let beyond: Vec<&str> = added.map(|it| &**it).filter(|it| !accepted.contains(it)).collect();
        if !beyond.is_empty() {
            let at = container.field("securityContext.capabilities.add");
            out.fail(at, format!("has {}", beyond.join(", ")));
        }
    }
}

fn capabilities_restricted(pod: &PodSpec, out: &mut Findings) {
    for container in pod.containers() {
        let own = container.security_context.as_ref().and_then(|it| it.capabilities.as_ref());
        if !own.is_some_and(|it| it.drop.iter().any(|it| &**it == "ALL")) {
            out.fail(container.field("securityContext.capabilities.drop"), "lacks `ALL`");
        }
    }
    added_beyond(pod, &["NET_BIND_SERVICE"], out);
}

fn app_armor_profile(pod: &PodSpec, _: Minor, out: &mut Findings) {
    each_set(
        pod,
        "appArmorProfile",
        |it| it.app_armor_profile.as_ref(),
        |it| it.app_armor_profile.as_ref(),
        |at, profile| unconfined(at, profile, out),
    );
    for (container, profile) in &pod.app_armor_annotations {
        let accepted = profile.is_empty()
            || &**profile == "runtime/default"
            || profile.starts_with("localhost/");
        if !accepted {
            let detail =
                format!("has the annotation `{APP_ARMOR_ANNOTATION}{container}` with `{profile}`");
            out.fail(pod.field(""), detail);
        }
    }
}

fn seccomp_baseline(pod: &PodSpec, _: Minor, out: &mut Findings) {
    each_set(
        pod,
        "seccompProfile",
        |it| it.seccomp_profile.as_ref(),
        |it| it.seccomp_profile.as_ref(),
        |at, profile| unconfined(at, profile, out),
    );
}

/// A profile that is none.
fn unconfined(at: Location, profile: &Profile, out: &mut Findings) {
    if !confines(profile) {
        out.fail(at, format!("is of type `{}`", profile.type_));
    }
}

fn confines(profile: &Profile) -> bool {
    matches!(&*profile.type_, "RuntimeDefault" | "Localhost")
}

fn seccomp_restricted(pod: &PodSpec, out: &mut Findings) {
    seccomp_baseline(pod, LATEST, out);
    let of_pod = pod.security_context.as_ref().and_then(|it| it.seccomp_profile.as_ref());
    if of_pod.is_some_and(confines) {
        return;
    }
    for container in pod.containers() {
        if container.security_context.as_ref().is_none_or(|it| it.seccomp_profile.is_none()) {
            let at = container.field("securityContext.seccompProfile");
            out.fail(at, "is unset here, and none confines the pod");
        }
    }
}

fn se_linux_options(pod: &PodSpec, version: Minor, out: &mut Findings) {
    let accepted = |type_: &str| match type_ {
        "" | "container_t" | "container_init_t" | "container_kvm_t" => true,
        "container_engine_t" => version >= (1, 31),
        _ => false,
    };
    each_set(
        pod,
        "seLinuxOptions",
        |it| it.se_linux_options.as_deref(),
        |it| it.se_linux_options.as_deref(),
        |at, options| {
            let SeLinuxOptions { user, role, type_ } = options;
            let below = |field: &str| Location {
                path: format!("{}.{field}", at.path),
                container: at.container.clone(),
            };
            if &**type_ == "spc_t" {
                out.fail_as(Severity::Critical, below("type"), "is `spc_t`, which is not confined");
            } else if !accepted(type_) {
                out.fail(below("type"), format!("is `{type_}`"));
            }
            for (field, value) in [("user", user), ("role", role)] {
                if !value.is_empty() {
                    out.fail(below(field), format!("is `{value}`"));
                }
            }
        },
    );
}

fn proc_mount(pod: &PodSpec, out: &mut Findings) {
    for container in pod.containers() {
        let own = container.security_context.as_ref().and_then(|it| it.proc_mount.as_ref());
        if let Some(it) = own.filter(|it| &***it != "Default") {
            out.fail(container.field("securityContext.procMount"), format!("is `{it}`"));
        }
    }
}

/// Kernel parameters that are safe, by the policy version that first says so.
const SAFE_SYSCTLS: &[(Minor, &[&str])] = &[
    (
        (1, 0),
        &[
            "kernel.shm_rmid_forced",
            "net.ipv4.ip_local_port_range",
            "net.ipv4.tcp_syncookies",
            "net.ipv4.ping_group_range",
            "net.ipv4.ip_unprivileged_port_start",
        ],
    ),
    ((1, 27), &["net.ipv4.ip_local_reserved_ports"]),
    (
        (1, 29),
        &[
            "net.ipv4.tcp_keepalive_time",
            "net.ipv4.tcp_fin_timeout",
            "net.ipv4.tcp_keepalive_intvl",
            "net.ipv4.tcp_keepalive_probes",
        ],
    ),
    ((1, 32), &["net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"]),
    ((1, 37), &["net.ipv4.tcp_slow_start_after_idle", "net.ipv4.tcp_notsent_lowat"]),
];

/// Names are compared as written, as at admission: one with slashes fails.
fn sysctls(pod: &PodSpec, version: Minor, out: &mut Findings) {
    let safe = |name: &str| {
        SAFE_SYSCTLS.iter().any(|(since, names)| *since <= version && names.contains(&name))
    };
    let set = pod.security_context.iter().flat_map(|it| &it.sysctls).enumerate();
    for (index, sysctl) in set.filter(|(_, it)| !safe(&it.name)) {
        let at = pod.field(&format!("securityContext.sysctls[{index}]"));
        out.fail(at, format!("sets `{}`", sysctl.name));
    }
}

pub(crate) fn windows_host_process(pod: &PodSpec, out: &mut Findings) {
    each_set(
        pod,
        "windowsOptions.hostProcess",
        |it| it.windows_options.as_ref()?.host_process.as_ref(),
        |it| it.windows_options.as_ref()?.host_process.as_ref(),
        |at, on_host| {
            if *on_host {
                out.fail(at, "is `true`");
            }
        },
    );
}

fn allow_privilege_escalation(pod: &PodSpec, out: &mut Findings) {
    for container in pod.containers() {
        let allowed =
            container.security_context.as_ref().and_then(|it| it.allow_privilege_escalation);
        let seen = match allowed {
            Some(false) => continue,
            Some(true) => "is `true`",
            None => "is unset",
        };
        out.fail(container.field("securityContext.allowPrivilegeEscalation"), seen);
    }
}

/// Volume types that belong to the pod, or that an administrator made.
const PORTABLE_VOLUMES: &[&str] =
    &["csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim"];

pub(crate) fn restricted_volumes(pod: &PodSpec, out: &mut Findings) {
    for (index, volume) in pod.volumes.iter().enumerate() {
        let type_ = match &volume.source {
            VolumeSource::HostPath(_) => "hostPath",
            VolumeSource::Other(it) if !PORTABLE_VOLUMES.contains(&&**it) => it,
            VolumeSource::Other(_)
            | VolumeSource::ConfigMap(_)
            | VolumeSource::Image(_)
            | VolumeSource::Projected(_)
            | VolumeSource::Secret(_) => continue,
        };
        out.fail(Location::field(format!("volumes[{index}]")), format!("is of type `{type_}`"));
    }
}

/// A pod's `false` fails by itself, though every container says `true`.
fn run_as_non_root(pod: &PodSpec, out: &mut Findings) {
    let inherited = pod.security_context.as_ref().and_then(|it| it.run_as_non_root);
    if inherited == Some(false) {
        out.fail(pod.field("securityContext.runAsNonRoot"), "is `false`");
        return;
    }
    for container in pod.containers() {
        let own = container.security_context.as_ref().and_then(|it| it.run_as_non_root);
        let seen = match own.or(inherited) {
            Some(true) => continue,
            Some(false) => "is `false`",
            None => "is unset here and on the pod",
        };
        out.fail(container.field("securityContext.runAsNonRoot"), seen);
    }
}

fn run_as_user(pod: &PodSpec, out: &mut Findings) {
    each_set(
        pod,
        "runAsUser",
        |it| it.run_as_user.as_ref(),
        |it| it.run_as_user.as_ref(),
        |at, user| {
            if *user == 0 {
                out.fail(at, "is 0");
            }
        },
    );
}
