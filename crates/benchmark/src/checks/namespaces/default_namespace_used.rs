//! Whether anything lives in the namespace `default`.
//!
//! | kind                                           | holds some  | ignored                       |
//! |------------------------------------------------|-------------|-------------------------------|
//! | workloads, finished jobs included              | fail        |                               |
//! | roles                                          | fail        |                               |
//! | role bindings                                  | fail        | `OpenShift`'s, in every namespace |
//! | services                                       | warn        | `kubernetes`, `openshift`     |
//! | ingresses                                      | warn        |                               |
//! | service accounts                               | warn        | `default`, `OpenShift`'s      |
//!
//! Secrets, config maps and claims are not read, and a hint says so. Network policies, quotas and
//! limit ranges there only limit what may come, so they are no use of it.

use assay_model::{
    Findings, Known, Listing, Location, Object, Outcome, Resource, Scope, Severity, both,
    namespace::Namespace,
};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling};

pub(super) static CHECK: Check = Check {
    code: "APP-NSP-002",
    id: "default-namespace-used",
    title: "namespace `default` is in use",
    severity: Severity::Low,
    rationale: "What is made without a thought for its namespace lands there: rights, quotas and network \
                policies that are given for it then hold for unrelated things.",
    remediation: "Move each application to a namespace of its own, and leave `default` empty.",
    references: &["https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/"],
    verdicts: &[
        (Outcome::Fail, "workloads, roles or role bindings are in it"),
        (Outcome::Warn, "only services, ingresses or service accounts are, beside Kubernetes' own"),
        (Outcome::Pass, "none of them is; Secrets, config maps and claims are not looked at"),
    ],
    needs: &[
        Resource::WORKLOADS,
        &[
            Resource::Namespaces,
            Resource::Roles,
            Resource::RoleBindings,
            Resource::Services,
            Resource::Ingresses,
            Resource::ServiceAccounts,
        ],
    ],
    empty: Empty::NotApplicable,
    rule: Rule::Namespace(default_namespace_used),
};

const DEFAULT: Scope<'_> = Scope::Part("default");

/// Made by Kubernetes, and by `OpenShift` for its host name.
const SERVICES: &[&str] = &["kubernetes", "openshift"];
/// Made in every namespace, by Kubernetes and by `OpenShift`.
const ACCOUNTS: &[&str] = &["default", "builder", "deployer"];
/// Made by `OpenShift` in every namespace.
const BINDINGS: &[&str] = &["system:deployers", "system:image-builders", "system:image-pullers"];

fn default_namespace_used(
    namespace: &Namespace,
    facts: &Facts<'_>,
    findings: &mut Findings,
) -> Ruled {
    if &*namespace.name != "default" {
        return Ok(Ruling::NotApplicable("another namespace".to_owned()));
    }
    let inventory = facts.inventory;
    let faults = [
        ("workloads", inventory.workloads.find(DEFAULT, |_| Ok(true)).map(|it| it.is_some())),
        ("roles", holds(&inventory.roles, &[])),
        ("role bindings", holds(&inventory.role_bindings, BINDINGS)),
    ];
    let weaknesses = [
        ("services", holds(&inventory.services, SERVICES)),
        ("ingresses", holds(&inventory.ingresses, &[])),
        ("service accounts", holds(&inventory.service_accounts, ACCOUNTS)),
    ];
    findings.hint("Secrets, config maps and claims in `default` were not looked at");
    let mut unknown = Ok(());
    for (kind, held) in faults {
        match held {
            Ok(true) => findings.fail(Location::object(), format!("holds {kind}")),
            Ok(false) => {}
            Err(it) => unknown = both(unknown, Err(it)),
        }
    }
    for (kind, held) in weaknesses {
        match held {
            Ok(true) => findings.warn(Location::object(), format!("holds {kind}")),
            Ok(false) => {}
            Err(it) => unknown = both(unknown, Err(it)),
        }
    }
    unknown.map(|()| Ruling::Applies)
}

/// Whether there is an object of the kind in `default` that is not ignored.
fn holds<T: Object>(listing: &Listing<T>, ignored: &[&str]) -> Known<bool> {
    let found = listing.find(DEFAULT, |it| Ok(!ignored.contains(&it.name())));
    found.map(|it| it.is_some())
}
