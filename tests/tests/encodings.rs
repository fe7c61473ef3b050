//! One API server asked for both encodings: what is read of either must be the same, and so must what is read
//! of it once two other implementations have passed it on.

#[path = "../../crates/collector/src/proto/others.rs"]
mod others;

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

use assay_collector::encoding::{Encoding, Page, read};
use assay_model::{Cause, Resource, Snapshot, resource::Kind, snapshot::Origin};
use assay_tests::{
    Api, ControlPlane, Fault, Harm, Identity, Options, Report, Run, assay, objects, shared,
};
use k8s_pb::apimachinery::pkg::runtime::Unknown;
use prost::Message as _;
use serde_json::{Value, json};

/// Small, so that every kind has a next page.
const LIMIT: usize = 3;

/// Everything that there is in the shared data, as far as a server takes it; `None` without them.
fn control_plane() -> Option<&'static ControlPlane> {
    static CONTROL_PLANE: OnceLock<Option<ControlPlane>> = OnceLock::new();
    let started = CONTROL_PLANE.get_or_init(|| {
        let data = shared().map(|it| it.join("data"))?;
        let control_plane = ControlPlane::start(&Options::default()).expect("a control plane");
        for cluster in ["clusters/kind-goat", "clusters/platform"] {
            control_plane.load(&data.join(cluster)).expect("loaded");
        }
        let added = control_plane.create(rare()).expect("created");
        assert!(added.refused.is_empty(), "{added}");
        let loaded = control_plane.create(cases(&data)).expect("created");
        assert!(loaded.count() > 300, "{loaded}");
        Some(control_plane)
    });
    started.as_ref()
}

#[test]
fn json_and_protobuf_say_the_same_of_every_built_in_kind() {
    let Some(control_plane) = control_plane() else { return };
    let api = control_plane.api(Identity::Admin).expect("the admin's view");
    for resource in Resource::ALL {
        let Some(kind) = resource.kind().filter(|it| it.built_in) else { continue };
        // Replica sets are not read; of Secrets a table is, which holds no value.
        if matches!(resource, Resource::ReplicaSets | Resource::Secrets) {
            continue;
        }
        let json = bodies(&api, resource, kind, Encoding::Json);
        let protobuf = bodies(&api, resource, kind, Encoding::Protobuf);
        assert_eq!(json.len(), protobuf.len(), "{resource}");
        let (pages, facts) = read_all(resource, Encoding::Json, &json);
        // A request for a certificate takes a key, and is compared in `proto/tests.rs`.
        let none = pages.len() == 1 && pages[0].objects == 0;
        assert!(
            !none || resource == Resource::CertificateSigningRequests,
            "{resource}: none to compare"
        );
        assert!(pages.iter().all(|it| it.malformed.is_empty()), "{resource}");
        assert_same(resource, &facts, &read_all(resource, Encoding::Protobuf, &protobuf).1);

        let passed_on: Vec<_> =
            json.iter().zip(&protobuf).map(|(one, other)| pass_on(resource, one, other)).collect();
        let (json, protobuf): (Vec<_>, Vec<_>) = passed_on.into_iter().unzip();
        for (encoding, bodies) in [(Encoding::Json, json), (Encoding::Protobuf, protobuf)] {
            let (theirs, their_facts) = read_all(resource, encoding, &bodies);
            assert_eq!(pages, theirs, "{resource}");
            assert_same(resource, &facts, &their_facts);
        }
    }
}

/// Held are the reports as they were written, but for when it was and what it cost.
#[test]
fn a_scan_writes_the_same_report_of_either() {
    let Some(control_plane) = control_plane() else { return };
    let proxy = control_plane.proxy().expect("a proxy");
    let kubeconfig = proxy.kubeconfig(Identity::Admin).expect("a kubeconfig");
    let scan = || {
        let arguments = ["-o", "json", "--page-size", "50", "--fail-on", "never"];
        let run = Run::of(assay(&kubeconfig).args(arguments));
        assert!(matches!(run.code, Some(0 | 4)), "{}", run.stderr);
        (timeless(&run.stdout), read_bytes(&run.report()))
    };
    let (protobuf, protobuf_bytes) = scan();
    proxy.fault(Fault::of(|it| it.accept.contains("protobuf"), Harm::AsJson));
    let (json, json_bytes) = scan();
    assert!(json_bytes > protobuf_bytes * 5 / 4, "{json_bytes} bytes, {protobuf_bytes} bytes");
    let differ = json.iter().zip(&protobuf).find(|(one, other)| one != other);
    assert_eq!(differ, None);
    assert_eq!(json.len(), protobuf.len());
}

