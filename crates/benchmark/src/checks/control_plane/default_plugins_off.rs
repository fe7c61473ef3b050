//! Admission plug-ins that Kubernetes has on, and this API server has not.
//!
//! | switched off                                                                  | verdict |
//! |-------------------------------------------------------------------------------|---------|
//! | `NamespaceLifecycle`, `PodSecurity`, `ServiceAccount`, certificates, policies, webhooks | fail |
//! | another of the version's default plug-ins                                     | warn    |
//!
//! Flags of each kube-apiserver: named in `--disable-admission-plugins`, or left out of the deprecated
//! `--admission-control`. Which are on by default: table `flag-defaults`, by minor version.

use assay_model::{Findings, Outcome, Severity, both};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling,
    flags::{self, Demand, FlagRule, Replica},
    version::minor_name,
};

pub(super) static CHECK: Check = Check {
    code: "CLU-CIS-036",
    id: "default-plugins-off",
    title: "default admission plug-ins are switched off",
    severity: Severity::High,
    rationale: "Each of them is a wall that the rest of Kubernetes counts on: without `PodSecurity` the labels \
                of namespaces enforce nothing, without the webhooks no policy engine is asked.",
    remediation: "Take the plug-in out of `--disable-admission-plugins`.",
    references: &["https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/"],
    verdicts: &[
        (Outcome::Fail, "one that others rely on for security is off"),
        (
            Outcome::Unknown,
            "the flags are not visible, or no table has the version's default plug-ins",
        ),
        (Outcome::Warn, "another one is off"),
        (Outcome::Pass, "all are on"),
        flags::OWNED,
    ],
    needs: flags::NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(&FlagRule::of("kube-apiserver", &[Demand::Judge(default_plugins_off)])),
};

/// Those that decide who gets in with what, by name or by its beginning or end.
fn guards(plugin: &str) -> bool {
    matches!(plugin, "NamespaceLifecycle" | "PodSecurity" | "ServiceAccount")
        || plugin.starts_with("Certificate")
        || plugin.ends_with("Policy")
        || plugin.ends_with("Webhook")
}

fn default_plugins_off(server: &Replica, facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    const DISABLED: &str = "disable-admission-plugins";
    const ALL: &str = "admission-control";
    let minor = server.minor()?;
    let Some(defaults) = facts.tables.default_plugins(minor) else {
        let version = minor_name(minor);
        return Err(server.untold(format!("no table has the default plug-ins of {version}")));
    };
    let mut report = |flag: &str, plugin: &str, how: &str| {
        let detail = format!("{how} {plugin}");
        if guards(plugin) {
            findings.fail(server.at(flag), detail);
        } else {
            findings.warn(server.at(flag), detail);
        }
    };
    let disabled = server.list(DISABLED, facts).map(|disabled| {
        let disabled: Vec<&str> = disabled.collect();
        for plugin in defaults.iter().filter(|it| disabled.contains(&it.as_str())) {
            report(DISABLED, plugin, "lists");
        }
    });
    let left_out = server.list(ALL, facts).map(|all| {
        let all: Vec<&str> = all.collect();
        for plugin in defaults.iter().filter(|it| !all.is_empty() && !all.contains(&it.as_str())) {
            report(ALL, plugin, "does not list");
        }
    });
    both(disabled, left_out).map(|()| Ruling::Applies)
}
