//! The Pod Security Standards as we compute them, held against admission itself: on a real API server,
//! and on the standards' own test pods.

#[path = "../../crates/benchmark/tests/common/random.rs"]
mod random;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, thread,
};

use assay_benchmark::{
    pod_security::{CONTROLS, Level, violations},
    version::{Minor, minor_name},
};
use assay_model::{Labels, PodSpec};
use assay_tests::{Api, ControlPlane, Identity, Options, objects, shared};
use serde_json::{Value, json};

use self::random::Random;

/// How many pods that the server takes for valid are tried.
const PODS: usize = 2000;

/// How many are tried at once.
const AT_ONCE: usize = 16;

/// The first policy version that is tried: that of the first server with the plug-in.
const FIRST_MINOR: u32 = 22;

/// The levels that refuse something.
const LEVELS: [Level; 2] = [Level::Baseline, Level::Restricted];

/// A place in a pod, and what is put there.
type Edit = (&'static str, Value);

/// What admission says of a pod that breaks a control.
fn reason(control: &str) -> &'static str {
    match control {
        "allowPrivilegeEscalation" => "allowPrivilegeEscalation != false (",
        "appArmorProfile" => "forbidden AppArmor profile",
        "capabilities_baseline" => "non-default capabilities (",
        "capabilities_restricted" => "unrestricted capabilities (",
        "hostNamespaces" => "host namespaces (",
        "hostPathVolumes" => "hostPath volumes (",
        "hostPorts" => "hostPort (",
        "hostProbesAndHostLifecycle" => "probe or lifecycle host (",
        "privileged" => "privileged (",
        "procMount" | "procMount_restricted" => "procMount (",
        "restrictedVolumes" => "restricted volume types (",
        "runAsNonRoot" => "runAsNonRoot != true (",
        "runAsUser" => "runAsUser=0 (",
        "seLinuxOptions" => "seLinuxOptions (",
        "seccompProfile_baseline" | "seccompProfile_restricted" => "seccompProfile (",
        "sysctls" => "forbidden sysctls (",
        "windowsHostProcess" => "hostProcess (",
        other => panic!("{other} is a new control"),
    }
}

/// A pod as a manifest or the API has it.
fn spec_of(pod: &Value) -> PodSpec {
    let mut spec: PodSpec = serde_json::from_value(pod["spec"].clone()).expect("a pod spec");
    let annotations: Labels =
        serde_json::from_value(pod["metadata"]["annotations"].clone()).unwrap_or_default();
    spec.annotate(&annotations);
    spec
}

/// The reasons for which we would refuse a pod.
fn ours(spec: &PodSpec, version: Minor, level: Level) -> BTreeSet<&'static str> {
    violations(spec, version, level).map(|it| reason(it.control.id)).collect()
}

/// Settings for a place that both pods and containers have in their `securityContext`.
fn shared_settings(of: &'static str) -> Vec<Vec<Edit>> {
    let at = |field: &str| -> &'static str { format!("{of}/securityContext/{field}").leak() };
    let mut all = vec![
        vec![(at("runAsNonRoot"), json!(true))],
        vec![(at("runAsNonRoot"), json!(false))],
        vec![(at("runAsUser"), json!(0))],
        vec![(at("runAsUser"), json!(1000))],
        vec![(at("seLinuxOptions/user"), json!("system_u"))],
        vec![(at("seLinuxOptions/role"), json!("system_r"))],
        vec![(at("seLinuxOptions/level"), json!("s0:c1"))],
        vec![(at("windowsOptions/hostProcess"), json!(false))],
    ];
    for type_ in
        ["container_t", "container_init_t", "container_kvm_t", "container_engine_t", "spc_t"]
    {
        all.push(vec![(at("seLinuxOptions/type"), json!(type_))]);
    }
    for profile in ["seccompProfile", "appArmorProfile"] {
        for type_ in ["RuntimeDefault", "Unconfined", "Localhost"] {
            let mut value = json!({ "type": type_ });
            if type_ == "Localhost" {
                value["localhostProfile"] = json!("web.json");
            }
            all.push(vec![(at(profile), value)]);
        }
    }
    all
}