/// A report without what no two scans have in common: the clock's answers, the length of what was read, and how
/// often was asked, for a server that has just got a new kind may have to be asked for it twice.
fn timeless(report: &str) -> Vec<String> {
    let differs = ["started", "finished", "seconds", "bytes", "requests", "retries"];
    let differs = differs.map(|it| format!("\"{it}\": "));
    let differs = |line: &&str| differs.iter().any(|it| line.trim_start().starts_with(it));
    let kept: Vec<_> = report.lines().filter(|it| !differs(it)).map(str::to_owned).collect();
    assert!(kept.len() > 1000, "a value a line");
    kept
}

fn read_bytes(report: &Report) -> u64 {
    let kinds = report.0["collection"].as_array().into_iter().flatten();
    kinds.filter_map(|it| it["bytes"].as_u64()).sum()
}

/// All pages of a kind.
fn bodies(api: &Api, resource: Resource, kind: Kind, encoding: Encoding) -> Vec<Vec<u8>> {
    let accept = match encoding {
        Encoding::Json => "application/json",
        Encoding::Protobuf => Encoding::ACCEPT,
    };
    let root = if kind.group.is_empty() { "api" } else { "apis" };
    let path = format!("/{root}/{}/{}?limit={LIMIT}", kind.api_version(), kind.plural);
    let (mut bodies, mut token) = (Vec::new(), String::new());
    loop {
        let answer = api.get_as(&format!("{path}&continue={token}"), accept).expect("an answer");
        assert!(answer.status.is_success(), "{path}: {}", answer.status);
        let content_type = answer.headers["content-type"].to_str().expect("text");
        assert_eq!(Encoding::of(content_type), encoding, "{content_type}");
        let mut one = unread();
        let pages = read(resource, [(encoding, &answer.body[..])], &mut one).expect("a list");
        bodies.push(answer.body.to_vec());
        match &pages[0].continue_token {
            Some(next) => token.clone_from(next),
            None => return bodies,
        }
    }
}

/// What the pages say.
fn read_all(resource: Resource, encoding: Encoding, bodies: &[Vec<u8>]) -> (Vec<Page>, Snapshot) {
    let mut snapshot = unread();
    let pages = bodies.iter().map(|it| (encoding, &it[..]));
    (read(resource, pages, &mut snapshot).expect("a list"), snapshot)
}

/// A page as two other implementations write it, having read it.
fn pass_on(resource: Resource, json: &[u8], protobuf: &[u8]) -> (Vec<u8>, Vec<u8>) {
    const MAGIC: &[u8] = b"k8s\0";
    let envelope = protobuf.strip_prefix(MAGIC).expect("protobuf of Kubernetes");
    let mut unknown = Unknown::decode(envelope).expect("an envelope");
    let json = std::str::from_utf8(json).expect("UTF-8");
    let (json, raw) = others::through(resource, json, unknown.raw());
    unknown.raw = Some(raw);
    (json.into_bytes(), [MAGIC, &unknown.encode_to_vec()].concat())
}

/// Fails where two differ, in few words: the first line that is not the same.
fn assert_same(resource: Resource, one: &Snapshot, other: &Snapshot) {
    let text = |it: &Snapshot| serde_json::to_string_pretty(it).expect("a snapshot");
    let (left, right) = (text(one), text(other));
    let differs = left.lines().zip(right.lines()).find(|(one, other)| one != other);
    assert_eq!(differs, None, "{resource}");
    assert_eq!(one, other, "{resource}");
}

/// The objects of every case, those that can be in a namespace of the case's own.
fn cases(data: &Path) -> Vec<Value> {
    let mut all = Vec::new();
    for (at, file) in files(&[data.join("cases"), data.join("psa")]).iter().enumerate() {
        let Ok(mut objects) = objects::read(file) else { continue };
        objects.retain(|it| it["metadata"]["name"].is_string() && it["apiVersion"].is_string());
        for object in &mut objects {
            let version = object["apiVersion"].as_str().unwrap_or_default();
            let group = version.split_once('/').map_or("", |(group, _)| group);
            let kind = object["kind"].as_str().unwrap_or_default();
            let resource = Resource::of_kind(group, kind).and_then(Resource::kind);
            if resource.is_some_and(|it| it.namespaced) {
                object["metadata"]["namespace"] = json!(format!("case-{at}"));
            }
        }
        all.extend(objects);
    }
    all
}

