//! Pod specs: what decides how a container runs.
//!
//! One struct serves manifests, live pods and snapshots, and is the key by which pods fold into
//! workloads. So it holds what checks read, and nothing that differs from pod to pod.

use std::{collections::BTreeMap, fmt, sync::Arc};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, IgnoredAny, MapAccess, Visitor},
    ser::SerializeMap,
};

use crate::{
    Labels, Map,
    arguments::Arguments,
    decode::{is_false, is_zero, nullable},
    findings::Location,
    literal::{Literal, Passing},
    meta::APP_ARMOR_ANNOTATION,
};

/// What checks read of `core/v1 PodSpec`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodSpec {
    /// Shares the node's network namespace.
    #[serde(skip_serializing_if = "is_false")]
    pub host_network: bool,
    /// Shares the node's process namespace.
    #[serde(rename = "hostPID", skip_serializing_if = "is_false")]
    pub host_pid: bool,
    /// Shares the node's IPC namespace.
    #[serde(rename = "hostIPC", skip_serializing_if = "is_false")]
    pub host_ipc: bool,
    /// `false`: a user namespace of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_users: Option<bool>,
    /// The operating system it says it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub os: Option<Os>,
    /// Empty for the namespace's `default`.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub service_account_name: Arc<str>,
    /// The former name of the same field, which manifests may still use alone.
    #[serde(rename = "serviceAccount", skip_serializing_if = "str::is_empty")]
    pub deprecated_service_account: Arc<str>,
    /// Whether a token is mounted; the account decides when unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub automount_service_account_token: Option<bool>,
    /// Settings for all containers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_context: Option<PodSecurityContext>,
    /// Run before the others; one with `restartPolicy: Always` is a sidecar.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub init_containers: Vec<Container>,
    /// The containers proper.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub containers: Vec<Container>,
    /// Added to a running pod, for debugging.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub ephemeral_containers: Vec<Container>,
    /// What containers may mount.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<Volume>,
    /// Resources of the pod as a whole (beta since 1.34).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// Its `PriorityClass`; empty for the cluster's default.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub priority_class_name: Arc<str>,
    /// `AppArmor` profiles by container name: what the pod's annotations said before 1.30 had fields
    /// for them. Not a field of upstream; see [`PodSpec::annotate`].
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Map::is_empty")]
    pub app_armor_annotations: Labels,
}

/// `spec.os`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Os {
    /// `linux` or `windows`.
    pub name: Arc<str>,
}

/// What checks read of a pod's `securityContext`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodSecurityContext {
    /// Whether the kubelet refuses to start root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_as_non_root: Option<bool>,
    /// User id; 0 is root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_as_user: Option<i64>,
    /// Primary group id; 0 is root's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_as_group: Option<i64>,
    /// Further group ids.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub supplemental_groups: Vec<i64>,
    /// `SELinux` labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub se_linux_options: Option<Box<SeLinuxOptions>>,
    /// Which system calls are let through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seccomp_profile: Option<Profile>,
    /// What programs may do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_armor_profile: Option<Profile>,
    /// For Windows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub windows_options: Option<WindowsOptions>,
    /// Kernel parameters.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub sysctls: Vec<Sysctl>,
}

/// `SELinux` labels; empty where unset.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct SeLinuxOptions {
    /// User label.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub user: Arc<str>,
    /// Role label.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub role: Arc<str>,
    /// Type label.
    #[serde(rename = "type", skip_serializing_if = "str::is_empty")]
    pub type_: Arc<str>,
}

/// A seccomp or `AppArmor` profile.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    /// `RuntimeDefault`, `Localhost` or `Unconfined`.
    #[serde(rename = "type")]
    pub type_: Arc<str>,
}

/// What checks read of `windowsOptions`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WindowsOptions {
    /// Whether it runs on the node itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_process: Option<bool>,
}

/// A kernel parameter that a pod sets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Sysctl {
    /// With dots or slashes.
    pub name: Arc<str>,
}

