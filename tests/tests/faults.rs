//! Trust, second proof: answers that break on their way. The report is that of the whole cluster, or it says
//! what was not read and why; never another verdict.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::OnceLock,
    thread,
    time::Duration,
};

use assay_benchmark::{checks, needed};
use assay_model::Resource;
use assay_tests::{
    ControlPlane, Fault, Harm, Identity, Options, Report, Run, Seen, User, When, assay,
};

const COUNTED: &str = "counted";

/// The example cluster.
fn control_plane() -> &'static ControlPlane {
    static CONTROL_PLANE: OnceLock<ControlPlane> = OnceLock::new();
    CONTROL_PLANE.get_or_init(|| {
        let users = vec![User::new(COUNTED, &["system:masters"])];
        let control_plane =
            ControlPlane::start(&Options { users, ..Options::default() }).expect("a control plane");
        let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/cli/demo/objects.yaml");
        let loaded = control_plane.load(&demo).expect("loaded");
        assert_eq!(loaded.refused, []);
        // A namespace is held to be younger than a list of the same second.
        thread::sleep(Duration::from_millis(1100));
        control_plane
    })
}

/// The report when nothing breaks.
fn full() -> &'static Report {
    static FULL: OnceLock<Report> = OnceLock::new();
    FULL.get_or_init(|| {
        let (run, _) = scan([], &[]);
        assert_eq!(run.code, Some(1), "{}", run.stderr);
        let report = run.report();
        assert!(report.is_complete());
        report
    })
}

/// A scan through a proxy with these faults, and what the proxy saw.
fn scan(faults: impl IntoIterator<Item = Fault>, arguments: &[&str]) -> (Run, Vec<Seen>) {
    let proxy = control_plane().proxy().expect("a proxy");
    let mut sound = true;
    for fault in faults {
        proxy.fault(fault);
        sound = false;
    }
    let kubeconfig = proxy.kubeconfig(Identity::Admin).expect("a kubeconfig");
    let run = Run::of(assay(&kubeconfig).args(["-o", "json"]).args(arguments));
    assert!(sound || proxy.seen().iter().any(|it| it.broken), "nothing was broken");
    (run, proxy.seen())
}

/// What was not read although it was asked for.
fn gaps(report: &Report) -> Vec<String> {
    report.gaps().into_iter().filter(|it| !it.ends_with(": not-requested")).collect()
}

