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
    parts: BTreeSet<&'r str>,
    /// Whether some gap hides all of them, whatever the parts.
    whole: bool,
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
    let mut by_resource: BTreeMap<_, Missing<'_>> = BTreeMap::new();
    for check in &report.checks {
        for gap in &check.gaps {
            // What is inconclusive is so for a reason of its own.
            let reason = if gap.cause == "inconclusive" { gap.message.as_str() } else { "" };
            let key = (gap.resource, gap.cause, reason);
            let row = by_resource.entry(key).or_insert_with(|| Missing {
                resources: vec![gap.resource],
                cause: gap.cause,
                parts: BTreeSet::new(),
                whole: false,
                objects: 0,
                message: &gap.message,
                undecided: BTreeSet::new(),
                in_part: BTreeSet::new(),
            });
            // Each part's objects count once, though many checks name the gap.
            match gap.namespace.as_deref() {
                Some(part) if row.parts.insert(part) => row.objects += gap.objects.unwrap_or(0),
                Some(_) => {}
                None => {
                    row.whole = true;
                    row.objects = row.objects.max(gap.objects.unwrap_or(0));
                }
            }
            let cost = if is_undecided(check) { &mut row.undecided } else { &mut row.in_part };
            cost.insert(check.code);
        }
    }

    let mut rows: Vec<Missing<'_>> = Vec::new();
    for mut row in by_resource.into_values() {
        if row.whole {
            row.parts.clear();
        }
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
    report.checks.iter().filter(|it| is_undecided(it) && it.gaps.is_empty()).collect()
}

fn is_undecided(check: &CheckReport) -> bool {
    standing(check) == Standing::Outcome(Outcome::Unknown)
}

impl Missing<'_> {
    /// `pods, services of namespace vault: refused`.
    pub(crate) fn what(&self, most: usize) -> String {
        let names: Vec<&str> = self.resources.iter().map(|it| it.name()).collect();
        let place = place(self.resources[0], &self.parts(), most);
        let of = if place.is_empty() { "" } else { " of " };
        format!("{}{of}{place}: {}", words::some(&names, most), said(self.cause, self.objects))
    }

    /// A label, and what would decide it, or else why it was not read; `None` when nobody knows.
    pub(crate) fn next(&self, most: usize) -> Option<(&'static str, String)> {
        next(&self.resources, self.cause, &self.parts(), self.message, most)
    }

    fn parts(&self) -> Vec<&str> {
        self.parts.iter().copied().collect()
    }
}

/// A gap in a sentence: `pods of namespace vault: refused`.
pub(crate) fn sentence(gap: &GapReport) -> String {
    let parts: Vec<&str> = gap.namespace.as_deref().into_iter().collect();
    let place = place(gap.resource, &parts, 1);
    let of = if place.is_empty() { "" } else { " of " };
    format!("{}{of}{place}: {}", gap.resource.name(), said(gap.cause, gap.objects.unwrap_or(0)))
}

/// As [`Missing::next`], of one gap.
pub(crate) fn next_of(gap: &GapReport) -> Option<(&'static str, String)> {
    let parts: Vec<&str> = gap.namespace.as_deref().into_iter().collect();
    next(&[gap.resource], gap.cause, &parts, &gap.message, 1)
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
        "not-requested" => "not collected".to_owned(),
        other => other.to_owned(),
    }
}