/// What checks read of a container, an init container or an ephemeral one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Container {
    /// Unique in the pod.
    pub name: Arc<str>,
    /// Reference as written.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub image: Arc<str>,
    /// Replaces the image's entrypoint.
    #[serde(skip_serializing_if = "Arguments::is_empty")]
    pub command: Arguments,
    /// Given to the entrypoint.
    #[serde(skip_serializing_if = "Arguments::is_empty")]
    pub args: Arguments,
    /// `Always` makes an init container a sidecar.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart_policy: Option<Arc<str>>,
    /// Overrides the pod's, field by field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_context: Option<SecurityContext>,
    /// Variables.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<EnvVar>,
    /// Whole objects taken as variables.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub env_from: Vec<EnvFrom>,
    /// Requests and limits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// What it mounts.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub volume_mounts: Vec<VolumeMount>,
    /// Ports it says it listens on.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<ContainerPort>,
    /// Restarted when it fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub liveness_probe: Option<Box<Handler>>,
    /// Sent no traffic while it fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub readiness_probe: Option<Box<Handler>>,
    /// Not yet started while it fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub startup_probe: Option<Box<Handler>>,
    /// What is run after its start and before its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifecycle: Option<Box<Lifecycle>>,
}

/// A port of a container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerPort {
    /// The same port of the node; 0 for none.
    #[serde(skip_serializing_if = "is_zero")]
    pub host_port: i32,
}

/// What is run after a container's start and before its end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Lifecycle {
    /// After its start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_start: Option<Handler>,
    /// Before its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pre_stop: Option<Handler>,
}

/// What a probe or a hook does, as far as checks read it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Handler {
    /// Asks a URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_get: Option<HttpGet>,
    /// Opens a connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tcp_socket: Option<TcpSocket>,
    /// Runs a command in the container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exec: Option<Exec>,
}

/// A URL that the kubelet asks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HttpGet {
    /// Empty for the pod's own address.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub host: Arc<str>,
    /// Headers it sends.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub http_headers: Vec<HttpHeader>,
}

/// A header, without its value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "WrittenHeader")]
pub struct HttpHeader {
    /// Its name.
    pub name: Arc<str>,
    /// What its value looks like; `None` for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub literal: Option<Literal>,
}

/// A header as manifests (`value`) and snapshots (`literal`) write it.
#[derive(Deserialize)]
struct WrittenHeader {
    #[serde(default)]
    name: Arc<str>,
    value: Option<Passing>,
    literal: Option<Literal>,
}

impl From<WrittenHeader> for HttpHeader {
    fn from(written: WrittenHeader) -> Self {
        // Protobuf cannot tell an empty value from none.
        let literal = written.value.map(|it| it.0).filter(|it| *it != Literal::Empty);
        HttpHeader { name: written.name, literal: literal.or(written.literal) }
    }
}

/// A connection that the kubelet opens.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct TcpSocket {
    /// Empty for the pod's own address.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub host: Arc<str>,
}

/// A command that the kubelet runs in the container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Exec {
    /// Its words.
    #[serde(skip_serializing_if = "Arguments::is_empty")]
    pub command: Arguments,
}

/// What checks read of a container's `securityContext`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SecurityContext {
    /// All of the node, in effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privileged: Option<bool>,
    /// Whether a process may gain more rights than its parent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_privilege_escalation: Option<bool>,
    /// Whether the kubelet refuses to start root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_as_non_root: Option<bool>,
    /// User id; 0 is root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_as_user: Option<i64>,
    /// Linux capabilities.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Capabilities>,
    /// Primary group id; 0 is root's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_as_group: Option<i64>,
    /// Whether nothing can be written outside of volumes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_only_root_filesystem: Option<bool>,
    /// `Default`, or `Unmasked` for all of `/proc`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proc_mount: Option<Arc<str>>,
    /// `SELinux` labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub se_linux_options: Option<Box<SeLinuxOptions>>,
    /// Which system calls are let through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seccomp_profile: Option<Profile>,
    /// What programs may do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_armor_profile: Option<Profile>,
    /// For Windows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub windows_options: Option<WindowsOptions>,
}

