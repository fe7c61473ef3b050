//! Kubernetes' protobuf encoding of the objects that [`super::shape`] makes.
//!
//! Written from their JSON by a table, so that both encodings say the same. As the API server does, fields
//! that are no pointers in Go are written even when they are zero (`!` in the table), in the order of their
//! numbers, and map entries in the order of their keys. A test holds it against a real API server's bytes.

use std::{collections::BTreeMap, sync::LazyLock};

use serde_json::Value;

/// Messages and the fields that generated objects have: `name=number:type`, with `!` always written, `*`
/// repeated, `~` the JSON of its fields stands among those of this message. The types are `s` text, `i`
/// number, `b` boolean, `m` map of texts, `q` map of quantities, `Json` raw JSON, else a message.
/// Source: `generated.proto` and `types.go` of k8s.io/api and k8s.io/apimachinery 0.37.
const TABLE: &str = "
ListMeta selfLink=1:s! resourceVersion=2:s! continue=3:s! remainingItemCount=4:i
ObjectMeta name=1:s! generateName=2:s! namespace=3:s! selfLink=4:s! uid=5:s! resourceVersion=6:s! generation=7:i! creationTimestamp=8:Time! labels=11:m annotations=12:m ownerReferences=13:OwnerReference* finalizers=14:s* managedFields=17:ManagedFieldsEntry*
OwnerReference kind=1:s! name=3:s! uid=4:s! apiVersion=5:s! controller=6:b blockOwnerDeletion=7:b
ManagedFieldsEntry manager=1:s! operation=2:s! apiVersion=3:s! time=4:Time fieldsType=6:s! fieldsV1=7:FieldsV1 subresource=8:s!
LabelSelector matchLabels=1:m matchExpressions=2:LabelSelectorRequirement*
LabelSelectorRequirement key=1:s! operator=2:s! values=3:s*
Pod metadata=1:ObjectMeta! spec=2:PodSpec! status=3:PodStatus!
PodTemplateSpec metadata=1:ObjectMeta! spec=2:PodSpec!
PodSpec volumes=1:Volume* containers=2:Container* restartPolicy=3:s! terminationGracePeriodSeconds=4:i activeDeadlineSeconds=5:i dnsPolicy=6:s! nodeSelector=7:m serviceAccountName=8:s! serviceAccount=9:s! nodeName=10:s! hostNetwork=11:b! hostPID=12:b! hostIPC=13:b! securityContext=14:PodSecurityContext imagePullSecrets=15:LocalObjectReference* hostname=16:s! subdomain=17:s! affinity=18:Affinity schedulerName=19:s! initContainers=20:Container* automountServiceAccountToken=21:b tolerations=22:Toleration* priorityClassName=24:s! priority=25:i enableServiceLinks=30:b preemptionPolicy=31:s
PodStatus phase=1:s! conditions=2:PodCondition* message=3:s! reason=4:s! hostIP=5:s! podIP=6:s! startTime=7:Time containerStatuses=8:ContainerStatus* qosClass=9:s! initContainerStatuses=10:ContainerStatus* nominatedNodeName=11:s! podIPs=12:Ip* resize=14:s! hostIPs=16:Ip* observedGeneration=17:i!
Ip ip=1:s!
PodCondition type=1:s! status=2:s! lastProbeTime=3:Time! lastTransitionTime=4:Time! reason=5:s! message=6:s! observedGeneration=7:i!
ContainerStatus name=1:s! state=2:ContainerState! lastState=3:ContainerState! ready=4:b! restartCount=5:i! image=6:s! imageID=7:s! containerID=8:s! started=9:b allocatedResources=10:q resources=11:ResourceRequirements volumeMounts=12:VolumeMountStatus*
VolumeMountStatus name=1:s! mountPath=2:s! readOnly=3:b! recursiveReadOnly=4:s
ContainerState running=2:ContainerStateRunning terminated=3:ContainerStateTerminated
ContainerStateRunning startedAt=1:Time!
ContainerStateTerminated exitCode=1:i! signal=2:i! reason=3:s! message=4:s! startedAt=5:Time! finishedAt=6:Time! containerID=7:s!
Container name=1:s! image=2:s! command=3:s* args=4:s* workingDir=5:s! ports=6:ContainerPort* env=7:EnvVar* resources=8:ResourceRequirements! volumeMounts=9:VolumeMount* livenessProbe=10:Probe readinessProbe=11:Probe terminationMessagePath=13:s! imagePullPolicy=14:s! securityContext=15:SecurityContext stdin=16:b! stdinOnce=17:b! tty=18:b! envFrom=19:EnvFromSource* terminationMessagePolicy=20:s!
ContainerPort name=1:s! hostPort=2:i! containerPort=3:i! protocol=4:s! hostIP=5:s!
EnvVar name=1:s! value=2:s! valueFrom=3:EnvVarSource
EnvVarSource fieldRef=1:ObjectFieldSelector configMapKeyRef=3:KeySelector secretKeyRef=4:KeySelector
ObjectFieldSelector apiVersion=1:s! fieldPath=2:s!
KeySelector localObjectReference=1:LocalObjectReference!~ key=2:s! optional=3:b
EnvFromSource prefix=1:s! configMapRef=2:OfObject secretRef=3:OfObject
OfObject localObjectReference=1:LocalObjectReference!~ optional=2:b
LocalObjectReference name=1:s!
ResourceRequirements limits=1:q requests=2:q
VolumeMount name=1:s! readOnly=2:b! mountPath=3:s! subPath=4:s! subPathExpr=6:s!
Probe handler=1:ProbeHandler!~ initialDelaySeconds=2:i! timeoutSeconds=3:i! periodSeconds=4:i! successThreshold=5:i! failureThreshold=6:i!
ProbeHandler httpGet=2:HTTPGetAction
HTTPGetAction path=1:s! port=2:IntOrString! host=3:s! scheme=4:s!
SecurityContext capabilities=1:Capabilities privileged=2:b runAsUser=4:i runAsNonRoot=5:b readOnlyRootFilesystem=6:b allowPrivilegeEscalation=7:b runAsGroup=8:i seccompProfile=11:SeccompProfile
Capabilities add=1:s* drop=2:s*
SeccompProfile type=1:s!
PodSecurityContext runAsUser=2:i runAsNonRoot=3:b fsGroup=5:i seccompProfile=10:SeccompProfile
Toleration key=1:s! operator=2:s! value=3:s! effect=4:s! tolerationSeconds=5:i
Affinity nodeAffinity=1:NodeAffinity
NodeAffinity requiredDuringSchedulingIgnoredDuringExecution=1:NodeSelector
NodeSelector nodeSelectorTerms=1:NodeSelectorTerm*
NodeSelectorTerm matchExpressions=1:NodeSelectorRequirement* matchFields=2:NodeSelectorRequirement*
NodeSelectorRequirement key=1:s! operator=2:s! values=3:s*
Volume name=1:s! volumeSource=2:VolumeSource!~
VolumeSource hostPath=1:HostPath emptyDir=2:EmptyDir secret=6:SecretVolume persistentVolumeClaim=10:Claim configMap=19:ConfigMapVolume projected=26:Projected
HostPath path=1:s! type=2:s
EmptyDir medium=1:s!
SecretVolume secretName=1:s! defaultMode=3:i
Claim claimName=1:s! readOnly=2:b!
ConfigMapVolume localObjectReference=1:LocalObjectReference!~ defaultMode=3:i
Projected sources=1:VolumeProjection* defaultMode=2:i
VolumeProjection downwardAPI=2:DownwardAPI configMap=3:ConfigMapProjection serviceAccountToken=4:TokenProjection
TokenProjection audience=1:s! expirationSeconds=2:i path=3:s!
ConfigMapProjection localObjectReference=1:LocalObjectReference!~ items=2:KeyToPath*
KeyToPath key=1:s! path=2:s!
DownwardAPI items=1:DownwardAPIFile*
DownwardAPIFile path=1:s! fieldRef=2:ObjectFieldSelector
Deployment metadata=1:ObjectMeta! spec=2:DeploymentSpec! status=3:DeploymentStatus!
DeploymentSpec replicas=1:i selector=2:LabelSelector template=3:PodTemplateSpec! strategy=4:DeploymentStrategy! minReadySeconds=5:i! revisionHistoryLimit=6:i paused=7:b! progressDeadlineSeconds=9:i
DeploymentStrategy type=1:s! rollingUpdate=2:RollingUpdate
RollingUpdate maxUnavailable=1:IntOrString maxSurge=2:IntOrString
DeploymentStatus observedGeneration=1:i! replicas=2:i! updatedReplicas=3:i! availableReplicas=4:i! unavailableReplicas=5:i! readyReplicas=7:i!
DaemonSet metadata=1:ObjectMeta! spec=2:DaemonSetSpec! status=3:DaemonSetStatus!
DaemonSetSpec selector=1:LabelSelector template=2:PodTemplateSpec! updateStrategy=3:DaemonSetStrategy! minReadySeconds=4:i! revisionHistoryLimit=6:i
DaemonSetStrategy type=1:s!
DaemonSetStatus currentNumberScheduled=1:i! numberMisscheduled=2:i! desiredNumberScheduled=3:i! numberReady=4:i! observedGeneration=5:i! updatedNumberScheduled=6:i! numberAvailable=7:i! numberUnavailable=8:i!
StatefulSet metadata=1:ObjectMeta! spec=2:StatefulSetSpec! status=3:StatefulSetStatus!
StatefulSetSpec replicas=1:i selector=2:LabelSelector template=3:PodTemplateSpec! serviceName=5:s! podManagementPolicy=6:s! updateStrategy=7:DaemonSetStrategy! revisionHistoryLimit=8:i minReadySeconds=9:i!
StatefulSetStatus observedGeneration=1:i! replicas=2:i! readyReplicas=3:i! currentReplicas=4:i! updatedReplicas=5:i! currentRevision=6:s! updateRevision=7:s! availableReplicas=11:i!
Job metadata=1:ObjectMeta! spec=2:JobSpec! status=3:JobStatus!
JobSpec parallelism=1:i completions=2:i activeDeadlineSeconds=3:i selector=4:LabelSelector template=6:PodTemplateSpec! backoffLimit=7:i completionMode=9:s suspend=10:b podReplacementPolicy=14:s
JobStatus startTime=2:Time active=4:i! succeeded=5:i! failed=6:i! completedIndexes=7:s! ready=9:i
Namespace metadata=1:ObjectMeta! spec=2:NamespaceSpec! status=3:NamespaceStatus!
NamespaceSpec finalizers=1:s*
NamespaceStatus phase=1:s!
Node metadata=1:ObjectMeta! spec=2:NodeSpec! status=3:NodeStatus!
NodeSpec podCIDR=1:s! externalID=2:s! providerID=3:s! unschedulable=4:b! podCIDRs=7:s*
NodeStatus capacity=1:q allocatable=2:q phase=3:s! conditions=4:NodeCondition* addresses=5:NodeAddress* daemonEndpoints=6:DaemonEndpoints! nodeInfo=7:NodeInfo! images=8:ContainerImage*
NodeCondition type=1:s! status=2:s! lastHeartbeatTime=3:Time! lastTransitionTime=4:Time! reason=5:s! message=6:s!
NodeAddress type=1:s! address=2:s!
DaemonEndpoints kubeletEndpoint=1:DaemonEndpoint!
DaemonEndpoint Port=1:i!
NodeInfo machineID=1:s! systemUUID=2:s! bootID=3:s! kernelVersion=4:s! osImage=5:s! containerRuntimeVersion=6:s! kubeletVersion=7:s! kubeProxyVersion=8:s! operatingSystem=9:s! architecture=10:s!
ContainerImage names=1:s* sizeBytes=2:i!
Service metadata=1:ObjectMeta! spec=2:ServiceSpec! status=3:ServiceStatus!
ServiceSpec ports=1:ServicePort* selector=2:m clusterIP=3:s! type=4:s! sessionAffinity=7:s! loadBalancerIP=8:s! externalName=10:s! externalTrafficPolicy=11:s! healthCheckNodePort=12:i! publishNotReadyAddresses=13:b! ipFamilyPolicy=17:s clusterIPs=18:s* ipFamilies=19:s* internalTrafficPolicy=22:s
ServicePort name=1:s! protocol=2:s! port=3:i! targetPort=4:IntOrString! nodePort=5:i!
ServiceStatus loadBalancer=1:LoadBalancerStatus!
LoadBalancerStatus ip=9:s
ServiceAccount metadata=1:ObjectMeta! automountServiceAccountToken=4:b
NetworkPolicy metadata=1:ObjectMeta! spec=2:NetworkPolicySpec!
NetworkPolicySpec podSelector=1:LabelSelector! policyTypes=4:s*
";

