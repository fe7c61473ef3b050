//! What other scanners' own cases say, and what we say of the same objects.
//!
//! The Pod Security Standards' pods are judged by the checks that mirror their fields, and a pod that
//! fails is to fail here. Of another scanner's case it counts whether anything is found at all, for what
//! is a weakness to one is a fault to another. `conformance/questions.toml` says which row of the
//! catalogue asks the same, and `conformance/differences.toml` holds each difference that is left, with
//! its reason. A row without a check differs from nobody: it is counted as not built.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use assay_benchmark::{Check, Facts, Settings, checks, engine::run_watched};
use assay_collector::files::{self, Completeness};
use assay_model::{Inventory, Outcome, Snapshot, Unknown, control_plane::Version};
use jiff::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// Of the clusters that cases become.
const VERSION: &str = "v1.37.2";

/// Which rows ask what others ask.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Questions {
    pod_security: BTreeMap<String, Question>,
    cases: BTreeMap<String, Question>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Question {
    /// These rows do; it is enough that one reports.
    Rows(Vec<String>),
    /// No row does, and why.
    Nobody(String),
}

/// What is known of how we agree.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    /// How many answers agree at least, by area.
    agree: BTreeMap<String, usize>,
    /// By case.
    differ: BTreeMap<String, Difference>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Difference {
    objects: BTreeSet<String>,
    #[expect(dead_code, reason = "for the reader; that it is one of the four is checked")]
    who: Who,
    why: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Who {
    /// Upstream's source or documentation says so.
    OursRight,
    /// Theirs asks more than the row, or asks by a setting that we have no word for.
    TheirsWider,
    /// To be mended.
    OursWrong,
    /// The check is there, and does not read what the case is about.
    NotBuilt,
}

/// The answer to one question about one object.
struct Answer {
    area: String,
    case: String,
    object: String,
    said: Said,
}

enum Said {
    Agrees,
    /// And what was said.
    Differs(String),
    NotBuilt,
    NobodyAsks,
}

/// What a check says of one cluster.
struct Judged {
    whole: Outcome,
    /// The worst of each subject, by `Kind/namespace/name`.
    subjects: BTreeMap<String, Outcome>,
    /// Why it is unknown.
    gaps: Vec<String>,
}

impl Judged {
    /// Whether an outcome is among those that report; or why it is none of either kind.
    fn decides(&self, outcome: Outcome, reports: &[Outcome]) -> Result<bool, String> {
        match outcome {
            it if reports.contains(&it) => Ok(true),
            Outcome::Pass | Outcome::Warn | Outcome::NotApplicable => Ok(false),
            it => Err(format!("{} ({})", it.name(), self.gaps.join(", "))),
        }
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "the counts are what it is for")]
fn others_cases_are_answered_alike() {
    let Some(data) = shared() else { return };
    let questions: Questions = table("questions.toml");
    let known: Known = table("differences.toml");
    let mut answers = pod_security_standards(&data.join("psa"), &questions.pod_security);
    answers.extend(cases(&data.join("cases"), &questions.cases));
    let counts = count(&answers);
    println!("{}", drawn(&counts));

    let mut wrong = Vec::new();
    let mut seen: BTreeSet<(&str, &str)> = BTreeSet::new();
    for Answer { case, object, said, .. } in &answers {
        let Said::Differs(how) = said else { continue };
        seen.insert((case, object));
        if known.differ.get(case).is_none_or(|it| !it.objects.contains(object)) {
            wrong.push(format!("{case}: {object} {how}: not listed"));
        }
    }
    for (case, Difference { objects, why, .. }) in &known.differ {
        if why.is_empty() {
            wrong.push(format!("{case}: listed without a reason"));
        }
        let idle = objects.iter().filter(|it| !seen.contains(&(case.as_str(), it.as_str())));
        wrong.extend(idle.map(|it| format!("{case}: {it} is listed, and differs no more")));
    }
    for (area, least) in &known.agree {
        let now = counts.get(area.as_str()).map_or(0, |it| it[0]);
        if now < *least {
            wrong.push(format!("{area}: {now} agree, and {least} did"));
        }
    }
    let new = counts.keys().filter(|it| !known.agree.contains_key(**it));
    wrong.extend(new.map(|it| format!("{it}: nothing says how many agree at least")));
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The shared test data; `None`, with a printed line, where there is none. CI must have it.
#[expect(clippy::print_stdout, reason = "a skipped test must be seen")]
fn shared() -> Option<PathBuf> {
    let root = env::var_os("ASSAY_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let path = root.join("data");
    if path.exists() {
        return Some(path);
    }
    assert!(env::var_os("CI").is_none(), "{} is missing", path.display());
    println!("skipped, 0 answers: {} is missing", path.display());
    None
}

fn table<T: DeserializeOwned>(name: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance").join(name);
    toml::from_str(&fs::read_to_string(path).expect("a file")).expect("a table")
}

/// A pod that fails is asked about the field in its name, one that passes about all of its level.
fn pod_security_standards(folder: &Path, questions: &BTreeMap<String, Question>) -> Vec<Answer> {
    #[derive(Deserialize)]
    struct Row {
        file: String,
        level: String,
        version: String,
        verdict: String,
        check: String,
    }
    let index = fs::read_to_string(folder.join("index.jsonl")).expect("a file");
    let rows: Vec<Row> = index.lines().map(|it| serde_json::from_str(it).expect("a row")).collect();
    let mut answers = Vec::new();
    for Row { file, level, version, verdict, check } in &rows {
        let inventory = Inventory::from(read(&folder.join(file), &format!("{version}.0")));
        let fails = verdict == "fail";
        let fields: BTreeSet<&String> = if fails {
            [check].into()
        } else {
            let tested = rows.iter().filter(|it| it.level == *level && it.verdict == "fail");
            tested.map(|it| &it.check).collect()
        };
        for field in fields {
            let question = questions.get(field).unwrap_or_else(|| panic!("nothing about {field}"));
            let said = ask(question, fails, &|check| {
                let judged = judge(check, &inventory);
                judged.decides(judged.whole, &[Outcome::Fail])
            });
            answers.push(Answer {
                area: format!("psa.{field}"),
                case: format!("psa/{file}"),
                object: field.clone(),
                said,
            });
        }
    }
    answers
}

/// What a case says that its source expects.
#[derive(Deserialize)]
struct Expected {
    area: String,
    verdict: String,
    resources: Vec<String>,
    #[serde(default)]
    passing: Vec<String>,
    #[serde(default)]
    isolation: BTreeMap<String, BTreeMap<String, bool>>,
}

/// One object of a case, and whether it is at fault.
struct Asked {
    rule: String,
    object: String,
    at_fault: bool,
}

impl Expected {
    /// What `case` asks. Network cases ask by direction, and their rules are called so.
    fn asks(&self, case: &str) -> Vec<Asked> {
        let source = case.split('/').next().unwrap_or_default();
        let mut asked = Vec::new();
        let mut ask = |rule: &str, object: &str, at_fault| {
            asked.push(Asked { rule: rule.to_owned(), object: object.to_owned(), at_fault });
        };
        if self.verdict == "connections-only" {
            ask(&format!("{source} connections"), "connections", true);
        } else if self.isolation.is_empty() {
            let at_fault = self.verdict == "fail";
            self.resources.iter().for_each(|it| ask(case, it, at_fault));
            self.passing.iter().for_each(|it| ask(case, it, false));
        }
        for (workload, isolated) in &self.isolation {
            for direction in ["ingress", "egress"] {
                let isolated = isolated[&format!("{direction}_isolated")];
                let object = format!("{workload} {direction}");
                ask(&format!("{source} {direction}"), &object, !isolated);
            }
        }
        asked
    }
}

/// Each object that a case names is asked about by itself.
fn cases(folder: &Path, questions: &BTreeMap<String, Question>) -> Vec<Answer> {
    let mut answers = Vec::new();
    let mut idle: BTreeSet<&String> = questions.keys().collect();
    for path in folders_with("expect.json", folder) {
        let case = path.strip_prefix(folder).expect("inside").display().to_string();
        let text = fs::read_to_string(path.join("expect.json")).expect("a file");
        let expected: Expected = serde_json::from_str(&text).expect("what is expected");
        let inventory = Inventory::from(live(&path, &expected.area));
        for Asked { rule, object, at_fault } in expected.asks(&case) {
            let question = questions.iter().find(|(key, _)| rule.starts_with(key.as_str()));
            let (key, question) = question.unwrap_or_else(|| panic!("nothing about {rule}"));
            idle.remove(key);
            let said = ask(question, at_fault, &|check| {
                let judged = judge(check, &inventory);
                let outcome = of_object(&object, &judged)?;
                judged.decides(outcome, &[Outcome::Fail, Outcome::Warn])
            });
            answers.push(Answer { area: expected.area.clone(), case: case.clone(), object, said });
        }
    }
    assert!(idle.is_empty(), "no case is about {idle:?}");
    answers
}

/// Whether we answer as is expected, by whatever rows ask the question.
fn ask(
    question: &Question,
    expected: bool,
    report: &dyn Fn(&'static Check) -> Result<bool, String>,
) -> Said {
    let rows = match question {
        Question::Rows(rows) => rows,
        Question::Nobody(why) => {
            assert!(!why.is_empty(), "no row, and no reason");
            return Said::NobodyAsks;
        }
    };
    let find = |code: &String| checks::all().find(|it| it.code == code);
    let Some(checks) = rows.iter().map(find).collect::<Option<Vec<_>>>() else {
        return Said::NotBuilt;
    };
    let reports: Vec<Result<bool, String>> = checks.into_iter().map(report).collect();
    let said = if reports.contains(&Ok(true)) {
        Ok(true)
    } else {
        reports.into_iter().find(Result::is_err).unwrap_or(Ok(false))
    };
    match said {
        Ok(said) if said == expected => Said::Agrees,
        Ok(true) => Said::Differs("is reported".to_owned()),
        Ok(false) => Said::Differs("is not reported".to_owned()),
        Err(why) => Said::Differs(format!("is {why}")),
    }
}

fn judge(check: &'static Check, inventory: &Inventory) -> Judged {
    let settings = Settings::default();
    let mut subjects: BTreeMap<String, Outcome> = BTreeMap::new();
    let verdict = run_watched(check, &Facts::of(inventory, &settings), &mut |it, outcome| {
        let worst =
            subjects.entry(format!("{}/{}/{}", it.kind, it.namespace, it.name)).or_insert(outcome);
        *worst = outcome.max(*worst);
    });
    let gaps = verdict.gaps.iter().flat_map(Unknown::gaps).map(ToString::to_string);
    Judged { whole: verdict.outcome, subjects, gaps: gaps.collect() }
}

/// What is said of `Kind/namespace/name`, or of `namespace/name[Kind] direction`.
fn of_object(object: &str, judged: &Judged) -> Result<Outcome, String> {
    let object = object.split(' ').next().unwrap_or_default();
    let (kind, namespace, name) = if let Some((path, kind)) = object.split_once('[') {
        let (namespace, name) = path.split_once('/').unwrap_or_default();
        (kind.trim_end_matches(']'), namespace, name)
    } else {
        let mut parts = object.split('/');
        let mut next = || parts.next().unwrap_or_default();
        (next(), next(), next())
    };
    let home = if namespace.is_empty() { "default" } else { namespace };
    let mut names = vec![
        object.to_owned(),
        format!("{kind}/{home}/{name}"),
        // Whom `bind` gave the role to.
        format!("User//{object}"),
        // Where a namespace is judged by what is in it.
        format!("Namespace//{home}"),
    ];
    // A workload is told by its topmost owner.
    if let Some((deployment, _)) = name.rsplit_once('-').filter(|_| kind == "ReplicaSet") {
        names.push(format!("Deployment/{home}/{deployment}"));
    }
    let is_right = ["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"].contains(&kind);
    match names.iter().find_map(|it| judged.subjects.get(it)) {
        Some(outcome) => Ok(*outcome),
        // Whoever holds it is a subject, whatever he is called.
        None if is_right => Ok(judged.whole),
        None => Err("not judged".to_owned()),
    }
}

/// A case as a cluster would show it. Cases are manifests, and a part of what is judged is not in them:
/// namespaces, who holds a role, by what a control plane's pod is known, what enforces policies.
fn live(case: &Path, area: &str) -> Snapshot {
    let text = fs::read_to_string(case.join("objects.yaml")).expect("a file");
    let mut objects: Vec<Value> = serde_saphyr::from_multiple(&text).expect("YAML");
    match area.split('.').next() {
        Some("cis") => mirror(&mut objects),
        Some("rbac") => bind(&mut objects),
        Some("netpol") => objects.push(network_engine()),
        _ => {}
    }
    let named = objects.iter().filter_map(|it| it["metadata"]["namespace"].as_str());
    let namespaces: BTreeSet<String> = named.chain(["default"]).map(str::to_owned).collect();
    objects.extend(
        namespaces.iter().map(
            |name| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}),
        ),
    );

    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("conformance-{}", std::process::id()));
    fs::create_dir_all(folder.join("configz")).expect("a folder");
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    fs::write(folder.join("objects.json"), list.to_string()).expect("a file");
    if let Ok(config) = fs::read(case.join("configz.json")) {
        for node in objects.iter().filter(|it| it["kind"] == "Node") {
            let file = format!("configz/{}.json", text_at(node, "/metadata/name"));
            fs::write(folder.join(file), &config).expect("a file");
        }
    }
    let snapshot = read(&folder, VERSION);
    fs::remove_dir_all(&folder).expect("a folder");
    snapshot
}

/// Pods become what a kubelet mirrors of its static ones. Their rules know no versions, while our defaults
/// do: components of Kubernetes are taken to be of the cluster's.
fn mirror(objects: &mut Vec<Value>) {
    const UID: &str = "6a1f0b3c-1111-4222-8333-944455556666";
    let mut nodes: BTreeSet<String> = BTreeSet::new();
    for pod in objects.iter_mut().filter(|it| it["kind"] == "Pod") {
        // Its name ends in its node's, whatever that is.
        let node = text_at(pod, "/metadata/name").rsplit('-').next().unwrap_or_default().to_owned();
        pod["metadata"]["annotations"]["kubernetes.io/config.mirror"] = "0d3b5f7a9c1e2d4f".into();
        pod["metadata"]["ownerReferences"] = json!([{
            "apiVersion": "v1", "kind": "Node", "name": node, "uid": UID, "controller": true,
        }]);
        pod["spec"]["nodeName"] = node.as_str().into();
        for container in pod["spec"]["containers"].as_array_mut().expect("containers") {
            if text_at(container, "/name").starts_with("kube-") {
                let image = text_at(container, "/image");
                let image = image.rsplit_once(':').map_or(image, |(it, _)| it);
                container["image"] = format!("{image}:{VERSION}").into();
            }
        }
        nodes.insert(node);
    }
    objects.extend(nodes.iter().map(
        |name| json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "uid": UID}}),
    ));
}

