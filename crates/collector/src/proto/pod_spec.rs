//! Pod specs: `core/v1`'s `PodSpec` and what is below it.

use std::{borrow::Cow, sync::Arc};

use assay_model::{
    Container, PodSpec,
    arguments::Arguments,
    literal::Literal,
    pod::{
        Capabilities, ConfigMapVolume, ContainerPort, EnvFrom, EnvVar, Exec, Handler, HostPath,
        HttpGet, HttpHeader, ImageVolume, Lifecycle, Os, PodSecurityContext, Profile, Projected,
        Projection, Resources, SeLinuxOptions, SecretRef, SecretVolume, SecurityContext, Sysctl,
        TcpSocket, TokenProjection, ValueFrom, Volume, VolumeMount, VolumeSource, WindowsOptions,
    },
};

use super::{
    meta::amount,
    wire::{Field, Fields, Malformed, Message, push},
};

/// `core/v1 PodSpec`. What is read here stands in [`READ`] too.
impl Message<'_> for PodSpec {
    fn set(&mut self, field: Field<'_>) -> Result<(), Malformed> {
        match field.number {
            1 => push(&mut self.volumes, volume(field)?),
            2 => push(&mut self.containers, container(field)?),
            8 => self.service_account_name = field.shared()?,
            9 => self.deprecated_service_account = field.shared()?,
            11 => self.host_network = field.flag()?,
            12 => self.host_pid = field.flag()?,
            13 => self.host_ipc = field.flag()?,
            14 => field.merge(self.security_context.get_or_insert_default())?,
            20 => push(&mut self.init_containers, container(field)?),
            24 => self.priority_class_name = field.shared()?,
            21 => self.automount_service_account_token = Some(field.flag()?),
            // EphemeralContainer { 1: EphemeralContainerCommon }, whose numbers are a container's.
            34 => {
                let common = field.only(1)?.map(container).transpose()?;
                self.ephemeral_containers.push(common.unwrap_or_default());
            }
            36 => field.merge(self.os.get_or_insert_default())?,
            37 => self.host_users = Some(field.flag()?),
            40 => field.merge(self.resources.get_or_insert_default())?,
            _ => {}
        }
        Ok(())
    }
}

/// The fields of a pod spec that are read; all others may differ between specs that are equal to us.
pub(super) const READ: [u32; 15] = [1, 2, 8, 9, 11, 12, 13, 14, 20, 21, 24, 34, 36, 37, 40];

/// Where the names of token volumes stand in a pod spec: the start of each of the five letters in
/// which, by [`PodSpec::mask`], equal specs may differ.
///
/// Only whole names of ASCII letters count, so whatever else stands in such a place does not.
pub(super) fn token_suffixes(spec: &[u8]) -> Result<Vec<usize>, Malformed> {
    let mut found = Vec::new();
    let mut name = |field: Field<'_>| {
        let bytes = field.bytes()?;
        let is_token = bytes.starts_with(TOKEN_VOLUME) && bytes.is_ascii();
        if is_token && bytes.len() == TOKEN_VOLUME.len() + SUFFIX {
            found.push(field.at + TOKEN_VOLUME.len());
        }
        Ok(())
    };
    for field in Fields::of(spec) {
        let field = field?;
        match field.number {
            1 => field.only(1)?.map_or(Ok(()), &mut name)?,
            2 | 20 => mounts(field, &mut name)?,
            34 => field.only(1)?.map_or(Ok(()), |it| mounts(it, &mut name))?,
            _ => {}
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// How many letters come after [`TOKEN_VOLUME`].
pub(super) const SUFFIX: usize = 5;
const TOKEN_VOLUME: &[u8] = b"kube-api-access-";

/// The name of each volume that a container mounts.
fn mounts(
    container: Field<'_>,
    name: &mut impl FnMut(Field<'_>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    for field in container.fields()? {
        let field = field?;
        if field.number == 9 {
            field.only(1)?.map_or(Ok(()), &mut *name)?;
        }
    }
    Ok(())
}

/// `core/v1 PodOS`.
impl Message<'_> for Os {
    fn set(&mut self, field: Field<'_>) -> Result<(), Malformed> {
        if field.number == 1 {
            self.name = field.shared()?;
        }
        Ok(())
    }
}

/// `core/v1 PodSecurityContext`.
impl Message<'_> for PodSecurityContext {
    fn set(&mut self, field: Field<'_>) -> Result<(), Malformed> {
        match field.number {
            1 => field.merge(&mut **self.se_linux_options.get_or_insert_default())?,
            2 => self.run_as_user = Some(field.int64()?),
            3 => self.run_as_non_root = Some(field.flag()?),
            4 => push(&mut self.supplemental_groups, field.int64()?),
            6 => self.run_as_group = Some(field.int64()?),
            7 => push(&mut self.sysctls, field.message()?),
            8 => field.merge(self.windows_options.get_or_insert_default())?,
            10 => field.merge(self.seccomp_profile.get_or_insert_default())?,
            11 => field.merge(self.app_armor_profile.get_or_insert_default())?,
            _ => {}
        }
        Ok(())
    }
}

