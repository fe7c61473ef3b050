//! Rules with wildcards, as they are written and whatever they come to.
//!
//! | row              | what stands in a rule                         | at most a weakness                  |
//! |------------------|-----------------------------------------------|-------------------------------------|
//! | `wildcard-verb`  | verb `*`                                      |                                     |
//! | `wildcard-resource` | resource `*` or `*/x`                      | only read, and no core group        |
//! | `wildcard-api-group` | API group `*`                             | only read, and no Secrets           |
//! | `wildcard-url`   | `*`, or `/api*`, `/debug*`, `/logs*`, `/metrics*` | all but `*`; to get metrics is none |
//!
//! The first three also look at roles that nobody is bound to: a weakness of severity low.
//! Elsewhere: what a wildcard gives counts in the rows about that right as well.

use assay_model::{Known, Outcome, Severity, rbac::PolicyRule};

use super::{CLUSTER_WIDE, ROW};
use crate::{
    Check, Rule,
    rbac::{
        Reach, Where,
        power::{Ask, Claim, Grade, Held, Power, Rights, Target, usual},
    },
};

pub(super) static VERB: Check = Check {
    code: "CLU-RBA-009",
    id: "wildcard-verb",
    title: "role grants every verb",
    severity: Severity::High,
    rationale: "`*` also means verbs that nobody thought of, such as `escalate`, `bind` and `impersonate`, \
                and every verb that a later version adds.",
    remediation: "List the verbs that are used in place of `*` in the role's `verbs`.",
    references: &[LEAST_PRIVILEGE],
    verdicts: &[
        (Outcome::Fail, "a role with the verb `*` is bound for the whole cluster, and not allowed"),
        (Outcome::Warn, "it is bound in a namespace, or to nobody"),
        (Outcome::Pass, "no role has it but what the API server and the installer bind"),
    ],
    rule: Rule::Power(&Power {
        rights: Rights::Written(|rule| {
            written(rule, |verb, _, _| verb == "*", |verb, _| verb == "*")
        }),
        unbound_too: true,
        ..Power::USUAL
    }),
    ..ROW
};

pub(super) static RESOURCE: Check = Check {
    code: "CLU-RBA-010",
    id: "wildcard-resource",
    title: "role grants every resource",
    severity: Severity::High,
    rationale: "`*` covers Secrets, and every resource that is installed later: whoever could read \
                everything yesterday reads the new credentials today.",
    remediation: "List the resources that are used in place of `*` in the role's `resources`.",
    references: &[LEAST_PRIVILEGE],
    verdicts: &[
        (
            Outcome::Fail,
            "a role with the resource `*` or `*/x` is bound for the whole cluster, and not allowed",
        ),
        (Outcome::Warn, "it only reads, and not the core group, where Secrets are"),
        (Outcome::Warn, "it is bound in a namespace, or to nobody"),
        (Outcome::Pass, "no role has it but what the API server and the installer bind"),
    ],
    rule: Rule::Power(&Power {
        rights: Rights::Written(|rule| {
            let wildcard = |it: &str| it == "*" || it.starts_with("*/");
            written(rule, |_, _, resource| wildcard(resource), |_, _| false)
        }),
        grade: |held, _| {
            let strong =
                |verb: &str, group: &str, _: &str| !reads(verb) || group.is_empty() || group == "*";
            Ok(unless_weak(held, "only to read, and not the core group", strong))
        },
        unbound_too: true,
        ..Power::USUAL
    }),
    ..ROW
};

pub(super) static API_GROUP: Check = Check {
    code: "CLU-RBA-011",
    id: "wildcard-api-group",
    title: "role grants resources of every API group",
    severity: Severity::Medium,
    rationale: "An operator that is installed later brings resources by the same names; the role covers \
                them, and nobody has looked whether it should.",
    remediation: "List the API groups in the role's `apiGroups`; `kubectl api-resources` shows the group of \
                  each resource.",
    references: &[LEAST_PRIVILEGE],
    verdicts: &[
        (
            Outcome::Fail,
            "a role that writes in every API group, or reads Secrets by it, is bound for the whole \
             cluster, and not allowed",
        ),
        (Outcome::Warn, "it only reads, and no Secrets"),
        (Outcome::Warn, "it is bound in a namespace, or to nobody"),
        (Outcome::Pass, "no role has it but what the API server and the installer bind"),
    ],
    rule: Rule::Power(&Power {
        rights: Rights::Written(|rule| written(rule, |_, group, _| group == "*", |_, _| false)),
        grade: |held, _| {
            let strong = |verb: &str, _: &str, resource: &str| {
                !reads(verb) || ["secrets", "*"].contains(&resource)
            };
            Ok(unless_weak(held, "only to read, and no Secrets", strong))
        },
        unbound_too: true,
        ..Power::USUAL
    }),
    ..ROW
};