/// Rights are judged by who holds them: where nothing binds a role, a user called as the role does.
fn bind(objects: &mut Vec<Value>) {
    if objects.iter().any(|it| text_at(it, "/kind").ends_with("Binding")) {
        return;
    }
    let bindings: Vec<Value> = objects
        .iter()
        .filter(|it| text_at(it, "/kind").ends_with("Role"))
        .map(|role| {
            let (kind, name) = (text_at(role, "/kind"), text_at(role, "/metadata/name"));
            let namespace = text_at(role, "/metadata/namespace");
            json!({
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": format!("{kind}Binding"),
                "metadata": {"namespace": namespace, "name": name},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name},
                "subjects": [{"kind": "User", "name": format!("{kind}/{namespace}/{name}")}],
            })
        })
        .collect();
    objects.extend(bindings);
}

/// Something that holds pods to their policies.
fn network_engine() -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"namespace": "kube-system", "name": "calico-node"},
        "spec": {
            "selector": {"matchLabels": {"app": "calico-node"}},
            "template": {
                "metadata": {"labels": {"app": "calico-node"}},
                "spec": {
                    "hostNetwork": true,
                    "containers": [{"name": "calico-node", "image": "docker.io/calico/node:v3.31.0"}],
                },
            },
        },
        "status": {"desiredNumberScheduled": 1, "numberReady": 1},
    })
}