/// Capabilities added to and dropped from the runtime's default set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Capabilities {
    /// As written.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub add: Vec<Arc<str>>,
    /// As written.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub drop: Vec<Arc<str>>,
}

/// One variable, without its value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", from = "WrittenEnvVar")]
pub struct EnvVar {
    /// Its name.
    pub name: Arc<str>,
    /// What a literal value looks like; `None` when it comes from elsewhere or is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub literal: Option<Literal>,
    /// Where the value comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_from: Option<ValueFrom>,
}

/// A variable as manifests (`value`) and snapshots (`literal`) write it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenEnvVar {
    #[serde(default)]
    name: Arc<str>,
    value: Option<Passing>,
    literal: Option<Literal>,
    value_from: Option<ValueFrom>,
}

impl From<WrittenEnvVar> for EnvVar {
    fn from(written: WrittenEnvVar) -> Self {
        let literal = written.value.map(|it| it.0).or(written.literal);
        EnvVar { name: written.name, literal, value_from: written.value_from }
    }
}

/// Where a variable takes its value from, as far as it is secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ValueFrom {
    /// One key of a Secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_key_ref: Option<SecretRef>,
}

/// A whole object taken as variables.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EnvFrom {
    /// All keys of a Secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretRef>,
}

/// Names a Secret of the pod's namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct SecretRef {
    /// Its name.
    pub name: Arc<str>,
}

/// Requests and limits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Resources {
    /// What the scheduler sets aside, by resource name.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Map::is_empty")]
    pub requests: Map<Quantity>,
    /// What the runtime enforces, by resource name.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Map::is_empty")]
    pub limits: Map<Quantity>,
}

/// An amount as written, such as `100m`, `1Gi` or `1e3`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Quantity(Arc<str>);

impl Quantity {
    /// The amount that is written so.
    pub fn of(written: Arc<str>) -> Self {
        Quantity(written)
    }

    /// Whether it amounts to nothing: no digit of its mantissa is other than 0.
    pub fn is_zero(&self) -> bool {
        let mantissa = self.0.split(['e', 'E']).next().unwrap_or_default();
        !mantissa.bytes().any(|it| it.is_ascii_digit() && it != b'0')
    }

    /// Whether both are the same amount: `1` and `1000m` are. What is no quantity equals nothing but
    /// what is written alike.
    pub fn equals(&self, other: &Self) -> bool {
        self == other || self.nano().is_some_and(|it| other.nano() == Some(it))
    }

    /// In billionths, which is as fine as a quantity gets; `None` for what is none, or too large.
    fn nano(&self) -> Option<i128> {
        const BINARY: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
        const DECIMAL: [&str; 10] = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
        let end = self.0.find(|it: char| !it.is_ascii_digit() && !"+-.".contains(it));
        let (number, suffix) = self.0.split_at(end.unwrap_or(self.0.len()));
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
        let (base, exponent) = match BINARY.iter().position(|it| *it == suffix) {
            Some(index) => (1024_i128.checked_pow(u32::try_from(index).ok()? + 1)?, 9),
            None => match DECIMAL.iter().position(|it| *it == suffix) {
                Some(index) => (1, 3 * i32::try_from(index).ok()?),
                None => (1, 9 + suffix.strip_prefix(['e', 'E'])?.parse::<i32>().ok()?),
            },
        };
        let shift = exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?;
        let power = 10_i128.checked_pow(shift.unsigned_abs())?;
        let scaled = digits.checked_mul(base)?;
        if shift < 0 {
            (scaled % power == 0).then(|| scaled / power)
        } else {
            scaled.checked_mul(power)
        }
    }
}

