//! The flags of the control plane, by component and replica.
//!
//! Read from the arguments of mirror pods. A pod counts as one only if its one controller is the Node
//! it runs on, by the live Node's UID, it is named after that node, it lies in `kube-system` and has
//! no service account: anybody who may create pods there can set the annotation. (Catalogue, 2.2.)
//!
//! What the API server that answered says of its own flags, at `/flagz`, is read beside them: see
//! [`answered`].

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use assay_model::{
    Cause, Container, Gap, Known, Listing, Location, Object, Outcome, Resource, Scope, Unknown,
    Workload,
    arguments::{COMPONENTS, Word},
    literal::Literal,
    pod::EnvVar,
    workload::Live,
};

use crate::{
    Facts,
    version::{Minor, first_release, minor_name},
};

mod answered;
mod rule;
mod value;
mod witness;

pub use rule::{Band, Demand, FlagRule, Grade, Hidden, Unit, Where};
pub(crate) use rule::{hidden, judge};
pub(crate) use value::{Url, urls};
pub use witness::Witness;

/// What shows flags: the mirror pods, and the nodes that they are of.
pub(crate) const SHOWN: &[&[Resource]] = &[Resource::WORKLOADS, &[Resource::Nodes]];

/// The same, and the version, which tells whose control plane it is.
pub(crate) const NEEDS: &[&[Resource]] =
    &[Resource::WORKLOADS, &[Resource::Nodes, Resource::Version]];

/// The row of a check's verdicts for flags that do not tell.
pub(crate) const UNSEEN: (Outcome, &str) =
    (Outcome::Unknown, "the flags are not visible, or not understood to their end");

/// The row of a check's verdicts for what is the provider's.
pub(crate) const OWNED: (Outcome, &str) =
    (Outcome::NotApplicable, "a provider owns the control plane");

/// The component that serves `/flagz` to whoever scans.
pub(crate) const API_SERVER: &str = "kube-apiserver";

/// Where kubeadm and its like keep static pods.
const NAMESPACE: &str = "kube-system";

/// Flags that are lists: given twice, the second adds to the first.
const LISTS: &[&str] = &[
    "admission-control",
    "authorization-mode",
    "disable-admission-plugins",
    "enable-admission-plugins",
    "etcd-servers",
    "feature-gates",
    "requestheader-allowed-names",
    "tls-cipher-suites",
];

/// Flags that name a file with more settings: what is not on the command line may stand there. Where it
/// is known what such a file has, [`INSTEAD`] says so.
const MORE_SETTINGS: &[&str] = &["config", "openshift-config"];

/// A file that is read instead of flags: where it is given, what they say does not count.
struct Instead {
    component: &'static str,
    file: &'static str,
    /// The flags; empty for all of them.
    of: &'static [&'static str],
}

/// As the components' own option code has it.
const INSTEAD: &[Instead] = &[
    Instead {
        component: "kube-apiserver",
        file: "authorization-config",
        of: &["authorization-mode"],
    },
    Instead { component: "kube-scheduler", file: "config", of: &["profiling"] },
    Instead { component: "etcd", file: "config-file", of: &[] },
];

/// The API server does not start with the list of all plug-ins beside either of the lists of some.
const ALL_PLUGINS: &str = "admission-control";
const SOME_PLUGINS: [&str; 2] = ["disable-admission-plugins", "enable-admission-plugins"];

/// What is read only where somebody asks for it; `None` when nobody did.
///
/// It stands beside other evidence, which decides without it then. That it was asked for and not read is a
/// gap like any other.
fn asked<T>(source: &Known<T>) -> Known<Option<&T>> {
    let was_not = |it: &Arc<Gap>| matches!(it.cause, Cause::NotRequested | Cause::Outdated);
    match source {
        Ok(it) => Ok(Some(it)),
        Err(unknown) if unknown.gaps().iter().all(was_not) => Ok(None),
        Err(unknown) => Err(unknown.clone()),
    }
}

/// What is known of a flag that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Given {
    /// This value.
    Value(Arc<str>),
    /// A value that was not kept: one that something expands first, or of no interest.
    Hidden,
    /// The value of a variable of the environment, which is never kept.
    Variable,
}

/// What shows the flags of a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// The command line of its mirror pod.
    MirrorPod,
    /// It says so itself, of all that it has.
    Flagz,
}

