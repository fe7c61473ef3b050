//! The harness itself: what it starts, loads, counts, breaks, and leaves behind.

use std::{
    collections::BTreeMap,
    env, fs,
    path::Path,
    process::Command,
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

use assay_tests::{
    Api, Broken, ControlPlane, Fault, Harm, Identity, Loaded, Options, Proxy, User, When, objects,
    shared,
};
use serde_json::{Value, json};

const PODS: &str = "/api/v1/pods";

/// One for all tests that do not need one of their own.
fn control_plane() -> &'static ControlPlane {
    static CONTROL_PLANE: OnceLock<ControlPlane> = OnceLock::new();
    CONTROL_PLANE.get_or_init(|| {
        let users =
            vec![User::new("stranger", &[]), User::new("counted", &["system:masters", "auditors"])];
        let feature_gates = vec!["ComponentFlagz=true".to_owned()];
        ControlPlane::start(&Options { users, feature_gates, ..Options::default() })
            .expect("a control plane")
    })
}

fn admin() -> Api {
    control_plane().api(Identity::Admin).expect("the admin's view")
}

fn read(api: &Api, path: &str) -> Value {
    api.get(path).and_then(|it| it.success()).unwrap_or_else(|error| panic!("{path}: {error:#}"))
}

fn items(api: &Api, path: &str) -> Vec<Value> {
    read(api, path)["items"].as_array().expect("a list").clone()
}

fn uid(object: &Value) -> &str {
    object["metadata"]["uid"].as_str().expect("a uid")
}

fn owner(object: &Value) -> &str {
    object.pointer("/metadata/ownerReferences/0/uid").and_then(Value::as_str).expect("an owner")
}

/// The names of what was refused, with the first words of why.
fn refusals(loaded: &Loaded) -> Vec<String> {
    loaded.refused.iter().map(|(reference, reason)| format!("{reference}: {reason}")).collect()
}

/// Of a dump, the number of objects a kind that are in the cluster, as its `expect.json` counts them.
fn assert_complete(loaded: &Loaded, folder: &Path) {
    let text = fs::read_to_string(folder.join("expect.json")).expect("expect.json");
    let expected: Value = serde_json::from_str(&text).expect("JSON");
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    let refused = loaded.refused.iter().map(|(reference, _)| reference);
    for reference in loaded.created.iter().chain(&loaded.replaced).chain(refused) {
        *kinds.entry(&reference.kind).or_default() += 1;
    }
    assert_eq!(json!(kinds), expected["kinds"]);
    assert_eq!(json!(loaded.count() + loaded.refused.len()), expected["objects"]);
}

#[test]
fn a_foreign_cluster_lives_on() {
    let Some(folder) = shared().map(|it| it.join("data/clusters/kind-goat")) else { return };
    let control_plane = ControlPlane::start(&Options::default()).expect("a control plane");
    let loaded = control_plane.load(&folder).expect("loaded");
    assert_complete(&loaded, &folder);
    // It has no selector, nor labels in its template.
    let refused = refusals(&loaded);
    assert_eq!(refused.len(), 1, "{loaded}");
    assert!(refused[0].starts_with("Deployment kube-system/metrics-server: "), "{loaded}");
    assert_eq!(loaded.partial, []);
    let added: Vec<String> = loaded.added.iter().map(ToString::to_string).collect();
    let accounts = ["coredns", "kindnet", "kube-proxy"];
    assert_eq!(added, accounts.map(|name| format!("ServiceAccount kube-system/{name}")));

    let api = control_plane.api(Identity::Admin).expect("the admin's view");
    assert_eq!(items(&api, PODS).len(), 33);
    assert_eq!(items(&api, "/api/v1/nodes").len(), 3);

    let system = "/api/v1/namespaces/kube-system/pods";
    let mirror = read(&api, &format!("{system}/kube-apiserver-kind-control-plane"));
    assert_eq!(owner(&mirror), uid(&read(&api, "/api/v1/nodes/kind-control-plane")));
    assert!(mirror["metadata"]["annotations"]["kubernetes.io/config.mirror"].is_string());
    assert_eq!(mirror["spec"]["nodeName"], "kind-control-plane");
    assert_eq!(mirror["status"]["phase"], "Running");

    let apps = "/apis/apps/v1/namespaces/default";
    let set = &items(&api, &format!("{apps}/replicasets"))[0];
    let name =
        set.pointer("/metadata/ownerReferences/0/name").and_then(Value::as_str).expect("a name");
    assert_eq!(owner(set), uid(&read(&api, &format!("{apps}/deployments/{name}"))));

    // The DaemonSet is not in the dump: its pods point to where it was.
    let dumped = objects::read(&folder.join("pods.json")).expect("pods");
    let orphan = dumped
        .iter()
        .find(|it| it["metadata"]["generateName"] == "kube-proxy-")
        .expect("a pod of kube-proxy");
    let live =
        read(&api, &format!("{system}/{}", orphan["metadata"]["name"].as_str().expect("a name")));
    assert_eq!(owner(&live), owner(orphan));

    // A bootstrap role is as the dump's server had it, not as this one made it.
    let roles =
        objects::read(&folder.join("clusterroles.rbac.authorization.k8s.io.json")).expect("roles");
    let dumped = roles.iter().find(|it| it["metadata"]["name"] == "system:node").expect("a role");
    let live = read(&api, "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node");
    assert_eq!(live["rules"], dumped["rules"]);
}

