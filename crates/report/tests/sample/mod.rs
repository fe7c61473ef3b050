//! Reports made by hand: one as an audit of a small kubeadm cluster gives it, and what is odd.

use std::{collections::BTreeMap, sync::Arc};

use assay_model::{
    Basis, Cause, Gap, Outcome, Report, Resource, Severity,
    report::{
        API_VERSION, CheckReport, Cluster, Collected, Control, Finding, Fingerprint, Framework,
        Identity, Item, ObjectReference, ReportScope, Scan, Summary, Tally, Tool,
    },
    snapshot::Source,
};
use jiff::{SignedDuration, Timestamp};

/// A name that tries to clear the screen, to break the line and to turn its text around.
pub(crate) const HOSTILE: &str =
    "\x1b[2Jevil\n\u{202e}fdp.exe\u{2066}\u{200b}\u{9b}31m\u{7f}\0<b a=\"1\">&]]>\u{fffe}";

/// Every report, by name.
pub(crate) fn all() -> [(&'static str, Report); 7] {
    [
        ("report", report()),
        ("small", small()),
        ("fine", fine()),
        ("nothing-judged", nothing_judged()),
        ("empty", empty()),
        ("interrupted", interrupted()),
        ("hostile", hostile()),
    ]
}

/// An audit that found something of everything.
pub(crate) fn report() -> Report {
    let mut report = frame(checks());
    report.scan.complete = false;
    report.collection = collection();
    report.frameworks = vec![framework()];
    report
}

/// The first of these with a few checks: short enough to read in full.
pub(crate) fn small() -> Report {
    let mut checks = checks();
    let few =
        ["APP-PSP-001", "APP-PSP-007", "APP-SCN-001", "APP-SEC-009", "CLU-CIS-061", "CLU-RBA-010"];
    checks.retain(|it| few.contains(&it.code));
    let mut report = frame(checks);
    report.scan.complete = false;
    report.collection = collection();
    report.collection.drain(..3);
    report.collection.drain(1..);
    report.matrix.retain(|it| !it.checks.is_empty());
    report.frameworks = vec![framework()];
    report.frameworks[0].controls.drain(..5);
    report
}

/// An audit whose every check was decided, and whose every check is fine.
pub(crate) fn fine() -> Report {
    let mut checks = checks();
    checks.retain(|it| it.outcome == Outcome::Pass);
    frame(checks)
}

/// An audit that could read nothing.
pub(crate) fn nothing_judged() -> Report {
    let mut checks = checks();
    checks.retain(|it| it.outcome == Outcome::Unknown);
    for check in &mut checks {
        check.findings.clear();
        check.subjects.clear();
        check.basis = None;
    }
    let mut report = frame(checks);
    report.scan.complete = false;
    report.collection = collection();
    report.scan.cluster.version = None;
    report.scan.cluster.uid = None;
    report.scan.cluster.distribution = None;
    report
}

/// An audit without a single check, of nothing.
pub(crate) fn empty() -> Report {
    let mut report = frame(Vec::new());
    report.scan.source = Source::Files;
    report.scan.identity =
        Identity { context: None, user: None, groups: vec![], impersonated: false };
    report.scan.finished = report.scan.started;
    report
}

/// An audit that was stopped in the middle, of two namespaces.
pub(crate) fn interrupted() -> Report {
    let mut report = report();
    report.scan.interrupted = true;
    report.scan.identity.impersonated = true;
    report.scan.scope = ReportScope {
        namespaces: vec!["shop".to_owned(), "billing".to_owned()],
        selector: Some("tier!=test".to_owned()),
    };
    report
}

/// An audit of a cluster in which somebody chose every name and every message with care.
pub(crate) fn hostile() -> Report {
    let evil = || HOSTILE.to_owned();
    let mut report = report();
    report.scan.cluster.name = evil();
    report.scan.cluster.version = Some(evil());
    report.scan.cluster.distribution = Some(evil());
    report.scan.cluster.server = Some(evil());
    report.scan.cluster.uid = Some(evil());
    report.scan.identity = Identity {
        context: Some(evil()),
        user: Some(evil()),
        groups: vec![evil()],
        impersonated: true,
    };
    report.scan.scope = ReportScope { namespaces: vec![evil(), evil()], selector: Some(evil()) };
    for gap in report.collection.iter_mut().flat_map(|it| &mut it.gaps) {
        gap.namespace = Some(evil());
        gap.message = evil();
    }
    for control in report.frameworks.iter_mut().flat_map(|it| &mut it.controls) {
        control.manual = Some(evil());
        control.evidence = Some(evil());
    }
    for check in &mut report.checks {
        for gap in check.gaps.iter_mut().chain(&mut check.unseen) {
            gap.namespace = Some(evil());
            gap.message = evil();
        }
        check.hints = vec![evil()];
        check.reason = check.reason.as_ref().map(|_| evil());
        check.question = check.question.as_ref().map(|_| evil());
        for finding in &mut check.findings {
            let object = Arc::make_mut(&mut finding.object);
            object.namespace = evil();
            object.name += HOSTILE;
            object.kind = evil();
            finding.container = finding.container.as_ref().map(|_| HOSTILE.into());
            finding.path = HOSTILE.into();
            finding.detail = HOSTILE.into();
            finding.waiver = finding.waiver.as_ref().map(|_| HOSTILE.into());
        }
    }
    report
}

fn frame(checks: Vec<CheckReport>) -> Report {
    let started: Timestamp = "2026-11-23T19:01:00Z".parse().expect("a timestamp");
    let mut outcomes = tally(checks.iter().map(|it| it.outcome));
    outcomes.waived =
        checks.iter().flat_map(|it| &it.findings).filter(|it| it.waiver.is_some()).map(|_| 1).sum();
    let (score, coverage) = numbers(&checks.iter().collect::<Vec<_>>());
    Report {
        api_version: API_VERSION,
        kind: "Report",
        scan: Scan {
            tool: Tool { name: "kube-assay", version: "0.1.0" },
            started,
            finished: started + SignedDuration::from_millis(812),
            source: Source::Live,
            complete: true,
            interrupted: false,
            cluster: Cluster {
                name: "prod-eu".to_owned(),
                uid: Some("5d3c8d6e-31c7-4f19-9d3f-0d1f0b0f7d11".to_owned()),
                server: Some("https://10.0.0.1:6443".to_owned()),
                version: Some("v1.37.2".to_owned()),
                distribution: Some("kubeadm".to_owned()),
            },
            identity: Identity {
                context: Some("prod-eu-audit".to_owned()),
                user: Some("system:serviceaccount:audit:assay".to_owned()),
                groups: vec![
                    "system:authenticated".to_owned(),
                    "system:serviceaccounts".to_owned(),
                ],
                impersonated: false,
            },
            scope: ReportScope::default(),
        },
        collection: Vec::new(),
        summary: Summary {
            score,
            coverage,
            range: coverage.map(|it| {
                let known = score.unwrap_or(0.0) * it;
                [known, known + 1.0 - it]
            }),
            outcomes,
        },
        matrix: ITEMS.iter().map(|it| item(it, &checks)).collect(),
        frameworks: Vec::new(),
        checks,
    }
}

/// Score and coverage by the design's formula, as if each check had one subject.
fn numbers(checks: &[&CheckReport]) -> (Option<f64>, Option<f64>) {
    let sum = |of: fn(&CheckReport) -> f64| -> f64 {
        checks
            .iter()
            .filter(|it| !matches!(it.outcome, Outcome::NotApplicable | Outcome::Manual))
            .map(|it| f64::from(it.severity.weight()) * of(it))
            .sum()
    };
    let all = sum(|_| 1.0);
    let judged = sum(|it| f64::from(u8::from(it.outcome != Outcome::Unknown)));
    let right = sum(|it| match it.outcome {
        Outcome::Pass => 1.0,
        Outcome::Warn => 0.5,
        _ => 0.0,
    });
    let part = |of: f64, whole: f64| if whole > 0.0 { Some(of / whole) } else { None };
    (part(right, judged), part(judged, all))
}

fn tally(outcomes: impl Iterator<Item = Outcome>) -> Tally {
    outcomes.fold(Tally::default(), |mut tally, it| {
        tally.add(it);
        tally
    })
}

type Row = [&'static str; 5];

const ITEMS: [Row; 17] = [
    ["Hosts", "Build", "HST-OSM", "Minimal OS", "Minimal OS"],
    ["Hosts", "Build", "HST-OSH", "OS hardening", "OS hardening"],
    ["Hosts", "Operate", "HST-CIS", "CIS Benchmarks", "CIS Benchmarks"],
    ["Clusters", "Build", "CLU-RBA", "RBAC", "RBAC"],
    ["Clusters", "Build", "CLU-AUD", "Audit policies and logging", "Audit, logging"],
    ["Clusters", "Build", "CLU-CRT", "Certificate management", "Certificates"],
    ["Clusters", "Operate", "CLU-IAM", "Identity and access", "Identity, access"],
    ["Clusters", "Operate", "CLU-UPG", "Kubernetes upgrades", "Upgrades"],
    ["Clusters", "Operate", "CLU-CIS", "CIS Benchmarks", "CIS Benchmarks"],
    ["Applications", "Build", "APP-SCN", "Image scanning", "Image scanning"],
    ["Applications", "Operate", "APP-PRV", "Image provenance", "Image provenance"],
    ["Applications", "Operate", "APP-SEC", "Secrets management", "Secrets"],
    ["Applications", "Operate", "APP-NSP", "Namespaces", "Namespaces"],
    ["Applications", "Operate", "APP-ACC", "Access controls", "Access controls"],
    ["Applications", "Operate", "APP-NET", "Network policies", "Network policies"],
    ["Applications", "Operate", "APP-QUO", "Resource quotas", "Resource quotas"],
    ["Applications", "Operate", "APP-PSP", "Pod security", "Pod security"],
];

fn item(row: &Row, checks: &[CheckReport]) -> Item {
    let [above, column, code, title, short] = row.map(ToOwned::to_owned);
    let own: Vec<&CheckReport> = checks.iter().filter(|it| it.item == code).collect();
    let (score, coverage) = numbers(&own);
    let outcomes = tally(own.iter().map(|it| it.outcome));
    let checks = own.iter().map(|it| it.code.to_owned()).collect();
    Item { row: above, column, item: code, title, short, score, coverage, outcomes, checks }
}

fn framework() -> Framework {
    let control = |id: &str, title: &str, outcome, checks: &[&str]| Control {
        id: id.to_owned(),
        title: title.to_owned(),
        level: Some(1),
        outcome,
        checks: checks.iter().map(|it| (*it).to_owned()).collect(),
        manual: None,
        evidence: None,
    };
    let mut controls = vec![
        control(
            "1.1.1",
            "nobody but its owner can open the API server's manifest",
            Outcome::Unknown,
            &[],
        ),
        control(
            "4.2.1",
            "the kubelet refuses anonymous requests",
            Outcome::Unknown,
            &["CLU-CIS-061"],
        ),
        control(
            "5.1.1",
            "cluster-admin is bound where it is needed only",
            Outcome::Fail,
            &["CLU-RBA-006"],
        ),
        control("5.1.3", "roles name verbs and resources", Outcome::Warn, &["CLU-RBA-010"]),
        control("5.2.2", "no privileged container is admitted", Outcome::Fail, &["APP-PSP-001"]),
        control("5.2.5", "no pod uses its node's network", Outcome::Pass, &["APP-PSP-007"]),
        control("5.4.2", "secrets lie in a store outside the cluster", Outcome::Manual, &[]),
    ];
    controls[0].evidence =
        Some("mode of the static pod manifest on each control-plane node".to_owned());
    controls[6].manual =
        Some("Does the organisation keep its secrets in a store outside the cluster?".to_owned());
    let outcomes = tally(controls.iter().map(|it| it.outcome));
    Framework {
        id: "cis-kubernetes-2.0.1".to_owned(),
        title: "CIS Kubernetes Benchmark v2.0.1".to_owned(),
        mismatch: Some("made for Kubernetes 1.34 to 1.35, the server runs 1.37".to_owned()),
        score: Some(0.25),
        coverage: Some(4.0 / 7.0),
        outcomes,
        controls,
    }
}

fn collection() -> Vec<Collected> {
    let row =
        |resource: Resource, [objects, distinct, requests, bytes]: [u64; 4], gaps: Vec<Gap>| {
            let kind = resource.kind();
            Collected {
                group: kind.map_or("", |it| it.group),
                version: kind.map_or("", |it| it.version),
                resource: resource.name(),
                objects,
                distinct,
                requests,
                bytes,
                retries: u64::from(resource == Resource::Pods),
                #[expect(clippy::cast_precision_loss, reason = "a sample")]
                seconds: bytes as f64 / 2e7 + 0.004,
                complete: gaps.is_empty(),
                gaps: gaps.iter().map(Into::into).collect(),
            }
        };
    vec![
        row(Resource::Version, [1, 1, 1, 403], vec![]),
        row(Resource::Namespaces, [12, 12, 1, 9_120], vec![]),
        row(Resource::Nodes, [5, 2, 1, 81_000], vec![]),
        row(Resource::Pods, [1204, 88, 31, 11_840_000], vec![vault(Resource::Pods)]),
        row(Resource::Deployments, [61, 61, 2, 214_000], vec![vault(Resource::Deployments)]),
        row(Resource::NetworkPolicies, [9, 9, 1, 12_000], vec![]),
        row(Resource::ClusterRoleBindings, [74, 74, 1, 52_000], vec![]),
        row(Resource::ResourceQuotas, [4, 4, 3, 3_100], vec![broken()]),
        row(Resource::KubeletConfigs, [0, 0, 0, 0], vec![kubelets()]),
    ]
}

fn vault(resource: Resource) -> Gap {
    let message = format!(
        "{resource} is forbidden: User \"system:serviceaccount:audit:assay\" cannot list resource \
         \"{resource}\" in the namespace \"vault\""
    );
    Gap::part(resource, "vault", Cause::Forbidden, message)
}

fn broken() -> Gap {
    Gap::part(Resource::ResourceQuotas, "search", Cause::Malformed(2), "spec.hard: not a map")
}

fn kubelets() -> Gap {
    let message = "it is read with --kubelet auto, and get on nodes/configz or nodes/proxy";
    Gap::whole(Resource::KubeletConfigs, Cause::NotRequested, message)
}

fn check(
    code: &'static str,
    id: &'static str,
    severity: Severity,
    outcome: Outcome,
    title: &'static str,
) -> CheckReport {
    let (item, _) = code.rsplit_once('-').expect("a code has an item");
    CheckReport {
        code,
        id,
        title,
        severity,
        item: item.to_owned(),
        outcome,
        basis: Some(Basis::Observed),
        needs: vec![Resource::Pods],
        rationale: "It gives an attacker who is in one container the next step for free.",
        remediation: "Remove the setting. Then keep it out with an admission policy.",
        references: vec!["https://kubernetes.io/docs/concepts/security/"],
        subjects: BTreeMap::from([(outcome.name(), 1)]),
        unseen: Vec::new(),
        gaps: Vec::new(),
        hints: Vec::new(),
        reason: None,
        question: None,
        findings: Vec::new(),
    }
}

/// Kind, namespace, name.
type Named = (&'static str, &'static str, &'static str);

fn finding(
    check: &CheckReport,
    (kind, namespace, name): Named,
    path: &str,
    detail: &str,
) -> Finding {
    let api_version = match kind {
        "Deployment" | "DaemonSet" | "StatefulSet" => "apps/v1",
        "CronJob" => "batch/v1",
        "ClusterRoleBinding" | "ClusterRole" => "rbac.authorization.k8s.io/v1",
        _ => "v1",
    };
    Finding {
        outcome: check.outcome,
        severity: check.severity,
        object: Arc::new(ObjectReference {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }),
        container: None,
        path: path.into(),
        detail: detail.into(),
        basis: Basis::Observed,
        pods: 0,
        template: None,
        fingerprint: Fingerprint(
            name.bytes().fold(17, |it: u64, byte| it.rotate_left(7) ^ u64::from(byte)),
        ),
        waiver: None,
    }
}

fn in_container(
    check: &CheckReport,
    named: Named,
    container: &str,
    pods: u32,
    field: &str,
    detail: &str,
) -> Finding {
    let path = format!("spec.template.spec.containers[0].securityContext.{field}");
    Finding {
        container: Some(container.into()),
        pods,
        template: Some(true),
        ..finding(check, named, &path, detail)
    }
}

#[expect(clippy::too_many_lines, reason = "it is a list")]
fn checks() -> Vec<CheckReport> {
    use Outcome::{Fail, Manual, NotApplicable, Pass, Unknown, Warn};
    use Severity::{Critical, High, Low, Medium};

    let mut checks = Vec::new();
    let mut add = |it: CheckReport| checks.push(it);

    let mut it = check(
        "APP-ACC-004",
        "default-service-account-token",
        Medium,
        Warn,
        "default service account's token is mounted",
    );
    it.findings = ["shop", "billing", "web"]
        .map(|namespace| {
            finding(
                &it,
                ("ServiceAccount", namespace, "default"),
                "automountServiceAccountToken",
                "is unset",
            )
        })
        .into();
    add(it);

    let mut it = check(
        "APP-NET-003",
        "no-default-deny-ingress",
        High,
        Fail,
        "namespace without default-deny ingress",
    );
    it.remediation = "Add a NetworkPolicy with an empty `podSelector` and `policyTypes: [Ingress]` to each namespace. Then allow what is needed.";
    it.findings = ["billing", "search", "shop", "staging", "tools", "web"]
        .map(|name| {
            finding(&it, ("Namespace", "", name), "", "no policy selects every pod for ingress")
        })
        .into();
    add(it);

    let mut it = check(
        "APP-NSP-003",
        "default-namespace-used",
        Low,
        Fail,
        "workload in the namespace default",
    );
    it.findings = vec![Finding {
        pods: 1,
        template: None,
        ..finding(&it, ("Pod", "default", "debug-alice"), "", "runs in default")
    }];
    add(it);

    let mut it =
        check("APP-PRV-002", "mutable-tag", Medium, Fail, "image is named by a tag that can move");
    it.remediation = "Name images by digest. A tag may be kept beside it for people.";
    let images =
        ["web", "cart", "checkout", "search-indexer-with-a-rather-long-name-of-its-own", "mail"];
    it.findings = images
        .map(|name| Finding {
            path: "spec.template.spec.containers[0].image".into(),
            ..in_container(
                &it,
                ("Deployment", "shop", name),
                name,
                3,
                "",
                "is `registry.example/shop/app:latest`",
            )
        })
        .into();
    add(it);

    let mut it =
        check("APP-PSP-001", "privileged-container", Critical, Fail, "container is privileged");
    it.rationale = "A privileged container has every capability and device of its node: whoever breaks into it owns the node, and every pod's credentials there.";
    it.remediation = "Remove `securityContext.privileged`, and add the single capability or device that the container needs. Enforce the Pod Security Standard `baseline` on the namespace.";
    it.findings = vec![
        in_container(
            &it,
            ("DaemonSet", "storage", "csi-node"),
            "csi",
            4,
            "privileged",
            "is `true`",
        ),
        in_container(
            &it,
            ("DaemonSet", "storage", "csi-node"),
            "registrar",
            4,
            "privileged",
            "is `true`",
        ),
        Finding {
            template: Some(false),
            ..in_container(&it, ("Deployment", "shop", "debug"), "sh", 1, "privileged", "is `true`")
        },
        in_container(
            &it,
            (
                "CronJob",
                "platform-maintenance",
                "nightly-disk-defragmentation-of-the-local-volumes",
            ),
            "main",
            0,
            "privileged",
            "is `true`",
        ),
        in_container(&it, ("StatefulSet", "web", "cache"), "sysctl", 2, "privileged", "is `true`"),
        in_container(&it, ("Deployment", "web", "proxy"), "proxy", 12, "privileged", "is `true`"),
        Finding {
            waiver: Some("csi-2026".into()),
            ..in_container(
                &it,
                ("DaemonSet", "storage", "local-path"),
                "csi",
                4,
                "privileged",
                "is `true`",
            )
        },
    ];
    it.subjects = BTreeMap::from([("fail", 6), ("pass", 82)]);
    it.unseen = vec![(&vault(Resource::Pods)).into()];
    it.gaps.clone_from(&it.unseen);
    add(it);

    let mut it = check("APP-PSP-007", "host-network", High, Pass, "pod uses its node's network");
    it.subjects = BTreeMap::from([("pass", 87), ("not-applicable", 1)]);
    add(it);

    let mut it = check("APP-PSP-012", "host-path", High, Unknown, "pod mounts a path of its node");
    it.unseen = vec![(&vault(Resource::Pods)).into(), (&vault(Resource::Deployments)).into()];
    it.gaps.clone_from(&it.unseen);
    it.subjects = BTreeMap::from([("pass", 88)]);
    add(it);

    let mut it = check("APP-PSP-024", "root-container", High, Fail, "container may run as root");
    it.remediation = "Set `securityContext.runAsNonRoot: true` on the pod and give the image a numeric, non-zero `USER`.";
    it.findings = vec![
        in_container(
            &it,
            ("Deployment", "shop", "cart"),
            "cart",
            3,
            "runAsNonRoot",
            "is unset here and on the pod",
        ),
        Finding {
            severity: Critical,
            ..in_container(
                &it,
                ("Deployment", "web", "proxy"),
                "proxy",
                12,
                "runAsNonRoot",
                "is `false`",
            )
        },
        in_container(
            &it,
            ("Deployment", "shop", "日本語の名前"),
            "main",
            1,
            "runAsNonRoot",
            "is unset here and on the pod",
        ),
    ];
    add(it);

    let mut it =
        check("APP-QUO-001", "no-quota", Medium, Unknown, "namespace without a resource quota");
    it.unseen = vec![];
    it.gaps = vec![(&broken()).into()];
    it.subjects = BTreeMap::from([("pass", 11), ("unknown", 1)]);
    add(it);

    let mut it =
        check("APP-SCN-001", "no-image-scanner", High, NotApplicable, "images are not scanned");
    it.reason = Some("no workload runs an image of its own".to_owned());
    it.basis = None;
    add(it);

    let mut it = check("APP-SEC-009", "secret-rotation", Low, Manual, "secrets are not rotated");
    it.question = Some("When was each of the 14 secrets of type Opaque last changed, and who would notice if one leaked?".to_owned());
    it.basis = None;
    add(it);

    for (code, id, title) in [
        ("CLU-CIS-061", "kubelet-anonymous", "kubelet answers anonymous requests"),
        ("CLU-CIS-062", "kubelet-authorization", "kubelet allows every request"),
        ("CLU-CIS-063", "kubelet-client-ca", "kubelet trusts no client certificate"),
    ] {
        let mut it = check(code, id, Critical, Unknown, title);
        it.needs = vec![Resource::Nodes, Resource::KubeletConfigs];
        it.unseen = vec![(&kubelets()).into()];
        it.gaps.clone_from(&it.unseen);
        it.hints = vec!["the ConfigMap kubelet-config says false".to_owned()];
        it.basis = None;
        it.subjects = BTreeMap::new();
        add(it);
    }

    let mut it = check(
        "CLU-CRT-011",
        "serving-certificate-expiry",
        High,
        Warn,
        "API server's certificate expires soon",
    );
    it.findings =
        vec![finding(&it, ("API server", "", ""), "notAfter", "is 2026-12-20, in 27 days")];
    add(it);

    let it = check("CLU-IAM-001", "anonymous-access", Critical, Pass, "strangers may read");
    add(it);

    let mut it = check(
        "CLU-RBA-006",
        "cluster-admin-bound",
        Critical,
        Fail,
        "cluster-admin bound outside break-glass",
    );
    it.remediation = "Bind a role that names what the subject needs. Keep one break-glass group, and watch its use.";
    it.findings = vec![
        finding(
            &it,
            ("ClusterRoleBinding", "", "ci-deployer"),
            "subjects[0]",
            "is ServiceAccount ci/deployer",
        ),
        finding(
            &it,
            ("ClusterRoleBinding", "", "old-dashboard"),
            "subjects[0]",
            "is Group system:authenticated",
        ),
    ];
    add(it);

    let mut it = check("CLU-RBA-010", "wildcard-verb", High, Warn, "role grants every verb");
    it.findings =
        vec![finding(&it, ("ClusterRole", "", "operator"), "rules[3].verbs", "holds `*`")];
    it.findings[0].waiver = Some("operator-until-march".into());
    add(it);

    let mut it =
        check("CLU-UPG-002", "patch-behind", Medium, Fail, "control plane misses security patches");
    it.remediation = "Upgrade the control plane to the latest patch release of its minor.";
    it.findings = vec![finding(
        &it,
        ("API server", "", ""),
        "gitVersion",
        "is v1.37.2, four patches behind 1.37.6",
    )];
    it.basis = Some(Basis::Declared);
    add(it);

    for (code, id, title, outcome) in [
        ("HST-OSH-003", "sysctl-set", "pod sets an unsafe sysctl", Pass),
        ("HST-OSM-001", "general-purpose-os", "node runs a general-purpose system", Warn),
        ("HST-OSM-002", "old-kernel", "node's kernel is no longer maintained", Fail),
    ] {
        let mut it = check(code, id, Medium, outcome, title);
        if outcome != Pass {
            it.findings = vec![finding(
                &it,
                ("Node", "", "worker-1"),
                "status.nodeInfo.osImage",
                "is `Debian GNU/Linux 12`",
            )];
        }
        add(it);
    }
    for number in 0..4 {
        let (code, id) = [
            ("APP-PSP-031", "seccomp-unset"),
            ("APP-PSP-032", "added-capability"),
            ("APP-PSP-033", "writable-root"),
            ("APP-PSP-034", "service-account-token"),
        ][number];
        let mut it =
            check(code, id, Medium, Fail, "container has more than it needs to do its work");
        it.findings = vec![in_container(
            &it,
            ("Deployment", "shop", "web"),
            "web",
            3,
            "seccompProfile",
            "is unset",
        )];
        add(it);
    }

    checks.sort_by_key(|it| it.code);
    checks
}