/// One running instance of a control-plane component, and the flags it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replica {
    component: &'static str,
    source: Source,
    pod: Arc<str>,
    /// The container's name.
    pub container: Arc<str>,
    /// By name; of several the last.
    given: BTreeMap<Arc<str>, Given>,
    /// Whether every word of the command line was understood. Otherwise some may be flags, and change
    /// those that were seen.
    understood: bool,
    /// Whether a file has more settings, so that a flag not found may be set all the same.
    continued: bool,
    /// From the image's tag.
    minor: Option<Minor>,
}

impl Object for Replica {
    fn part(&self) -> &'static str {
        NAMESPACE
    }
    fn name(&self) -> &str {
        &self.pod
    }
}

impl Replica {
    /// The value that a flag has: as given, else the default of the component's version.
    ///
    /// # Errors
    ///
    /// When neither can be told: part of the command line was not understood, the value was not kept,
    /// a file is read instead, or no table covers the version.
    pub fn value<'a>(&'a self, flag: &str, facts: &'a Facts<'_>) -> Known<&'a str> {
        if let Some(file) = self.read_instead(flag) {
            return Err(self.untold(format!("the file of --{file} is read instead of --{flag}")));
        }
        match self.given.get(flag) {
            Some(Given::Value(value)) => return Ok(value),
            Some(Given::Hidden) => {
                return Err(self.untold(format!("the value of --{flag} is not told")));
            }
            Some(Given::Variable) => {
                let why =
                    format!("--{flag} is set by a variable, and no value of a variable is kept");
                return Err(self.untold(why));
            }
            None => {}
        }
        if flag == ALL_PLUGINS && SOME_PLUGINS.iter().any(|it| self.is_given(it)) {
            return Ok("");
        }
        if self.source == Source::Flagz {
            // It lists every flag that its version has: another one is none of its own.
            return Ok("");
        }
        if !self.understood {
            let why =
                format!("--{flag} is not seen, but the command line is not understood to its end");
            return Err(self.untold(why));
        }
        if self.continued {
            return Err(self.untold(format!("--{flag} is not seen, but a file has more settings")));
        }
        let minor = self.minor()?;
        facts.tables.flag_default(self.component, flag, minor).ok_or_else(|| {
            let version = minor_name(minor);
            self.untold(format!("no table has the default of --{flag} in {version}"))
        })
    }

    /// The entries of a flag that is a list, in order.
    ///
    /// # Errors
    ///
    /// As for [`value`](Replica::value).
    pub fn list<'a>(
        &'a self,
        flag: &str,
        facts: &'a Facts<'_>,
    ) -> Known<impl Iterator<Item = &'a str> + use<'a>> {
        let value = self.value(flag, facts)?;
        Ok(value.split(',').map(str::trim).filter(|it| !it.is_empty()))
    }

    /// Whether one of the flags, each a list, has an entry.
    ///
    /// # Errors
    ///
    /// As for [`value`](Replica::value), of those without it.
    pub fn lists(&self, flags: &[&str], entry: &str, facts: &Facts<'_>) -> Known<bool> {
        let mut unread = Ok(());
        for flag in flags {
            match self.list(flag, facts).map(|mut entries| entries.any(|it| it == entry)) {
                Ok(true) => return Ok(true),
                Ok(false) => {}
                Err(it) => unread = assay_model::both(unread, Err(it)),
            }
        }
        unread.map(|()| false)
    }

    /// Whether a flag that is a switch is on.
    ///
    /// # Errors
    ///
    /// As for [`value`](Replica::value), and when the value is none of a switch.
    pub fn is_on(&self, flag: &str, facts: &Facts<'_>) -> Known<bool> {
        self.parsed(flag, facts, value::boolean)
    }

    /// The value of a flag, as something else than text.
    fn parsed<T>(
        &self,
        flag: &str,
        facts: &Facts<'_>,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Known<T> {
        let value = self.value(flag, facts)?;
        parse(value)
            .ok_or_else(|| self.untold(format!("--{flag} is `{value}`, which is not understood")))
    }

    /// The file that is read instead of a flag, if one is given.
    fn read_instead(&self, flag: &str) -> Option<&'static str> {
        let applies = |it: &&Instead| {
            it.component == self.component
                && (it.of.is_empty() && it.file != flag || it.of.contains(&flag))
                && self.names_file(it.file)
        };
        INSTEAD.iter().find(applies).map(|it| it.file)
    }

    /// Whether a flag that is a path is set to one.
    fn names_file(&self, flag: &str) -> bool {
        let path = self.given.get(flag);
        path.is_some_and(|it| !matches!(it, Given::Value(path) if path.is_empty()))
    }

    /// The name of its pod.
    pub(crate) fn pod(&self) -> &str {
        &self.pod
    }

    /// Whether a flag is given at all, whatever its value.
    pub fn is_given(&self, flag: &str) -> bool {
        self.given.contains_key(flag)
    }

    /// Whether what was seen of the flags is all there is of them: no word may change it again.
    ///
    /// # Errors
    ///
    /// When a word of the command line was not understood.
    pub fn is_understood(&self) -> Known<()> {
        let why = "part of the command line is not understood, and may set flags anew";
        if self.understood { Ok(()) } else { Err(self.untold(why)) }
    }

    /// Where a flag stands, or would.
    pub fn at(&self, flag: &str) -> Location {
        if self.source == Source::Flagz {
            return Location::field(format!("/flagz --{flag}"));
        }
        Location {
            path: format!("spec.containers[{}] --{flag}", self.container),
            container: Some(self.container.clone()),
        }
    }

    /// The version, as far as a minor goes.
    ///
    /// # Errors
    ///
    /// When the image's tag is not of the form `v1.37.2`, or no image is seen.
    pub fn minor(&self) -> Known<Minor> {
        let untold = || {
            self.untold(match self.source {
                Source::MirrorPod => "the image's tag does not tell the version",
                Source::Flagz => "/flagz does not tell the version",
            })
        };
        self.minor.ok_or_else(untold)
    }

    /// What this replica shows does not tell.
    pub(crate) fn untold(&self, why: impl Into<String>) -> Unknown {
        if self.source == Source::Flagz {
            return Gap::whole(Resource::Flagz, Cause::Inconclusive, why).into();
        }
        let part = format!("{NAMESPACE}/{}", self.pod);
        Gap::part(Resource::Pods, part, Cause::Inconclusive, why).into()
    }

    fn of(workload: &Workload, live: &Live, component: &'static str) -> Option<Self> {
        let container = live.spec.containers.iter().find(|it| runs(it, component))?;
        let CommandLine { given, understood } = CommandLine::parse(container, component);
        let continued = MORE_SETTINGS.iter().any(|file| {
            let known = |it: &Instead| it.component == component && it.file == *file;
            given.contains_key(*file) && !INSTEAD.iter().any(known)
        });
        let tagged = container.image.split('@').next().unwrap_or_default();
        let tag = tagged.rsplit_once(':').map_or("", |(_, tag)| tag);
        let minor =
            first_release(tag, 2).and_then(|it| assay_model::control_plane::Version::minor_of(&it));
        Some(Replica {
            component,
            source: Source::MirrorPod,
            pod: workload.owner.name.clone(),
            container: container.name.clone(),
            given,
            understood,
            continued,
            minor,
        })
    }
}