/// The fault made no difference at all.
fn assert_healed(run: &Run) {
    let report = run.report();
    assert_eq!(gaps(&report), [""; 0]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let lost = report.lost_against(full());
    assert!(lost.is_empty(), "{lost:?}");
    for (id, verdict) in full().checks() {
        assert_eq!(verdict.findings(), report.checks()[id].findings(), "{id}");
    }
}

/// The fault hid something: the report says what, and judges nothing wrongly by it.
fn assert_told(run: &Run, expected: &[&str]) -> Report {
    let report = run.report();
    assert_eq!(gaps(&report), expected);
    assert!(!report.is_complete());
    assert_eq!(run.code, Some(4), "{}", run.stderr);
    report.lost_against(full());
    report
}

/// What of `resource` reading has cost: requests, retries.
fn cost(report: &Report, resource: &str) -> (u64, u64) {
    let kinds = report.0["collection"].as_array().expect("a list");
    let kind = kinds.iter().find(|it| it["resource"] == resource).expect("a kind that is read");
    let number = |key: &str| kind[key].as_u64().expect("a number");
    (number("requests"), number("retries"))
}

const POLICIES: &str = "/apis/networking.k8s.io/v1/networkpolicies";
const ROLES: &str = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
const PODS: &str = "/api/v1/pods";

#[test]
fn a_kind_that_is_refused_everywhere() {
    let everywhere = Fault::of(|it| it.uri.contains("/networkpolicies"), Harm::Forbidden);
    let (run, _) = scan([everywhere], &[]);
    let report = run.report();
    assert!(gaps(&report).iter().all(|it| it.starts_with("networkpolicies of ")), "{run:?}");
    assert_eq!(run.code, Some(4), "{}", run.stderr);
    let lost = report.lost_against(full());
    let checks = report.checks();
    for id in lost {
        assert!(checks[&*id].reasons().join("\n").contains("networkpolicies: "), "{id}");
    }
    // What only an absence shows is no longer found.
    assert_ne!(full().checks()["no-default-deny-ingress"].findings(), [""; 0]);
    assert_eq!(checks["no-default-deny-ingress"].outcome(), "unknown");
}

#[test]
fn a_kind_that_is_refused_as_a_whole() {
    // Then namespace by namespace is as good, for all of them are known.
    let (run, seen) = scan([Fault::at(POLICIES, Harm::Forbidden)], &[]);
    assert_healed(&run);
    let asked = seen.iter().filter(|it| it.uri.contains("/networkpolicies")).count();
    let namespaces = full().0["collection"].as_array().into_iter().flatten();
    let namespaces = namespaces.filter(|it| it["resource"] == "namespaces");
    let known: u64 = namespaces.filter_map(|it| it["objects"].as_u64()).sum();
    assert_eq!(u64::try_from(asked), Ok(1 + known));

    // What has no namespaces can be read in no other way.
    let (run, _) = scan([Fault::at(ROLES, Harm::Forbidden)], &[]);
    let report = assert_told(&run, &["clusterroles: forbidden"]);
    // Named as cluster-admin, it is seen without its rules.
    assert_eq!(report.checks()["cluster-admin-binding"].outcome(), "fail");
    assert_eq!(report.checks()["cluster-wide-secret-read"].outcome(), "unknown");
}

fn next_page(of: &'static str) -> impl Fn(&Seen) -> bool {
    move |it| it.uri.starts_with(of) && it.uri.contains("continue=")
}

#[test]
fn a_list_that_expires_starts_over() {
    for resume in [false, true] {
        let expires = || Fault::of(next_page(PODS), Harm::Expired { resume });
        let (run, seen) = scan([expires().only(When::Nth(2))], &["--page-size", "7"]);
        assert_healed(&run);
        let first =
            seen.iter().filter(|it| it.uri.starts_with(PODS) && !it.uri.contains("continue="));
        // One new start; a busy server may have been asked again.
        assert!(first.count() >= 2);
    }
}

#[test]
fn a_list_that_expires_again_and_again() {
    // It is not of one point in time, but it is all there; an absence is no longer proven by it.
    let inconsistent = Fault::of(next_page(ROLES), Harm::Expired { resume: true });
    let (run, _) = scan([inconsistent.only(When::First(3))], &["--page-size", "20"]);
    let report = assert_told(&run, &["clusterroles: inconsistent"]);
    let kept = |it: &Report| {
        let kinds = it.0["collection"].as_array().expect("a list").clone();
        kinds.into_iter().find(|it| it["resource"] == "clusterroles").expect("read")["distinct"]
            .clone()
    };
    assert_eq!(kept(&report), kept(full()));
    let lists = "cluster-wide-secret-read";
    assert_eq!(report.checks()[lists].findings(), full().checks()[lists].findings());

    let without_token = Fault::of(next_page(ROLES), Harm::Expired { resume: false });
    let (run, _) = scan([without_token], &["--page-size", "20"]);
    assert_told(&run, &["clusterroles: inconsistent"]);
}

#[test]
fn a_body_that_breaks_off() {
    let cut = |when| Fault::at(PODS, Harm::CutBody(2000)).only(when);
    let (run, _) = scan([cut(When::First(1))], &[]);
    assert_healed(&run);
    assert_eq!(cost(&run.report(), "pods"), (2, 1));

    let (run, _) = scan([cut(When::Always)], &[]);
    let report = assert_told(&run, &["pods: truncated"]);
    let (requests, retries) = cost(&report, "pods");
    assert!(requests <= 4 && retries == requests - 1, "{requests} requests, {retries} repeated");

    // The first pages stand, and what they show is told.
    let later = Fault::of(next_page(PODS), Harm::CutBody(100)).only(When::From(3));
    let (run, _) = scan([later], &["--page-size", "7"]);
    assert_told(&run, &["pods: truncated"]);
}

#[test]
fn a_body_that_is_half_there() {
    // It ends well, as far as HTTP goes.
    let half = Harm::Rewrite(|body| body[..body.len() / 2].to_vec());
    let (run, _) = scan([Fault::at(PODS, half)], &[]);
    assert_told(&run, &["pods: truncated"]);
}

#[test]
fn a_server_that_is_busy_for_a_moment() {
    for harm in [Harm::TooManyRequests(1), Harm::Unavailable, Harm::Close] {
        let (run, _) = scan([Fault::at(PODS, harm).only(When::First(1))], &[]);
        assert_healed(&run);
    }
}

#[test]
fn a_server_that_does_not_recover() {
    for (harm, cause) in [(Harm::Unavailable, "unavailable"), (Harm::Unauthorized, "unauthorized")]
    {
        let (run, _) = scan([Fault::at(POLICIES, harm)], &[]);
        assert_told(&run, &[&format!("networkpolicies: {cause}")]);
    }
    let impatient = ["--read-timeout", "1s"];
    for harm in [Harm::Stall, Harm::StallBody(500)] {
        let (run, _) = scan([Fault::at(POLICIES, harm)], &impatient);
        assert_told(&run, &["networkpolicies: timeout"]);
    }
}

/// Whether a request is for a list of this kind, in all namespaces or in one.
fn list_of(resource: Resource) -> impl Fn(&Seen) -> bool + Send + Sync + Clone + 'static {
    let kind = resource.kind().expect("a list");
    let root = match kind.group {
        "" => format!("/api/{}/", kind.version),
        group => format!("/apis/{group}/{}/", kind.version),
    };
    move |seen| {
        let path = seen.uri.split('?').next().unwrap_or_default();
        path.strip_prefix(&*root).is_some_and(|it| it.rsplit('/').next() == Some(kind.plural))
            // The anonymous probe asks for one pod.
            && !seen.uri.ends_with("?limit=1")
    }
}

