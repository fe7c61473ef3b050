//! What the objects of a large cluster look like.
//!
//! The fields are those that a 1.37 API server, its controllers and a kubelet write for workloads as people
//! deploy them: one or two containers with probes, variables, limits, volumes, a token, managed fields and a
//! full status. A pod comes to 6 to 10 KB of JSON.

use serde_json::{Map, Value, json};

use super::{Dice, template::mark};

/// When everything was created.
const CREATED: &str = "2026-11-02T08:15:42Z";
/// When everything was running.
const STARTED: &str = "2026-11-02T08:15:57Z";

/// What makes pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Deployment,
    DaemonSet,
    StatefulSet,
    Job,
}

/// A workload, and all that its pods have in common.
#[derive(Debug)]
pub(super) struct Workload {
    pub(super) owner: Owner,
    pub(super) namespace: String,
    pub(super) name: String,
    /// Of a `ReplicaSet`: what the pods' `pod-template-hash` says.
    hash: String,
    uid: String,
    spec: Value,
    labels: Value,
    running: bool,
}

impl Workload {
    /// The workload `number`, whose spec no other one has.
    pub(super) fn new(number: usize, owner: Owner, namespace: String) -> Self {
        let dice = &mut Dice::new(number as u64);
        let what = ["api", "web", "worker", "cache", "gateway", "agent", "sync", "store"];
        let name = format!("{}-{number:05}", what[dice.below(what.len())]);
        let labels = json!({
            "app.kubernetes.io/name": name,
            "app.kubernetes.io/part-of": format!("team-{}", number % 40),
            "app.kubernetes.io/managed-by": "Helm",
            "app.kubernetes.io/version": format!("1.{}.{}", number % 30, dice.below(20)),
        });
        let (hash, uid) = (dice.hex(10), dice.uid());
        let spec = spec(number, &name, owner, dice);
        let running = owner != Owner::Job || dice.below(3) == 0;
        Self { owner, namespace, name, hash, uid, spec, labels, running }
    }