fn runs(container: &Container, component: &str) -> bool {
    let words = container.command.words().iter().chain(container.args.words());
    words.into_iter().any(|it| matches!(it, Word::Component(name) if &**name == component))
}

/// The flags that a container's command line gives its component.
pub(crate) struct CommandLine {
    /// By name: the last value.
    pub(crate) given: BTreeMap<Arc<str>, Given>,
    /// Whether every word was understood, so that a flag not found is not given.
    pub(crate) understood: bool,
}

impl Given {
    /// What it says, if it was kept.
    pub(crate) fn value(&self) -> Option<&Arc<str>> {
        match self {
            Given::Value(value) => Some(value),
            Given::Hidden | Given::Variable => None,
        }
    }
}

impl CommandLine {
    /// `--flag=value`, `--flag value`, bare booleans and single dashes; the last occurrence wins, and
    /// those of [`LISTS`] add up. What stands before the component, such as a wrapper and its flags, is
    /// not the component's.
    ///
    /// etcd also takes `--cert-file` from the variable `ETCD_CERT_FILE`, unless that is empty or the
    /// flag is given. No value of a variable is kept.
    pub(crate) fn parse(container: &Container, component: &str) -> Self {
        let words: Vec<&Word> =
            container.command.words().iter().chain(container.args.words()).collect();
        let from =
            words.iter().position(|it| matches!(it, Word::Component(_))).map_or(0, |at| at + 1);
        let mut line = CommandLine { given: BTreeMap::new(), understood: true };
        let mut words_left = words[from..].iter().peekable();
        while let Some(word) = words_left.next() {
            match word {
                Word::Assigned(flag, value) => line.give(flag, value.kept().cloned()),
                Word::Flag(flag) => {
                    let value = match words_left.peek() {
                        Some(Word::Value(value)) => {
                            words_left.next();
                            Some(value.clone())
                        }
                        // A word that was not kept is the flag's value; or, where a shell may have
                        // started the component, a variable that stands for any number of words.
                        Some(Word::Hidden(_)) => {
                            words_left.next();
                            line.understood &= from <= 1;
                            None
                        }
                        _ => Some("true".into()),
                    };
                    line.give(flag, value);
                }
                Word::Component(_) | Word::Value(_) | Word::Hidden(_) => line.understood = false,
            }
        }
        if component == "etcd" {
            line.understood &= container.env_from.is_empty();
            let filled = |it: &&EnvVar| it.literal != Some(Literal::Empty);
            for variable in container.env.iter().filter(filled) {
                if let Some(name) = variable.name.strip_prefix("ETCD_") {
                    let flag = name.to_ascii_lowercase().replace('_', "-");
                    line.given.entry(flag.into()).or_insert(Given::Variable);
                }
            }
        }
        line
    }