/// Settings of a container.
fn container_settings(of: &'static str) -> Vec<Vec<Edit>> {
    let at = |field: &str| -> &'static str { format!("{of}/{field}").leak() };
    let context =
        |field: &str, value: Value| vec![(at(&format!("securityContext/{field}")), value)];
    let mut all = vec![
        context("privileged", json!(true)),
        context("privileged", json!(false)),
        context("allowPrivilegeEscalation", json!(true)),
        context("allowPrivilegeEscalation", json!(false)),
        context("readOnlyRootFilesystem", json!(true)),
        context("procMount", json!("Default")),
        [vec![("/spec/hostUsers", json!(false))], context("procMount", json!("Unmasked"))].concat(),
        vec![(at("ports/0"), json!({"containerPort": 8080, "hostPort": 8080}))],
        vec![(at("ports/0"), json!({"containerPort": 8080}))],
    ];
    for drop in [json!(["ALL"]), json!(["all"]), json!(["NET_RAW"]), json!([])] {
        all.push(context("capabilities/drop", drop));
    }
    for add in
        ["NET_BIND_SERVICE", "CHOWN", "NET_RAW", "SYS_ADMIN", "CAP_CHOWN", "SYS_CHROOT", "ALL"]
    {
        all.push(context("capabilities/add", json!([add])));
    }
    for host in ["", "127.0.0.1", "db.example.com"] {
        let get = json!({"httpGet": {"host": host, "path": "/", "port": 80}});
        let tcp = json!({"tcpSocket": {"host": host, "port": 80}});
        for field in ["livenessProbe", "readinessProbe", "startupProbe"] {
            all.push(vec![(at(field), get.clone())]);
            all.push(vec![(at(field), tcp.clone())]);
        }
        for field in ["lifecycle/postStart", "lifecycle/preStop"] {
            all.push(vec![(at(field), get.clone())]);
        }
    }
    all
}

/// Settings of a pod as a whole.
fn pod_settings() -> Vec<Vec<Edit>> {
    let mut all = vec![
        vec![("/spec/hostNetwork", json!(true))],
        vec![
            ("/spec/hostNetwork", json!(true)),
            ("/spec/containers/0/ports/0", json!({"containerPort": 9090})),
        ],
        vec![("/spec/hostPID", json!(true))],
        vec![("/spec/hostIPC", json!(true))],
        vec![("/spec/hostUsers", json!(false))],
        vec![("/spec/hostUsers", json!(true))],
        vec![("/spec/os", json!({"name": "linux"}))],
        vec![("/spec/os", json!({"name": "windows"}))],
        vec![
            ("/spec/os", json!({"name": "windows"})),
            ("/spec/hostNetwork", json!(true)),
            ("/spec/securityContext/windowsOptions/hostProcess", json!(true)),
        ],
        vec![
            ("/spec/hostNetwork", json!(true)),
            ("/spec/containers/0/securityContext/windowsOptions/hostProcess", json!(true)),
            ("/spec/initContainers/0/securityContext/windowsOptions/hostProcess", json!(true)),
        ],
        vec![("/spec/initContainers/0/restartPolicy", json!("Always"))],
    ];
    for name in [
        "kernel.shm_rmid_forced",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_notsent_lowat",
        "kernel.msgmax",
        "net/ipv4/tcp_syncookies",
    ] {
        let sysctl = json!({"name": name, "value": "1"});
        all.push(vec![("/spec/securityContext/sysctls/0", sysctl)]);
    }
    for profile in ["unconfined", "runtime/default", "localhost/web"] {
        let annotation = json!({"container.apparmor.security.beta.kubernetes.io/web": profile});
        all.push(vec![("/metadata/annotations", annotation)]);
    }
    for source in [
        json!({"emptyDir": {}}),
        json!({"hostPath": {"path": "/var/log"}}),
        json!({"nfs": {"server": "nas.example.com", "path": "/"}}),
        json!({"gitRepo": {"repository": "https://git.example.com/site.git"}}),
        json!({"flexVolume": {"driver": "example.com/lvm"}}),
        json!({"secret": {"secretName": "tls"}}),
        json!({"configMap": {"name": "settings"}}),
        json!({"downwardAPI": {}}),
        json!({"projected": {"sources": []}}),
        json!({"csi": {"driver": "csi.example.com"}}),
        json!({"persistentVolumeClaim": {"claimName": "data"}}),
        json!({"image": {"reference": "registry.example.com/model:1"}}),
        json!({"iscsi": {"targetPortal": "1.2.3.4", "iqn": "iqn.2001-04.com.example:a", "lun": 0}}),
        json!({"fc": {"wwids": ["a"]}}),
        json!({}),
    ] {
        let mut volume = source;
        volume["name"] = json!("data");
        all.push(vec![("/spec/volumes/0", volume)]);
    }
    all
}

