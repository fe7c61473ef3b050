//! What the API server that answered says of its own flags.
//!
//! `/flagz` lists every flag that a server has, and what it runs with; but it is one server, and others
//! may stand behind the same address. It says which by `--advertise-address`, and where only one mirror
//! pod shows an API server, it is that one.
//!
//! Of that replica both are told: a fault in either is one, for a command line says what the next start
//! does. What the command line leaves open, `/flagz` decides. Where it cannot be told whose it is, a
//! fault in it hides that a replica is as it should be.
//!
//! It is read only where somebody asks for it. Nobody having asked, and a server older than 1.36, which
//! has none, leave the command lines to decide; that it was asked for and not read does not.

use std::sync::Arc;

use assay_model::{
    Basis, Findings, Known, Scope,
    control_plane::{FlagValue, Flagz},
    findings::Seen,
};

use super::{API_SERVER, Given, MORE_SETTINGS, Replica, Source, asked};
use crate::{Facts, Ruled};

/// What tells API servers apart.
const ADDRESS: &str = "advertise-address";

/// What stands in the place of a value that a server does not show.
const CLASSIFIED: &str = "CLASSIFIED";

/// The API server that answered.
pub(super) struct Server(pub(super) Replica);

/// Whose flags they are.
enum Whose {
    /// This replica's.
    Its,
    /// Another one's.
    Anothers,
    /// It cannot be told.
    Somebodys,
}

/// The API server that answered; `None` when it was not asked, or has nothing to say.
pub(super) fn server(facts: &Facts<'_>) -> Known<Option<Server>> {
    let flagz = asked(&facts.inventory.flagz)?;
    Ok(flagz.filter(|it| !it.0.is_empty()).map(Server::of))
}

impl Server {
    fn of(flagz: &Flagz) -> Self {
        let given = flagz.0.iter().map(|(flag, value)| (flag.clone(), given(value)));
        let mut server = Replica {
            component: API_SERVER,
            source: Source::Flagz,
            pod: "".into(),
            container: "".into(),
            given: given.collect(),
            understood: true,
            continued: false,
            minor: None,
        };
        // Where settings come from a file as well, the flags are not all there is.
        server.understood = !MORE_SETTINGS.iter().any(|file| server.names_file(file));
        Server(server)
    }

    /// Judges a replica by these flags too, if they are its own.
    pub(super) fn confirm(
        &self,
        replica: &Replica,
        declared: Ruled,
        facts: &Facts<'_>,
        out: &mut Findings,
        meets: impl Fn(&Replica, &mut Findings) -> Ruled,
    ) -> Ruled {
        let mut seen = Findings::default();
        match self.whose(replica, facts) {
            Whose::Anothers => {
                out.rest_on(Basis::Declared);
                declared
            }
            Whose::Its => {
                let observed = meets(&self.as_run(replica, facts), &mut seen);
                let differs = declared.is_ok() && observed.is_ok() && !is_alike(out, &seen);
                if differs {
                    out.hint(format!(
                        "the command line of {} and what it says at /flagz differ",
                        replica.pod
                    ));
                }
                add(&mut out.faults, seen.faults);
                add(&mut out.weaknesses, seen.weaknesses);
                let (ruled, basis) = match (declared, observed) {
                    (Ok(ruled), Ok(_)) if !differs => (Ok(ruled), Basis::Observed),
                    (Ok(ruled), _) => (Ok(ruled), Basis::Declared),
                    (Err(_), Ok(ruled)) => (Ok(ruled), Basis::Observed),
                    (Err(a), Err(b)) => (Err(a.and(b)), Basis::Declared),
                };
                out.rest_on(basis);
                ruled
            }
            Whose::Somebodys => {
                out.rest_on(Basis::Declared);
                // Be it told or not: what is seen stands.
                drop(meets(&self.0, &mut seen));
                let worse = out.faults.is_empty()
                    && (!seen.faults.is_empty()
                        || out.weaknesses.is_empty() && !seen.weaknesses.is_empty());
                match seen.faults.first().or(seen.weaknesses.first()) {
                    Some(Seen { at, detail, .. }) if worse => Err(self.0.untold(format!(
                        "of the API server that answered, which may be this one, {} {detail}",
                        at.path
                    ))),
                    _ => declared,
                }
            }
        }
    }

    fn whose(&self, replica: &Replica, facts: &Facts<'_>) -> Whose {
        let own = |it: &Replica| it.given.get(ADDRESS).and_then(Given::value).cloned();
        let address = own(&self.0);
        let replicas = facts.replicas(API_SERVER);
        let named = replicas.find(Scope::Cluster, |it| Ok(own(it).is_some() && own(it) == address));
        if let Ok(Some(it)) = named {
            return if it.pod == replica.pod { Whose::Its } else { Whose::Anothers };
        }
        let is_only = replicas.all(Scope::Cluster).is_ok_and(|all| all.len() == 1);
        if is_only && own(replica).is_none() { Whose::Its } else { Whose::Somebodys }
    }

    /// A replica with the flags that it runs with. What its command line says alike is left as it
    /// stands there, so that the same is said of it.
    fn as_run(&self, replica: &Replica, facts: &Facts<'_>) -> Replica {
        let mut run = replica.clone();
        for (flag, given) in &self.0.given {
            let alike = given.value().is_some_and(|value| {
                replica.value(flag, facts).is_ok_and(|declared| declared == &**value)
            });
            if !alike {
                run.given.insert(flag.clone(), given.clone());
            }
        }
        run.understood = self.0.understood;
        run.continued = false;
        run
    }
}

/// A value as a command line has it: lists are in brackets here.
fn given(value: &FlagValue) -> Given {
    match value {
        FlagValue::Hidden => Given::Hidden,
        FlagValue::Kept(value) if &**value == CLASSIFIED => Given::Hidden,
        FlagValue::Kept(value) => {
            let list = value.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
            Given::Value(list.map_or_else(|| value.clone(), Arc::from))
        }
    }
}

/// Whether the same places are at fault, however a value is written there.
fn is_alike(a: &Findings, b: &Findings) -> bool {
    let places = |it: &[Seen]| it.iter().map(|it| it.at.clone()).collect::<Vec<_>>();
    places(&a.faults) == places(&b.faults) && places(&a.weaknesses) == places(&b.weaknesses)
}

/// Adds what was seen in other places.
fn add(known: &mut Vec<Seen>, seen: Vec<Seen>) {
    let new = |it: &Seen| !known.iter().any(|known| known.at == it.at);
    let seen: Vec<Seen> = seen.into_iter().filter(new).collect();
    known.extend(seen);
}