#[test]
fn nothing_is_left_after_the_end() {
    let control_plane = ControlPlane::start(&Options::default()).expect("a control plane");
    let (pids, folder) = (control_plane.pids(), control_plane.folder().to_owned());
    assert_eq!(pids.len(), 2);
    assert!(pids.iter().all(|&it| runs(it)) && folder.is_dir());

    if let Some(dump) = shared().map(|it| it.join("data/clusters/platform")) {
        let loaded = control_plane.load(&dump.join("snapshot.yaml")).expect("loaded");
        assert_complete(&loaded, &dump);
        assert_eq!(
            refusals(&loaded),
            [
                "Addons default/bootstrap: has no apiVersion",
                "Certificate kube-system/aws-load-balancer-serving-cert: cert-manager.io/v1 Certificate is not served",
                "Certificate kube-system/snapshot-validation-service: cert-manager.io/v1 Certificate is not served",
                "Issuer kube-system/aws-load-balancer-selfsigned-issuer: cert-manager.io/v1 Issuer is not served",
                "IngressClassParams default/alb: elbv2.k8s.aws/v1beta1 IngressClassParams is not served",
            ]
        );
        assert_eq!(loaded.partial, []);
    }

    // As when a test fails: the value goes while its thread unwinds.
    let panicked = thread::spawn(move || {
        let _held = control_plane;
        panic!("on purpose");
    });
    assert!(panicked.join().is_err());
    assert!(!pids.iter().any(|&it| runs(it)) && !folder.exists());
}

#[test]
fn a_cluster_by_hand_ends_with_its_holder() {
    let folder = tempfile::tempdir().expect("a folder");
    let cluster = |argument: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cluster"));
        command.arg(argument).env("ASSAY_CLUSTER", folder.path()).output().expect("it runs")
    };
    let file = |name: &str| {
        fs::read_to_string(folder.path().join(name))
            .unwrap_or_else(|error| panic!("{name}: {error}"))
    };
    let pids =
        || -> Vec<u32> { file("pids").lines().map(|it| it.parse().expect("a pid")).collect() };

    let up = cluster("up");
    assert!(up.status.success(), "{up:?}");
    let kubeconfig = folder.path().canonicalize().expect("a path").join("kubeconfig");
    assert_eq!(
        String::from_utf8_lossy(&up.stdout),
        format!("export KUBECONFIG={}\n", kubeconfig.display())
    );
    assert_eq!(reach(&kubeconfig), Ok("kubernetes-admin".to_owned()));
    assert!(!cluster("up").status.success(), "there is one already");

    // Killed, it can do nothing any more; the processes end all the same.
    let killed = pids();
    let holder = file("holder");
    assert!(Command::new("kill").args(["-KILL", holder.trim()]).status().expect("kill").success());
    within(Duration::from_secs(20), || !killed.iter().any(|&it| runs(it)));

    assert!(cluster("up").status.success());
    let ended = pids();
    assert!(ended.iter().all(|&it| runs(it)));
    assert!(cluster("down").status.success());
    within(Duration::from_secs(20), || !ended.iter().any(|&it| runs(it)));
    assert!(!kubeconfig.exists());
    assert!(cluster("down").status.success(), "nothing to end is no error");
}