impl<'de> Deserialize<'de> for Quantity {
    /// Manifests also write amounts as numbers.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Amount;
        impl Visitor<'_> for Amount {
            type Value = Quantity;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a quantity such as 100m, 1Gi or 2")
            }
            fn visit_str<E: Error>(self, amount: &str) -> Result<Quantity, E> {
                Ok(Quantity(amount.into()))
            }
            fn visit_i64<E: Error>(self, amount: i64) -> Result<Quantity, E> {
                Ok(Quantity(amount.to_string().into()))
            }
            fn visit_u64<E: Error>(self, amount: u64) -> Result<Quantity, E> {
                Ok(Quantity(amount.to_string().into()))
            }
            fn visit_f64<E: Error>(self, amount: f64) -> Result<Quantity, E> {
                Ok(Quantity(amount.to_string().into()))
            }
        }
        deserializer.deserialize_any(Amount)
    }
}

/// A volume of a container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VolumeMount {
    /// The volume's name.
    pub name: Arc<str>,
    /// Where the container sees it.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub mount_path: Arc<str>,
    /// Whether the container cannot write to it.
    #[serde(skip_serializing_if = "is_false")]
    pub read_only: bool,
    /// `Enabled`, `IfPossible` or `Disabled`: whether that holds for what is mounted below it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recursive_read_only: Option<Arc<str>>,
}

/// A volume and where its content comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Volume {
    /// Unique in the pod.
    pub name: Arc<str>,
    /// Its content.
    pub source: VolumeSource,
}

/// Where the content of a volume comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum VolumeSource {
    /// A path of the node.
    HostPath(HostPath),
    /// Tokens and other objects, projected into one folder.
    Projected(Projected),
    /// The content of an image.
    Image(ImageVolume),
    /// The keys of a Secret.
    Secret(SecretVolume),
    /// The keys of a `ConfigMap`.
    ConfigMap(ConfigMapVolume),
    /// Any other type, by its field name: `emptyDir`, `secret`, `csi`, ….
    Other(Arc<str>),
}

/// A path of the node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct HostPath {
    /// Absolute.
    pub path: Arc<str>,
}

/// The content of an image, as a volume.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageVolume {
    /// As written.
    pub reference: Arc<str>,
}

/// The keys of a Secret, as a volume.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SecretVolume {
    /// Of the pod's namespace.
    pub secret_name: Arc<str>,
}

/// The keys of a `ConfigMap`, as a volume.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct ConfigMapVolume {
    /// Of the pod's namespace.
    pub name: Arc<str>,
}

/// A folder put together from several sources.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Projected {
    /// In order.
    #[serde(deserialize_with = "nullable")]
    pub sources: Vec<Projection>,
}

/// One source of a projected volume, as far as checks read it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Projection {
    /// A token of the pod's service account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account_token: Option<TokenProjection>,
    /// Keys of a Secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretRef>,
}

/// A token of the pod's service account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct TokenProjection {
    /// Whom it is meant for; empty for the API server.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub audience: Arc<str>,
}

/// The next value, if it is not null: a source that is read comes before any other.
fn read<'de, A: MapAccess<'de>, T: Deserialize<'de>>(
    map: &mut A,
    source: &mut Option<VolumeSource>,
    of: impl FnOnce(T) -> VolumeSource,
) -> Result<(), A::Error> {
    if let Some(value) = map.next_value::<Option<T>>()? {
        *source = Some(of(value));
    }
    Ok(())
}