/// One of each kind that the shared data are short of, with what is read of it.
fn rare() -> Vec<Value> {
    let rule = json!({"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"],
        "operations": ["CREATE", "UPDATE"], "scope": "*"});
    let webhook = json!({
        "name": "a.example.com", "sideEffects": "None", "admissionReviewVersions": ["v1"],
        "clientConfig": {"service": {"namespace": "default", "name": "hook", "path": "/x"}},
        "failurePolicy": "Ignore", "rules": [rule], "objectSelector": {"matchLabels": {"a": "b"}},
        "namespaceSelector": {"matchExpressions": [{"key": "k", "operator": "In", "values": ["v"]}]},
        "matchConditions": [{"name": "m", "expression": "true"}]});
    let template = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"restartPolicy": "Never",
        "hostUsers": false, "os": {"name": "linux"}, "automountServiceAccountToken": false,
        "containers": [{"name": "c", "image": "i", "env": [{"name": "EMPTY"}],
            "resources": {"requests": {"cpu": "0.5", "memory": "1Gi"}}}]}});
    let named = |name: &str| json!({"name": name, "namespace": "default"});
    let admission = "admissionregistration.k8s.io/v1";
    vec![
        json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": named("quota"),
            "spec": {"hard": {"pods": "10", "requests.cpu": "1500m"}}}),
        json!({"apiVersion": "v1", "kind": "LimitRange", "metadata": named("range"),
            "spec": {"limits": [{"type": "Container", "max": {"cpu": "2"}, "min": {"cpu": "10m"},
                "default": {"cpu": "1"}, "defaultRequest": {"cpu": "0.1"}}]}}),
        json!({"apiVersion": admission, "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": "validating"}, "webhooks": [webhook]}),
        json!({"apiVersion": admission, "kind": "MutatingWebhookConfiguration",
            "metadata": {"name": "mutating"}, "webhooks": [webhook]}),
        json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "things.example.com"},
            "spec": {"group": "example.com", "scope": "Namespaced",
                "names": {"plural": "things", "kind": "Thing"},
                "versions": [{"name": "v1", "served": true, "storage": true,
                    "schema": {"openAPIV3Schema": {"type": "object"}}}]}}),
        json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "volume"},
            "spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"],
                "claimRef": {"namespace": "default", "name": "claim"},
                "hostPath": {"path": "/data", "type": ""}}}),
        json!({"apiVersion": admission, "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": "policy"},
            "spec": {"failurePolicy": "Fail", "validations": [{"expression": "true"}],
                "matchConstraints": {"resourceRules": [rule]}}}),
        json!({"apiVersion": admission, "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": "bound"},
            "spec": {"policyName": "policy", "validationActions": ["Deny", "Audit"]}}),
        json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": named("job"),
            "spec": {"template": template}}),
        json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": named("cron"),
            "spec": {"schedule": "0 0 * * *", "jobTemplate": {"spec": {"template": template}}}}),
    ]
}

fn files(folders: &[PathBuf]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in folders {
        let entries = std::fs::read_dir(folder).expect("a folder");
        let mut paths: Vec<_> = entries.map(|it| it.expect("an entry").path()).collect();
        paths.sort();
        let (folders, files): (Vec<_>, Vec<_>) = paths.into_iter().partition(|it| it.is_dir());
        found.extend(files.into_iter().filter(|it| it.extension().is_some_and(|it| it == "yaml")));
        found.extend(self::files(&folders));
    }
    found
}

fn unread() -> Snapshot {
    let origin: Origin = serde_json::from_value(json!({
        "source": "live", "started": "2026-01-01T00:00:00Z", "finished": "2026-01-01T00:00:00Z",
        "interrupted": false, "cluster": "", "server": "", "context": "", "user": "",
        "groups": [], "impersonated": false, "namespaces": [],
    }))
    .expect("an origin");
    Snapshot::unread(origin, &Cause::NotRequested, "")
}