fn settings() -> Vec<Vec<Edit>> {
    let mut all = pod_settings();
    all.extend(shared_settings("/spec"));
    for container in ["/spec/containers/0", "/spec/initContainers/0"] {
        all.extend(shared_settings(container));
        all.extend(container_settings(container));
    }
    all
}

/// Puts a value at a place, and makes what leads there. A list has at most one entry.
fn put(object: &mut Value, (place, value): &Edit) {
    let mut at = object;
    for step in place.split('/').skip(1) {
        at = if step == "0" {
            if !at.is_array() {
                *at = json!([null]);
            }
            &mut at[0]
        } else {
            if at.is_null() {
                *at = json!({});
            }
            &mut at[step]
        };
    }
    *at = value.clone();
}

/// A pod that says nothing, or one that keeps restricted.
fn plain(hardened: bool) -> Value {
    let container = |name: &str| {
        let mut it = json!({"name": name, "image": "registry.example.com/web:1.4.2"});
        if hardened {
            it["securityContext"] =
                json!({"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}});
        }
        it
    };
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "tried"},
        "spec": {"containers": [container("web")], "initContainers": [container("init")]},
    });
    if hardened {
        pod["spec"]["securityContext"] =
            json!({"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}});
    }
    pod
}

/// Each setting alone on either plain pod, then several.
fn pods() -> impl Iterator<Item = Value> {
    let settings = settings();
    let alone = settings.clone().into_iter().flat_map(|edits| {
        [false, true].map(|hardened| {
            let mut pod = plain(hardened);
            for it in &edits {
                put(&mut pod, it);
            }
            pod
        })
    });
    let mut random = Random::new(1);
    let several = std::iter::repeat_with(move || {
        let mut pod = plain(!random.once_in(3));
        for _ in 0..2 + random.below(4) {
            random.pick(&settings).iter().for_each(|it| put(&mut pod, it));
        }
        pod
    });
    [plain(false), plain(true)].into_iter().chain(alone).chain(several)
}

/// A namespace, by what it enforces.
fn namespace(level: Level, version: &str) -> String {
    format!("{}-{}", level.name(), version.replace('.', "-"))
}

fn create_namespace(api: &Api, level: Level, version: &str) {
    let name = namespace(level, version);
    let labels = json!({
        "pod-security.kubernetes.io/enforce": level.name(),
        "pod-security.kubernetes.io/enforce-version": version,
    });
    let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}});
    api.post("/api/v1/namespaces", &object).expect("an answer").success().expect("created");
    // No controller makes it, and without it no pod is taken.
    let account =
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}});
    let path = format!("/api/v1/namespaces/{name}/serviceaccounts");
    api.post(&path, &account).expect("an answer").success().expect("created");
}

/// What admission says of a pod: the pod as it would be kept, or the message of the refusal.
fn tried(api: &Api, namespace: &str, pod: &Value) -> (u16, Value) {
    let path = format!("/api/v1/namespaces/{namespace}/pods?dryRun=All");
    let answer = api.post(&path, pod).expect("an answer");
    (answer.status.as_u16(), answer.json().expect("JSON"))
}

/// The reasons for which admission refuses a pod.
fn theirs(api: &Api, namespace: &str, pod: &Value) -> BTreeSet<&'static str> {
    let (status, answer) = tried(api, namespace, pod);
    let message = answer["message"].as_str().unwrap_or_default();
    match status {
        201 => BTreeSet::new(),
        403 if message.contains("violates PodSecurity") => {
            let reasons = CONTROLS.iter().map(|it| reason(it.id));
            let given: BTreeSet<_> = reasons.filter(|it| message.contains(it)).collect();
            assert!(!given.is_empty(), "a reason that is not known: {message}");
            given
        }
        _ => panic!("{status} {message}"),
    }
}

/// What admission and we say of a pod by one policy.
struct Answered {
    asked: String,
    pod: String,
    theirs: BTreeSet<&'static str>,
    ours: BTreeSet<&'static str>,
}

/// Asks by the latest policies, and by one or two pinned ones; `None` for a pod that is not valid.
fn try_pod(api: &Api, versions: &[u32], pod: &Value, seed: u64) -> Option<Vec<Answered>> {
    // What is defaulted on the way, as host ports are, is judged as well.
    let (status, kept) = tried(api, &namespace(Level::Privileged, "latest"), pod);
    match status {
        201 => {}
        422 => return None,
        _ => panic!("{status} {kept}"),
    }
    let spec = spec_of(&kept);
    let mut random = Random::new(seed);
    let newest = *versions.last().expect("a version");
    let latest = LEVELS.map(|level| (level, newest, "latest".to_owned()));
    let pinned = *random.pick(versions);
    let pinned = random.some(&LEVELS).into_iter().map(|it| (it, pinned, format!("v1.{pinned}")));
    let answered = latest.into_iter().chain(pinned).map(|(level, minor, label)| Answered {
        asked: format!("{} {}", level.name(), minor_name((1, minor))),
        pod: pod.to_string(),
        theirs: theirs(api, &namespace(level, &label), pod),
        ours: ours(&spec, (1, minor), level),
    });
    Some(answered.collect())
}

