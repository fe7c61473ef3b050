//! `preflight`: what this identity may read, and which checks a missing right costs.

use std::{
    collections::BTreeSet,
    io::{self, Write},
};

use assay_benchmark::Check;
use assay_collector::{Decision, Right, Rights};
use assay_model::{Resource, resource::Access};
use serde::Serialize;

use crate::{
    args::{PreflightArgs, PreflightFormat},
    choice,
    exit::{self, Failure},
    live,
    text::{plain, wrapped},
};

/// Asks the server what a scan would be refused, and says what that would cost.
pub(crate) fn preflight(args: &PreflightArgs, out: &mut dyn Write) -> Result<u8, Failure> {
    let checks = choice::checks(&args.choice.checks)?;
    let mut needed = assay_benchmark::needed(&checks);
    needed.retain(|it| args.extra.wants(*it));
    let rights = live::review(&needed, &args.namespaces, args.read_timeout, &args.connection)?;
    let preflight = Preflight::of(rights, &checks);
    let written = match args.output {
        PreflightFormat::Table => table(&preflight, crate::columns(), out),
        PreflightFormat::Json => serde_json::to_writer_pretty(&mut *out, &preflight)
            .map_err(io::Error::from)
            .and_then(|()| writeln!(out)),
    };
    written.map_err(Failure::output)?;
    Ok(if preflight.complete { exit::CLEAN } else { exit::INCOMPLETE })
}

/// What is said, and how programs read it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Preflight {
    api_version: &'static str,
    kind: &'static str,
    user: String,
    groups: Vec<String>,
    /// Whether a scan would be refused nothing.
    complete: bool,
    rights: Vec<Row>,
}

/// One right.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    verb: &'static str,
    /// As RBAC names it, or a path.
    resource: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    allowed: Allowed,
    /// What the server says.
    #[serde(skip_serializing_if = "String::is_empty")]
    reason: String,
    /// The checks that need it, by id.
    checks: Vec<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Allowed {
    Yes,
    No,
    NotServed,
    Unknown,
}

impl Allowed {
    const fn name(self) -> &'static str {
        match self {
            Allowed::Yes => "yes",
            Allowed::No => "no",
            Allowed::NotServed => "not served",
            Allowed::Unknown => "unknown",
        }
    }
}