impl<'de> Deserialize<'de> for Volume {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Volume;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a volume")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Volume, A::Error> {
                let mut name = Arc::default();
                // A volume without a source is an emptyDir: the server's default.
                let mut source = None;
                while let Some(key) = map.next_key::<Arc<str>>()? {
                    match &*key {
                        "name" => name = map.next_value()?,
                        "hostPath" => read(&mut map, &mut source, VolumeSource::HostPath)?,
                        "projected" => read(&mut map, &mut source, VolumeSource::Projected)?,
                        "image" => read(&mut map, &mut source, VolumeSource::Image)?,
                        "secret" => read(&mut map, &mut source, VolumeSource::Secret)?,
                        "configMap" => read(&mut map, &mut source, VolumeSource::ConfigMap)?,
                        _ => {
                            if map.next_value::<Option<IgnoredAny>>()?.is_some() {
                                source = source.or(Some(VolumeSource::Other(key)));
                            }
                        }
                    }
                }
                let source = source.unwrap_or_else(|| VolumeSource::Other("emptyDir".into()));
                Ok(Volume { name, source })
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

impl Serialize for Volume {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("name", &self.name)?;
        match &self.source {
            VolumeSource::HostPath(it) => map.serialize_entry("hostPath", it)?,
            VolumeSource::Projected(it) => map.serialize_entry("projected", it)?,
            VolumeSource::Image(it) => map.serialize_entry("image", it)?,
            VolumeSource::Secret(it) => map.serialize_entry("secret", it)?,
            VolumeSource::ConfigMap(it) => map.serialize_entry("configMap", it)?,
            VolumeSource::Other(field) => map.serialize_entry(field, &BTreeMap::<(), ()>::new())?,
        }
        map.end()
    }
}

/// What a container is to its pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Runs to its end before the others start.
    Init,
    /// An init container that keeps running.
    Sidecar,
    /// A container proper.
    Regular,
    /// Added to a running pod.
    Ephemeral,
}

/// A container, and where it stands in its pod.
#[derive(Debug, Clone, Copy)]
pub struct Placed<'a> {
    container: &'a Container,
    list: &'static str,
    index: usize,
    /// What it is to its pod.
    pub role: Role,
}

impl std::ops::Deref for Placed<'_> {
    type Target = Container;
    fn deref(&self) -> &Container {
        self.container
    }
}

impl Placed<'_> {
    /// Where a field of this container stands.
    pub fn field(&self, field: &str) -> Location {
        let path = format!("{}[{}].{field}", self.list, self.index);
        Location { path, container: Some(Arc::clone(&self.container.name)) }
    }
}

impl PodSpec {
    /// Init containers, containers and ephemeral containers, in this order.
    pub fn containers(&self) -> impl Iterator<Item = Placed<'_>> {
        let place = |list, role| {
            move |(index, container): (usize, _)| Placed { container, list, index, role }
        };
        let init = self.init_containers.iter().enumerate().map(|(index, container)| {
            let sidecar = container.restart_policy.as_deref() == Some("Always");
            let role = if sidecar { Role::Sidecar } else { Role::Init };
            Placed { container, list: "initContainers", index, role }
        });
        let regular = self.containers.iter().enumerate().map(place("containers", Role::Regular));
        let ephemeral = self.ephemeral_containers.iter().enumerate();
        init.chain(regular).chain(ephemeral.map(place("ephemeralContainers", Role::Ephemeral)))
    }

    /// Where a field of the pod spec stands.
    pub fn field(&self, field: &str) -> Location {
        Location { path: field.to_owned(), container: None }
    }

    /// The Secrets that its containers get at, by a volume or a variable. What its images are pulled
    /// with does not reach them.
    pub fn secrets(&self) -> impl Iterator<Item = &Arc<str>> {
        let volumes = self.volumes.iter().flat_map(|it| match &it.source {
            VolumeSource::Secret(it) => vec![&it.secret_name],
            VolumeSource::Projected(it) => {
                it.sources.iter().filter_map(|it| it.secret.as_ref()).map(|it| &it.name).collect()
            }
            _ => Vec::new(),
        });
        let lists = [&self.init_containers, &self.containers, &self.ephemeral_containers];
        let variables = lists.into_iter().flatten().flat_map(|it| {
            let one =
                it.env.iter().filter_map(|it| it.value_from.as_ref()?.secret_key_ref.as_ref());
            let all = it.env_from.iter().filter_map(|it| it.secret_ref.as_ref());
            one.chain(all).map(|it| &it.name)
        });
        volumes.chain(variables)
    }

    /// Whether it names the account it runs as.
    pub fn names_service_account(&self) -> bool {
        !(self.service_account_name.is_empty() && self.deprecated_service_account.is_empty())
    }

    /// The account it runs as: `default` when it names none.
    pub fn service_account(&self) -> &str {
        let names = [&self.service_account_name, &self.deprecated_service_account];
        names.into_iter().find(|it| !it.is_empty()).map_or("default", |it| it)
    }

    /// Whether it says it is for Windows. A node selector alone says nothing.
    pub fn is_windows(&self) -> bool {
        self.os.as_ref().is_some_and(|it| &*it.name == "windows")
    }

    /// Keeps the `AppArmor` profiles that the annotations of its pod or template name.
    pub fn annotate(&mut self, annotations: &Labels) {
        let profiles = app_armor(annotations)
            .map(|(container, profile)| (container.into(), Arc::clone(profile)));
        self.app_armor_annotations.extend(profiles);
    }

    /// Replaces what differs from pod to pod by design, so that equal pods compare equal.
    ///
    /// The token volume that admission adds is called `kube-api-access-` and five random letters.
    pub fn mask(&mut self) {
        const TOKEN_VOLUME: &str = "kube-api-access-";
        let masked = |name: &mut Arc<str>| {
            if name.starts_with(TOKEN_VOLUME) && name.len() == TOKEN_VOLUME.len() + 5 {
                *name = "kube-api-access".into();
            }
        };
        self.volumes.iter_mut().for_each(|it| masked(&mut it.name));
        let lists =
            [&mut self.init_containers, &mut self.containers, &mut self.ephemeral_containers];
        let mounts = lists.into_iter().flatten().flat_map(|it| &mut it.volume_mounts);
        mounts.for_each(|it| masked(&mut it.name));
    }
}