    fn give(&mut self, flag: &Arc<str>, value: Option<Arc<str>>) {
        let mut given = value.map_or(Given::Hidden, Given::Value);
        if LISTS.contains(&&**flag)
            && let Some(before) = self.given.get(flag)
        {
            given = match (before, given) {
                (Given::Value(a), Given::Value(b)) => Given::Value(format!("{a},{b}").into()),
                _ => Given::Hidden,
            };
        }
        self.given.insert(flag.clone(), given);
    }
}

/// The visible replicas, by component; each listing is as complete as pods of `kube-system` and
/// nodes are.
pub(crate) fn replicas(facts: &Facts<'_>) -> BTreeMap<&'static str, Listing<Replica>> {
    let inventory = facts.inventory;
    let mut unread = vec![inventory.workloads.covers(Scope::Part(NAMESPACE))];
    let mut found: BTreeMap<&'static str, Vec<Replica>> =
        COMPONENTS.iter().map(|it| (*it, Vec::new())).collect();
    unread.push(inventory.workloads.each(Scope::Part(NAMESPACE), |workload| {
        let mut read = Ok(());
        for live in &workload.live {
            match is_mirror(workload, live, facts) {
                Ok(true) => {
                    for component in COMPONENTS {
                        let replica = Replica::of(workload, live, component);
                        found.entry(component).or_default().extend(replica);
                    }
                }
                Ok(false) => {}
                Err(unknown) => read = assay_model::both(read, Err(unknown)),
            }
        }
        read
    }));
    found
        .into_iter()
        .map(|(component, replicas)| {
            let gaps: BTreeSet<Arc<Gap>> = unread
                .iter()
                .filter_map(|it| it.as_ref().err())
                .flat_map(|it| it.gaps().iter().cloned())
                .collect();
            (component, Listing::partial(replicas, gaps.into_iter().collect(), Vec::new()))
        })
        .collect()
}

/// Whether a kubelet runs this pod from a file of its node.
pub(crate) fn is_mirror(workload: &Workload, live: &Live, facts: &Facts<'_>) -> Known<bool> {
    let Some(node) = &live.mirror_of else { return Ok(false) };
    let plain = !live.spec.names_service_account();
    let named = workload.owner.name.ends_with(&format!("-{}", node.name));
    let there = live.nodes.len() == 1 && live.nodes.contains(&node.name);
    if !(plain && named && there) {
        return Ok(false);
    }
    let listed = facts.inventory.nodes.get("", &node.name)?;
    Ok(listed.is_some_and(|it| it.metadata.uid == node.uid))
}