/// A message's fields by number.
type Message = BTreeMap<u32, Field>;

struct Field {
    name: &'static str,
    shape: &'static str,
    always: bool,
    repeated: bool,
    inline: bool,
}

static MESSAGES: LazyLock<BTreeMap<&'static str, Message>> = LazyLock::new(|| {
    let field = |text: &'static str| {
        let (name, rest) = text.split_once('=').expect("a name");
        let (number, rest) = rest.split_once(':').expect("a number");
        let shape = rest.trim_end_matches(['!', '*', '~']);
        let has = |mark| rest.contains(mark);
        let field = Field { name, shape, always: has('!'), repeated: has('*'), inline: has('~') };
        (number.parse().expect("a number"), field)
    };
    let lines = TABLE.lines().filter(|it| !it.is_empty());
    lines
        .map(|line| {
            let mut words = line.split(' ');
            (words.next().expect("a message"), words.map(field).collect())
        })
        .collect()
});

/// Writes `value` as a message of the table.
///
/// # Panics
///
/// If it has a field that the table has not, or one of another shape.
pub(super) fn message(name: &str, value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    let known = write(&mut out, name, value);
    let fields = value.as_object().into_iter().flatten();
    for (field, _) in fields {
        assert!(known.contains(&field.as_str()), "{name}.{field} is not in the table");
    }
    out
}