/// The `AppArmor` profiles that annotations name, by container.
pub fn app_armor(annotations: &Labels) -> impl Iterator<Item = (&str, &Arc<str>)> {
    annotations
        .iter()
        .filter_map(|(key, profile)| Some((key.strip_prefix(APP_ARMOR_ANNOTATION)?, profile)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_value_is_not_kept() {
        let written = r#"{"containers": [{"name": "a", "env": [
            {"name": "TOKEN", "value": "hunter2-hunter2"},
            {"name": "FROM", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
        ]}], "volumes": [{"name": "v", "hostPath": {"path": "/etc", "type": ""}}, {"name": "e"}]}"#;
        let pod: PodSpec = serde_json::from_str(written).expect("a pod spec");
        let kept = serde_json::to_string(&pod).expect("a pod spec");
        assert!(!kept.contains("hunter2"), "{kept}");
        assert_eq!(serde_json::from_str::<PodSpec>(&kept).expect("as written"), pod);
        assert_eq!(pod.volumes[1].source, VolumeSource::Other("emptyDir".into()));
    }

    #[test]
    fn quantities_of_nothing() {
        let zero = ["0", "0m", "0.0", "0e3", "", "0Gi"].map(|it| Quantity(it.into()).is_zero());
        let some = ["1m", "0.5", "10Gi", "1e0"].map(|it| Quantity(it.into()).is_zero());
        assert_eq!((zero, some), ([true; 6], [false; 4]));
    }

    #[test]
    fn quantities_that_are_one_amount() {
        let equal = |a: &str, b: &str| Quantity(a.into()).equals(&Quantity(b.into()));
        for (a, b) in
            [("1", "1000m"), ("0.5", "500m"), ("1Gi", "1024Mi"), ("1e3", "1k"), ("2E", "2e18")]
        {
            assert!(equal(a, b), "{a} is {b}");
        }
        for (a, b) in [("1", "1m"), ("1Gi", "1G"), ("x", "y"), ("", "0"), ("1e99", "1e98")] {
            assert!(!equal(a, b), "{a} is not {b}");
        }
    }
}
