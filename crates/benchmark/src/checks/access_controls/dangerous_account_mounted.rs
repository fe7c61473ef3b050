//! Workloads whose token opens more than their own namespace.
//!
//! Of each account whose token is mounted, what the checks on rights of severity critical and high say
//! of it, and of the groups that it is in by what it is:
//!
//! | they report                                                                  | verdict |
//! |------------------------------------------------------------------------------|---------|
//! | a fault that is critical                                                     | fail    |
//! | one that is high, and the pod is exposed or gets at its node                 | fail    |
//! | one that is high otherwise                                                   | warn    |
//! | a weakness: the right is for some names, or in one namespace                 | warn    |
//! | nothing                                                                      | pass    |
//!
//! Whom those checks excuse, the installer's own and who is allowed, is excused here. What they could
//! not tell is unknown here too. A check on rights that is added counts by itself.

use assay_model::{
    Findings, Known, Location, Outcome, Resource, Severity, Workload, any, both, rbac::Subject,
};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling, accounts, checks, exposure,
    rbac::{self, power::Power},
};

pub(super) static CHECK: Check = Check {
    code: "APP-ACC-005",
    id: "dangerous-account-mounted",
    title: "pod mounts a token with dangerous rights",
    severity: Severity::High,
    rationale: "Whoever takes over the program holds the token, and with it rights from which the whole \
                cluster can be had: reading every Secret, becoming somebody else, running pods anywhere.",
    remediation: "Bind a role with the verbs, resources and names that the program uses, in its namespace; \
                  set `automountServiceAccountToken: false` where it does not call the API server.",
    references: &["https://kubernetes.io/docs/concepts/security/rbac-good-practices/"],
    verdicts: &[
        (Outcome::Fail, "a check on rights reports the account of a mounted token as critical"),
        (Outcome::Fail, "one reports it as high, and the pod is exposed or gets at its node"),
        (Outcome::Warn, "one reports it as high, or reports a weakness of it"),
        (Outcome::Pass, "no token is mounted, or no such check reports its account"),
    ],
    needs: &[
        Resource::WORKLOADS,
        Resource::RBAC,
        // What the checks on rights read besides.
        &[Resource::Namespaces, Resource::Nodes],
        &[Resource::ServiceAccounts, Resource::Version, Resource::Services, Resource::Ingresses],
    ],
    empty: Empty::NotApplicable,
    rule: Rule::Workload(dangerous_account_mounted),
};

/// The checks on rights that count.
fn powers() -> impl Iterator<Item = (&'static Check, &'static Power)> {
    checks::all().filter(|it| it.severity >= Severity::High).filter_map(|it| match it.rule {
        Rule::Power(power) => Some((it, power)),
        _ => None,
    })
}

fn dangerous_account_mounted(
    workload: &Workload,
    facts: &Facts<'_>,
    findings: &mut Findings,
) -> Ruled {
    let (names, mut unknown) = accounts::mounted(workload, facts.inventory);
    for name in names {
        let account = accounts::subject(&workload.namespace, &name);
        for (check, power) in powers() {
            let (danger, read) = danger(&account, check, power, facts);
            // What hides more could hide worse, and then the words would be others.
            let danger = danger.filter(|it| *it == Danger::Critical || read.is_ok());
            let reported = danger.map_or(Ok(()), |danger| {
                let detail = format!("is {name}, whose rights {} reports as", check.id);
                report(danger, &detail, workload, facts, findings)
            });
            unknown = both(unknown, both(read, reported));
        }
    }
    unknown.map(|()| Ruling::Applies)
}

/// What a check on rights says of an account, worst last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Danger {
    Weakness,
    High,
    Critical,
}

/// The worst that a check on rights says of an account or of a group that it is in; and what hides
/// more.
fn danger(
    account: &Subject,
    check: &Check,
    power: &Power,
    facts: &Facts<'_>,
) -> (Option<Danger>, Known<()>) {
    let (mut worst, mut read) = (None, Ok(()));
    let groups = rbac::implicit_groups(account);
    for who in std::iter::once(account).chain(&groups) {
        let holder = match facts.holders(power.reach).get("", &who.to_string()) {
            Ok(Some(holder)) => holder,
            Ok(None) => continue,
            Err(it) => {
                read = both(read, Err(it));
                continue;
            }
        };
        let mut seen = Findings::default();
        let ruled = rbac::power::judge(power, check, holder, facts, &mut seen);
        read = both(read, ruled.map(drop));
        let faults = seen.faults.iter().map(|it| match it.severity.unwrap_or(check.severity) {
            Severity::Critical => Danger::Critical,
            _ => Danger::High,
        });
        worst = worst.max(faults.chain(seen.weaknesses.iter().map(|_| Danger::Weakness)).max());
    }
    (worst, read)
}

fn report(
    danger: Danger,
    detail: &str,
    workload: &Workload,
    facts: &Facts<'_>,
    findings: &mut Findings,
) -> Known<()> {
    let at = workload.locate(Location::field("serviceAccountName"));
    match danger {
        Danger::Critical => findings.fail(at, format!("{detail} critical")),
        Danger::High if is_within_reach(workload, facts)? => {
            findings.fail(at, format!("{detail} high, and the pod is exposed or gets at its node"));
        }
        Danger::High => findings.warn(at, format!("{detail} high")),
        Danger::Weakness => findings.warn(at, format!("{detail} a weakness")),
    }
    Ok(())
}

/// Whether a pod of the workload is exposed to the outside, or gets at its node.
fn is_within_reach(workload: &Workload, facts: &Facts<'_>) -> Known<bool> {
    let mut found = false;
    let read = workload.each_spec(|spec| found |= exposure::reaches_node(spec));
    let reaches_node = if found { Ok(true) } else { read.map(|()| false) };
    any([exposure::is_exposed(workload, facts.inventory), reaches_node])
}