#[test]
fn objects_come_with_what_they_need() {
    let labels = json!({ "pod-security.kubernetes.io/enforce": "restricted", "team": "a" });
    let container = json!({ "name": "c", "image": "i", "securityContext": { "privileged": true } });
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": "privileged", "namespace": "strict", "uid": "of another cluster" },
        "spec": {
            "containers": [container], "nodeName": "n", "serviceAccountName": "its-own", "priority": 7,
            "ephemeralContainers": [{ "name": "debug", "image": "i", "targetContainerName": "c" }],
        },
        "status": { "phase": "Running", "qosClass": "Guaranteed" },
    });
    let schema = json!({ "openAPIV3Schema": { "type": "object", "x-kubernetes-preserve-unknown-fields": true } });
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": "widgets.assay.test" },
        "spec": {
            "group": "assay.test", "scope": "Namespaced", "names": { "kind": "Widget", "plural": "widgets" },
            "versions": [{ "name": "v1", "served": true, "storage": true, "schema": schema, "subresources": { "status": {} } }],
        },
    });
    let loaded = control_plane()
        .create(vec![
            json!({
                "apiVersion": "assay.test/v1", "kind": "Widget", "metadata": { "name": "w" },
                "spec": { "size": 1 }, "status": { "ready": true },
            }),
            definition,
            pod,
            json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "strict", "labels": labels } }),
            json!({
                "apiVersion": "v1", "kind": "LimitRange", "metadata": { "name": "small", "namespace": "strict" },
                "spec": { "limits": [{ "type": "Container", "max": { "cpu": "1m" } }] },
            }),
            json!({
                "apiVersion": "v1", "kind": "Service", "metadata": { "name": "s", "namespace": "implied" },
                "spec": { "clusterIP": "192.0.2.1", "type": "NodePort", "ports": [{ "port": 80, "nodePort": 1 }] },
            }),
            json!({
                "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": "j", "namespace": "implied", "uid": "old" },
                "spec": {
                    "selector": { "matchLabels": { "controller-uid": "old" } },
                    "template": {
                        "metadata": { "labels": { "controller-uid": "old", "job-name": "j" } },
                        "spec": { "restartPolicy": "Never", "containers": [{ "name": "c", "image": "i" }] },
                    },
                },
            }),
            json!({
                "apiVersion": "v1", "kind": "Pod",
                "metadata": {
                    "name": "of-job", "namespace": "implied", "labels": { "controller-uid": "old" },
                    "ownerReferences": [{ "apiVersion": "batch/v1", "kind": "Job", "name": "j", "uid": "old" }],
                },
                "spec": { "containers": [{ "name": "c", "image": "i" }] },
            }),
            json!({
                "apiVersion": "rbac.authorization.k8s.io/v1beta1", "kind": "Role",
                "metadata": { "name": "r", "namespace": "implied" },
            }),
        ])
        .expect("loaded");

    let old = "Role implied/r: rbac.authorization.k8s.io/v1beta1 Role is not served";
    assert_eq!(refusals(&loaded), [old], "{loaded}");
    assert_eq!(loaded.partial, []);
    let added: Vec<String> = loaded.added.iter().map(ToString::to_string).collect();
    assert_eq!(
        added,
        [
            "Namespace implied",
            "ServiceAccount implied/default",
            "ServiceAccount strict/default",
            "ServiceAccount strict/its-own",
        ]
    );

    let api = admin();
    assert_eq!(read(&api, "/api/v1/namespaces/strict")["metadata"]["labels"]["team"], "a");
    let enforced = "pod-security.kubernetes.io/enforce";
    assert_eq!(
        read(&api, "/api/v1/namespaces/strict")["metadata"]["labels"][enforced],
        "restricted"
    );
    let pod = read(&api, "/api/v1/namespaces/strict/pods/privileged");
    assert_eq!(pod["spec"]["ephemeralContainers"][0]["name"], "debug");
    assert_eq!(pod["status"]["phase"], "Running");
    assert_eq!(
        read(&api, "/apis/assay.test/v1/namespaces/default/widgets/w")["status"]["ready"],
        true
    );
    let pod = read(&api, "/api/v1/namespaces/implied/pods/of-job");
    let job = read(&api, "/apis/batch/v1/namespaces/implied/jobs/j");
    assert_eq!(owner(&pod), uid(&job));
    assert_eq!(pod["metadata"]["labels"]["controller-uid"], uid(&job));
}

