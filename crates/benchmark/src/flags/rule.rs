//! Rows of the table of flags, and how a replica is judged by one.

use std::ops::RangeInclusive;

use assay_model::{Basis, Cause, Findings, Gap, Known, Resource, Unknown, both};

use super::{
    API_SERVER, NAMESPACE, Replica, Witness,
    answered::{self, Server},
    urls, value,
};
use crate::{Facts, Ruled, Ruling, version::Minor};

/// One row of the table of flags: what each replica of a component must be given.
#[derive(Debug)]
pub struct FlagRule {
    component: &'static str,
    demands: &'static [Demand],
    only: Option<Where>,
    hidden: Hidden,
    hard_wired: Option<Minor>,
    witness: Option<Witness>,
}

impl FlagRule {
    /// All of the demands must hold of every replica of the component.
    pub const fn of(component: &'static str, demands: &'static [Demand]) -> Self {
        FlagRule {
            component,
            demands,
            only: None,
            hidden: Hidden::Provider,
            hard_wired: None,
            witness: None,
        }
    }

    /// Replicas of which the condition does not hold are not judged.
    #[must_use]
    pub const fn only(self, condition: Where) -> Self {
        FlagRule { only: Some(condition), ..self }
    }

    /// What it means that no replica of the component is visible.
    #[must_use]
    pub const fn hidden(self, hidden: Hidden) -> Self {
        FlagRule { hidden, ..self }
    }

    /// From this minor on the component does not start unless the demands hold.
    #[must_use]
    pub const fn hard_wired(self, since: Minor) -> Self {
        FlagRule { hard_wired: Some(since), ..self }
    }

    /// What an API server counts only if the demands hold of it.
    #[must_use]
    pub const fn witness(self, witness: Witness) -> Self {
        FlagRule { witness: Some(witness), ..self }
    }

    /// What the component says itself.
    pub(crate) fn reads_itself(&self) -> &'static [&'static [Resource]] {
        match self.witness {
            _ if self.component != API_SERVER => &[],
            None => &[&[Resource::Flagz]],
            Some(_) => &[&[Resource::Flagz, Resource::Metrics]],
        }
    }

    /// Whose flags.
    pub fn component(&self) -> &'static str {
        self.component
    }
}

/// A condition on one flag, without which a row says nothing.
#[derive(Debug)]
pub struct Where {
    /// The flag.
    pub flag: &'static str,
    /// Whether its value is one that the row is about.
    pub holds: fn(&str) -> bool,
    /// Why the row says nothing otherwise.
    pub otherwise: &'static str,
}