/// Makes the first object of a protobuf list one that cannot be decoded.
fn spoilt(body: &[u8]) -> Vec<u8> {
    /// Where the content of the first field `wanted` lies, from `at` to `end`.
    fn field(body: &[u8], mut at: usize, end: usize, wanted: usize) -> Option<(usize, usize)> {
        let number = |at: &mut usize| {
            let (mut value, mut shift) = (0, 0);
            loop {
                let byte = *body.get(*at)?;
                *at += 1;
                value |= usize::from(byte & 0x7f) << shift;
                shift += 7;
                if byte < 0x80 {
                    return Some(value);
                }
            }
        };
        while at < end {
            let tag = number(&mut at)?;
            let value = number(&mut at)?;
            match tag & 7 {
                2 if tag >> 3 == wanted => return Some((at, at + value)),
                2 => at += value,
                _ => {}
            }
        }
        None
    }
    let mut spoilt = body.to_vec();
    let raw = body.starts_with(b"k8s\0").then(|| field(body, 4, body.len(), 2)).flatten();
    let first = raw.and_then(|(start, end)| field(body, start, end, 2));
    if let Some((start, end)) = first {
        // No wire type has the number 7.
        spoilt[start..end].fill(0x0f);
    }
    spoilt
}

/// Every kind that is listed, with everything that can happen to its answer: the report is that of the
/// whole cluster, or it says what was not read and why.
#[test]
fn every_fault_on_every_kind() {
    let all: Vec<_> = checks::all().collect();
    let served = |it: &Resource| it.kind().is_some_and(|it| it.built_in);
    let asked = full().0["collection"].as_array().expect("a list").clone();
    let requests = |it: &Resource| {
        let of_it = asked.iter().find(|row| row["resource"] == it.name());
        of_it.and_then(|row| row["requests"].as_u64()).unwrap_or_default()
    };
    let kinds: Vec<_> =
        needed(&all).into_iter().filter(served).filter(|it| requests(it) > 0).collect();
    assert!(kinds.len() > 15, "{kinds:?}");
    // What passes leaves no trace, were it on every kind at once, on its first page or on the next.
    let passing = [
        ("429", Harm::TooManyRequests(0), When::First(1)),
        ("503", Harm::Unavailable, When::Nth(2)),
        ("cut", Harm::CutBody(10), When::First(1)),
        ("closed", Harm::Close, When::Nth(2)),
        ("slow", Harm::Slow(2000), When::Always),
    ];
    for (name, harm, when) in passing {
        let faults = kinds.iter().map(|it| Fault::of(list_of(*it), harm).only(when));
        let (run, _) = scan(faults, &["--page-size", "20"]);
        let report = run.report();
        assert_eq!(gaps(&report), [""; 0], "{name}");
        let lost = report.lost_against(full());
        assert!(lost.is_empty(), "{name}: {lost:?}");
    }
    // What lasts is told, of every kind; and of one kind, that nothing else is lost.
    let lasting = [
        ("410", Harm::Expired { resume: false }),
        ("503", Harm::Unavailable),
        ("cut", Harm::CutBody(10)),
        ("closed", Harm::Close),
        ("stalled", Harm::StallBody(10)),
        ("malformed", Harm::Rewrite(spoilt)),
    ];
    let mut told = Vec::new();
    let limits = ["--read-timeout", "1s"];
    for (name, harm) in lasting {
        let (run, _) = scan(kinds.iter().map(|it| Fault::of(list_of(*it), harm)), &limits);
        let report = run.report();
        let gaps = gaps(&report);
        let untold = |it: &&Resource| {
            let objects = asked.iter().find(|row| row["resource"] == it.name());
            let empty = objects.is_none_or(|row| row["objects"] == 0);
            !(name == "malformed" && empty || gaps.iter().any(|gap| gap.starts_with(it.name())))
        };
        let untold: Vec<_> = kinds.iter().filter(untold).collect();
        assert!(untold.is_empty(), "{name}: {untold:?}");
        assert_eq!(run.code, Some(4), "{name}: {}", run.stderr);
        report.lost_against(full());
        let causes: BTreeSet<_> = gaps.iter().filter_map(|it| it.rsplit(": ").next()).collect();
        told.push(format!("{name}: {}", causes.into_iter().collect::<Vec<_>>().join(", ")));
    }
    for (resource, (name, harm)) in kinds.iter().zip(lasting.into_iter().cycle()) {
        let (run, _) = scan([Fault::of(list_of(*resource), harm)], &limits);
        let report = run.report();
        let own = |it: &String| it.starts_with(resource.name());
        assert!(gaps(&report).iter().all(own), "{resource}, {name}: {:?}", gaps(&report));
        report.lost_against(full());
    }
    insta::assert_snapshot!("causes", told.join("\n"));
}