#[test]
fn every_identity_is_who_it_says() {
    let default = Identity::ServiceAccount("default", "default");
    control_plane()
        .create(vec![json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "default" } })])
        .expect("a service account");
    let named = [
        (Identity::Admin, "kubernetes-admin"),
        (Identity::User("stranger"), "stranger"),
        (default, "system:serviceaccount:default:default"),
    ];
    let proxy = control_plane().proxy().expect("a proxy");
    for (identity, name) in named {
        assert_eq!(whoami(&control_plane().api(identity).expect("known")), name);
        assert_eq!(whoami(&proxy.api(identity).expect("known")), name);
        assert_eq!(
            reach(&control_plane().kubeconfig(identity).expect("known")),
            Ok(name.to_owned())
        );
        assert_eq!(reach(&proxy.kubeconfig(identity).expect("known")), Ok(name.to_owned()));
    }
    assert!(control_plane().api(Identity::User("nobody")).is_err());
    assert_eq!(
        control_plane()
            .api(Identity::User("stranger"))
            .expect("known")
            .get(PODS)
            .expect("an answer")
            .status,
        403
    );
}

#[test]
fn broken_kubeconfigs_do_not_work() {
    let reach = |broken| reach(&control_plane().broken_kubeconfig(broken).expect("written"));
    assert_eq!(reach(Broken::UnknownToken), Err(Some(401)));
    assert_eq!(reach(Broken::ExpiredCertificate), Err(Some(401)));
    assert_eq!(reach(Broken::OtherAuthority), Err(None));
    assert_eq!(reach(Broken::RefusedPort), Err(None));
}

#[test]
fn requests_can_be_counted() {
    let api = control_plane().api(Identity::User("counted")).expect("known");
    read(&api, "/api/v1/pods?limit=1");
    assert_eq!(api.get("/api/v1/nodes/none").expect("an answer").status, 404);
    let audit = control_plane().audit().expect("a log");
    let own: Vec<_> = audit
        .iter()
        .filter(|it| it.user == "counted")
        .map(|it| (it.verb.as_str(), it.uri.as_str(), it.code))
        .collect();
    assert_eq!(own, [("list", "/api/v1/pods?limit=1", 200), ("get", "/api/v1/nodes/none", 404)]);
}

#[test]
fn feature_gates_are_set() {
    let flags = admin().get("/flagz").expect("an answer");
    assert_eq!(flags.status, 200);
    assert!(String::from_utf8_lossy(&flags.body).contains("ComponentFlagz=true"));
}

#[test]
fn the_proxy_passes_on_what_it_does_not_break() {
    let proxy = control_plane().proxy().expect("a proxy");
    let api = proxy.api(Identity::Admin).expect("the admin's view");
    let path = "/apis/rbac.authorization.k8s.io/v1/clusterroles/admin";
    let (straight, through) =
        (admin().get(path).expect("an answer"), api.get(path).expect("an answer"));
    assert_eq!(straight.body, through.body);
    assert_eq!(straight.headers["content-type"], through.headers["content-type"]);
    let seen = proxy.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(
        (seen[0].method.as_str(), seen[0].uri.as_str(), seen[0].broken),
        ("GET", path, false)
    );
}

#[test]
fn the_proxy_refuses() {
    let proxy = control_plane().proxy().expect("a proxy");
    let api = proxy.api(Identity::Admin).expect("the admin's view");
    let refusals = [
        (Harm::Unauthorized, 401, "Unauthorized"),
        (Harm::Forbidden, 403, "Forbidden"),
        (Harm::Expired { resume: false }, 410, "Expired"),
        (Harm::TooManyRequests(3), 429, "TooManyRequests"),
        (Harm::Unavailable, 503, "ServiceUnavailable"),
    ];
    for (harm, code, reason) in refusals {
        proxy.mend();
        proxy.fault(Fault::at(PODS, harm));
        let answer = api.get(PODS).expect("an answer");
        let status = answer.json().expect("a Status");
        assert_eq!(answer.status, code);
        assert_eq!(
            (&status["kind"], &status["code"], &status["reason"]),
            (&json!("Status"), &json!(code), &json!(reason))
        );
        assert_eq!(status["metadata"], json!({}));
        assert_eq!(answer.headers.get("retry-after").is_some_and(|it| it == "3"), code == 429);
        assert_eq!(
            api.get("/api/v1/nodes").expect("an answer").status,
            200,
            "only pods are broken"
        );
    }
    assert_eq!(proxy.seen().iter().filter(|it| it.broken).count(), refusals.len());
}