/// `namespace vault`, `nodes a, b`; empty for no part.
fn place(resource: Resource, parts: &[&str], most: usize) -> String {
    let noun = match resource.access() {
        // A part may be a single object as well.
        Access::List(kind) if kind.namespaced && !parts.iter().any(|it| it.contains('/')) => {
            "namespace"
        }
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

fn next(
    resources: &[Resource],
    cause: &str,
    parts: &[&str],
    message: &str,
    most: usize,
) -> Option<(&'static str, String)> {
    cure(resources, cause, parts, most)
        .map(|it| ("to decide: ", it))
        .or_else(|| (!message.is_empty()).then(|| ("because: ", message.to_owned())))
}

/// What the reader can do about it; `None` where only the message may tell.
fn cure(resources: &[Resource], cause: &str, parts: &[&str], most: usize) -> Option<String> {
    let listed = resources.iter().all(|it| it.kind().is_some());
    let cure = match cause {
        "forbidden" => return grant(resources, parts, most),
        "unauthorized" => "log in again: the credentials no longer hold",
        "timeout" => "let the scan run to its end, with more time if need be",
        "inconsistent" => "scan again while fewer objects change",
        "truncated" => "scan again; a proxy in between may cut answers",
        "malformed" => "look at the objects; if they are sound, report a bug",
        "unavailable" if listed => "bring the API back: kubectl get apiservices",
        "not-impersonable" => "scan without --as",
        "outdated" => "collect a new snapshot",
        _ => return None,
    };
    Some(cure.to_owned())
}

/// The permission that a refusal asks for; `None` where no permission helps.
fn grant(resources: &[Resource], parts: &[&str], most: usize) -> Option<String> {
    let mut rights: Vec<String> = Vec::new();
    for (verb, test) in [("list", true), ("get", false)] {
        let names: Vec<String> = resources
            .iter()
            .filter_map(|it| match it.access() {
                Access::List(kind) if test => Some(kind.qualified()),
                Access::Group(group) if test => Some(format!("*.{group}")),
                Access::Named(it) if !test => {
                    Some(format!("{} in {}", it.qualified(), it.namespace))
                }
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
        return None;
    }
    let namespaced = resources.iter().any(|it| it.kind().is_some_and(|kind| kind.namespaced));
    let place = if namespaced { place(resources[0], parts, most) } else { String::new() };
    let within = if place.is_empty() { "" } else { " in " };
    Some(format!("grant {}{within}{place}", rights.join(", ")))
}

#[cfg(test)]
mod tests {
    use assay_model::{Cause, Gap};

    use super::*;

    fn told(gap: &Gap) -> (String, Option<(&'static str, String)>) {
        let gap = GapReport::from(gap);
        (sentence(&gap), next_of(&gap))
    }

    #[test]
    fn a_refusal_names_the_permission() {
        let refused = |resource, part: Option<&str>| {
            let part = part.map(Into::into);
            told(&Gap { resource, part, cause: Cause::Forbidden, message: "no".to_owned() }).1
        };
        let grant = |text: &str| Some(("to decide: ", format!("grant {text}")));
        assert_eq!(refused(Resource::Pods, None), grant("list on pods"));
        let namespaced = refused(Resource::Deployments, Some("shop"));
        assert_eq!(namespaced, grant("list on deployments.apps in namespace shop"));
        assert_eq!(refused(Resource::Version, None), grant("get on /version"));
        let named = refused(Resource::AwsAuthConfigMap, None);
        assert_eq!(named, grant("get on configmaps/aws-auth in kube-system"));
        let constraints = refused(Resource::GatekeeperConstraints, None);
        assert_eq!(constraints, grant("list on *.constraints.gatekeeper.sh"));
        assert_eq!(refused(Resource::KubeletConfigs, Some("w1")), grant("get on nodes/configz"));
        // No permission is asked for, so none helps.
        let said = Some(("because: ", "no".to_owned()));
        assert_eq!(refused(Resource::AnonymousProbe, None), said);
    }

    #[test]
    fn every_cause_is_said_in_words() {
        for (cause, curable) in [
            (Cause::Forbidden, true),
            (Cause::Unauthorized, true),
            (Cause::Timeout, true),
            (Cause::Inconsistent, true),
            (Cause::Truncated, true),
            (Cause::Malformed(1), true),
            (Cause::Unavailable, true),
            (Cause::NotImpersonable, true),
            (Cause::Outdated, true),
            (Cause::Inconclusive, false),
            (Cause::NotRequested, false),
        ] {
            let (said, next) = told(&Gap::whole(Resource::Pods, cause.clone(), ""));
            assert!(!said.contains('-'), "{said}");
            assert_eq!(next.is_some(), curable, "{said}");
            let (_, next) = told(&Gap::whole(Resource::Pods, cause, "so it is"));
            assert!(next.is_some(), "{said}");
        }
    }

    #[test]
    fn a_part_is_called_what_it_is() {
        let of = |resource, part: &str| told(&Gap::part(resource, part, Cause::Malformed(1), "")).0;
        let missing = "1 object could not be decoded";
        assert_eq!(of(Resource::Pods, "shop"), format!("pods of namespace shop: {missing}"));
        assert_eq!(
            of(Resource::Pods, "kube-system/etcd-1"),
            format!("pods of kube-system/etcd-1: {missing}")
        );
        assert_eq!(
            of(Resource::KubeletConfigs, "w1"),
            format!("kubelet configuration of node w1: {missing}")
        );
    }
}
