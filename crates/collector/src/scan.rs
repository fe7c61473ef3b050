//! One scan: what is asked in which order, and what becomes of what is refused.
//!
//! Kinds are not one point in time. What absence is judged by (policies, quotas, limit ranges,
//! bindings) is listed after the namespaces and pods it is held against, so that what it lacks was
//! lacking while they were there.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroUsize,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use assay_model::{
    Cause, Gap, Known, Listing, Resource, Scope, Snapshot, Unknown,
    control_plane::{AnonymousProbe, ServingCertificate, Version},
    node::{KubeletConfig, Node},
    resource::{Access, Kind},
    snapshot::{Origin, Source},
};
use futures::{StreamExt as _, future::join_all, stream};
use jiff::Timestamp;
use tokio::sync::watch;

use crate::{
    Connection, Error, Progress,
    api::{Api, Meter},
    certificate, config_maps, constraints,
    discovery::{Discovery, Presence},
    kubelet::{KubeletAccess, Kubelets},
    list::{Hidden, Lister, Reading},
    metrics, probe,
};

/// Requests in flight, unless told otherwise.
pub(crate) const CONCURRENCY: NonZeroUsize = NonZeroUsize::new(4).expect("it is not zero");
/// Pages of one list that are asked for at a time, from servers that have them at hand.
const PAGES_AHEAD: usize = 2;
/// The first minor whose servers answer every page of a list from their cache (KEP-4988): before it, each
/// page but the first is read from etcd, and two at a time are a burden.
const PAGES_FROM_CACHE: (u32, u32) = (1, 34);
/// Namespaces of one kind, or kubelets, that are asked at a time.
const AT_ONCE: usize = 4;

/// What to read, and how patiently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What the chosen checks need. Of what has a [flag](Resource::flag), only what was asked for by it.
    pub resources: BTreeSet<Resource>,
    /// How kubelets are asked for their configuration.
    pub kubelets: KubeletAccess,
    /// Whether any certificate will do for a kubelet, and whoever has it be told our credentials.
    pub kubelet_insecure_tls: bool,
    /// The namespaces of `-n`: known to exist where namespaces cannot be listed. Kinds are read in
    /// all namespaces even so, for what holds in one may be decided in another.
    pub namespaces: Vec<String>,
    /// Objects a page.
    pub page_size: u32,
    /// Requests in flight, over all kinds.
    pub concurrency: NonZeroUsize,
    /// Longest silence of the server that is borne.
    pub read_timeout: Duration,
    /// Longest time for all of it; what is not read by then is a gap.
    pub deadline: Option<Duration>,
}

impl Plan {
    /// Reads these, in all namespaces: pages of 200, four requests at a time, 30 seconds of silence, no
    /// deadline.
    pub fn new(resources: impl IntoIterator<Item = Resource>) -> Self {
        Plan {
            resources: resources.into_iter().collect(),
            kubelets: KubeletAccess::Off,
            kubelet_insecure_tls: false,
            namespaces: Vec::new(),
            page_size: 200,
            concurrency: CONCURRENCY,
            read_timeout: Duration::from_secs(30),
            deadline: None,
        }
    }
}

/// Tells a scan to stop.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<bool>);

/// The other end of a [`Stop`]. Dropping it stops nothing.
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

impl Stop {
    /// Both ends.
    pub fn new() -> (Stopper, Stop) {
        let (sender, receiver) = watch::channel(false);
        (Stopper(sender), Stop(receiver))
    }

    /// Never stops anything.
    pub fn never() -> Stop {
        Stop::new().1
    }

