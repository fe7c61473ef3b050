//! What Gatekeeper may refuse, by its constraints.
//!
//! What a constraint asks for stands in its template, in a language of its own, and anybody may call a
//! template as those of the library are called. So a constraint that denies and looks at pods leaves open
//! whether it refuses what is asked about; all others refuse nothing.

use std::sync::Arc;

use assay_model::{
    Cause, Gap, Known, Resource, Scope,
    admission::{CustomResourceDefinition, Webhook},
    namespace::Namespace,
    policy::{Constraint, ConstraintKinds},
};

use super::selects;
use crate::Facts;

const WEBHOOKS: [&str; 2] =
    ["gatekeeper-validating-webhook-configuration", "gatekeeper-mutating-webhook-configuration"];
const SERVICE: &str = "gatekeeper-webhook-service";

/// Whether a webhook asks Gatekeeper.
pub(super) fn is_asked_by(configuration: &str, webhook: &Webhook) -> bool {
    let service = webhook.client_config.service.as_ref();
    WEBHOOKS.contains(&configuration) && service.is_some_and(|it| &*it.name == SERVICE)
}

/// Whether a kind is Gatekeeper's, and its objects are read or refuse no pods.
pub(super) fn accounts_for(kind: &CustomResourceDefinition) -> bool {
    ["constraints.gatekeeper.sh", "templates.gatekeeper.sh"].contains(&&*kind.spec.group)
}

/// Whether Gatekeeper refuses pods of a namespace: proven not to where no constraint may.
pub(super) fn refuses(namespace: &Namespace, facts: &Facts<'_>) -> Known<bool> {
    let constraints = &facts.inventory.gatekeeper_constraints;
    let found = constraints.find(Scope::Cluster, |it| may_refuse(it, namespace))?;
    let Some(constraint) = found else { return Ok(false) };
    let (kind, name) = (&constraint.kind, &constraint.metadata.name);
    let message = format!(
        "Gatekeeper's {kind} {name} may refuse pods, and the rules of its template are not interpreted"
    );
    Err(Gap::whole(Resource::GatekeeperConstraints, Cause::Inconclusive, message).into())
}

fn may_refuse(constraint: &Constraint, namespace: &Namespace) -> Known<bool> {
    let matches = &constraint.spec.matches;
    let name = &*namespace.name;
    let pods = |it: &ConstraintKinds| {
        let has = |list: &[Arc<str>], one: &str| {
            list.is_empty() || list.iter().any(|it| **it == *one || &**it == "*")
        };
        has(&it.api_groups, "") && has(&it.kinds, "Pod")
    };
    let may = !["dryrun", "warn"].contains(&&*constraint.spec.enforcement_action)
        && (matches.kinds.is_empty() || matches.kinds.iter().any(pods))
        && (matches.namespaces.is_empty() || matches.namespaces.iter().any(|it| fits(it, name)))
        && !matches.excluded_namespaces.iter().any(|it| fits(it, name));
    if !may {
        return Ok(false);
    }
    matches.namespace_selector.as_ref().map_or(Ok(true), |it| selects(it, namespace))
}

/// Whether a name is as written, with `*` for any beginning or any end.
fn fits(pattern: &str, name: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(_), Some(_)) => name.contains(pattern.trim_matches('*')),
        (Some(end), None) => name.ends_with(end),
        (None, Some(beginning)) => name.starts_with(beginning),
        (None, None) => name == pattern,
    }
}