/// What it means that no replica of a component is visible.
#[derive(Debug, Clone, Copy)]
pub enum Hidden {
    /// It is the provider's, where one owns the control plane, and elsewhere unknown.
    Provider,
    /// Nobody owns the answer: something else would tell, whoever runs the component. What.
    Elsewhere(&'static str),
    /// Where a provider owns the control plane, the user chooses or can look: the question.
    Asks(&'static str),
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
    /// The comma-separated list has none of the entries.
    Omits {
        /// The flag.
        flag: &'static str,
        /// The entries.
        entries: &'static [&'static str],
    },
    /// The switch is on, or off.
    Is(&'static str, bool),
    /// The value lies in none of the bands.
    Outside {
        /// The flag.
        flag: &'static str,
        /// How it is read.
        unit: Unit,
        /// Why it is a weakness to leave it to its default; `None` when the default is judged alike.
        unset: Option<&'static str>,
        /// Bands of values at fault or weak; the first that fits counts.
        bands: &'static [Band],
    },
    /// It is an address of this machine alone; unset it is a weakness, for that is every address.
    Loopback(&'static str),
    /// Every URL in the list is HTTPS, or a socket.
    Encrypted(&'static str),
    /// A beta feature of the component is not switched off.
    Feature(&'static str),
    /// An admission plug-in that is on by default is not switched off.
    Plugin(&'static str),
    /// The demand is enough; where it is not met, something else that is not read may do the same: what.
    Enough(&'static Demand, &'static str),
    /// What takes more than one flag to tell.
    Judge(fn(&Replica, &Facts<'_>, &mut Findings) -> Ruled),
}

/// How a value is read that lies within bounds.
#[derive(Debug, Clone, Copy)]
pub enum Unit {
    /// A whole number.
    Number,
    /// A duration, in milliseconds.
    Milliseconds,
}

/// Values at fault, or weak.
#[derive(Debug)]
pub struct Band {
    /// The values.
    pub range: RangeInclusive<i64>,
    /// The first minor in which they mean this; `None` for every minor.
    pub since: Option<Minor>,
    /// How bad.
    pub grade: Grade,
    /// What such a value does.
    pub effect: &'static str,
}

impl Band {
    /// A band of values at fault.
    pub const fn fault(range: RangeInclusive<i64>, effect: &'static str) -> Self {
        Band { range, since: None, grade: Grade::Fault, effect }
    }

    /// A band of weak values.
    pub const fn weakness(range: RangeInclusive<i64>, effect: &'static str) -> Self {
        Band { range, since: None, grade: Grade::Weakness, effect }
    }

    /// The same, from a minor on.
    #[must_use]
    pub const fn since(self, minor: Minor) -> Self {
        Band { since: Some(minor), ..self }
    }
}

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grade {
    /// A fault.
    Fault,
    /// A weakness below a fault.
    Weakness,
}

/// Judges one replica by one row: by its mirror pod, and by what it says itself where it was the one
/// that answered. What neither tells, metrics may.
pub(crate) fn judge(
    row: &FlagRule,
    replica: &Replica,
    facts: &Facts<'_>,
    out: &mut Findings,
) -> Ruled {
    let told = by_flags(row, replica, facts, out);
    let (Err(unknown), Some(witness)) = (&told, &row.witness) else { return told };
    match witness.is_everywhere(facts) {
        Ok(true) => {
            out.rest_on(Basis::Observed);
            Ok(Ruling::Applies)
        }
        Ok(false) => told,
        Err(unread) => Err(unknown.clone().and(unread)),
    }
}

fn by_flags(row: &FlagRule, replica: &Replica, facts: &Facts<'_>, out: &mut Findings) -> Ruled {
    let declared = meets(row, replica, facts, out);
    let Some(server) = server(row, facts).map_err(|it| unread(&declared, it))? else {
        out.rest_on(Basis::Declared);
        return declared;
    };
    server.confirm(replica, declared, facts, out, |it, out| meets(row, it, facts, out))
}

/// The API server that answered, where the row is about API servers.
fn server(row: &FlagRule, facts: &Facts<'_>) -> Known<Option<Server>> {
    if row.component == API_SERVER { answered::server(facts) } else { Ok(None) }
}

/// What is missing when `/flagz` is, beside what is missing anyway.
fn unread(declared: &Ruled, flagz: Unknown) -> Unknown {
    match declared {
        Ok(_) => flagz,
        Err(it) => it.clone().and(flagz),
    }
}

/// Judges what is known of one replica's flags.
fn meets(row: &FlagRule, replica: &Replica, facts: &Facts<'_>, out: &mut Findings) -> Ruled {
    if let Some(only) = &row.only
        && !(only.holds)(replica.value(only.flag, facts)?)
    {
        return Ok(Ruling::NotApplicable(only.otherwise.to_owned()));
    }
    let mut ruling = Ruling::Applies;
    let mut read = Ok(());
    for demand in row.demands {
        match demand.judge(replica, facts, out) {
            Ok(Ruling::Applies) => {}
            Ok(it) => ruling = it,
            Err(it) => read = both(read, Err(it)),
        }
    }
    // Without a fault that was seen, what was not understood may be one.
    if read.is_ok() && out.faults.is_empty() {
        read = replica.is_understood();
    }
    let hard_wired = row.hard_wired.zip(replica.minor).is_some_and(|(since, minor)| minor >= since);
    if read.is_err() && hard_wired {
        out.rest_on(Basis::HardWired);
        return Ok(Ruling::Applies);
    }
    read.map(|()| ruling)
}

/// What it means that no replica of a row's component is visible.
///
/// What the API server that answered says of itself is a fault where it is one; but others may stand
/// behind its address, so it excuses none. Metrics are asked for several times, to see all of them.
///
/// A provider hides its own. Elsewhere it is merely not seen; but what no version does any more, none
/// of them does. In a cluster that is being upgraded, one replica may lag a minor behind the one that
/// answered.
pub(crate) fn hidden(row: &FlagRule, facts: &Facts<'_>, out: &mut Findings) -> Ruled {
    let server = server(row, facts)?;
    let mut answered = None;
    if let Some(Server(it)) = &server {
        let mut seen = Findings::default();
        let ruled = meets(row, it, facts, &mut seen);
        if !seen.faults.is_empty() {
            out.faults = seen.faults;
            return ruled;
        }
        answered = Some(ruled.map(|_| seen.weaknesses.is_empty()));
    }
    if let Some(witness) = &row.witness
        && witness.is_seen(facts)?
    {
        return Ok(Ruling::Applies);
    }
    let unseen = |would: &str| {
        let message = format!("no mirror pod shows the flags of {}{would}", row.component);
        let pods: Unknown =
            Gap::part(Resource::Pods, NAMESPACE, Cause::Inconclusive, message).into();
        let Some(answered) = answered else { return Err(pods) };
        let others = |says: &str| {
            let message = format!("{says}; others may stand behind its address");
            Gap::whole(Resource::Flagz, Cause::Inconclusive, message).into()
        };
        Err(pods.and(match answered {
            Ok(true) => others("the API server that answered is as it should be"),
            Ok(false) => others("the API server that answered has a weakness"),
            Err(unknown) => unknown,
        }))
    };
    if let Hidden::Elsewhere(would) = row.hidden {
        return unseen(&format!("; {would}"));
    }
    if let Some(provider) = facts.managed_by()? {
        return Ok(match row.hidden {
            Hidden::Asks(question) => Ruling::Manual(question.to_owned()),
            _ => Ruling::NotApplicable(format!("{provider} owns the control plane")),
        });
    }
    if let Some(since) = row.hard_wired
        && facts.server_minor()? > since
    {
        out.rest_on(Basis::HardWired);
        return Ok(Ruling::Applies);
    }
    unseen("")
}

impl Demand {
    fn judge(&self, replica: &Replica, facts: &Facts<'_>, out: &mut Findings) -> Ruled {
        let read = match *self {
            Demand::AnySet { of, ask } => return any_set(of, ask, replica, facts, out),
            Demand::AllSet(flags) => all_set(flags, replica, facts, out),
            Demand::Unset(flag) => replica.value(flag, facts).map(|value| {
                if !value.is_empty() {
                    out.fail(replica.at(flag), "is set");
                }
            }),
            Demand::Lists { of, entry } => lists(of, entry, replica, facts, out),
            Demand::Omits { flag, entries } => omits(flag, entries, replica, facts, out),
            Demand::Is(flag, wanted) => replica.is_on(flag, facts).map(|is| {
                if is != wanted {
                    let by_default = replica.by_default(flag);
                    out.fail(replica.at(flag), format!("is `{is}`{by_default}"));
                }
            }),
            Demand::Outside { flag, unit, unset, bands } => {
                outside(flag, unit, unset, bands, replica, facts, out)
            }
            Demand::Loopback(flag) => replica.value(flag, facts).map(|address| {
                if !replica.is_given(flag) {
                    out.warn(replica.at(flag), "is not set: it listens on every address");
                } else if !value::is_loopback(address) {
                    out.fail(replica.at(flag), format!("is `{address}`"));
                }
            }),
            Demand::Encrypted(flag) => replica
                .parsed(flag, facts, |list| Some(urls(list)?.iter().any(|it| it.scheme == "http")))
                .map(|plain| {
                    if plain {
                        out.fail(replica.at(flag), "has a URL without TLS");
                    }
                }),
            Demand::Feature(gate) => replica.gate(gate, facts).map(|gate| {
                if let Some((name, false)) = gate {
                    out.fail(replica.at("feature-gates"), format!("has `{name}=false`"));
                }
            }),
            Demand::Plugin(plugin) => is_on(plugin, replica, facts, out),
            Demand::Enough(demand, otherwise) => {
                return enough(demand, otherwise, replica, facts);
            }
            Demand::Judge(rule) => return rule(replica, facts, out),
        };
        read.map(|()| Ruling::Applies)
    }
}

impl Replica {
    /// What is said of a value that nobody gave.
    fn by_default(&self, flag: &str) -> &'static str {
        if self.is_given(flag) { "" } else { ", the default" }
    }

    /// What the flags say of a beta feature, and by which name: its own, or that of all such.
    fn gate(&self, gate: &'static str, facts: &Facts<'_>) -> Known<Option<(&'static str, bool)>> {
        let all = "AllBeta";
        let (mut own, mut group) = (None, None);
        for entry in self.list("feature-gates", facts)? {
            let Some((name, text)) = entry.split_once('=') else { continue };
            // `/flagz` names no component before the colon where the command line does not.
            let bare = name.strip_prefix("kube:").or_else(|| name.strip_prefix(':'));
            let name = bare.unwrap_or(name);
            let on = value::boolean(text);
            if name == gate {
                own = Some(on);
            } else if name == all {
                group = Some(on);
            }
        }
        let told = own.map(|it| (gate, it)).or(group.map(|it| (all, it)));
        let Some((name, on)) = told else { return Ok(None) };
        let on = on.ok_or_else(|| self.untold(format!("`{name}` is neither on nor off")))?;
        Ok(Some((name, on)))
    }
}

fn any_set(
    of: &[&str],
    ask: Option<(&str, &str)>,
    replica: &Replica,
    facts: &Facts<'_>,
    out: &mut Findings,
) -> Ruled {
    let mut unknown = Ok(());
    let mut question = None;
    for flag in of {
        match (replica.value(flag, facts), ask) {
            (Ok(""), _) => {}
            (Ok(it), Some((value, asked))) if it == value => question = Some(asked),
            (Ok(_), _) => return Ok(Ruling::Applies),
            (Err(it), _) => unknown = both(unknown, Err(it)),
        }
    }
    unknown?;
    match question {
        Some(it) => return Ok(Ruling::Manual(it.to_owned())),
        None => out.fail(replica.at(&of.join(", --")), "are not set"),
    }
    Ok(Ruling::Applies)
}

fn all_set(flags: &[&str], replica: &Replica, facts: &Facts<'_>, out: &mut Findings) -> Known<()> {
    let mut unknown = Ok(());
    for flag in flags {
        match replica.value(flag, facts) {
            Ok("") => out.fail(replica.at(flag), "is not set"),
            Ok(_) => {}
            Err(it) => unknown = both(unknown, Err(it)),
        }
    }
    unknown
}

fn lists(
    of: &[&str],
    entry: &str,
    replica: &Replica,
    facts: &Facts<'_>,
    out: &mut Findings,
) -> Known<()> {
    if !replica.lists(of, entry, facts)? {
        out.fail(replica.at(of[0]), format!("does not list {entry}"));
    }
    Ok(())
}

fn omits(
    flag: &str,
    entries: &[&str],
    replica: &Replica,
    facts: &Facts<'_>,
    out: &mut Findings,
) -> Known<()> {
    let value = replica.value(flag, facts)?;
    for entry in replica.list(flag, facts)?.filter(|it| entries.contains(it)) {
        let detail = if entry == value {
            format!("is `{entry}`{}", replica.by_default(flag))
        } else {
            format!("lists {entry}")
        };
        out.fail(replica.at(flag), detail);
    }
    Ok(())
}

fn outside(
    flag: &str,
    unit: Unit,
    unset: Option<&str>,
    bands: &[Band],
    replica: &Replica,
    facts: &Facts<'_>,
    out: &mut Findings,
) -> Known<()> {
    let number = match unit {
        Unit::Number => replica.parsed(flag, facts, value::integer)?,
        Unit::Milliseconds => replica.parsed(flag, facts, value::milliseconds)?,
    };
    if let Some(why) = unset.filter(|_| !replica.is_given(flag)) {
        out.warn(replica.at(flag), format!("is not set: {why}"));
        return Ok(());
    }
    for band in bands.iter().filter(|it| it.range.contains(&number)) {
        if let Some(since) = band.since
            && replica.minor()? < since
        {
            continue;
        }
        let written = replica.value(flag, facts)?;
        let detail = format!("is `{written}`{}: {}", replica.by_default(flag), band.effect);
        match band.grade {
            Grade::Fault => out.fail(replica.at(flag), detail),
            Grade::Weakness => out.warn(replica.at(flag), detail),
        }
        break;
    }
    Ok(())
}

fn enough(demand: &Demand, otherwise: &str, replica: &Replica, facts: &Facts<'_>) -> Ruled {
    let mut short = Findings::default();
    let ruled = demand.judge(replica, facts, &mut short)?;
    match short.faults.first() {
        None => Ok(ruled),
        Some(it) => {
            let flag = it.at.path.rsplit(' ').next().unwrap_or_default();
            Err(replica.untold(format!("{flag} {}; {otherwise}", it.detail)))
        }
    }
}

/// Whether a plug-in that is on by default was left on. The deprecated `--admission-control` is the list
/// of all plug-ins; a server takes it or the other two.
fn is_on(plugin: &str, replica: &Replica, facts: &Facts<'_>, out: &mut Findings) -> Known<()> {
    let disabled = replica.list("disable-admission-plugins", facts).map(|mut disabled| {
        if disabled.any(|it| it == plugin) {
            out.fail(replica.at("disable-admission-plugins"), format!("lists {plugin}"));
        }
    });
    let left_out = replica.value("admission-control", facts).map(|all| {
        if !all.is_empty() && !all.split(',').any(|it| it.trim() == plugin) {
            out.fail(replica.at("admission-control"), format!("does not list {plugin}"));
        }
    });
    both(disabled, left_out)
}