    /// The kind of its owner, as the API calls it.
    pub(super) fn kind(&self) -> &'static str {
        match self.owner {
            Owner::Deployment => "Deployment",
            Owner::DaemonSet => "DaemonSet",
            Owner::StatefulSet => "StatefulSet",
            Owner::Job => "Job",
        }
    }

    /// One of its pods, with marks for what the others have otherwise.
    pub(super) fn pod(&self) -> Value {
        let (made_by, of) = match self.owner {
            Owner::Deployment => ("ReplicaSet", format!("{}-{}", self.name, self.hash)),
            _ => (self.kind(), self.name.clone()),
        };
        let name = format!("{of}-{}", mark::SUFFIX);
        let mut labels = self.labels.clone();
        let (version, more) = match self.owner {
            Owner::Deployment => ("apps/v1", json!({"pod-template-hash": self.hash})),
            Owner::DaemonSet => (
                "apps/v1",
                json!({"controller-revision-hash": self.hash, "pod-template-generation": "1"}),
            ),
            Owner::StatefulSet => (
                "apps/v1",
                json!({
                    "apps.kubernetes.io/pod-index": mark::SUFFIX,
                    "controller-revision-hash": format!("{}-{}", self.name, self.hash),
                    "statefulset.kubernetes.io/pod-name": name,
                }),
            ),
            Owner::Job => (
                "batch/v1",
                json!({
                    "batch.kubernetes.io/controller-uid": self.uid,
                    "batch.kubernetes.io/job-name": self.name,
                    "controller-uid": self.uid,
                    "job-name": self.name,
                }),
            ),
        };
        extend(&mut labels, more);
        let spec = self.live_spec(&name);
        let status = self.status();
        let owner = json!([{
            "apiVersion": version, "kind": made_by, "name": of, "uid": self.uid,
            "controller": true, "blockOwnerDeletion": true,
        }]);
        let mut metadata = json!({
            "name": name,
            "namespace": self.namespace,
            "uid": mark::UID,
            "resourceVersion": mark::VERSION,
            "generation": 1,
            "creationTimestamp": CREATED,
            "labels": labels,
            "annotations": {
                "checksum/config": format!("{}{}", self.hash, self.hash),
                "prometheus.io/scrape": "true",
            },
            "ownerReferences": owner,
        });
        if self.owner != Owner::StatefulSet {
            metadata["generateName"] = format!("{of}-").into();
        }
        let managed = json!([
            managed("kube-controller-manager", "", &json!({"metadata": metadata, "spec": spec})),
            managed("kubelet", "status", &json!({"status": status})),
        ]);
        metadata["managedFields"] = managed;
        json!({"metadata": metadata, "spec": spec, "status": status})
    }

    /// The object that makes them, `pods` of them.
    pub(super) fn object(&self, pods: usize) -> Value {
        let labels = json!({"app.kubernetes.io/name": self.name});
        let template = json!({
            "metadata": {"creationTimestamp": null, "labels": self.labels},
            "spec": self.spec,
        });
        let mut spec = json!({"selector": {"matchLabels": labels}, "template": template});
        let (more, status) = match self.owner {
            Owner::Deployment => (
                json!({
                    "replicas": pods,
                    "strategy": {"type": "RollingUpdate",
                        "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}},
                    "revisionHistoryLimit": 10,
                    "progressDeadlineSeconds": 600,
                }),
                json!({"observedGeneration": 1, "replicas": pods, "updatedReplicas": pods,
                    "readyReplicas": pods, "availableReplicas": pods}),
            ),
            Owner::DaemonSet => (
                json!({"updateStrategy": {"type": "OnDelete"}, "revisionHistoryLimit": 10}),
                json!({"currentNumberScheduled": pods, "numberMisscheduled": 0,
                    "desiredNumberScheduled": pods, "numberReady": pods, "observedGeneration": 1,
                    "updatedNumberScheduled": pods, "numberAvailable": pods}),
            ),
            Owner::StatefulSet => (
                json!({"replicas": pods, "serviceName": self.name,
                    "podManagementPolicy": "Parallel",
                    "updateStrategy": {"type": "OnDelete"}, "revisionHistoryLimit": 10}),
                json!({"observedGeneration": 1, "replicas": pods, "readyReplicas": pods,
                    "currentReplicas": pods, "updatedReplicas": pods,
                    "currentRevision": self.hash, "updateRevision": self.hash,
                    "availableReplicas": pods}),
            ),
            Owner::Job => (
                json!({"parallelism": pods, "completions": pods, "backoffLimit": 6,
                    "completionMode": "NonIndexed", "suspend": false,
                    "podReplacementPolicy": "TerminatingOrFailed"}),
                json!({"startTime": STARTED, "active": if self.running { pods } else { 0 },
                    "succeeded": if self.running { 0 } else { pods }}),
            ),
        };
        extend(&mut spec, more);
        let mut metadata = metadata(&self.namespace, &self.name, &self.uid);
        metadata["labels"] = self.labels.clone();
        metadata["annotations"] = json!({
            "meta.helm.sh/release-name": self.name,
            "meta.helm.sh/release-namespace": self.namespace,
        });
        metadata["managedFields"] =
            json!([managed("helm", "", &json!({"metadata": metadata, "spec": spec}))]);
        json!({"metadata": metadata, "spec": spec, "status": status})
    }

    /// A service in front of it.
    pub(super) fn service(&self) -> Value {
        json!({
            "metadata": metadata(&self.namespace, &self.name, &self.uid),
            "spec": {
                "ports": [{"name": "http", "protocol": "TCP", "port": 80, "targetPort": "http"}],
                "selector": {"app.kubernetes.io/name": self.name},
                "clusterIP": "None", "clusterIPs": ["None"], "type": "ClusterIP",
                "sessionAffinity": "None", "ipFamilies": ["IPv4"],
                "ipFamilyPolicy": "SingleStack", "internalTrafficPolicy": "Cluster",
            },
            "status": {"loadBalancer": {}},
        })
    }

    /// The spec of a pod that runs: with what admission, the scheduler and a daemon set's controller add.
    fn live_spec(&self, pod: &str) -> Value {
        let mut spec = self.spec.clone();
        let token = format!("kube-api-access-{}", mark::VOLUME);
        list(&mut spec, "volumes").push(json!({"name": token, "projected": {
            "defaultMode": 420,
            "sources": [
                {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                {"configMap": {"name": "kube-root-ca.crt",
                    "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
                {"downwardAPI": {"items": [{"path": "namespace",
                    "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}},
            ],
        }}));
        for container in list(&mut spec, "containers") {
            list(container, "volumeMounts").push(json!({
                "name": token, "readOnly": true,
                "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
            }));
        }
        let tolerate = |key: &str| json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300});
        extend(
            &mut spec,
            json!({
                "nodeName": format!("node-{}", mark::NODE),
                "tolerations": [
                    tolerate("node.kubernetes.io/not-ready"),
                    tolerate("node.kubernetes.io/unreachable"),
                ],
                "priority": 0,
                "enableServiceLinks": true,
                "preemptionPolicy": "PreemptLowerPriority",
            }),
        );
        match self.owner {
            Owner::StatefulSet => {
                extend(&mut spec, json!({"hostname": pod, "subdomain": self.name}));
                list(&mut spec, "volumes").push(json!({
                    "name": "data", "persistentVolumeClaim": {"claimName": format!("data-{pod}")},
                }));
            }
            Owner::DaemonSet => {
                spec["affinity"] = json!({"nodeAffinity": {
                    "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
                        {"matchFields": [{"key": "metadata.name", "operator": "In",
                            "values": [format!("node-{}", mark::NODE)]}]},
                    ]},
                }});
            }
            Owner::Deployment | Owner::Job => {}
        }
        spec
    }

    fn status(&self) -> Value {
        let condition = |kind: &str| {
            let mut it = json!({"type": kind, "status": "True", "observedGeneration": 1,
                "lastProbeTime": null, "lastTransitionTime": STARTED});
            if !self.running {
                it["reason"] = "PodCompleted".into();
            }
            it
        };
        let [high, low] = mark::HOST;
        let host = format!("10.100.{high}.{low}");
        let [a, b, c] = mark::ADDRESS;
        let address = format!("10.{a}.{b}.{c}");
        let containers = self.spec["containers"].as_array().expect("a list");
        let containers: Vec<Value> = containers
            .iter()
            .map(|it| {
                let (image, name) = (it["image"].as_str().expect("a text"), &it["name"]);
                let (repository, _) = image.rsplit_once(':').expect("a tag");
                let digest = Dice::new(image.len() as u64 + self.uid.len() as u64).hex(64);
                let id = format!("containerd://{}", mark::CONTAINER);
                let state = if self.running {
                    json!({"running": {"startedAt": STARTED}})
                } else {
                    json!({"terminated": {"exitCode": 0, "reason": "Completed",
                        "startedAt": CREATED, "finishedAt": STARTED, "containerID": id}})
                };
                let mounts = it["volumeMounts"].as_array().into_iter().flatten();
                let mounts: Vec<Value> = mounts
                    .map(|mount| json!({"name": mount["name"], "mountPath": mount["mountPath"]}))
                    .collect();
                json!({
                    "name": name, "state": state, "lastState": {}, "ready": self.running,
                    "restartCount": 0, "image": image,
                    "imageID": format!("{repository}@sha256:{digest}"), "containerID": id,
                    "started": self.running, "allocatedResources": it["resources"]["requests"],
                    "resources": it["resources"], "volumeMounts": mounts,
                })
            })
            .collect();
        let conditions = [
            "PodReadyToStartContainers",
            "Initialized",
            "Ready",
            "ContainersReady",
            "PodScheduled",
        ];
        json!({
            "observedGeneration": 1,
            "phase": if self.running { "Running" } else { "Succeeded" },
            "conditions": conditions.map(condition),
            "hostIP": host, "hostIPs": [{"ip": host}],
            "podIP": address, "podIPs": [{"ip": address}],
            "startTime": CREATED,
            "containerStatuses": containers,
            "qosClass": "Burstable",
        })
    }
}

/// A pod's spec as its template has it.
fn spec(number: usize, name: &str, owner: Owner, dice: &mut Dice) -> Value {
    let main = container(number, name, dice);
    let mut containers = vec![main];
    if dice.below(4) == 0 {
        let mut sidecar = container(number % 20, "proxy", dice);
        sidecar["image"] = format!("registry.example.com/mesh/proxy:1.{}", number % 20).into();
        // On the node's network, no two containers may listen on one port.
        sidecar["ports"][0]["containerPort"] = 15021.into();
        sidecar["ports"][1]["containerPort"] = 15090.into();
        containers.push(sidecar);
    }
    let mut volumes = vec![
        json!({"name": "config", "configMap": {"name": format!("{name}-config"), "defaultMode": 420}}),
        json!({"name": "tmp", "emptyDir": {}}),
    ];
    if dice.below(3) == 0 {
        volumes.push(json!({"name": "tls",
            "secret": {"secretName": format!("{name}-tls"), "defaultMode": 420}}));
    }
    let mut spec = json!({
        "containers": containers,
        "volumes": volumes,
        "restartPolicy": if owner == Owner::Job { "Never" } else { "Always" },
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "serviceAccountName": "default",
        "serviceAccount": "default",
        "securityContext": {},
        "schedulerName": "default-scheduler",
    });
    match dice.below(10) {
        0 => {
            spec["hostNetwork"] = true.into();
            list(&mut spec, "volumes")
                .push(json!({"name": "logs", "hostPath": {"path": "/var/log", "type": ""}}));
        }
        1..=4 => {
            spec["securityContext"] = json!({"runAsNonRoot": true, "runAsUser": 1000,
                "fsGroup": 1000, "seccompProfile": {"type": "RuntimeDefault"}});
        }
        _ => {}
    }
    spec
}

fn container(number: usize, name: &str, dice: &mut Dice) -> Value {
    let variables = 2 + dice.below(7);
    let mut env: Vec<Value> = (0..variables)
        .map(|it| {
            json!({"name": format!("SETTING_{it}"),
                "value": format!("value-{number}-{it}.example.svc.cluster.local")})
        })
        .collect();
    env.push(json!({"name": "POD_NAME", "valueFrom":
        {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}}));
    if dice.below(2) == 0 {
        env.push(json!({"name": "DATABASE_PASSWORD", "valueFrom":
            {"secretKeyRef": {"name": format!("{name}-database"), "key": "password"}}}));
    }
    let probe = |path: &str| {
        json!({"httpGet": {"path": path, "port": "http", "scheme": "HTTP"}, "timeoutSeconds": 1,
            "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3})
    };
    let mut container = json!({
        "name": name,
        "image": format!("registry.example.com/team-{}/{name}:1.{number}.{}", number % 40, dice.below(20)),
        "args": ["--config=/etc/app/config.yaml", "--listen=:8080", format!("--log-level={}", number % 5)],
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"},
            {"name": "metrics", "containerPort": 9090, "protocol": "TCP"}],
        "env": env,
        "resources": {
            "limits": {"cpu": "1", "memory": format!("{}Mi", 128 << dice.below(4))},
            "requests": {"cpu": format!("{}m", 50 + dice.below(10) * 50), "memory": "128Mi"},
        },
        "volumeMounts": [{"name": "config", "readOnly": true, "mountPath": "/etc/app"},
            {"name": "tmp", "mountPath": "/tmp"}],
        "livenessProbe": probe("/healthz"),
        "readinessProbe": probe("/readyz"),
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
    });
    match dice.below(10) {
        0 => container["securityContext"] = json!({"privileged": true}),
        1..=5 => {
            container["securityContext"] = json!({"allowPrivilegeEscalation": false,
                "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]}});
        }
        _ => {}
    }
    container
}

/// A namespace.
pub(super) fn namespace(name: &str) -> Value {
    let mut metadata = metadata("", name, &Dice::new(name.len() as u64).uid());
    metadata["labels"] = json!({"kubernetes.io/metadata.name": name});
    json!({"metadata": metadata, "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}})
}

/// The account that a namespace's pods run as.
pub(super) fn service_account(namespace: &str) -> Value {
    json!({"metadata": metadata(namespace, "default", &Dice::new(1).uid())})
}

/// What lets nobody in.
pub(super) fn network_policy(namespace: &str) -> Value {
    json!({
        "metadata": metadata(namespace, "default-deny", &Dice::new(2).uid()),
        "spec": {"podSelector": {}, "policyTypes": ["Ingress"]},
    })
}

/// The node `number`.
pub(super) fn node(number: usize) -> Value {
    let dice = &mut Dice::new(number as u64);
    let name = format!("node-{number:04}");
    let mut metadata = metadata("", &name, &dice.uid());
    metadata["labels"] = json!({
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "topology.kubernetes.io/zone": format!("zone-{}", number % 3),
    });
    let amounts = json!({"cpu": "32", "ephemeral-storage": "203056560Ki", "hugepages-2Mi": "0",
        "memory": "131072000Ki", "pods": "250"});
    let condition = |(kind, status, reason): (&str, &str, &str)| {
        json!({"type": kind, "status": status, "lastHeartbeatTime": STARTED,
            "lastTransitionTime": CREATED, "reason": reason,
            "message": format!("kubelet has found: {reason}")})
    };
    let conditions = [
        ("MemoryPressure", "False", "KubeletHasSufficientMemory"),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID"),
        ("Ready", "True", "KubeletReady"),
    ];
    let images: Vec<Value> = (0..10)
        .map(|it| {
            let image = format!("registry.example.com/team-{it}/image-{}", dice.below(1000));
            json!({"names": [format!("{image}@sha256:{}", dice.hex(64)), format!("{image}:1.{it}")],
                "sizeBytes": 40_000_000 + dice.below(400_000_000)})
        })
        .collect();
    let status = json!({
        "capacity": amounts, "allocatable": amounts,
        "conditions": conditions.map(condition),
        "addresses": [{"type": "InternalIP", "address":
                format!("10.100.{}.{}", 100 + number / 150, 100 + number % 150)},
            {"type": "Hostname", "address": name}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": {"machineID": dice.hex(32), "systemUUID": dice.uid(), "bootID": dice.uid(),
            "kernelVersion": "6.12.30-amd64", "osImage": "Debian GNU/Linux 13 (trixie)",
            "containerRuntimeVersion": "containerd://2.2.1", "kubeletVersion": "v1.37.2",
            "kubeProxyVersion": "", "operatingSystem": "linux", "architecture": "amd64"},
        "images": images,
    });
    metadata["managedFields"] = json!([managed("kubelet", "status", &json!({"status": status}))]);
    json!({"metadata": metadata, "spec": {"podCIDR": format!("10.{}.{}.0/24", number / 250, number % 250)},
        "status": status})
}

fn metadata(namespace: &str, name: &str, uid: &str) -> Value {
    let mut it = json!({"name": name, "uid": uid, "resourceVersion": "100000000",
        "creationTimestamp": CREATED});
    if !namespace.is_empty() {
        it["namespace"] = namespace.into();
    }
    it
}

/// The entry of `manager` in `managedFields`: the shape of all that it wrote (`sigs.k8s.io/structured-merge-diff`).
fn managed(manager: &str, subresource: &str, written: &Value) -> Value {
    let mut entry = json!({
        "manager": manager, "operation": "Update", "apiVersion": "v1", "time": CREATED,
        "fieldsType": "FieldsV1", "fieldsV1": fields(written),
    });
    if !subresource.is_empty() {
        entry["subresource"] = subresource.into();
    }
    entry
}

fn fields(written: &Value) -> Value {
    let mut out = Map::new();
    match written {
        Value::Object(object) => {
            let atomic = [
                "args",
                "containerStatuses",
                "hostIPs",
                "nodeAffinity",
                "resources",
                "selector",
                "tolerations",
            ];
            for (key, value) in object {
                let inner = if atomic.contains(&key.as_str()) { json!({}) } else { fields(value) };
                out.insert(format!("f:{key}"), inner);
            }
        }
        Value::Array(items) => {
            for item in items {
                let key = ["name", "type", "ip", "containerPort", "uid"]
                    .into_iter()
                    .find_map(|key| Some(json!({key: item.get(key)?}).to_string()));
                let Some(key) = key else { continue };
                let mut inner = fields(item);
                extend(&mut inner, json!({".": {}}));
                out.insert(format!("k:{key}"), inner);
            }
        }
        _ => {}
    }
    out.into()
}

fn list<'a>(object: &'a mut Value, field: &str) -> &'a mut Vec<Value> {
    object[field].as_array_mut().expect("a list")
}

fn extend(object: &mut Value, more: Value) {
    if let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) {
        object.extend(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pods_are_as_large_as_real_ones() {
        let size = |number| {
            let workload = Workload::new(number, Owner::Deployment, "shop".to_owned());
            workload.pod().to_string().len()
        };
        let sizes: Vec<usize> = (0..200).map(size).collect();
        let mean = sizes.iter().sum::<usize>() / sizes.len();
        assert!((6_000..10_000).contains(&mean), "{mean}");
    }
}
