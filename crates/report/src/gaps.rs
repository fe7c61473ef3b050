//! What was not read, as people ask about it: what is missing, what does that cost, what would
//! decide it.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use assay_model::{
    Outcome, Report, Resource,
    report::{CheckReport, GapReport},
    resource::Access,
};

use crate::{
    findings::{Standing, standing},
    words,
};

/// Resources that are missing for the same cause in the same places, and cost the same checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Missing<'r> {
    /// In report order; never empty.
    pub(crate) resources: Vec<Resource>,
    /// Name of the cause.
    pub(crate) cause: &'static str,
    /// Namespaces, nodes, replicas or endpoints; empty for all.
    pub(crate) parts: Vec<&'r str>,
    /// Objects that could not be decoded.
    pub(crate) objects: u32,
    /// What the server said first, or what would decide it.
    pub(crate) message: &'r str,
    /// Codes of the checks that are unknown for it.
    pub(crate) undecided: BTreeSet<&'static str>,
    /// Codes of the checks that are decided in spite of it, but saw only a part.
    pub(crate) in_part: BTreeSet<&'static str>,
}

/// Everything that stood in the way of some check, the costliest first.
pub(crate) fn missing(report: &Report) -> Vec<Missing<'_>> {
    let mut by_resource: BTreeMap<(Resource, &'static str), Missing<'_>> = BTreeMap::new();
    for check in &report.checks {
        for gap in gaps(check) {
            let row = by_resource.entry((gap.resource, gap.cause)).or_insert_with(|| Missing {
                resources: vec![gap.resource],
                cause: gap.cause,
                parts: Vec::new(),
                objects: 0,
                message: &gap.message,
                undecided: BTreeSet::new(),
                in_part: BTreeSet::new(),
            });
            // Each part's objects count once, though many checks name the gap.
            if let Some(part) = gap.namespace.as_deref() {
                if !row.parts.contains(&part) {
                    row.parts.push(part);
                    row.objects += gap.objects.unwrap_or(0);
                }
            } else {
                row.objects = row.objects.max(gap.objects.unwrap_or(0));
            }
            let cost = if is_undecided(check) { &mut row.undecided } else { &mut row.in_part };
            cost.insert(check.code);
        }
    }

    let mut rows: Vec<Missing<'_>> = Vec::new();
    for mut row in by_resource.into_values() {
        row.parts.sort_unstable();
        let same = |it: &&mut Missing<'_>| {
            (it.cause, &it.parts, &it.undecided, &it.in_part)
                == (row.cause, &row.parts, &row.undecided, &row.in_part)
                // What the server says of each is its own, unless it is shown by cause alone.
                && (it.cause == "forbidden" || it.message == row.message)
        };
        match rows.iter_mut().find(same) {
            Some(it) => {
                it.resources.extend(&row.resources);
                it.objects += row.objects;
            }
            None => rows.push(row),
        }
    }
    rows.sort_by_key(|it| Reverse((it.undecided.len(), it.in_part.len())));
    rows
}

/// Checks that are unknown although no gap is named.
pub(crate) fn unexplained(report: &Report) -> Vec<&CheckReport> {
    report.checks.iter().filter(|it| is_undecided(it) && gaps(it).next().is_none()).collect()
}

/// Every gap of a check, each once.
pub(crate) fn gaps(check: &CheckReport) -> impl Iterator<Item = &GapReport> {
    check.gaps.iter().chain(check.unseen.iter().filter(|it| !check.gaps.contains(it)))
}

fn is_undecided(check: &CheckReport) -> bool {
    standing(check) == Standing::Outcome(Outcome::Unknown)
}

impl Missing<'_> {
    /// `pods, services of namespace vault: refused`.
    pub(crate) fn what(&self, most: usize) -> String {
        let names: Vec<&str> = self.resources.iter().map(|it| it.name()).collect();
        let place = place(self.resources[0], &self.parts, most);
        let of = if place.is_empty() { "" } else { " of " };
        format!("{}{of}{place}: {}", words::some(&names, most), said(self.cause, self.objects))
    }

    /// What would decide it: `grant list on pods in namespace vault`.
    pub(crate) fn cure(&self, most: usize) -> String {
        cure(&self.resources, self.cause, &self.parts, self.message, most)
    }
}

/// A gap in a sentence: `pods of namespace vault: refused`.
pub(crate) fn sentence(gap: &GapReport) -> String {
    let parts: Vec<&str> = gap.namespace.as_deref().into_iter().collect();
    let place = place(gap.resource, &parts, 1);
    let of = if place.is_empty() { "" } else { " of " };
    format!("{}{of}{place}: {}", gap.resource.name(), said(gap.cause, gap.objects.unwrap_or(0)))
}

/// What would decide a gap.
pub(crate) fn cure_of(gap: &GapReport) -> String {
    let parts: Vec<&str> = gap.namespace.as_deref().into_iter().collect();
    cure(&[gap.resource], gap.cause, &parts, &gap.message, 1)
}

