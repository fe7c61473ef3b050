//! Files as people have them: several documents, lists in lists, compressed, wrong.

use std::{fs, io::Write, path::Path};

use assay_collector::{
    files::{self, Completeness, Error, Reading},
    snapshot_file,
};
use assay_model::{Cause, Gap, Inventory, Resource, Scope, Snapshot, resource::Access};
use jiff::Timestamp;
use proptest::prelude::*;
use tempfile::TempDir;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// A folder with these files.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, content).expect("a file");
    }
    folder
}

fn read(files: &[(&str, &[u8])]) -> Result<Reading, Error> {
    files::read(folder(files).path(), &Completeness::Everything, NOW)
}

fn whole(files: &[(&str, &[u8])]) -> Snapshot {
    read(files).expect("objects").snapshot
}

/// Namespace and name of each role, sorted.
fn roles(snapshot: &Snapshot) -> Vec<String> {
    let all = snapshot.roles.all(Scope::Cluster).expect("all of them");
    all.iter().map(|it| format!("{}/{}", it.metadata.namespace, it.metadata.name)).collect()
}

const ROLE: &str = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: a}\n";

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).expect("memory");
    encoder.finish().expect("memory")
}

#[test]
fn compression_is_told_by_content() {
    let zstd = zstd::encode_all(ROLE.as_bytes(), 0).expect("memory");
    let marked = ["\u{feff}", ROLE].concat();
    for content in [ROLE.as_bytes(), &gzip(ROLE), &zstd, marked.as_bytes()] {
        for name in ["a.yaml", "a.yml.gz", "a.json.zst", "A.YAML"] {
            assert_eq!(roles(&whole(&[(name, content)])), ["default/a"], "{name}");
        }
    }
}