/// The text at a place; empty when there is none.
fn text_at<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn read(path: &Path, version: &str) -> Snapshot {
    let now: Timestamp = "2026-11-23T12:00:00Z".parse().expect("a time");
    let reading = files::read(path, &Completeness::Everything, now);
    let mut snapshot = reading.unwrap_or_else(|it| panic!("{}: {it}", path.display())).snapshot;
    snapshot.version = Ok(Version { git_version: version.into() });
    snapshot
}

/// Every folder in `folder` with a file called `name`, sorted.
fn folders_with(name: &str, folder: &Path) -> Vec<PathBuf> {
    if folder.join(name).exists() {
        return vec![folder.to_owned()];
    }
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .expect("a folder")
        .map(|it| it.expect("an entry").path())
        .filter(|it| it.is_dir())
        .collect();
    entries.sort();
    entries.iter().flat_map(|it| folders_with(name, it)).collect()
}

/// How many agree, differ, are not built and are not asked, by area.
type Counts<'a> = BTreeMap<&'a str, [usize; 4]>;

fn count(answers: &[Answer]) -> Counts<'_> {
    let mut counts = Counts::new();
    for Answer { area, said, .. } in answers {
        let column = match said {
            Said::Agrees => 0,
            Said::Differs(_) => 1,
            Said::NotBuilt => 2,
            Said::NobodyAsks => 3,
        };
        counts.entry(area).or_default()[column] += 1;
    }
    counts
}

fn drawn(counts: &Counts<'_>) -> String {
    let mut drawn = String::new();
    let mut line = |area: &str, cells: [&str; 4]| {
        let [agree, differ, missing, nobody] = cells;
        writeln!(drawn, "{area:<32}{agree:>8}{differ:>8}{missing:>11}{nobody:>11}")
            .expect("memory");
    };
    line("area", ["agree", "differ", "not built", "not asked"]);
    let mut sum = [0; 4];
    for (area, cells) in counts {
        for (sum, cell) in sum.iter_mut().zip(cells) {
            *sum += cell;
        }
        line(area, cells.map(|it| it.to_string()).each_ref().map(String::as_str));
    }
    line("all", sum.map(|it| it.to_string()).each_ref().map(String::as_str));
    drawn
}