/// A cause in words.
fn said(cause: &str, objects: u32) -> String {
    match cause {
        "forbidden" => "refused (403)".to_owned(),
        "unauthorized" => "credentials refused (401)".to_owned(),
        "timeout" => "not read in time".to_owned(),
        "inconsistent" => "not of one point in time".to_owned(),
        "truncated" => "the answer broke off".to_owned(),
        "malformed" => {
            format!("{} could not be decoded", words::count(objects as usize, "object"))
        }
        "unavailable" => "the API does not answer".to_owned(),
        "not-impersonable" => "asked as somebody else".to_owned(),
        "outdated" => "not in this snapshot".to_owned(),
        "not-requested" => "not asked for".to_owned(),
        other => other.to_owned(),
    }
}

/// `namespace vault`, `nodes a, b`; empty for no part.
fn place(resource: Resource, parts: &[&str], most: usize) -> String {
    let noun = match resource.access() {
        Access::List(kind) if kind.namespaced => "namespace",
        Access::Node(_) => "node",
        _ => "",
    };
    match (parts, noun) {
        ([], _) => String::new(),
        (parts, "") => words::some(parts, most),
        ([part], noun) => format!("{noun} {part}"),
        (parts, noun) => format!("{noun}s {}", words::some(parts, most)),
    }
}

fn cure(resources: &[Resource], cause: &str, parts: &[&str], message: &str, most: usize) -> String {
    let otherwise = match cause {
        "forbidden" => return grant(resources, parts, message, most),
        "unauthorized" => "log in again: the credentials no longer hold",
        "timeout" => "scan again, and give it more time",
        "inconsistent" => "scan again while fewer objects change",
        "truncated" => "scan again; a proxy in between may cut answers",
        "malformed" => "look at the objects; if they are sound, report a bug",
        "unavailable" => "bring the API back: kubectl get apiservices",
        "not-impersonable" => "scan without --as",
        "outdated" => "collect a new snapshot",
        // The collector knows which flag asks for it.
        _ if !message.is_empty() => message,
        _ => "ask for it",
    };
    otherwise.to_owned()
}

/// The permission that a refusal asks for; what the server said where no permission helps.
fn grant(resources: &[Resource], parts: &[&str], message: &str, most: usize) -> String {
    let mut rights: Vec<String> = Vec::new();
    for (verb, test) in [("list", true), ("get", false)] {
        let names: Vec<String> = resources
            .iter()
            .filter_map(|it| match it.access() {
                Access::List(kind) if test => Some(kind.qualified()),
                Access::Url(url) if !test => Some(url.to_owned()),
                Access::Node(subresource) if !test => Some(format!("nodes/{subresource}")),
                _ => None,
            })
            .collect();
        if !names.is_empty() {
            rights.push(format!("{verb} on {}", words::some(&names, most)));
        }
    }
    if rights.is_empty() {
        return message.to_owned();
    }
    let namespaced = resources.iter().any(|it| it.kind().is_some_and(|kind| kind.namespaced));
    let place = if namespaced { place(resources[0], parts, most) } else { String::new() };
    let within = if place.is_empty() { "" } else { " in " };
    format!("grant {}{within}{place}", rights.join(", "))
}

#[cfg(test)]
mod tests {
    use assay_model::{Cause, Gap};

    use super::*;

    fn cures(gap: &Gap) -> (String, String) {
        let gap = GapReport::from(gap);
        (sentence(&gap), cure_of(&gap))
    }

    #[test]
    fn a_refusal_names_the_permission() {
        let refused = |resource, part: Option<&str>| {
            let part = part.map(Into::into);
            cures(&Gap { resource, part, cause: Cause::Forbidden, message: "no".to_owned() }).1
        };
        assert_eq!(refused(Resource::Pods, None), "grant list on pods");
        assert_eq!(
            refused(Resource::Deployments, Some("shop")),
            "grant list on deployments.apps in namespace shop"
        );
        assert_eq!(refused(Resource::Version, None), "grant get on /version");
        assert_eq!(refused(Resource::KubeletConfigs, Some("w1")), "grant get on nodes/configz");
        // No permission is asked for, so none helps.
        assert_eq!(refused(Resource::AnonymousProbe, None), "no");
    }

    #[test]
    fn every_cause_is_said_in_words_and_has_a_cure() {
        for cause in [
            Cause::Forbidden,
            Cause::Unauthorized,
            Cause::Timeout,
            Cause::Inconsistent,
            Cause::Truncated,
            Cause::Malformed(1),
            Cause::Unavailable,
            Cause::NotImpersonable,
            Cause::Outdated,
            Cause::NotRequested,
        ] {
            let (said, cure) = cures(&Gap::whole(Resource::Pods, cause.clone(), ""));
            assert_ne!(said, format!("pods: {}", cause.name()));
            assert!(!cure.is_empty(), "{said}");
        }
        let (said, _) = cures(&Gap::part(Resource::Pods, "shop", Cause::Malformed(1), ""));
        assert_eq!(said, "pods of namespace shop: 1 object could not be decoded");
    }

    #[test]
    fn the_collector_says_how_to_ask() {
        let (_, cure) =
            cures(&Gap::whole(Resource::KubeletConfigs, Cause::NotRequested, "--kubelet auto"));
        assert_eq!(cure, "--kubelet auto");
    }
}