/// `core/v1 Container`, while its words are not yet passed on.
#[derive(Default)]
struct Written<'a> {
    container: Container,
    command: Vec<Cow<'a, str>>,
    args: Vec<Cow<'a, str>>,
}

fn container(field: Field<'_>) -> Result<Container, Malformed> {
    let Written { mut container, command, args } = field.message()?;
    container.command = Arguments::of(command.iter().map(|it| &**it));
    container.args = Arguments::of(args.iter().map(|it| &**it));
    Ok(container)
}

impl<'a> Message<'a> for Written<'a> {
    fn set(&mut self, field: Field<'a>) -> Result<(), Malformed> {
        let it = &mut self.container;
        match field.number {
            1 => it.name = field.shared()?,
            2 => it.image = field.shared()?,
            3 => self.command.push(field.text()?),
            4 => self.args.push(field.text()?),
            7 => push(&mut it.env, env_var(field)?),
            8 => field.merge(it.resources.get_or_insert_default())?,
            6 => push(&mut it.ports, field.message()?),
            9 => push(&mut it.volume_mounts, field.message()?),
            10 => probe(field, &mut it.liveness_probe)?,
            11 => probe(field, &mut it.readiness_probe)?,
            12 => field.merge(&mut **it.lifecycle.get_or_insert_default())?,
            22 => probe(field, &mut it.startup_probe)?,
            15 => field.merge(it.security_context.get_or_insert_default())?,
            19 => push(&mut it.env_from, field.message()?),
            24 => it.restart_policy = Some(field.shared()?),
            _ => {}
        }
        Ok(())
    }
}

/// `core/v1 SecurityContext`.
impl Message<'_> for SecurityContext {
    fn set(&mut self, field: Field<'_>) -> Result<(), Malformed> {
        match field.number {
            1 => field.merge(self.capabilities.get_or_insert_default())?,
            2 => self.privileged = Some(field.flag()?),
            3 => field.merge(&mut **self.se_linux_options.get_or_insert_default())?,
            4 => self.run_as_user = Some(field.int64()?),
            5 => self.run_as_non_root = Some(field.flag()?),
            6 => self.read_only_root_filesystem = Some(field.flag()?),
            8 => self.run_as_group = Some(field.int64()?),
            9 => self.proc_mount = Some(field.shared()?),
            10 => field.merge(self.windows_options.get_or_insert_default())?,
            11 => field.merge(self.seccomp_profile.get_or_insert_default())?,
            12 => field.merge(self.app_armor_profile.get_or_insert_default())?,
            7 => self.allow_privilege_escalation = Some(field.flag()?),
            _ => {}
        }
        Ok(())
    }
}

/// `core/v1 SELinuxOptions`.
impl Message<'_> for SeLinuxOptions {
    fn set(&mut self, field: Field<'_>) -> Result<(), Malformed> {
        match field.number {
            1 => self.user = field.shared()?,
            2 => self.role = field.shared()?,
            3 => self.type_ = field.shared()?,
            _ => {}
        }
        Ok(())
    }
}

/// `core/v1 SeccompProfile` and `AppArmorProfile`.
impl Message<'_> for Profile {
    fn set(&mut self, field: Field<'_>) -> Result<(), Malformed> {
        if field.number == 1 {
            self.type_ = field.shared()?;
        }
        Ok(())
    }
}

/// `core/v1 WindowsSecurityContextOptions`.
impl Message<'_> for WindowsOptions {
    fn set(&mut self, field: Field<'_>) -> Result<(), Malformed> {
        if field.number == 4 {
            self.host_process = Some(field.flag()?);
        }
        Ok(())
    }
}

/// `core/v1 Sysctl`.
impl Message<'_> for Sysctl {
    fn set(&mut self, field: Field<'_>) -> Result<(), Malformed> {
        if field.number == 1 {
            self.name = field.shared()?;
        }
        Ok(())
    }
}

/// `core/v1 ContainerPort`.
impl Message<'_> for ContainerPort {
    fn set(&mut self, field: Field<'_>) -> Result<(), Malformed> {
        if field.number == 2 {
            self.host_port = field.int32()?;
        }
        Ok(())
    }
}

