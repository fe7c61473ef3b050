//! The flags of the control plane, by component and replica.
//!
//! Read from the arguments of mirror pods. A pod counts as one only if its one controller is the Node
//! it runs on, by the live Node's UID, it is named after that node, it lies in `kube-system` and has
//! no service account: anybody who may create pods there can set the annotation. (Catalogue, 2.2.)

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use assay_model::{
    Basis, Cause, Container, Findings, Gap, Known, Listing, Location, Object, Resource, Scope,
    Workload,
    arguments::{COMPONENTS, Word},
    workload::Live,
};

use crate::{
    Facts, Ruled, Ruling,
    version::{Minor, first_release, minor_name},
};

/// Where kubeadm and its like keep static pods.
const NAMESPACE: &str = "kube-system";

/// Flags that are lists: given twice, the second adds to the first.
const LISTS: &[&str] = &[
    "admission-control",
    "authorization-mode",
    "disable-admission-plugins",
    "enable-admission-plugins",
];

/// Flags that name a file with more settings: what is not on the command line may stand there.
const MORE_SETTINGS: &[&str] = &["config", "openshift-config"];

/// One running instance of a control-plane component, and the flags it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replica {
    component: &'static str,
    pod: Arc<str>,
    /// The container's name.
    pub container: Arc<str>,
    /// By name: the last value, and whether it was kept.
    given: BTreeMap<Arc<str>, Option<Arc<str>>>,
    /// Whether every word of the command line was understood, so that a flag not found is not given.
    understood: bool,
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
    /// or no table covers the version.
    pub fn value<'a>(&'a self, flag: &str, facts: &'a Facts<'_>) -> Known<&'a str> {
        match self.given.get(flag) {
            Some(Some(value)) => return Ok(value),
            Some(None) => return Err(self.untold(format!("the value of --{flag} is not told"))),
            None => {}
        }
        if !self.understood {
            let why =
                format!("--{flag} is not seen, but the command line is not understood to its end");
            return Err(self.untold(why));
        }
        let minor = self.minor()?;
        facts.tables.flag_default(self.component, flag, minor).ok_or_else(|| {
            let version = minor_name(minor);
            self.untold(format!("no table has the default of --{flag} in {version}"))
        })
    }

    /// Whether a flag is given at all, whatever its value.
    pub fn is_given(&self, flag: &str) -> bool {
        self.given.contains_key(flag)
    }

    /// The version, as far as a minor goes.
    ///
    /// # Errors
    ///
    /// When the image's tag is not of the form `v1.37.2`.
    pub fn minor(&self) -> Known<Minor> {
        let untold = || self.untold("the image's tag does not tell the version".to_owned());
        self.minor.ok_or_else(untold)
    }

    fn untold(&self, why: String) -> assay_model::Unknown {
        let part = format!("{NAMESPACE}/{}", self.pod);
        Gap::part(Resource::Pods, part, Cause::Inconclusive, why).into()
    }

    fn of(workload: &Workload, live: &Live, component: &'static str) -> Option<Self> {
        let container = live.spec.containers.iter().find(|it| runs(it, component))?;
        let CommandLine { given, understood } = CommandLine::parse(container);
        let tagged = container.image.split('@').next().unwrap_or_default();
        let tag = tagged.rsplit_once(':').map_or("", |(_, tag)| tag);
        let minor =
            first_release(tag, 2).and_then(|it| assay_model::control_plane::Version::minor_of(&it));
        Some(Replica {
            component,
            pod: workload.owner.name.clone(),
            container: container.name.clone(),
            given,
            understood,
            minor,
        })
    }
}

fn runs(container: &Container, component: &str) -> bool {
    let words = container.command.words().iter().chain(container.args.words());
    words.into_iter().any(|it| matches!(it, Word::Component(name) if &**name == component))
}

struct CommandLine {
    given: BTreeMap<Arc<str>, Option<Arc<str>>>,
    understood: bool,
}

impl CommandLine {
    /// `--flag=value`, `--flag value`, bare booleans and single dashes; the last occurrence wins, and
    /// those of [`LISTS`] add up. What stands before the component, such as a wrapper and its flags, is
    /// not the component's.
    fn parse(container: &Container) -> Self {
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
        line
    }