/// Writes the fields of a message that `value` has, and returns the names of all that it may have.
fn write(out: &mut Vec<u8>, name: &str, value: &Value) -> Vec<&'static str> {
    let fields = MESSAGES.get(name).unwrap_or_else(|| panic!("{name} is not in the table"));
    let mut known = Vec::new();
    for (&number, field) in fields {
        if field.inline {
            let mut inner = Vec::new();
            known.extend(write(&mut inner, field.shape, value));
            bytes(out, number, &inner);
            continue;
        }
        known.push(field.name);
        match value.get(field.name) {
            Some(Value::Array(items)) if field.repeated => {
                for item in items {
                    one(out, number, field.shape, item);
                }
            }
            None | Some(Value::Null) => {
                if field.always {
                    one(out, number, field.shape, &Value::Null);
                }
            }
            Some(it) => one(out, number, field.shape, it),
        }
    }
    known
}

fn one(out: &mut Vec<u8>, number: u32, shape: &str, value: &Value) {
    match shape {
        "s" => bytes(out, number, value.as_str().unwrap_or_default().as_bytes()),
        "i" => int(out, number, value.as_i64().unwrap_or_default()),
        "b" => int(out, number, value.as_bool().unwrap_or_default().into()),
        "m" | "q" => {
            let entries: BTreeMap<_, _> = value.as_object().expect("a map").iter().collect();
            for (key, value) in entries {
                let mut entry = Vec::new();
                bytes(&mut entry, 1, key.as_bytes());
                let text = value.as_str().expect("a text").as_bytes();
                if shape == "m" {
                    bytes(&mut entry, 2, text);
                } else {
                    let mut quantity = Vec::new();
                    bytes(&mut quantity, 1, text);
                    bytes(&mut entry, 2, &quantity);
                }
                bytes(out, number, &entry);
            }
        }
        "FieldsV1" => {
            let mut raw = Vec::new();
            bytes(&mut raw, 1, value.to_string().as_bytes());
            bytes(out, number, &raw);
        }
        "Time" => {
            let mut time = Vec::new();
            if let Some(text) = value.as_str() {
                int(&mut time, 1, seconds(text));
                int(&mut time, 2, 0);
            }
            bytes(out, number, &time);
        }
        "IntOrString" => {
            let mut either = Vec::new();
            int(&mut either, 1, value.is_string().into());
            int(&mut either, 2, value.as_i64().unwrap_or_default());
            bytes(&mut either, 3, value.as_str().unwrap_or_default().as_bytes());
            bytes(out, number, &either);
        }
        _ => bytes(out, number, &message(shape, value)),
    }
}