/// `core/v1 Lifecycle`.
impl Message<'_> for Lifecycle {
    fn set(&mut self, field: Field<'_>) -> Result<(), Malformed> {
        match field.number {
            1 => field.merge(self.post_start.get_or_insert_default())?,
            2 => field.merge(self.pre_stop.get_or_insert_default())?,
            _ => {}
        }
        Ok(())
    }
}

/// `core/v1 LifecycleHandler` and `ProbeHandler`, whose first numbers are the same.
impl Message<'_> for Handler {
    fn set(&mut self, field: Field<'_>) -> Result<(), Malformed> {
        match field.number {
            1 => self.exec = Some(exec(field)?),
            2 => field.merge(self.http_get.get_or_insert_default())?,
            3 => {
                let host = string_at(2, field)?;
                self.tcp_socket = Some(TcpSocket { host });
            }
            _ => {}
        }
        Ok(())
    }
}

/// `core/v1 Probe`: its handler's fields, which JSON writes among its own, are in one message.
fn probe(field: Field<'_>, probe: &mut Option<Box<Handler>>) -> Result<(), Malformed> {
    let probe = probe.get_or_insert_default();
    field.only(1)?.map_or(Ok(()), |it| it.merge(&mut **probe))
}

/// `core/v1 ExecAction`.
fn exec(field: Field<'_>) -> Result<Exec, Malformed> {
    let mut words = Vec::new();
    for field in field.fields()? {
        let field = field?;
        if field.number == 1 {
            words.push(field.text()?);
        }
    }
    Ok(Exec { command: Arguments::of(words.iter().map(|it| &**it)) })
}

/// `core/v1 HTTPGetAction`.
impl Message<'_> for HttpGet {
    fn set(&mut self, field: Field<'_>) -> Result<(), Malformed> {
        match field.number {
            3 => self.host = field.shared()?,
            5 => push(&mut self.http_headers, header(field)?),
            _ => {}
        }
        Ok(())
    }
}

/// `core/v1 HTTPHeader`. Its value is looked at in place.
fn header(field: Field<'_>) -> Result<HttpHeader, Malformed> {
    let mut header = HttpHeader::default();
    for field in field.fields()? {
        let field = field?;
        match field.number {
            1 => header.name = field.shared()?,
            2 => {
                let literal = Literal::of(&field.text()?);
                header.literal = Some(literal).filter(|it| *it != Literal::Empty);
            }
            _ => {}
        }
    }
    Ok(header)
}

/// `core/v1 Capabilities`.
impl Message<'_> for Capabilities {
    fn set(&mut self, field: Field<'_>) -> Result<(), Malformed> {
        match field.number {
            1 => push(&mut self.add, field.shared()?),
            2 => push(&mut self.drop, field.shared()?),
            _ => {}
        }
        Ok(())
    }
}

/// `core/v1 EnvVar`. Its value is looked at in place.
fn env_var(field: Field<'_>) -> Result<EnvVar, Malformed> {
    let mut variable = EnvVar::default();
    for field in field.fields()? {
        let field = field?;
        match field.number {
            1 => variable.name = field.shared()?,
            // JSON leaves an empty value out.
            2 => {
                let value = field.text()?;
                variable.literal = (!value.is_empty()).then(|| Literal::of(&value));
            }
            3 => field.merge(variable.value_from.get_or_insert_default())?,
            _ => {}
        }
    }
    Ok(variable)
}

/// `core/v1 EnvVarSource`.
impl Message<'_> for ValueFrom {
    fn set(&mut self, field: Field<'_>) -> Result<(), Malformed> {
        if field.number == 4 {
            field.merge(self.secret_key_ref.get_or_insert_default())?;
        }
        Ok(())
    }
}

/// `core/v1 EnvFromSource`.
impl Message<'_> for EnvFrom {
    fn set(&mut self, field: Field<'_>) -> Result<(), Malformed> {
        if field.number == 3 {
            field.merge(self.secret_ref.get_or_insert_default())?;
        }
        Ok(())
    }
}

/// `core/v1 SecretKeySelector`, `SecretEnvSource` and `SecretProjection`: the first field of each is
/// a `LocalObjectReference`, whose fields JSON writes among the others.
impl Message<'_> for SecretRef {
    fn set(&mut self, field: Field<'_>) -> Result<(), Malformed> {
        if field.number == 1
            && let Some(name) = field.only(1)?
        {
            self.name = name.shared()?;
        }
        Ok(())
    }
}