#[test]
#[expect(clippy::print_stdout, reason = "how much was tried must be seen")]
fn admission_says_the_same() {
    let control_plane = ControlPlane::start(&Options::default()).expect("a control plane");
    let api = control_plane.api(Identity::Admin).expect("the admin");
    let version = api.get("/version").expect("an answer").success().expect("a version");
    let minor = version["minor"].as_str().and_then(|it| it.parse::<u32>().ok()).expect("a minor");
    let versions: Vec<u32> = (FIRST_MINOR..=minor).collect();
    create_namespace(&api, Level::Privileged, "latest");
    for level in LEVELS {
        create_namespace(&api, level, "latest");
        for it in &versions {
            create_namespace(&api, level, &format!("v1.{it}"));
        }
    }

    let (mut valid, mut invalid, mut answers) = (0, 0, 0);
    let mut differences = Vec::new();
    let mut refused: BTreeMap<&str, usize> = BTreeMap::new();
    let mut pods = pods().zip(2..);
    while valid < PODS {
        let batch: Vec<(Value, u64)> = pods.by_ref().take(AT_ONCE).collect();
        let trials = thread::scope(|scope| {
            let (api, versions) = (&api, &versions);
            let running: Vec<_> = batch
                .iter()
                .map(|(pod, seed)| scope.spawn(move || try_pod(api, versions, pod, *seed)))
                .collect();
            running.into_iter().map(|it| it.join().expect("tried")).collect::<Vec<_>>()
        });
        for trial in trials {
            let Some(answered) = trial else {
                invalid += 1;
                continue;
            };
            valid += 1;
            for Answered { asked, pod, theirs, ours } in answered {
                answers += 1;
                for it in &theirs {
                    *refused.entry(*it).or_default() += 1;
                }
                if theirs != ours {
                    differences.push(format!("{asked}: {theirs:?}, ours {ours:?}: {pod}"));
                }
            }
        }
    }
    println!(
        "{valid} pods, {answers} answers of admission ({invalid} pods were not valid); refusals by reason:"
    );
    for (reason, count) in &refused {
        println!("{count:6} {}", reason.trim_end_matches(" ("));
    }
    differences.truncate(20);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    for control in CONTROLS {
        assert!(refused.contains_key(reason(control.id)), "{} was not tried", control.id);
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "how much was tried must be seen")]
fn the_standards_own_pods_are_judged_as_they_say() {
    let Some(shared) = shared() else { return };
    let folder = shared.join("data/psa");
    let index = fs::read_to_string(folder.join("index.jsonl")).expect("the index");
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut differences = Vec::new();
    for line in index.lines() {
        let row: Value = serde_json::from_str(line).expect("JSON");
        let text = |field: &str| row[field].as_str().expect("text");
        let level = match text("level") {
            "baseline" => Level::Baseline,
            "restricted" => Level::Restricted,
            other => panic!("{other} is no level"),
        };
        let minor = text("version").strip_prefix("v1.").and_then(|it| it.parse().ok());
        let version = (1, minor.expect("a version"));
        let pod = objects::read(&folder.join(text("file"))).expect("a pod").remove(0);
        let spec = spec_of(&pod);
        // One that restricted replaces is still baseline's.
        let broken: BTreeSet<String> = [Level::Baseline, level]
            .into_iter()
            .flat_map(|level| violations(&spec, version, level))
            .map(|it| it.control.id.to_ascii_lowercase())
            .collect();
        let agrees = match text("verdict") {
            "pass" => broken.is_empty(),
            _ => ours(&spec, version, level) != BTreeSet::new() && broken.contains(text("check")),
        };
        *counts.entry(format!("{} {}", text("check"), text("verdict"))).or_default() += 1;
        if !agrees {
            differences.push(format!("{}: {broken:?}", text("file")));
        }
    }
    let all: usize = counts.values().sum();
    println!("{all} pods of the standards:");
    for (area, count) in &counts {
        println!("{count:4} {area}");
    }
    assert!(all > 100, "{all}");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