/// Seconds since 1970 of a time as the API writes it, `2026-11-02T08:15:42Z` (days by Hinnant's
/// `days_from_civil`).
fn seconds(text: &str) -> i64 {
    let part = |range: std::ops::Range<usize>| text[range].parse::<i64>().expect("a number");
    let (year, month, day) = (part(0..4), part(5..7), part(8..10));
    let year = if month <= 2 { year - 1 } else { year };
    let (era, in_era) = (year.div_euclid(400), year.rem_euclid(400));
    let in_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719_468;
    days * 86_400 + part(11..13) * 3600 + part(14..16) * 60 + part(17..19)
}

/// A length-delimited field.
pub(super) fn bytes(out: &mut Vec<u8>, number: u32, content: &[u8]) {
    varint(out, u64::from(number << 3 | 2));
    varint(out, content.len() as u64);
    out.extend_from_slice(content);
}

/// A number or a boolean.
pub(super) fn int(out: &mut Vec<u8>, number: u32, value: i64) {
    varint(out, u64::from(number << 3));
    varint(out, value.cast_unsigned());
}

pub(super) fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_are_seconds_since_1970() {
        assert_eq!(seconds("1970-01-01T00:00:00Z"), 0);
        assert_eq!(seconds("2000-02-29T12:00:01Z"), 951_825_601);
        assert_eq!(seconds("2026-11-23T19:30:52Z"), 1_795_462_252);
    }

    #[test]
    fn what_is_no_pointer_is_written_though_zero() {
        let port = message("ContainerPort", &json!({"containerPort": 300, "protocol": "TCP"}));
        assert_eq!(port, b"\x0a\x00\x10\x00\x18\xac\x02\x22\x03TCP\x2a\x00");
        let volume = message("Volume", &json!({"name": "v", "emptyDir": {}}));
        assert_eq!(volume, b"\x0a\x01v\x12\x04\x12\x02\x0a\x00");
    }

    #[test]
    #[should_panic(expected = "Volume.nfs is not in the table")]
    fn a_field_that_would_be_lost_is_an_error() {
        message("Volume", &json!({"name": "v", "nfs": {}}));
    }
}
