//! Roles and bindings that the API server ships, against what it ships.
//!
//! | an object labelled `kubernetes.io/bootstrapping: rbac-defaults`, or named `system:…` | verdict |
//! |--------------------------------------------------------------------------------------|---------|
//! | grants a right, selects a role or names a subject that this version's does not        | fail    |
//! | the same, where a provider owns the control plane                                    | warn    |
//! | `rbac.authorization.kubernetes.io/autoupdate: "false"`: no upgrade mends it          | warn    |
//! | labelled so, and no version has it so, as some add-ons are                           | warn, severity low |
//! | as it ships, or less; or left from another version, as that ships it                 | pass    |
//! | `system:…` of somebody else                                                          | not applicable |
//!
//! The rules of aggregated roles are those of others as well, so for them the selectors are compared:
//! what is added is `aggregated-role-extension`'s. An installer's subjects are no extra.

use assay_model::{
    Findings, Known, Location, Meta, Outcome, Resource, Severity,
    rbac::{Binding, Role},
};

use super::ROW;
use crate::{Check, Facts, Rule, Ruled, Ruling, rbac};

pub(super) static CHECK: Check = Check {
    code: "CLU-RBA-032",
    id: "changed-default-rbac",
    title: "default role or binding grants more than it ships",
    severity: Severity::High,
    rationale: "Nobody reviews roles named `system:…`, so that is where a right is hidden; and components that \
                were bound to them get what they never asked for.",
    remediation: "Remove what was added, or run `kubectl auth reconcile` with the default and \
                  `--remove-extra-permissions --remove-extra-subjects`; set the annotation \
                  `rbac.authorization.kubernetes.io/autoupdate` to `true`. Put your own rights into roles of \
                  your own.",
    references: &[
        "https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings",
    ],
    verdicts: &[
        (Outcome::Fail, "one grants a right or names a subject that this version's does not"),
        (Outcome::Warn, "the same, where a provider owns the control plane"),
        (Outcome::Warn, "one is kept from being updated, or is none of this version's"),
        (Outcome::Pass, "all that are there are as they ship, or less"),
        (Outcome::NotApplicable, "there is no default"),
    ],
    needs: &[Resource::RBAC, &[Resource::Version, Resource::Nodes]],
    rule: Rule::Rbac { role: changed_role, binding: changed_binding },
    ..ROW
};

fn changed_role(role: &Role, facts: &Facts<'_>, out: &mut Findings) -> Ruled {
    let bootstrap = &facts.tables.bootstrap;
    let (namespace, name) = (&role.metadata.namespace, &role.metadata.name);
    let Some(labelled) = labelled(&role.metadata) else { return Ok(not_a_default()) };
    let Some(shipped) = bootstrap.role(namespace, name, facts.server_minor()?)? else {
        if !bootstrap.once_granted(namespace, name, &role.rules) {
            return Ok(not_of_this_version(labelled, out));
        }
        return Ok(Ruling::Applies);
    };
    warn_if_kept(&role.metadata, out);
    if let Some(aggregation) = &role.aggregation_rule {
        let label = format!("rbac.authorization.k8s.io/aggregate-to-{name}");
        let as_shipped = aggregation.cluster_role_selectors.iter().all(|it| {
            let mut labels = it.match_labels.iter();
            labels.any(|(key, value)| (&**key, &**value) == (&*label, "true"))
        });
        if !as_shipped {
            let selectors = "aggregationRule.clusterRoleSelectors";
            report(facts, out, selectors, "select roles that it does not select as it ships")?;
        }
        return Ok(Ruling::Applies);
    }
    for (index, rule) in role.rules.iter().enumerate().filter(|(_, it)| !shipped.grants(it)) {
        let targets =
            if rule.resources.is_empty() { &rule.non_resource_urls } else { &rule.resources };
        let says =
            format!("grants more than it ships: {} {}", rule.verbs.join(", "), targets.join(", "));
        report(facts, out, &format!("rules[{index}]"), &says)?;
    }
    Ok(Ruling::Applies)
}

fn changed_binding(binding: &Binding, facts: &Facts<'_>, out: &mut Findings) -> Ruled {
    let bootstrap = &facts.tables.bootstrap;
    let (namespace, name) = (&binding.metadata.namespace, &binding.metadata.name);
    let Some(labelled) = labelled(&binding.metadata) else { return Ok(not_a_default()) };
    let Some(shipped) = bootstrap.binding(namespace, name, facts.server_minor()?)? else {
        if !bootstrap.has_binding(namespace, name) {
            return Ok(not_of_this_version(labelled, out));
        }
        return Ok(Ruling::Applies);
    };
    warn_if_kept(&binding.metadata, out);
    if !shipped.is_to(&binding.role_ref) {
        let says = format!("is {}, which it is not as it ships", binding.role_ref.name);
        report(facts, out, "roleRef", &says)?;
    }
    for subject in rbac::subjects_of(binding) {
        let known =
            shipped.names(&subject) || facts.tables.installer_of(binding, &subject).is_some();
        if !known {
            report(
                facts,
                out,
                "subjects",
                &format!("name {subject}, which they do not as it ships"),
            )?;
        }
    }
    Ok(Ruling::Applies)
}

/// Whether an object is labelled as a default; `None` when it is neither that nor named as one.
fn labelled(metadata: &Meta) -> Option<bool> {
    let label = metadata.labels.get("kubernetes.io/bootstrapping");
    let labelled = label.is_some_and(|it| &**it == "rbac-defaults");
    (labelled || metadata.name.starts_with("system:")).then_some(labelled)
}

fn not_a_default() -> Ruling {
    Ruling::NotApplicable("is no default".to_owned())
}

fn not_of_this_version(labelled: bool, out: &mut Findings) -> Ruling {
    if !labelled {
        return not_a_default();
    }
    // Manifests of add-ons such as CoreDNS have copied the label.
    out.warn_as(
        Severity::Low,
        Location::field("metadata.labels[kubernetes.io/bootstrapping]"),
        "says that it is a default, and no version of the tables has it so",
    );
    Ruling::Applies
}

fn warn_if_kept(metadata: &Meta, out: &mut Findings) {
    let annotation = "rbac.authorization.kubernetes.io/autoupdate";
    if metadata.annotations.get(annotation).is_some_and(|it| &**it == "false") {
        let at = Location::field(format!("metadata.annotations[{annotation}]"));
        out.warn(at, "is `false`, so the API server does not mend it at its start");
    }
}

/// A fault; where a provider owns the control plane, and may have changed it, a weakness.
fn report(facts: &Facts<'_>, out: &mut Findings, path: &str, says: &str) -> Known<()> {
    match facts.managed_by()? {
        Some(_) => out.warn(Location::field(path), says),
        None => out.fail(Location::field(path), says),
    }
    Ok(())
}