pub(super) static URL: Check = Check {
    code: "CLU-RBA-012",
    id: "wildcard-url",
    title: "role grants every path of the API server",
    severity: Severity::Medium,
    rationale: "Paths that are no resource show profiles, logs, flags and metrics of the API server, which \
                tell an attacker what runs where.",
    remediation: "List the paths that are used in `nonResourceURLs`, such as `/metrics` or `/livez`, with \
                  the verb `get`.",
    references: &[LEAST_PRIVILEGE],
    verdicts: &[
        (Outcome::Fail, "a role with the path `*` is bound, and not allowed"),
        (Outcome::Warn, "it covers all below `/api`, `/debug`, `/logs` or, to write, `/metrics`"),
        (Outcome::Pass, "no role has it but what the API server and the installer bind"),
    ],
    needs: CLUSTER_WIDE,
    rule: Rule::Power(&Power {
        rights: Rights::Written(|rule| written(rule, |_, _, _| false, is_wild_path)),
        reach: Where::Cluster,
        grade: every_path,
        ..Power::USUAL
    }),
    ..ROW
};

const LEAST_PRIVILEGE: &str =
    "https://kubernetes.io/docs/concepts/security/rbac-good-practices/#least-privilege";

/// What a rule says of which `resource(verb, group, resource)` or `url(verb, url)` holds.
fn written(
    rule: &PolicyRule,
    resource: impl Fn(&str, &str, &str) -> bool,
    url: impl Fn(&str, &str) -> bool,
) -> Vec<Claim> {
    let reach = match &rule.resource_names[..] {
        [] => Reach::Any,
        names => Reach::Named(names.to_vec()),
    };
    let mut claims = Vec::new();
    for verb in &rule.verbs {
        for group in &rule.api_groups {
            for of in rule.resources.iter().filter(|it| resource(verb, group, it)) {
                let target = Target::Resource { group: group.clone(), resource: of.clone() };
                claims.push(Claim { verb: verb.clone(), target, reach: reach.clone() });
            }
        }
        let urls = rule.non_resource_urls.iter().filter(|it| url(verb, it));
        claims.extend(urls.map(|it| Claim {
            verb: verb.clone(),
            target: Target::Url(it.clone()),
            reach: Reach::Any,
        }));
    }
    claims
}

fn reads(verb: &str) -> bool {
    ["get", "list", "watch"].contains(&verb)
}

/// As usual for what is `strong(verb, group, resource)`, and a weakness for the rest.
fn unless_weak(
    held: &Held<'_>,
    why: &'static str,
    strong: impl Fn(&str, &str, &str) -> bool,
) -> Grade {
    let is_strong = |it: &&Claim| matches!(&it.target, Target::Resource { group, resource } if strong(&it.verb, group, resource));
    match usual(held.claims.iter().filter(is_strong)) {
        Grade::Harmless => Grade::Weakness(why),
        it => it,
    }
}

/// Whether a path is a wildcard over what tells much: alone, or below the prefixes of the row. To get
/// metrics is what monitoring is for.
fn is_wild_path(verb: &str, url: &str) -> bool {
    let Some(prefix) = url.strip_suffix('*') else { return false };
    let covers = |path: &str| prefix.starts_with(path) || path.starts_with(prefix);
    ["/api", "/debug", "/logs"].into_iter().any(covers) || (covers("/metrics") && verb != "get")
}

/// A fault for every path, which `/*` is too; else a weakness.
fn every_path(held: &Held<'_>, _: &Ask<'_>) -> Known<Grade> {
    let everything =
        |it: &Claim| matches!(&it.target, Target::Url(url) if ["*", "/*"].contains(&&**url));
    Ok(if held.claims.iter().any(everything) {
        Grade::Counts
    } else {
        Grade::Weakness("not every path")
    })
}