impl Preflight {
    fn of(rights: Rights, checks: &[&'static Check]) -> Self {
        let rows: Vec<Row> = rights.rights.into_iter().map(|it| Row::of(it, checks)).collect();
        Preflight {
            api_version: "kube-assay/v1",
            kind: "Preflight",
            user: rights.user,
            groups: rights.groups,
            complete: !rows.iter().any(Row::is_missing),
            rights: rows,
        }
    }
}

impl Row {
    fn of(right: Right, checks: &[&'static Check]) -> Self {
        let Right { resource, namespace, decision } = right;
        let (allowed, reason) = match decision {
            Decision::Allowed => (Allowed::Yes, String::new()),
            Decision::Denied(reason) => (Allowed::No, reason),
            Decision::NotServed => (Allowed::NotServed, String::new()),
            Decision::Undecided(reason) => (Allowed::Unknown, reason),
        };
        let (verb, resource_name) = match resource.access() {
            Access::List(kind) => ("list", kind.qualified()),
            Access::Url(path) => ("get", path.to_owned()),
            Access::Named(it) => ("get", format!("{} in {}", it.qualified(), it.namespace)),
            Access::Group(group) => ("list", format!("*.{group}")),
            Access::Node(_) | Access::Connection => ("get", resource.name().to_owned()),
        };
        let checks = checks.iter().filter(|it| needs(it, resource)).map(|it| it.id).collect();
        Row { verb, resource: resource_name, namespace, allowed, reason, checks }
    }

    /// Whether a scan of the whole cluster would be refused it. What one namespace allows helps there,
    /// and does not make up for it.
    fn is_missing(&self) -> bool {
        self.namespace.is_none() && matches!(self.allowed, Allowed::No | Allowed::Unknown)
    }

    fn name(&self) -> String {
        let place = self.namespace.as_ref().map(|it| format!(" in {it}")).unwrap_or_default();
        format!("{} {}{place}", self.verb, self.resource)
    }
}

/// Whether a check is decided by the resource; by the namespaces, if by anything that lies in them.
fn needs(check: &Check, resource: Resource) -> bool {
    assay_benchmark::needed(&[check]).contains(&resource)
}

fn table(preflight: &Preflight, columns: usize, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", plain(&preflight.user))?;
    writeln!(out)?;
    writeln!(out, "ALLOWED     CHECKS  RIGHT")?;
    for row in &preflight.rights {
        let checks = row.checks.len();
        writeln!(out, "{:<10}  {checks:>6}  {}", row.allowed.name(), plain(&row.name()))?;
    }
    writeln!(out)?;
    let missing: Vec<&Row> = preflight.rights.iter().filter(|it| it.is_missing()).collect();
    if missing.is_empty() {
        return writeln!(out, "Nothing is missing.");
    }
    let costs: BTreeSet<&str> = missing.iter().flat_map(|it| &it.checks).copied().collect();
    let rights = if missing.len() == 1 { "right is" } else { "rights are" };
    let summary = format!(
        "{} {rights} missing. Checks that need one: {}. They will be unknown unless what can be read decides \
         them. `kubectl assay rbac` prints the role that grants all.",
        missing.len(),
        costs.len(),
    );
    for line in wrapped(&summary, columns) {
        writeln!(out, "{line}")?;
    }
    for row in missing {
        writeln!(out, "\n{}", plain(&row.name()))?;
        let reason = Some(plain(&row.reason)).filter(|it| !it.is_empty());
        for line in reason.iter().flat_map(|it| wrapped(it, columns.saturating_sub(2))) {
            writeln!(out, "  {line}")?;
        }
        for line in wrapped(&row.checks.join(", "), columns.saturating_sub(4)) {
            writeln!(out, "    {line}")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use assay_benchmark::checks;

    use super::*;

    fn preflight(decision: Decision) -> Preflight {
        let right = |resource, namespace: Option<&str>, decision| Right {
            resource,
            namespace: namespace.map(str::to_owned),
            decision,
        };
        let rights = Rights {
            user: "me\u{1b}[31m".to_owned(),
            groups: Vec::new(),
            rights: vec![
                right(Resource::Version, None, Decision::Allowed),
                right(Resource::RoleBindings, None, decision),
                right(Resource::RoleBindings, Some("shop"), Decision::Allowed),
                right(Resource::VulnerabilityReports, None, Decision::NotServed),
            ],
        };
        let one = checks::find("anonymous-binding").expect("a check");
        Preflight::of(rights, &[one])
    }

    fn shown(preflight: &Preflight) -> String {
        let mut out = Vec::new();
        table(preflight, 80, &mut out).expect("written");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn a_missing_right_is_told_with_what_it_costs() {
        let missing = preflight(Decision::Denied("because".to_owned()));
        assert!(!missing.complete);
        let shown = shown(&missing);
        assert!(shown.starts_with("me\\u{1b}[31m\n"), "{shown}");
        for line in [
            "yes              0  get /version\n",
            "no               1  list rolebindings.rbac.authorization.k8s.io\n",
            "yes              1  list rolebindings.rbac.authorization.k8s.io in shop\n",
            "not served       0  list vulnerabilityreports.aquasecurity.github.io\n",
            "\n1 right is missing. Checks that need one: 1.",
            "list rolebindings.rbac.authorization.k8s.io\n  because\n    anonymous-binding\n",
        ] {
            assert!(shown.contains(line), "{line:?} is in\n{shown}");
        }
    }

    #[test]
    fn what_is_not_served_is_not_missed() {
        let all = preflight(Decision::Allowed);
        assert!(all.complete);
        assert!(shown(&all).ends_with("\nNothing is missing.\n"));
        assert!(!preflight(Decision::Undecided("no answer".to_owned())).complete);
    }
}