    async fn stopped(&mut self) {
        if self.0.wait_for(|it| *it).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Stopper {
    /// Ends the scan at once. What was read is kept.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

/// Reads the cluster.
///
/// Whatever is refused, broken, or not read in time is a [`Gap`] of the snapshot and no error. A
/// resource that the plan does not name has the gap `NotRequested`.
///
/// # Errors
///
/// What the first request meets and what would spoil each one after it: no connection, no TLS, no
/// API server, or credentials that are refused.
pub async fn collect(
    connection: &Connection,
    plan: &Plan,
    progress: &dyn Progress,
    mut stop: Stop,
) -> Result<Snapshot, Error> {
    let scan = Scan::new(connection, plan, progress);
    let deadline = async {
        match plan.deadline {
            Some(after) => tokio::time::sleep(after).await,
            None => std::future::pending().await,
        }
    };
    let unended = tokio::select! {
        biased;
        () = stop.stopped() => "interrupted before its end".to_owned(),
        () = deadline => {
            let after = plan.deadline.unwrap_or_default().as_secs_f64();
            format!("--timeout of {after} seconds was over before its end")
        }
        // Boxed: what it waits for is large.
        ended = Box::pin(scan.run()) => {
            ended?;
            String::new()
        }
    };
    let interrupted = *stop.0.borrow();
    Ok(scan.finish(&unended, interrupted))
}

struct Scan<'a> {
    connection: &'a Connection,
    plan: &'a Plan,
    progress: &'a dyn Progress,
    api: Api,
    /// What is listed. What was read stays here when the scan is cut short.
    readings: BTreeMap<Resource, Arc<Reading>>,
    /// What is asked of one address, and is no list.
    questions: BTreeMap<Resource, Question>,
    kubelets: Mutex<ReadKubelets>,
    /// The bill for the questions about the server itself: version, identity, discovery.
    meter: Meter,
    probe_meter: Meter,
    version: OnceLock<Known<Version>>,
    certificate: OnceLock<Known<ServingCertificate>>,
    anonymous: OnceLock<Known<AnonymousProbe>>,
    snapshot: Mutex<Snapshot>,
}

impl<'a> Scan<'a> {
    fn new(connection: &'a Connection, plan: &'a Plan, progress: &'a dyn Progress) -> Self {
        let now = Timestamp::now();
        let origin = Origin {
            source: Source::Live,
            started: now,
            finished: now,
            interrupted: false,
            cluster: connection.cluster().to_owned(),
            server: connection.server().to_owned(),
            context: connection.context().to_owned(),
            user: connection.user().to_owned(),
            groups: Vec::new(),
            impersonated: connection.impersonated(),
            namespaces: plan.namespaces.clone(),
        };
        let mut snapshot =
            Snapshot::unread(origin, &Cause::NotRequested, "no chosen check needs it");
        for resource in Resource::ALL {
            if let Some(flag) = resource.flag() {
                let message = format!("it is read only with {flag}");
                snapshot.drop_kind(Gap::whole(resource, Cause::NotRequested, message));
            }
        }
        let question = |it: Resource| {
            let kubelets = it == Resource::KubeletConfigs && plan.kubelets != KubeletAccess::Off;
            let named = matches!(it.access(), Access::Named(_));
            named || kubelets || matches!(it, Resource::Metrics | Resource::Flagz)
        };
        let questions = plan.resources.iter().filter(|it| question(**it));
        let listed = plan.resources.iter().filter_map(|&it| Some((it, Reading::new(it)?)));
        Scan {
            connection,
            plan,
            progress,
            api: Api::new(connection, plan.read_timeout, plan.concurrency),
            readings: listed.collect(),
            questions: questions.map(|it| (*it, Question::default())).collect(),
            kubelets: Mutex::default(),
            meter: Meter::default(),
            probe_meter: Meter::default(),
            version: OnceLock::new(),
            certificate: OnceLock::new(),
            anonymous: OnceLock::new(),
            snapshot: Mutex::new(snapshot),
        }
    }

    async fn run(&self) -> Result<(), Error> {
        let version = probe::version(self.connection, &self.api, &self.meter).await?;
        self.version.get_or_init(|| version.map_err(Into::into));

        let listed: Vec<Resource> = self.readings.keys().copied().collect();
        self.progress.planned(&listed);
        tokio::join!(
            self.identify(),
            self.look(),
            self.probe(),
            self.ask_all(),
            self.list_all(&listed)
        );
        self.ask_kubelets().await;
        Ok(())
    }

    /// Asks all that is no list, but kubelets, which the list of nodes tells.
    async fn ask_all(&self) {
        let asked = self.questions.iter().filter(|(it, _)| **it != Resource::KubeletConfigs);
        join_all(asked.map(async |(&resource, question)| {
            let Question { meter, .. } = question;
            match resource {
                Resource::Metrics => {
                    let found = metrics::metrics(self.connection, &self.api, meter).await;
                    self.snapshot().metrics = found.map_err(Into::into);
                }
                Resource::Flagz => {
                    let found = metrics::flagz(&self.api, meter).await;
                    self.snapshot().flagz = found.map_err(Into::into);
                }
                _ => {
                    let found = config_maps::ask(&self.api, resource, meter).await;
                    config_maps::store(&mut self.snapshot(), resource, found);
                }
            }
            question.is_answered.store(true, Ordering::Release);
        }))
        .await;
    }

    async fn ask_kubelets(&self) {
        let Some(question) = self.questions.get(&Resource::KubeletConfigs) else { return };
        let Plan { kubelets, kubelet_insecure_tls, .. } = *self.plan;
        let meter = &question.meter;
        let mut nodes: Vec<Node> = Vec::new();
        let all = self.snapshot().nodes.each(Scope::Cluster, |it| {
            if !it.is_virtual() {
                nodes.push(it.clone());
            }
            Ok(())
        });
        if !nodes.is_empty() {
            let kubelets =
                Kubelets::new(self.connection, &self.api, meter, kubelets, kubelet_insecure_tls);
            let kubelets = &kubelets.await;
            let asked = stream::iter(&nodes).map(async |node| {
                let found = kubelets.ask(node).await;
                let mut read = self.kubelets();
                match found {
                    Ok(config) => {
                        meter.count_objects(1);
                        read.parts.push(config.node.clone());
                        read.configs.push(config);
                    }
                    Err(gap) => read.gaps.push(gap.into()),
                }
            });
            asked.buffer_unordered(AT_ONCE).collect::<()>().await;
        }
        // A node that was not listed has a kubelet as well.
        if let Err(unlisted) = all {
            let why = unlisted.gaps().first().map_or(Cause::NotRequested, |it| it.cause.clone());
            let message = "the list of nodes is not complete";
            self.kubelets().gaps.push(Gap::whole(Resource::KubeletConfigs, why, message).into());
        }
        question.is_answered.store(true, Ordering::Release);
    }

    async fn identify(&self) {
        if let Some((user, groups)) = probe::identity(&self.api, &self.meter).await {
            let origin = &mut self.snapshot().origin;
            origin.user = user;
            origin.groups = groups;
        }
    }

    async fn look(&self) {
        if self.plan.resources.contains(&Resource::ServingCertificate) {
            let limit = self.plan.read_timeout;
            let found = certificate::look(&self.connection.config, limit).await;
            self.certificate.get_or_init(|| found.map_err(Into::into));
        }
    }

    async fn probe(&self) {
        if self.plan.resources.contains(&Resource::AnonymousProbe) {
            let found = probe::anonymous(self.connection, &self.api, &self.probe_meter).await;
            self.anonymous.get_or_init(|| found.map_err(Into::into));
        }
    }

    async fn list_all(&self, listed: &[Resource]) {
        let discovery = Discovery::ask(&self.api, listed, &self.meter).await;
        for turn in [Turn::First, Turn::Second, Turn::Last] {
            let now = self.readings.iter().filter(|(resource, _)| Turn::of(**resource) == turn);
            join_all(now.map(|(&resource, it)| self.read(&discovery, resource, it))).await;
        }
    }

    async fn read(&self, discovery: &Discovery, resource: Resource, reading: &Arc<Reading>) {
        match resource.kind() {
            Some(kind) => self.read_kind(discovery, resource, kind, reading).await,
            None => constraints::read(&self.api, discovery, reading, self.plan.page_size).await,
        }
        reading.end();
        reading.store(&mut self.snapshot(), &Gap::whole(resource, Cause::Timeout, ""));
        self.progress.done(resource);
    }

    async fn read_kind(
        &self,
        discovery: &Discovery,
        resource: Resource,
        kind: Kind,
        reading: &Arc<Reading>,
    ) {
        match discovery.presence(kind) {
            Presence::Absent => {}
            Presence::Broken(why) => {
                reading.hide(Gap::whole(resource, Cause::Unavailable, why));
            }
            Presence::Served | Presence::Unknown => {
                let lister = Lister {
                    api: &self.api,
                    kind,
                    reading,
                    page_size: self.plan.page_size,
                    ahead: self.pages_ahead(),
                    progress: self.progress,
                };
                if resource == Resource::Secrets {
                    let message = "Secrets are listed by namespace, and not all are known".into();
                    let unlisted = Hidden { cause: Cause::Forbidden, message };
                    return self.read_by_namespace(lister, resource, unlisted).await;
                }
                match lister.list(None).await {
                    Ok(()) => {}
                    Err(refused) if refused.cause == Cause::Forbidden && kind.namespaced => {
                        reading.clear();
                        self.read_by_namespace(lister, resource, refused).await;
                    }
                    Err(Hidden { cause, message }) => {
                        reading.hide(Gap::whole(resource, cause, message));
                    }
                }
            }
        }
    }

    /// More than one page at a time only where the server is known to have them at hand.
    fn pages_ahead(&self) -> usize {
        let version = self.version.get().and_then(|it| it.as_ref().ok());
        let cached = version.and_then(Version::minor).is_some_and(|it| it >= PAGES_FROM_CACHE);
        if cached { PAGES_AHEAD } else { 1 }
    }

    /// What may not be listed everywhere may be in some namespaces. That proves something of the
    /// whole only if the list of namespaces is complete.
    async fn read_by_namespace(&self, lister: Lister<'_>, resource: Resource, refused: Hidden) {
        let (namespaces, all) = self.known_namespaces();
        let read = stream::iter(&namespaces).map(async |namespace| {
            match lister.list(Some(namespace)).await {
                Ok(()) => lister.reading.read_part(namespace.clone()),
                Err(Hidden { cause, message }) => {
                    lister.reading.hide(Gap::part(resource, namespace.clone(), cause, message));
                }
            }
        });
        read.buffer_unordered(AT_ONCE).collect::<()>().await;
        if !all {
            lister.reading.hide(Gap::whole(resource, refused.cause, refused.message));
        }
    }

    /// The namespaces that are known to exist, and whether that is all of them.
    fn known_namespaces(&self) -> (BTreeSet<Arc<str>>, bool) {
        let mut names: BTreeSet<Arc<str>> = BTreeSet::new();
        let all = self.snapshot().namespaces.each(Scope::Cluster, |it| {
            names.insert(it.metadata.name.clone());
            Ok(())
        });
        let all = all.is_ok() && !names.is_empty();
        if !all {
            names.extend(self.plan.namespaces.iter().map(|it| it.as_str().into()));
            names.extend(self.connection.namespace().map(Arc::from));
        }
        (names, all)
    }

    fn finish(self, unended: &str, interrupted: bool) -> Snapshot {
        let gap = |resource| Gap::whole(resource, Cause::Timeout, unended);
        let mut snapshot = self.snapshot.into_inner().unwrap_or_else(PoisonError::into_inner);
        for (&resource, reading) in &self.readings {
            reading.store(&mut snapshot, &gap(resource));
        }
        let asked = |resource| self.plan.resources.contains(&resource);
        let unread = |resource| Unknown::from(gap(resource));
        snapshot.version =
            self.version.into_inner().unwrap_or_else(|| Err(unread(Resource::Version)));
        if asked(Resource::ServingCertificate) {
            snapshot.serving_certificate = self
                .certificate
                .into_inner()
                .unwrap_or_else(|| Err(unread(Resource::ServingCertificate)));
        }
        if asked(Resource::AnonymousProbe) {
            snapshot.anonymous_probe = self
                .anonymous
                .into_inner()
                .unwrap_or_else(|| Err(unread(Resource::AnonymousProbe)));
        }
        let ReadKubelets { configs, parts, mut gaps } =
            self.kubelets.into_inner().unwrap_or_else(PoisonError::into_inner);
        for (&resource, Question { meter, is_answered }) in &self.questions {
            let is_answered = is_answered.load(Ordering::Acquire);
            let cost = meter.cost();
            if cost.requests > 0 {
                snapshot.costs.insert(resource, cost);
            }
            if !is_answered && resource == Resource::KubeletConfigs {
                gaps.push(gap(resource).into());
            } else if !is_answered {
                snapshot.drop_kind(gap(resource));
            }
        }
        if self.questions.contains_key(&Resource::KubeletConfigs) {
            snapshot.kubelet_configs = Listing::partial(configs, gaps, parts);
        }
        snapshot.costs.insert(Resource::Version, self.meter.cost());
        let probed = self.probe_meter.cost();
        if probed.requests > 0 {
            snapshot.costs.insert(Resource::AnonymousProbe, probed);
        }
        snapshot.origin.interrupted = interrupted;
        snapshot.origin.finished = Timestamp::now();
        snapshot
    }

    fn kubelets(&self) -> MutexGuard<'_, ReadKubelets> {
        self.kubelets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn snapshot(&self) -> MutexGuard<'_, Snapshot> {
        self.snapshot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Something that is asked, and the bill for it.
#[derive(Default)]
struct Question {
    meter: Meter,
    /// Whether the snapshot has the answer, or why there is none.
    is_answered: AtomicBool,
}

/// What kubelets answered so far.
#[derive(Default)]
struct ReadKubelets {
    configs: Vec<KubeletConfig>,
    /// The nodes of those.
    parts: Vec<Arc<str>>,
    gaps: Vec<Arc<Gap>>,
}

/// When a kind is listed; the kinds of one turn are listed side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// What others are listed by.
    First,
    /// What is there.
    Second,
    /// What would be missing.
    Last,
}

impl Turn {
    fn of(resource: Resource) -> Turn {
        match resource {
            Resource::Namespaces | Resource::Nodes => Turn::First,
            Resource::Pods
            | Resource::Deployments
            | Resource::DaemonSets
            | Resource::StatefulSets
            | Resource::Jobs
            | Resource::CronJobs
            | Resource::Services
            | Resource::Ingresses
            | Resource::ServiceAccounts
            | Resource::PersistentVolumes
            | Resource::CertificateSigningRequests
            | Resource::CustomResourceDefinitions
            | Resource::VulnerabilityReports
            | Resource::ClusterVulnerabilityReports => Turn::Second,
            _ => Turn::Last,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        mock::{Asked, Reply, named, pod, server},
        progress::Silent,
    };

    /// A server that knows its version, refuses discovery and reviews, and else asks `answer`.
    fn cluster(mut answer: impl FnMut(&str) -> Reply + Send + 'static) -> (Connection, Asked) {
        let (client, asked) = server(move |path| match path {
            "/version" => Reply::json(&json!({"gitVersion": "v1.37.2"})),
            "/api" | "/apis" | "/apis/authentication.k8s.io/v1/selfsubjectreviews" => {
                Reply::status(403, "refused")
            }
            other => answer(other),
        });
        (Connection::through(client, "http://127.0.0.1:1", Some("home")), asked)
    }

    fn resource_of(path: &str) -> &str {
        let path = path.split('?').next().unwrap_or_default();
        path.rsplit('/').next().unwrap_or_default()
    }

    async fn scan(connection: &Connection, plan: &Plan) -> Snapshot {
        collect(connection, plan, &Silent, Stop::never()).await.expect("a snapshot")
    }

    #[tokio::test]
    async fn what_is_refused_everywhere_is_asked_by_namespace() {
        let (connection, asked) = cluster(|path| match path {
            "/api/v1/namespaces?limit=200" => Reply::list(&[named("", "a"), named("", "b")], ""),
            "/api/v1/namespaces/a/pods?limit=200" => Reply::list(&[pod("a", "1")], ""),
            _ => Reply::status(403, "not here"),
        });
        let plan = Plan::new([Resource::Namespaces, Resource::Pods, Resource::Nodes]);
        let snapshot = scan(&connection, &plan).await;

        let [gap] = snapshot.pods.gaps() else { panic!("{:?}", snapshot.pods.gaps()) };
        assert_eq!((gap.part.as_deref(), &gap.cause), (Some("b"), &Cause::Forbidden));
        assert_eq!(snapshot.pods.all(Scope::Part("a")).map(<[_]>::len), Ok(1));
        assert_eq!(snapshot.pods.all(Scope::Part("elsewhere")).map(<[_]>::len), Ok(0));
        assert_eq!(asked.count("/namespaces/home/"), 0, "it is not among the namespaces");
        let [gap] = snapshot.nodes.gaps() else { panic!("{:?}", snapshot.nodes.gaps()) };
        assert_eq!((gap.part.as_deref(), &*gap.message), (None, "not here"));
    }

    #[tokio::test]
    async fn namespaces_that_are_only_named_prove_nothing_of_the_whole() {
        let (connection, _) = cluster(|path| match path {
            "/api/v1/namespaces/given/pods?limit=200"
            | "/api/v1/namespaces/home/pods?limit=200" => Reply::list(&[], ""),
            _ => Reply::status(403, "not here"),
        });
        let mut plan = Plan::new([Resource::Namespaces, Resource::Pods]);
        plan.namespaces.push("given".to_owned());
        let snapshot = scan(&connection, &plan).await;
        assert_eq!(snapshot.pods.all(Scope::Part("given")).map(<[_]>::len), Ok(0));
        assert_eq!(snapshot.pods.all(Scope::Part("home")).map(<[_]>::len), Ok(0));
        assert!(snapshot.pods.all(Scope::Part("other")).is_err());
        assert!(snapshot.pods.all(Scope::Cluster).is_err());
    }

    #[tokio::test]
    async fn what_absence_is_judged_by_is_listed_last() {
        let (connection, asked) = cluster(|path| match path {
            "/api/v1/pods?limit=200" => Reply::list(&[pod("a", "1")], "next"),
            _ => Reply::list(&[], ""),
        });
        let plan = Plan::new([Resource::Namespaces, Resource::Pods, Resource::NetworkPolicies]);
        let snapshot = scan(&connection, &plan).await;
        assert!(snapshot.is_complete());
        let order: Vec<_> = asked.paths().iter().map(|it| resource_of(it).to_owned()).collect();
        let place = |name: &str| order.iter().rposition(|it| it == name).expect("asked");
        assert!(place("namespaces") < place("pods"));
        assert!(place("pods") < place("networkpolicies"), "{order:?}");
        assert_eq!(snapshot.costs[&Resource::Pods].requests, 2);
        assert!(matches!(snapshot.gaps(Resource::Roles)[0].cause, Cause::NotRequested));
    }

    #[tokio::test(start_paused = true)]
    async fn pages_are_asked_for_ahead_only_where_the_server_has_them_at_hand() {
        let pages = async |version: &'static str| {
            let (client, asked) = server(move |path| match path {
                "/version" if version.is_empty() => Reply::status(403, "not yours"),
                "/version" => Reply::json(&json!({ "gitVersion": version })),
                it if it.starts_with("/api/v1/pods") => {
                    let next = it.len();
                    Reply::stalled(&format!(r#"{{"metadata":{{"continue":"{next}"}},"items":["#))
                }
                _ => Reply::status(403, "refused"),
            });
            let connection = Connection::through(client, "http://127.0.0.1:1", None);
            let plan =
                Plan { deadline: Some(Duration::from_secs(1)), ..Plan::new([Resource::Pods]) };
            scan(&connection, &plan).await;
            asked.count("/pods?")
        };
        assert_eq!(pages("v1.34.0-eks-1").await, PAGES_AHEAD);
        assert_eq!(pages("v2.0.0").await, PAGES_AHEAD);
        assert_eq!(pages("v1.33.9").await, 1);
        assert_eq!(pages("unheard-of").await, 1);
        assert_eq!(pages("").await, 1, "a server that does not tell may be an old one");
    }

    /// Stops the scan at the first page.
    struct AtFirstPage(Stopper);

    impl Progress for AtFirstPage {
        fn page(&self, _: Resource, _: u64, _: u64, _: Option<u64>) {
            self.0.stop();
        }
    }

    fn endless(path: &str) -> Reply {
        match path {
            "/api/v1/pods?limit=200" => Reply::list(&[pod("a", "1")], "next"),
            _ => Reply::silence(),
        }
    }

    #[tokio::test]
    async fn what_was_read_before_a_stop_is_kept() {
        let (connection, _) = cluster(endless);
        let (stopper, stop) = Stop::new();
        let plan = Plan::new([Resource::Pods, Resource::NetworkPolicies]);
        let kept = collect(&connection, &plan, &AtFirstPage(stopper), stop).await;
        let snapshot = kept.expect("a snapshot");
        assert!(snapshot.origin.interrupted);
        assert!(snapshot.version.is_ok());
        assert_eq!(snapshot.pods.seen(), 1);
        for listed in [snapshot.pods.gaps(), snapshot.network_policies.gaps()] {
            let [gap] = listed else { panic!("{listed:?}") };
            assert_eq!((&gap.part, &gap.cause), (&None, &Cause::Timeout));
            assert!(gap.message.contains("interrupted"));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_deadline_is_no_interruption() {
        let (connection, _) = cluster(endless);
        let mut plan = Plan::new([Resource::Pods, Resource::Version]);
        plan.deadline = Some(Duration::from_secs(20));
        let snapshot = scan(&connection, &plan).await;
        assert!(!snapshot.origin.interrupted);
        assert_eq!(snapshot.pods.seen(), 1);
        let [gap] = snapshot.pods.gaps() else { panic!("one gap") };
        assert_eq!(gap.cause, Cause::Timeout);
        assert!(gap.message.contains("--timeout of 20 seconds"), "{}", gap.message);
    }

    #[tokio::test]
    async fn what_needs_a_flag_is_not_read_without_it() {
        let (connection, asked) = cluster(|_| Reply::list(&[], ""));
        let snapshot = scan(&connection, &Plan::new([Resource::KubeletConfigs])).await;
        for (resource, flag) in [
            (Resource::Secrets, "--secrets"),
            (Resource::Metrics, "--metrics"),
            (Resource::Flagz, "--flagz"),
            (Resource::KubeletConfigs, "--kubelet"),
        ] {
            let gaps = snapshot.gaps(resource);
            let [gap] = &gaps[..] else { panic!("{gaps:?}") };
            assert_eq!(gap.cause, Cause::NotRequested);
            assert!(gap.message.contains(flag), "{}", gap.message);
        }
        assert!(snapshot.is_complete());
        assert_eq!(asked.count("configz") + asked.count("secrets") + asked.count("metrics"), 0);
    }

    #[tokio::test]
    async fn objects_are_asked_for_by_name() {
        let (connection, asked) = cluster(|path| match path {
            "/api/v1/namespaces/kube-system/configmaps/kube-proxy" => {
                Reply::json(&json!({"data": {"config.conf": "metricsBindAddress: ''"}}))
            }
            "/api/v1/namespaces/kube-public/configmaps/cluster-info" => Reply::silence(),
            _ => Reply::status(404, "not found"),
        });
        let mut plan = Plan::new([
            Resource::KubeProxyConfigMap,
            Resource::AwsAuthConfigMap,
            Resource::ClusterInfoConfigMap,
        ]);
        plan.deadline = Some(Duration::from_millis(300));
        let snapshot = scan(&connection, &plan).await;
        assert!(snapshot.kube_proxy_config_map.expect("read").is_some());
        assert_eq!(snapshot.aws_auth_config_map, Ok(None));
        let late = snapshot.cluster_info_config_map.expect_err("late");
        assert_eq!(late.gaps()[0].cause, Cause::Timeout);
        assert_eq!(snapshot.costs[&Resource::KubeProxyConfigMap].objects, 1);
        assert_eq!(asked.count("configmaps"), 3);
    }

    #[tokio::test]
    async fn secrets_are_tables_by_namespace() {
        let (connection, asked) = cluster(|path| match path {
            "/api/v1/namespaces?limit=200" => Reply::list(&[named("", "a"), named("", "b")], ""),
            "/api/v1/namespaces/a/secrets?limit=200&includeObject=None" => Reply::json(&json!({
                "kind": "Table", "columnDefinitions": [{"name": "Name"}, {"name": "Type"}],
                "rows": [{"cells": ["t", "kubernetes.io/service-account-token"]}],
            })),
            // A server that knows no tables, and sends values.
            "/api/v1/namespaces/b/secrets?limit=200&includeObject=None" => {
                Reply::list(&[json!({"metadata": {"name": "s"}, "data": {"k": "Q0FOQVJZ"}})], "")
            }
            other => panic!("{other}"),
        });
        let snapshot =
            scan(&connection, &Plan::new([Resource::Namespaces, Resource::Secrets])).await;
        let read = snapshot.secrets.all(Scope::Part("a")).expect("read");
        assert_eq!(
            (&*read[0].metadata.name, &*read[0].type_),
            ("t", "kubernetes.io/service-account-token")
        );
        let [gap] = snapshot.secrets.gaps() else { panic!("{:?}", snapshot.secrets.gaps()) };
        assert_eq!(gap.part.as_deref(), Some("b"));
        assert_eq!(asked.count("secrets"), 2);
        assert!(!format!("{snapshot:?}").contains("Q0FOQVJZ"));
    }

    #[tokio::test]
    async fn kubelets_are_asked_by_node() {
        let (connection, _) = cluster(|path| match path {
            "/api/v1/nodes?limit=200" => Reply::list(&[named("", "w1"), named("", "w2")], ""),
            "/api/v1/nodes/w1/proxy/configz" => Reply::text(200, r#"{"kubeletconfig":{}}"#),
            _ => Reply::status(403, "not yours"),
        });
        let mut plan = Plan::new([Resource::Nodes, Resource::KubeletConfigs]);
        plan.kubelets = KubeletAccess::Proxy;
        let snapshot = scan(&connection, &plan).await;
        assert!(matches!(snapshot.kubelet_configs.get("w1", "w1"), Ok(Some(_))));
        let [gap] = snapshot.kubelet_configs.gaps() else { panic!("one gap") };
        assert_eq!((gap.part.as_deref(), &gap.cause), (Some("w2"), &Cause::Forbidden));
        assert_eq!(snapshot.costs[&Resource::KubeletConfigs].objects, 1);
    }

    #[tokio::test]
    async fn constraints_are_of_the_kinds_that_the_server_tells() {
        let (client, asked) = server(|path| match path {
            "/version" => Reply::json(&json!({"gitVersion": "v1.37.2"})),
            "/apis" => Reply::json(&json!({"kind": "APIGroupList", "groups": [
                {"name": "constraints.gatekeeper.sh", "versions": [{"version": "v1beta1"}]},
            ]})),
            "/apis/constraints.gatekeeper.sh/v1beta1" => Reply::json(&json!({
                "kind": "APIResourceList",
                "resources": [{"name": "k8sowners"}, {"name": "k8sowners/status"}, {"name": "k8srepos"}],
            })),
            "/apis/constraints.gatekeeper.sh/v1beta1/k8sowners?limit=200" => Reply::list(
                &[
                    json!({"kind": "K8sOwners", "metadata": {"name": "all"}, "spec": {"enforcementAction": "dryrun"}}),
                ],
                "",
            ),
            _ => Reply::status(403, "not yours"),
        });
        let connection = Connection::through(client, "http://127.0.0.1:1", None);
        let snapshot = scan(&connection, &Plan::new([Resource::GatekeeperConstraints])).await;
        let found = snapshot.gatekeeper_constraints.get("K8sOwners", "all").expect("seen");
        assert_eq!(found.map(|it| &*it.spec.enforcement_action), Some("dryrun"));
        let [gap] = snapshot.gatekeeper_constraints.gaps() else { panic!("one gap") };
        assert_eq!(gap.cause, Cause::Forbidden);
        assert_eq!(asked.count("status"), 0);
    }

    #[tokio::test]
    async fn the_first_answer_decides() {
        let first = async |reply: fn() -> Reply| {
            let (client, _) = server(move |_| reply());
            let connection = Connection::through(client, "http://127.0.0.1:1", None);
            collect(&connection, &Plan::new([]), &Silent, Stop::never()).await
        };
        let answer = first(|| Reply::status(401, "who?")).await;
        assert!(matches!(answer, Err(Error::Unauthorized { .. })));
        let answer = first(|| Reply::text(200, "<html>sign in</html>")).await;
        assert!(matches!(answer, Err(Error::NotKubernetes { .. })));
        let answer = first(|| Reply::text(404, "nothing here")).await;
        assert!(matches!(answer, Err(Error::NotKubernetes { .. })));
        let answer = first(|| Reply::text(403, "a firewall")).await;
        assert!(matches!(answer, Err(Error::NotKubernetes { .. })));
        let answer = first(|| Reply::status(403, "not yours")).await;
        let version = answer.expect("Kubernetes").version;
        assert_eq!(version.expect_err("refused").gaps()[0].cause, Cause::Forbidden);
    }

    #[tokio::test]
    async fn a_kind_that_is_proven_absent_is_complete_and_empty() {
        let (client, asked) = server(|path| match path {
            "/version" => Reply::json(&json!({"gitVersion": "v1.37.2"})),
            "/api" => Reply::json(&json!({"kind": "APIVersions", "versions": ["v1"]})),
            "/api/v1" => Reply::json(&json!({
                "kind": "APIResourceList", "resources": [{"name": "pods"}],
            })),
            "/apis" => Reply::json(&json!({"kind": "APIGroupList", "groups": [
                {"name": "networking.k8s.io", "versions": [{"version": "v1"}]},
            ]})),
            "/apis/networking.k8s.io/v1" => Reply::status(500, "broken"),
            "/apis/authentication.k8s.io/v1/selfsubjectreviews" => Reply::json(&json!({
                "status": {"userInfo": {"username": "alice", "groups": ["devs"]}},
            })),
            _ => Reply::status(404, "not found"),
        });
        let connection = Connection::through(client, "http://127.0.0.1:1", None);
        let plan =
            Plan::new([Resource::Pods, Resource::NetworkPolicies, Resource::VulnerabilityReports]);
        let snapshot = scan(&connection, &plan).await;
        assert_eq!(snapshot.vulnerability_reports.all(Scope::Cluster).map(<[_]>::len), Ok(0));
        assert_eq!(asked.count("vulnerabilityreports"), 0);
        assert_eq!(asked.count("networkpolicies"), 0, "its group-version is broken");
        for listed in [snapshot.pods.gaps(), snapshot.network_policies.gaps()] {
            let [gap] = listed else { panic!("{listed:?}") };
            assert_eq!(gap.cause, Cause::Unavailable);
        }
        assert_eq!(snapshot.origin.user, "alice");
        assert_eq!(snapshot.origin.groups, ["devs"]);
    }
}