/// `core/v1 ResourceRequirements`.
impl Message<'_> for Resources {
    fn set(&mut self, field: Field<'_>) -> Result<(), Malformed> {
        match field.number {
            1 => amount(field, &mut self.limits)?,
            2 => amount(field, &mut self.requests)?,
            _ => {}
        }
        Ok(())
    }
}

/// `core/v1 VolumeMount`.
impl Message<'_> for VolumeMount {
    fn set(&mut self, field: Field<'_>) -> Result<(), Malformed> {
        match field.number {
            1 => self.name = field.shared()?,
            2 => self.read_only = field.flag()?,
            3 => self.mount_path = field.shared()?,
            7 => self.recursive_read_only = Some(field.shared()?),
            _ => {}
        }
        Ok(())
    }
}

/// `core/v1 Volume`: a name, and a `VolumeSource` whose fields JSON writes beside it.
fn volume(field: Field<'_>) -> Result<Volume, Malformed> {
    let mut name = Arc::default();
    let mut source = None;
    for field in field.fields()? {
        let field = field?;
        match field.number {
            1 => name = field.shared()?,
            2 => {
                for field in field.fields()? {
                    source = Some(volume_source(field?, source)?);
                }
            }
            _ => {}
        }
    }
    // A volume without a source is an emptyDir: the server's default.
    let source = source.unwrap_or_else(|| VolumeSource::Other("emptyDir".into()));
    Ok(Volume { name, source })
}

/// `core/v1 VolumeSource`: one that is read comes before any other, as with JSON.
fn volume_source(
    field: Field<'_>,
    before: Option<VolumeSource>,
) -> Result<VolumeSource, Malformed> {
    Ok(match (field.number, before) {
        (1, _) => VolumeSource::HostPath(HostPath { path: string_at(1, field)? }),
        (6, _) => VolumeSource::Secret(SecretVolume { secret_name: string_at(1, field)? }),
        // ConfigMapVolumeSource { 1: LocalObjectReference { 1: name } }
        (19, _) => {
            let name = field.only(1)?.map_or(Ok(Arc::default()), |it| string_at(1, it))?;
            VolumeSource::ConfigMap(ConfigMapVolume { name })
        }
        (26, _) => VolumeSource::Projected(field.message()?),
        (30, _) => VolumeSource::Image(ImageVolume { reference: string_at(1, field)? }),
        (_, Some(source)) => source,
        (number, None) => {
            let at = usize::try_from(number).unwrap_or_default();
            let name = SOURCES.get(at).copied().unwrap_or("unknown");
            VolumeSource::Other(name.into())
        }
    })
}

/// The fields of `core/v1 VolumeSource`, by number. A number that a newer server adds is `unknown`.
pub(super) const SOURCES: [&str; 31] = [
    "unknown",
    "hostPath",
    "emptyDir",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "gitRepo",
    "secret",
    "nfs",
    "iscsi",
    "glusterfs",
    "persistentVolumeClaim",
    "rbd",
    "flexVolume",
    "cinder",
    "cephfs",
    "flocker",
    "downwardAPI",
    "fc",
    "azureFile",
    "configMap",
    "vsphereVolume",
    "quobyte",
    "azureDisk",
    "photonPersistentDisk",
    "portworxVolume",
    "scaleIO",
    "projected",
    "storageos",
    "csi",
    "ephemeral",
    "image",
];

/// `core/v1 ProjectedVolumeSource`.
impl Message<'_> for Projected {
    fn set(&mut self, field: Field<'_>) -> Result<(), Malformed> {
        if field.number == 1 {
            push(&mut self.sources, field.message()?);
        }
        Ok(())
    }
}

/// `core/v1 VolumeProjection`.
impl Message<'_> for Projection {
    fn set(&mut self, field: Field<'_>) -> Result<(), Malformed> {
        match field.number {
            1 => field.merge(self.secret.get_or_insert_default())?,
            4 => field.merge(self.service_account_token.get_or_insert_default())?,
            _ => {}
        }
        Ok(())
    }
}

/// `core/v1 ServiceAccountTokenProjection`.
impl Message<'_> for TokenProjection {
    fn set(&mut self, field: Field<'_>) -> Result<(), Malformed> {
        if field.number == 1 {
            self.audience = field.shared()?;
        }
        Ok(())
    }
}

/// The string in the field `number` of a message; empty when it has none.
fn string_at(number: u32, message: Field<'_>) -> Result<Arc<str>, Malformed> {
    message.only(number)?.map_or(Ok(Arc::default()), Field::shared)
}
