//! One API server asked for both encodings: what is read of either must be the same.

use std::path::{Path, PathBuf};

use assay_collector::encoding::{Encoding, Page, read};
use assay_model::{Cause, Resource, Snapshot, resource::Kind, snapshot::Origin};
use assay_tests::{Api, ControlPlane, Identity, Options, objects, shared};
use serde_json::{Value, json};

/// Small, so that every kind has a next page.
const LIMIT: usize = 3;

#[test]
fn json_and_protobuf_say_the_same_of_every_built_in_kind() {
    let Some(data) = shared().map(|it| it.join("data")) else { return };
    let control_plane = ControlPlane::start(&Options::default()).expect("a control plane");
    for cluster in ["clusters/kind-goat", "clusters/platform"] {
        control_plane.load(&data.join(cluster)).expect("loaded");
    }
    let added = control_plane.create(rare()).expect("created");
    assert!(added.refused.is_empty(), "{added}");
    let loaded = control_plane.create(cases(&data)).expect("created");
    assert!(loaded.count() > 300, "{loaded}");

    let api = control_plane.api(Identity::Admin).expect("the admin's view");
    for resource in Resource::ALL {
        let Some(kind) = resource.kind().filter(|it| it.built_in) else { continue };
        if resource == Resource::ReplicaSets {
            continue;
        }
        let (json, json_facts) = facts(&api, resource, kind, Encoding::Json);
        let (protobuf, protobuf_facts) = facts(&api, resource, kind, Encoding::Protobuf);
        let held = |pages: &[Page]| pages.iter().map(|it| it.objects).collect::<Vec<_>>();
        assert_eq!(held(&json), held(&protobuf), "{resource}");
        assert!(json.len() > 1 || held(&json) != [0], "{resource}: none to compare");
        assert!(json.iter().chain(&protobuf).all(|it| it.malformed.is_empty()), "{resource}");
        let text = |it: &Snapshot| serde_json::to_string_pretty(it).expect("a snapshot");
        let (one, other) = (text(&json_facts), text(&protobuf_facts));
        let differs = one.lines().zip(other.lines()).find(|(one, other)| one != other);
        assert_eq!(differs, None, "{resource}");
        assert_eq!(json_facts, protobuf_facts, "{resource}");
    }
}

/// All pages of a kind, and what they say.
fn facts(api: &Api, resource: Resource, kind: Kind, encoding: Encoding) -> (Vec<Page>, Snapshot) {
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
        bodies.push(answer.body);
        match &pages[0].continue_token {
            Some(next) => token.clone_from(next),
            None => break,
        }
    }
    let mut snapshot = unread();
    let pages = bodies.iter().map(|it| (encoding, &it[..]));
    (read(resource, pages, &mut snapshot).expect("a list"), snapshot)
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