#[test]
fn a_list_goes_on_after_its_token_expired() {
    let proxy = control_plane().proxy().expect("a proxy");
    let api = proxy.api(Identity::Admin).expect("the admin's view");
    let all = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
    let names = |list: &Value| -> Vec<String> {
        list["items"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|it| it["metadata"]["name"].to_string())
            .collect()
    };
    let token =
        |object: &Value| object["metadata"]["continue"].as_str().expect("a token").to_owned();

    proxy.fault(
        Fault::of(|it| it.uri.contains("continue="), Harm::Expired { resume: true })
            .only(When::Nth(1)),
    );
    let first = read(&api, &format!("{all}?limit=10"));
    let expired =
        api.get(&format!("{all}?limit=10&continue={}", token(&first))).expect("an answer");
    assert_eq!(expired.status, 410);
    let resumed = token(&expired.json().expect("a Status"));
    assert_ne!(resumed, token(&first));
    let rest = read(&api, &format!("{all}?continue={resumed}"));
    assert_eq!([names(&first), names(&rest)].concat(), names(&read(&admin(), all)));
}

#[test]
fn faults_are_counted() {
    let proxy = control_plane().proxy().expect("a proxy");
    let api = proxy.api(Identity::Admin).expect("the admin's view");
    let codes = |when| {
        proxy.mend();
        proxy.fault(Fault::at(PODS, Harm::Unavailable).only(when));
        [(); 3].map(|()| api.get(PODS).expect("an answer").status.as_u16())
    };
    assert_eq!(codes(When::Always), [503, 503, 503]);
    assert_eq!(codes(When::Nth(2)), [200, 503, 200]);
    assert_eq!(codes(When::First(2)), [503, 503, 200]);
    assert_eq!(codes(When::From(2)), [200, 503, 503]);
}

#[test]
fn the_proxy_spoils_bodies_and_connections() {
    let proxy = control_plane().proxy().expect("a proxy");
    let roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
    let harms = [
        (Harm::CutBody(100), true),
        (Harm::StallBody(100), false),
        (Harm::Stall, false),
        (Harm::Close, true),
    ];
    for (harm, ends) in harms {
        proxy.mend();
        proxy.fault(Fault::at(roles, harm));
        assert_eq!(fails(&proxy, roles), ends, "{harm:?}");
    }
    proxy.mend();
    proxy.fault(Fault::at(roles, Harm::Rewrite(|body| body[..body.len() / 2].to_vec())));
    let api = proxy.api(Identity::Admin).expect("the admin's view");
    let half = api.get(roles).expect("a body that ends well");
    assert!(half.json().is_err(), "and is no JSON");
}

/// Whether a request that gets no good answer gets an error within a second.
fn fails(proxy: &Proxy, path: &str) -> bool {
    let api = proxy.api(Identity::Admin).expect("the admin's view");
    let (send, receive) = std::sync::mpsc::channel();
    let path = path.to_owned();
    thread::spawn(move || send.send(api.get(&path).is_err()));
    match receive.recv_timeout(Duration::from_secs(1)) {
        Ok(failed) => {
            assert!(failed, "a good answer");
            true
        }
        Err(_) => false,
    }
}

fn whoami(api: &Api) -> String {
    let review = json!({ "apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview" });
    let answer =
        api.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", &review).expect("an answer");
    let review = answer.success().expect("a review");
    review.pointer("/status/userInfo/username").and_then(Value::as_str).expect("a name").to_owned()
}

/// The user that a kubeconfig logs in as, by the client that the program uses; otherwise the status of the
/// refusal, or `None` where there was no answer.
fn reach(kubeconfig: &Path) -> Result<String, Option<u16>> {
    use k8s_openapi::api::authentication::v1::SelfSubjectReview;
    use kube::{
        Api, Client, Config,
        api::PostParams,
        config::{KubeConfigOptions, Kubeconfig},
    };

    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let kubeconfig = Kubeconfig::read_from(kubeconfig).expect("a kubeconfig");
        let options = KubeConfigOptions::default();
        let config = Config::from_custom_kubeconfig(kubeconfig, &options)
            .await
            .expect("a usable kubeconfig");
        let client = Client::try_from(config).expect("a client");
        let reviews: Api<SelfSubjectReview> = Api::all(client);
        match reviews.create(&PostParams::default(), &SelfSubjectReview::default()).await {
            Ok(review) => Ok(review.status.and_then(|it| it.user_info?.username).expect("a name")),
            Err(kube::Error::Api(refusal)) => Err(Some(refusal.code)),
            Err(_) => Err(None),
        }
    })
}

/// Whether a process of this id is there, be it only to be waited for.
fn runs(pid: u32) -> bool {
    Path::new("/proc").join(pid.to_string()).exists()
}

fn within(limit: Duration, mut done: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < limit, "not done in {limit:?}");
        thread::sleep(Duration::from_millis(50));
    }
}