#[test]
fn a_scan_that_takes_too_long() {
    let (run, _) = scan([Fault::at(PODS, Harm::Stall)], &["--timeout", "3s"]);
    let report = run.report();
    assert_eq!(run.code, Some(4), "{}", run.stderr);
    assert!(gaps(&report).contains(&"pods: timeout".to_owned()), "{:?}", report.gaps());
    assert!(gaps(&report).iter().all(|it| it.ends_with(": timeout")), "{:?}", report.gaps());
    assert_eq!(report.0["scan"]["interrupted"], false);
    report.lost_against(full());
}

#[test]
fn one_list_a_kind() {
    let before = control_plane().audit().expect("a log").len();
    let kubeconfig = control_plane().kubeconfig(Identity::User(COUNTED)).expect("a kubeconfig");
    let run = Run::of(assay(&kubeconfig).args(["-o", "json"]));
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let events = control_plane().audit().expect("a log").split_off(before);
    let own = || events.iter().filter(|it| it.user == COUNTED);
    assert!(
        // Config maps that are asked for by name need not be there.
        own().all(|it| {
            let absent = it.code == 404 && it.uri.contains("/configmaps/");
            it.user_agent.starts_with("kube-assay/") && (it.code < 300 || absent)
        }),
        "{events:#?}"
    );

    let mut asked: BTreeMap<String, u64> = BTreeMap::new();
    for event in own().filter(|it| it.verb == "list") {
        let path =
            event.uri.strip_suffix("?limit=200").expect("one page of 200, and no resourceVersion");
        let plural = path.rsplit('/').next().expect("a resource");
        assert!(!path.contains("/namespaces/"), "{path}");
        *asked.entry(plural.to_owned()).or_default() += 1;
    }
    let report = run.report();
    let billed: BTreeMap<String, u64> = report.0["collection"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|it| it["version"] != "")
        .filter(|it| it["resource"].as_str().is_some_and(|it| !it.starts_with("config map")))
        .map(|it| {
            (
                it["resource"].as_str().expect("a name").to_owned(),
                it["requests"].as_u64().expect("a number"),
            )
        })
        .filter(|(_, requests)| *requests > 0)
        .collect();
    assert_eq!(asked, billed);
    assert!(asked.len() > 15 && asked.values().all(|it| *it == 1), "{asked:?}");
    // Those without credentials, and the handshake, are nobody's in the log.
    let rows = report.0["collection"].as_array().expect("a list").iter();
    let ours = rows.filter(|it| {
        !matches!(it["resource"].as_str(), Some("serving certificate" | "anonymous probe"))
    });
    let requests: u64 = ours.filter_map(|it| it["requests"].as_u64()).sum();
    assert_eq!(own().count() as u64, requests, "no request that is not billed");
    // Nothing is written, save the question who we are.
    let written: Vec<_> = own().filter(|it| !matches!(it.verb.as_str(), "list" | "get")).collect();
    assert!(written.iter().all(|it| it.uri.ends_with("/selfsubjectreviews")), "{written:?}");
}