#[test]
fn documents_and_lists_are_taken_apart() {
    let items = r#"{"metadata":{"name":"b","namespace":"ns"}},{"metadata":{"name":"a"}}"#;
    let role_list = |items: &str| {
        format!(
            r#"{{"kind":"RoleList","apiVersion":"rbac.authorization.k8s.io/v1","items":[{items}]}}"#
        )
    };
    let texts = [
        format!("# nothing\n---\n{ROLE}---\n\n---\n{}\n...\n", ROLE.replace("{name: a}", "{name: b, namespace: ns}")),
        role_list(items),
        format!(r#"{{"kind":"List","apiVersion":"v1","items":[{}]}}"#, role_list(items)),
        // As `kubectl get -o json` of one kind after the other leaves it.
        role_list(items).replace("}},{", "}}]}\n{\"kind\":\"RoleList\",\"apiVersion\":\"rbac.authorization.k8s.io/v1\",\"items\":[{"),
        "{kind: RoleList, apiVersion: rbac.authorization.k8s.io/v1, items: [{metadata: {name: a}}, {metadata: {name: b, namespace: ns}}]}".to_owned(),
    ];
    for text in &texts {
        assert_eq!(
            roles(&whole(&[("all.json", text.as_bytes())])),
            ["default/a", "ns/b"],
            "{text}"
        );
    }
    let empty = read(&[("none.json", role_list("").as_bytes())]).expect("a list of none");
    assert_eq!(roles(&empty.snapshot), [""; 0]);
}

#[test]
fn objects_without_a_kind_are_noted_where_nothing_tells_it() {
    let text = r#"{"kind":"List","apiVersion":"v1","items":[{"metadata":{"name":"a"}}]}"#;
    let Reading { snapshot, notes } = read(&[("a.json", text.as_bytes())]).expect("a list");
    assert_eq!(snapshot.costs.len(), 0);
    assert!(notes[0].ends_with("a.json, line 1: no Kubernetes object, passed over"), "{notes:?}");
}

#[test]
fn a_list_without_items_is_empty_and_one_of_something_else_malformed() {
    let gaps = |rest: &str| {
        let text = format!(r#"{{"kind":"PodList","apiVersion":"v1"{rest}}}"#);
        let snapshot = whole(&[("a.json", text.as_bytes())]);
        snapshot.pods.gaps().iter().map(|it| it.cause.clone()).collect::<Vec<_>>()
    };
    assert_eq!(gaps(r#","items":null"#), []);
    assert_eq!(gaps(r#","items":{}"#), [Cause::Malformed(1)]);
    assert_eq!(gaps(r#","items":[5]"#), [Cause::Malformed(1)]);
}

#[test]
fn of_two_objects_with_one_name_the_later_holds() {
    let labelled = |value: &str| {
        format!(
            "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n  labels: {{version: {value}}}\n"
        )
    };
    let first = format!("{}---\n{}", labelled("one"), labelled("two"));
    let files = [("b.yaml", labelled("three")), ("a.yaml", first)];
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    let Reading { snapshot, notes } = read(&files).expect("objects");
    let found = snapshot.namespaces.get("", "shop").expect("read").expect("there");
    assert_eq!(found.metadata.labels.get("version").map(|it| &**it), Some("three"));
    let places: Vec<&str> = notes.iter().map(|it| it.rsplit('/').next().expect("a name")).collect();
    let note = "Namespace shop is given again later, and the later one holds";
    assert_eq!(places, [format!("a.yaml, line 1: {note}"), format!("a.yaml, line 7: {note}")]);
}

#[test]
fn objects_to_be_named_by_the_server_are_not_one() {
    let text = r#"{"apiVersion":"batch/v1","kind":"Job","metadata":{"generateName":"job-"}}"#;
    let jobs = whole(&[("a.json", text.as_bytes()), ("b.json", text.as_bytes())]).jobs;
    assert_eq!(jobs.seen(), 2);
}

#[test]
fn one_malformed_object_hides_its_namespace_and_no_other() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: good, namespace: shop}\n---\n\
                apiVersion: v1\nkind: Pod\nmetadata: {name: bad, namespace: ops}\n\
                spec: {hostNetwork: hush}\n";
    let Reading { snapshot, notes } = read(&[("pods.yaml", text.as_bytes())]).expect("objects");
    let gaps = snapshot.pods.gaps();
    let [gap] = gaps else { panic!("{gaps:?}") };
    assert_eq!((&gap.cause, gap.part.as_deref()), (&Cause::Malformed(1), Some("ops")));
    assert!(gap.message.ends_with("pods.yaml"), "{gap}");
    assert!(snapshot.pods.all(Scope::Part("shop")).is_ok());
    assert!(
        notes[0].ends_with("line 5: Pod ops/bad: spec.hostNetwork is not a boolean"),
        "{notes:?}"
    );
    assert!(!serde_json::to_string(&snapshot).expect("JSON").contains("hush"));
}

#[test]
fn what_must_not_be_kept_is_not() {
    let text = "
apiVersion: v1
kind: Pod
metadata:
  name: p
  annotations: {kubectl.kubernetes.io/last-applied-configuration: hush}
spec:
  containers:
  - name: c
    command: [sh, -c, hush]
    args: [--password=hush, --token, hush]
    env: [{name: TOKEN, value: hush}]
  volumes: [{name: v, csi: {volumeAttributes: {key: hush}}}]
---
{apiVersion: v1, kind: Secret, metadata: {name: s}, data: {key: hush}, stringData: {key: hush}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: m}, data: {key: hush}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: a, annotations: {key: hush}}, secrets: hush}
";
    let Reading { snapshot, notes } = read(&[("a.yaml", text.as_bytes())]).expect("objects");
    assert_eq!(snapshot.pods.seen() + snapshot.service_accounts.seen(), 2);
    let kept = serde_json::to_string(&snapshot).expect("JSON") + &notes.concat();
    assert!(!kept.contains("hush"), "{kept}");
}

#[test]
fn json_faults_have_their_own_line() {
    let text = "{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"items\":[\n{},\n{\"metadata\":{\"name\":\"a\"},\n\
                \"spec\":{\"containers\":\n7}}]}";
    let Reading { notes, .. } = read(&[("pods.json", text.as_bytes())]).expect("objects");
    assert!(
        notes[0].ends_with("line 5: Pod default/a: spec.containers is not a sequence"),
        "{notes:?}"
    );
}

#[test]
fn an_ingress_of_another_shape_is_not_read_as_one_without_backends() {
    let text = "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: i}\n";
    let Reading { snapshot, notes } = read(&[("i.yaml", text.as_bytes())]).expect("objects");
    assert_eq!(snapshot.ingresses.gaps().len(), 1);
    let note =
        "Ingress default/i: is of extensions/v1beta1, and networking.k8s.io/v1 is what can be read";
    assert!(notes[0].ends_with(note), "{notes:?}");
}

#[test]
fn what_servers_answer_is_taken_by_file_name() {
    let node = r#"{"apiVersion":"v1","kind":"Node","metadata":{"name":"n1"}}"#;
    let config = r#"{"kubeletconfig":{"authentication":{"anonymous":{"enabled":true}}}}"#;
    let files: [(&str, &[u8]); 5] = [
        ("nodes/n1.json", node.as_bytes()),
        ("nodes/n2.json", br#"{"apiVersion":"v1","kind":"Node","metadata":{"name":"n2"}}"#),
        ("configz/n1.json.gz", &gzip(config)),
        ("other.json", config.as_bytes()),
        ("version.json", br#"{"major":"1","minor":"37","gitVersion":"v1.37.2"}"#),
    ];
    let Reading { snapshot, notes } = read(&files).expect("objects");
    let version = snapshot.version.expect("in a file");
    assert_eq!(version.minor(), Some((1, 37)));
    let known = snapshot.kubelet_configs.get("n1", "n1").expect("read").expect("there");
    assert!(known.authentication.anonymous.enabled);
    let unread = snapshot.kubelet_configs.get("n2", "n2").expect_err("no file");
    assert_eq!(unread.gaps()[0].message, "there is no configz/n2.json");
    assert!(notes[0].ends_with("name it configz/<node>.json"), "{notes:?}");
}

#[test]
fn a_namespace_exists_when_something_is_in_it() {
    let text = "apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: shop}\n";
    let Reading { snapshot, notes } = read(&[("s.yaml", text.as_bytes())]).expect("objects");
    assert_eq!(notes, ["namespaces that objects name and no file lists: shop"]);
    let namespaces = Inventory::from(snapshot).namespaces;
    let names: Vec<_> =
        namespaces.all(Scope::Cluster).expect("all").iter().map(|it| &*it.name).collect();
    assert_eq!(names, ["shop"]);
}

#[test]
fn a_folder_is_read_in_order_and_says_what_it_passes_over() {
    let role = ROLE.as_bytes();
    let Reading { snapshot, notes } =
        read(&[("a.yaml", role), ("b.txt", b"hush"), (".git/c.yaml", role), (".d.yaml", role)])
            .expect("objects");
    assert_eq!(roles(&snapshot), ["default/a"]);
    let passed_over: Vec<_> = notes.iter().filter(|it| it.ends_with(": passed over")).collect();
    assert_eq!(passed_over.len(), 3, "{notes:?}");
    assert!(
        passed_over
            .iter()
            .zip([".d.yaml", ".git", "b.txt"])
            .all(|(note, name)| note.contains(name))
    );
}

#[test]
fn notes_do_not_drive_a_terminal() {
    let text = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"\u001b[2J"},"spec":1}"#;
    let Reading { notes, .. } = read(&[("a.json", text.as_bytes())]).expect("objects");
    assert!(notes[0].contains(r"\u{1b}[2J"), "{notes:?}");
}

#[test]
fn errors_say_where_and_what_to_do() {
    let mut cut = gzip(&ROLE.repeat(100));
    cut.truncate(30);
    let old = r#"{"format":"kube-assay/snapshot-v0"}"#;
    let damaged = r#"{"format":"kube-assay/snapshot-v1","origin":7}"#;
    let deep = "[".repeat(100_000);
    let nested =
        format!("{}{}", r#"{"kind":"List","apiVersion":"v1","items":["#.repeat(9), "]}".repeat(9));
    let bomb: String = (1..9).fold("a0: &a0 [hush, hush]\n".to_owned(), |text, n| {
        let aliases = vec![format!("*a{}", n - 1); 10].join(", ");
        text + &format!("a{n}: &a{n} [{aliases}]\n")
    });
    let cases: &[(&[u8], &str)] = &[
        (
            b"",
            "holds no Kubernetes objects: write them with `kubectl get -o yaml`, or name another path",
        ),
        (
            b"# nothing\n",
            "holds no Kubernetes objects: write them with `kubectl get -o yaml`, or name another path",
        ),
        (
            b"NAME  READY\nhush  1/1\n",
            "holds no Kubernetes objects: write them with `kubectl get -o yaml`, or name another path",
        ),
        (b"{\"kind\":\n\"Po", ", line 2: breaks off here: make it again"),
        (
            b"kind: Pod\n hush: [\n",
            ", line 2, column 6: is not valid YAML: mend it, or leave it out",
        ),
        (b"{\"kind\" = 1}", ", line 1, column 9: is not valid JSON: mend it, or leave it out"),
        (b"kind: Pod\n\xff\xfe", ", line 2: is not UTF-8 text: convert it, or leave it out"),
        (&cut, "decompress it yourself"),
        (
            bomb.as_bytes(),
            "goes beyond the limits on aliases, nesting or size: write it out as plain JSON, one list a kind",
        ),
        (
            nested.as_bytes(),
            "goes beyond the limits on aliases, nesting or size: write it out as plain JSON, one list a kind",
        ),
        (deep.as_bytes(), ""),
        (old.as_bytes(), "could not read the snapshot"),
        (damaged.as_bytes(), "could not read the snapshot"),
    ];
    for (content, expected) in cases {
        let folder = folder(&[("file.yaml", content)]);
        let path = folder.path().join("file.yaml");
        let error =
            files::read(&path, &Completeness::Everything, NOW).expect_err(expected).to_string();
        assert!(error.contains(&path.display().to_string()), "{error}");
        assert!(error.contains(expected), "{error}\n{expected}");
        assert!(!error.contains("hush"), "{error}");
    }
    let missing = files::read(Path::new("no/such/file"), &Completeness::Everything, NOW);
    assert_eq!(missing.expect_err("missing").to_string(), "could not read no/such/file");
}

#[test]
fn a_snapshot_of_another_version_or_among_other_files_is_refused() {
    let old: &[u8] = br#"{"format":"kube-assay/snapshot-v0"}"#;
    let Err(Error::Snapshot { source, .. }) = read(&[("a.json", old)]) else { panic!("read") };
    assert!(matches!(&source, snapshot_file::Error::Format { found } if found.ends_with("v0")));
    assert!(source.to_string().contains("collect again"), "{source}");
    let among = read(&[("a.json", old), ("b.yaml", ROLE.as_bytes())]);
    assert!(matches!(among, Err(Error::SnapshotAmongFiles { .. })), "{among:?}");
}

#[test]
fn a_snapshot_of_an_older_projection_is_outdated_kind_by_kind() {
    let mut snapshot = whole(&[("a.yaml", ROLE.as_bytes())]);
    snapshot.projections.insert(Resource::Roles, 0);
    let mut bytes = Vec::new();
    snapshot_file::write(&snapshot, &mut bytes).expect("memory");
    let read = snapshot_file::read(&mut &bytes[..]).expect("a snapshot");
    let outdated = |it: &Resource| read.gaps(*it).iter().any(|it| it.cause == Cause::Outdated);
    assert_eq!(Resource::ALL.into_iter().filter(outdated).collect::<Vec<_>>(), [Resource::Roles]);
}

#[test]
fn gaps_and_costs_survive_a_snapshot() {
    let mut snapshot = whole(&[("a.yaml", ROLE.as_bytes())]);
    snapshot.hide(Gap::part(Resource::Pods, "shop", Cause::Malformed(3), "why"));
    snapshot.hide(Gap::whole(Resource::Version, Cause::Forbidden, "403"));
    snapshot.costs.entry(Resource::Roles).or_default().seconds = 0.1 + 0.2;
    snapshot.listed.insert(Resource::Roles, NOW);
    let mut bytes = Vec::new();
    snapshot_file::write(&snapshot, &mut bytes).expect("memory");
    let mut read = snapshot_file::read(&mut &bytes[..]).expect("a snapshot");
    read.origin.source = snapshot.origin.source;
    assert_eq!(read, snapshot);
}

/// Any JSON, of words that readers look for.
fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let words = vec![
        "apiVersion",
        "kind",
        "metadata",
        "name",
        "namespace",
        "items",
        "spec",
        "status",
        "v1",
        "Pod",
        "List",
        "PodList",
        "Role",
        "rbac.authorization.k8s.io/v1",
        "containers",
        "volumes",
        "labels",
        "format",
        "kube-assay/snapshot-v1",
        "kubeletconfig",
        "gitVersion",
        "ownerReferences",
        "controller",
        "phase",
    ];
    let word =
        prop_oneof![4 => prop::sample::select(words), 1 => Just("hush")].prop_map(str::to_owned);
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i32>().prop_map(Into::into),
        word.clone().prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::btree_map(word.clone(), inner, 0..6)
                .prop_map(|it| it.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

/// Whatever a file holds: an error or a snapshot, and no absence that a malformed object could hide.
fn read_anything(name: &str, content: &[u8]) -> Result<(), TestCaseError> {
    for name in [name, "configz/n.json", "version.json"] {
        let folder = folder(&[(name, content)]);
        match files::read(folder.path(), &Completeness::Everything, NOW) {
            Ok(Reading { snapshot, .. }) => {
                let mut bytes = Vec::new();
                snapshot_file::write(&snapshot, &mut bytes).expect("memory");
                prop_assert!(snapshot_file::read(&mut &bytes[..]).is_ok());
                drop(Inventory::from(snapshot));
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_bytes_are_an_error_or_a_snapshot(
        content in prop::collection::vec(any::<u8>(), 0..200),
        magic in prop::sample::select(vec![&b""[..], b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"{", b"- "]),
    ) {
        let content = [magic, &content].concat();
        read_anything("a.yaml", &content)?;
        drop(snapshot_file::read(&mut &content[..]));
    }

    #[test]
    fn any_text_is_an_error_or_a_snapshot(text in "[a-z0-9 \\n:&*<!|>%@`'\"{}\\[\\],.#?-]{0,80}") {
        read_anything("a.yaml", text.as_bytes())?;
    }

    #[test]
    fn any_json_is_an_error_or_a_snapshot(json in any_json(), resource in 0..Resource::ALL.len()) {
        read_anything("a.json", json.to_string().as_bytes())?;
        if let Access::List(kind) = Resource::ALL[resource].access() {
            let mut object = serde_json::json!({"apiVersion": kind.api_version(), "kind": kind.kind});
            if let (Some(object), Some(fields)) = (object.as_object_mut(), json.as_object()) {
                object.extend(fields.clone().into_iter().filter(|(key, _)| key != "kind" && key != "apiVersion"));
            }
            read_anything("a.yaml", object.to_string().as_bytes())?;
        }
    }
}