    fn give(&mut self, flag: &Arc<str>, value: Option<Arc<str>>) {
        self.understood &= !MORE_SETTINGS.contains(&&**flag);
        let value = match self.given.get(flag).filter(|_| LISTS.contains(&&**flag)) {
            Some(before) => before.as_ref().zip(value).map(|(a, b)| format!("{a},{b}").into()),
            None => value,
        };
        self.given.insert(flag.clone(), value);
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
fn is_mirror(workload: &Workload, live: &Live, facts: &Facts<'_>) -> Known<bool> {
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

/// One row of the table of flags: what a component must be given.
#[derive(Debug)]
pub struct FlagRule {
    /// Whose flags.
    pub component: &'static str,
    /// What must hold.
    pub demand: Demand,
}

/// What must hold of a replica's flags.
#[derive(Debug)]
pub enum Demand {
    /// At least one of them is set to something.
    AnySet {
        /// The flags.
        of: &'static [&'static str],
        /// A value that only a person can judge, and the question.
        ask: Option<(&'static str, &'static str)>,
    },
    /// Each of them is set to something.
    AllSet(&'static [&'static str]),
    /// It is not set to anything.
    Unset(&'static str),
    /// One of the comma-separated lists has the entry.
    Lists {
        /// The flags; what is found missing is said of the first.
        of: &'static [&'static str],
        /// The entry.
        entry: &'static str,
    },
}

/// Judges one replica by one row.
pub(crate) fn judge(
    row: &FlagRule,
    replica: &Replica,
    facts: &Facts<'_>,
    out: &mut Findings,
) -> Ruled {
    out.rest_on(Basis::Declared);
    let at = |flag: &str| Location {
        path: format!("spec.containers[{}] --{flag}", replica.container),
        container: Some(replica.container.clone()),
    };
    match row.demand {
        Demand::AnySet { of, ask } => {
            let mut unknown = Ok(());
            let mut question = None;
            for flag in of {
                match (replica.value(flag, facts), ask) {
                    (Ok(""), _) => {}
                    (Ok(it), Some((value, asked))) if it == value => question = Some(asked),
                    (Ok(_), _) => return Ok(Ruling::Applies),
                    (Err(it), _) => unknown = assay_model::both(unknown, Err(it)),
                }
            }
            unknown?;
            match question {
                Some(it) => return Ok(Ruling::Manual(it.to_owned())),
                None => out.fail(at(&of.join(", --")), "are not set"),
            }
        }
        Demand::AllSet(flags) => {
            let mut unknown = Ok(());
            for flag in flags {
                match replica.value(flag, facts) {
                    Ok("") => out.fail(at(flag), "is not set"),
                    Ok(_) => {}
                    Err(it) => unknown = assay_model::both(unknown, Err(it)),
                }
            }
            unknown?;
        }
        Demand::Unset(flag) => {
            if !replica.value(flag, facts)?.is_empty() {
                out.fail(at(flag), "is set");
            }
        }
        Demand::Lists { of, entry } => {
            let mut unknown = Ok(());
            for flag in of {
                match replica.value(flag, facts) {
                    Ok(list) if list.split(',').any(|it| it == entry) => {
                        return Ok(Ruling::Applies);
                    }
                    Ok(_) => {}
                    Err(it) => unknown = assay_model::both(unknown, Err(it)),
                }
            }
            unknown?;
            out.fail(at(of[0]), format!("does not list {entry}"));
        }
    }
    Ok(Ruling::Applies)
}

/// What it means that no replica of a component is visible: a provider hides its own, and anybody
/// else's is merely not seen.
pub(crate) fn hidden(component: &str, facts: &Facts<'_>) -> Ruled {
    if let Some(provider) = facts.managed_by()? {
        return Ok(Ruling::NotApplicable(format!("{provider} owns the control plane")));
    }
    let message = format!("no mirror pod shows the flags of {component}");
    Err(Gap::part(Resource::Pods, NAMESPACE, Cause::Inconclusive, message).into())
}
