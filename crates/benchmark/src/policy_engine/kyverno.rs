//! What Kyverno refuses, by its `ClusterPolicy`s and `Policy`s.
//!
//! A rule is held to refuse a control only if its content is known to, it enforces, and nothing makes it
//! hold for some only: no selector that is not evaluated, no exclusion, condition or exception, no webhook
//! that may be passed by, and nothing that Kyverno's `ConfigMap` passes over. A rule is held not to if it
//! audits, looks at nothing in the namespace, or is known to ask for something else.
//!
//! Which `ConfigMap` Kyverno reads, a variable of its Deployment says, and no value of a variable is kept:
//! it is taken to be the one that the chart and the manifest make, and only where the webhooks call a
//! Service in that namespace. By default an update is let through that breaks a rule no more than the pod
//! did before; such a pod was made before the rule.

use assay_model::{
    Cause, Gap, Known, Listing, Resource, Scope, Unknown,
    admission::{CustomResourceDefinition, Webhook, WebhookConfiguration},
    all, any, config_map,
    namespace::Namespace,
    policy::{
        KyvernoException, KyvernoFilter, KyvernoMatch, KyvernoPolicy, KyvernoResources,
        KyvernoRule, KyvernoSpec, KyvernoValidate,
    },
    selector::Selector,
};

use super::{covers_pods, native, sees_pods, selects};
use crate::{
    Facts,
    pod_security::{Control, Level},
    version::Minor,
};

const WEBHOOKS: &str = "kyverno-resource-validating-webhook-cfg";
const MUTATING_WEBHOOKS: &str = "kyverno-resource-mutating-webhook-cfg";
const SERVICE: &str = "kyverno-svc";
/// Where Kyverno is, if its `ConfigMap` is the one that is read.
const NAMESPACE: &str = "kyverno";
/// What the webhook is called that holds the policies which fail closed.
const FAILS_CLOSED: (Resource, &str) =
    (Resource::ValidatingWebhookConfigurations, "validate.kyverno.svc-fail");
/// The same, of policies that verify images.
const VERIFIES_CLOSED: (Resource, &str) =
    (Resource::MutatingWebhookConfigurations, "mutate.kyverno.svc-fail");
/// Kubelets make mirror pods alone, and the scheduler none.
const HARMLESS: [&str; 2] = ["system:nodes", "system:kube-scheduler"];

/// Whether a webhook asks Kyverno.
pub(super) fn is_asked_by(configuration: &str, webhook: &Webhook) -> bool {
    let service = webhook.client_config.service.as_ref();
    [WEBHOOKS, MUTATING_WEBHOOKS].contains(&configuration)
        && service.is_some_and(|it| &*it.name == SERVICE)
}

/// Whether a kind is Kyverno's, and its objects are read or refuse no pods.
pub(super) fn accounts_for(kind: &CustomResourceDefinition) -> bool {
    match &*kind.spec.group {
        "kyverno.io" => true,
        "policies.kyverno.io" => !kind.spec.names.kind.ends_with("ValidatingPolicy"),
        _ => false,
    }
}

/// Whether Kyverno refuses every pod of a namespace that breaks a control.
pub(super) fn refuses(control: &Control, namespace: &Namespace, facts: &Facts<'_>) -> Known<bool> {
    let inventory = facts.inventory;
    let holds = |policy: &KyvernoPolicy| {
        let rules = policy.spec.rules.iter();
        let refused = any(rules.map(|it| rule_refuses(policy, it, control, namespace, facts)));
        all([refused, is_without_exception(policy, facts)])
    };
    let here = Scope::Part(&namespace.name);
    let policies = any([
        inventory.kyverno_cluster_policies.find(Scope::Cluster, holds).map(|it| it.is_some()),
        inventory.kyverno_policies.find(here, holds).map(|it| it.is_some()),
    ]);
    if policies == Ok(false) {
        return policies;
    }
    let asked = is_asked(&inventory.validating_webhooks, FAILS_CLOSED, namespace);
    all([policies, asked, passes_nobody_over(namespace, facts)])
}

/// Whether a rule of Kyverno verifies images of every pod of a namespace, those that it is about.
pub(crate) fn verifies_images(namespace: &Namespace, facts: &Facts<'_>) -> Known<bool> {
    let inventory = facts.inventory;
    let verifies = |policy: &KyvernoPolicy| {
        let rules = policy.spec.rules.iter().filter(|it| !it.verify_images.is_empty());
        let any_rule = any(rules.map(|rule| {
            let matches = may_match(&rule.matches, namespace);
            if !all([Ok(policy.spec.admission != Some(false)), matches])? {
                return Ok(false);
            }
            if !fails_open(&policy.spec) && holds_always(&policy.spec, rule, namespace)? {
                return Ok(true);
            }
            Err(of_rule(policy, rule, "does not verify the images of every pod"))
        }));
        all([any_rule, is_without_exception(policy, facts)])
    };
    let here = Scope::Part(&namespace.name);
    let policies = any([
        inventory.kyverno_cluster_policies.find(Scope::Cluster, verifies).map(|it| it.is_some()),
        inventory.kyverno_policies.find(here, verifies).map(|it| it.is_some()),
    ]);
    if policies == Ok(false) {
        return policies;
    }
    let asked = is_asked(&inventory.mutating_webhooks, VERIFIES_CLOSED, namespace);
    all([policies, asked, passes_nobody_over(namespace, facts)])
}

fn rule_refuses(
    policy: &KyvernoPolicy,
    rule: &KyvernoRule,
    control: &Control,
    namespace: &Namespace,
    facts: &Facts<'_>,
) -> Known<bool> {
    let Some(validate) = &rule.validate else { return Ok(false) };
    let named = |why: &str| of_rule(policy, rule, why);
    let asks = match asks_for(validate, control, facts) {
        Some(it) => Ok(it),
        None => Err(named("may refuse pods, and what it asks for is not known")),
    };
    let holds = [
        asks,
        Ok(policy.spec.admission != Some(false)),
        enforces(&policy.spec, validate).ok_or_else(|| {
            named("enforces, and another rule or other namespaces do not; or the other way round")
        }),
        may_match(&rule.matches, namespace),
    ];
    if !all(holds)? {
        return Ok(false);
    }
    if fails_open(&policy.spec) {
        return Err(named("may be passed by while Kyverno does not answer, or on a condition"));
    }
    if holds_always(&policy.spec, rule, namespace)? {
        Ok(true)
    } else {
        Err(named("does not hold for every pod"))
    }
}

/// Whether nothing makes a rule hold for some pods of a namespace only.
fn holds_always(spec: &KyvernoSpec, rule: &KyvernoRule, namespace: &Namespace) -> Known<bool> {
    let always = rule.exclude == KyvernoMatch::default()
        && !rule.preconditions
        && !rule.cel_preconditions
        && spec.apply_rules.as_deref().is_none_or(|it| it == "All");
    if always { selects_all(&rule.matches, namespace) } else { Ok(false) }
}

/// Whether what a rule asks for refuses all that breaks a control; `None` where that is not known.
fn asks_for(validate: &KyvernoValidate, control: &Control, facts: &Facts<'_>) -> Option<bool> {
    if let Some(asked) = &validate.pod_security {
        let level = Level::ALL.into_iter().find(|it| it.name() == &*asked.level)?;
        let version = match &*asked.version {
            "" | "latest" => None,
            pinned => Some((1, pinned.strip_prefix("v1.")?.parse().ok()?)),
        };
        let has = level >= control.level && version.is_none_or(|it: Minor| it >= control.since);
        return if has && asked.exclude { None } else { Some(has) };
    }
    if let Some(cel) = &validate.cel {
        // An admission policy that is made of it is judged as such.
        let stands_alone = !cel.param_kind && cel.generate != Some(true);
        return if stands_alone {
            native::asks_for(&cel.expressions, control, facts)
        } else {
            None
        };
    }
    if validate.pattern.is_none() && validate.any_pattern.is_none() {
        return None;
    }
    let rows = &facts.tables.policy_rules;
    let row = rows.iter().find(|it| {
        it.expressions.is_empty()
            && (&it.pattern, &it.any_pattern) == (&validate.pattern, &validate.any_pattern)
    })?;
    Some(row.control == control.id)
}

/// Whether an action refuses.
pub(crate) fn is_enforce(action: &str) -> bool {
    action.eq_ignore_ascii_case("enforce")
}

/// Whether a rule refuses what it finds; `None` where that depends on the namespace, or where rules of one
/// policy differ: versions of Kyverno part in whose word counts then.
fn enforces(spec: &KyvernoSpec, validate: &KyvernoValidate) -> Option<bool> {
    let action = validate.failure_action.as_ref().or(spec.validation_failure_action.as_ref());
    let enforced = action.is_some_and(|it| is_enforce(it));
    let rules = || spec.rules.iter().filter_map(|it| it.validate.as_ref());
    let actions = rules().filter_map(|it| it.failure_action.as_ref());
    let overrides = rules().flat_map(|it| &it.failure_action_overrides);
    let overrides = overrides.chain(&spec.validation_failure_action_overrides).map(|it| &it.action);
    actions.chain(overrides).all(|it| is_enforce(it) == enforced).then_some(enforced)
}

fn fails_open(spec: &KyvernoSpec) -> bool {
    let webhook = &spec.webhook_configuration;
    let policy = webhook.failure_policy.as_ref().or(spec.failure_policy.as_ref());
    policy.is_some_and(|it| &**it == "Ignore") || !webhook.match_conditions.is_empty()
}

/// Whether a rule may look at some pod of a namespace.
fn may_match(matches: &KyvernoMatch, namespace: &Namespace) -> Known<bool> {
    let may = |resources: Option<&KyvernoResources>| {
        let Some(it) = resources else { return Ok(true) };
        let kinds = it.kinds.is_empty() || it.kinds.iter().any(|it| may_be_pods(it));
        if !kinds || !is_in(it, namespace) {
            return Ok(false);
        }
        it.namespace_selector.as_ref().map_or(Ok(true), |it| selects(it, namespace))
    };
    if !matches.any.is_empty() {
        return any(matches.any.iter().map(|it| may(it.resources.as_ref())));
    }
    if !matches.all.is_empty() {
        return all(matches.all.iter().map(|it| may(it.resources.as_ref())));
    }
    matches.resources.as_ref().map_or(Ok(false), |it| may(Some(it)))
}

/// Whether a rule looks at every pod of a namespace, whoever makes or changes it.
fn selects_all(matches: &KyvernoMatch, namespace: &Namespace) -> Known<bool> {
    let selected = |it: &KyvernoResources| {
        let operations = &it.operations;
        let has = |operation: &str| operations.iter().any(|it| &**it == operation);
        let all_pods = it.kinds.iter().any(|it| ["Pod", "v1/Pod"].contains(&&**it))
            && it.name.is_empty()
            && it.names.is_empty()
            && !it.annotations
            && it.selector.as_ref().is_none_or(Selector::is_empty)
            && (operations.is_empty() || has("CREATE") && has("UPDATE"))
            && is_in(it, namespace);
        if !all_pods {
            return Ok(false);
        }
        it.namespace_selector.as_ref().map_or(Ok(true), |it| selects(it, namespace))
    };
    let filter = |it: &KyvernoFilter| match &it.resources {
        Some(resources)
            if it.subjects.is_empty() && it.roles.is_empty() && it.cluster_roles.is_empty() =>
        {
            selected(resources)
        }
        _ => Ok(false),
    };
    if !matches.any.is_empty() {
        return any(matches.any.iter().map(filter));
    }
    if !matches.all.is_empty() {
        return all(matches.all.iter().map(filter));
    }
    match &matches.resources {
        Some(it)
            if matches.subjects.is_empty()
                && matches.roles.is_empty()
                && matches.cluster_roles.is_empty() =>
        {
            selected(it)
        }
        _ => Ok(false),
    }
}

fn is_in(resources: &KyvernoResources, namespace: &Namespace) -> bool {
    let namespaces = &resources.namespaces;
    namespaces.is_empty() || namespaces.iter().any(|it| fits(it, &namespace.name))
}

/// Whether a kind, as Kyverno's policies and filters write it, may be pods or their ephemeral containers.
fn may_be_pods(kind: &str) -> bool {
    if let Some(subresource) = kind.strip_prefix("Pod/") {
        return subresource.contains(['*', '?']) || subresource == "ephemeralcontainers";
    }
    kind.split('/').any(|it| fits(it, "Pod"))
}

/// Whether `*` (anything) and `?` (any character) in a pattern stand for what is there.
fn fits(pattern: &str, text: &str) -> bool {
    match (pattern.chars().next(), text.chars().next()) {
        (None, None) => true,
        (Some('*'), first) => {
            fits(&pattern[1..], text)
                || first.is_some_and(|it| fits(pattern, &text[it.len_utf8()..]))
        }
        (Some(a), Some(b)) if a == '?' || a == b => {
            fits(&pattern[a.len_utf8()..], &text[b.len_utf8()..])
        }
        _ => false,
    }
}

/// Whether nobody is excepted from a policy.
fn is_without_exception(policy: &KyvernoPolicy, facts: &Facts<'_>) -> Known<bool> {
    let meta = &policy.metadata;
    let full = match &*meta.namespace {
        "" => meta.name.to_string(),
        namespace => format!("{namespace}/{}", meta.name),
    };
    let names = |it: &KyvernoException| {
        Ok(it.spec.exceptions.iter().any(|it| fits(&it.policy_name, &full)))
    };
    if facts.inventory.kyverno_exceptions.find(Scope::Cluster, names)?.is_none() {
        return Ok(true);
    }
    let message = format!("a PolicyException excepts somebody from Kyverno's {full}");
    Err(Gap::whole(Resource::KyvernoExceptions, Cause::Inconclusive, message).into())
}

/// Whether the API server asks Kyverno about every pod of a namespace, and takes no answer for a no.
fn is_asked(
    webhooks: &Listing<WebhookConfiguration>,
    (resource, fails_closed): (Resource, &str),
    namespace: &Namespace,
) -> Known<bool> {
    let asks = |test: &dyn Fn(&Webhook) -> Known<bool>| {
        let found = webhooks.find(Scope::Cluster, |it: &WebhookConfiguration| {
            let own = it.webhooks.iter().filter(|own| is_asked_by(&it.metadata.name, own));
            any(own.map(test))
        });
        found.map(|it| it.is_some())
    };
    let selected =
        |it: &Webhook| it.namespace_selector.as_ref().map_or(Ok(true), |it| selects(it, namespace));
    if !asks(&|it| if sees_pods(it) { selected(it) } else { Ok(false) })? {
        return Ok(false);
    }
    let closed = asks(&|it| {
        let service = it.client_config.service.as_ref();
        let whole = *it.name == *fails_closed
            && it.failure_policy.as_deref() != Some("Ignore")
            && it.object_selector.as_ref().is_none_or(Selector::is_empty)
            && it.match_conditions.is_empty()
            && service.is_some_and(|it| &*it.namespace == NAMESPACE)
            && covers_pods(&it.rules);
        if whole { selected(it) } else { Ok(false) }
    })?;
    if closed {
        return Ok(true);
    }
    let message =
        "no webhook of Kyverno's in its usual namespace asks it about all pods and fails closed";
    Err(Gap::whole(resource, Cause::Inconclusive, message).into())
}

/// Whether Kyverno's configuration leaves nobody out who makes pods in a namespace.
fn passes_nobody_over(namespace: &Namespace, facts: &Facts<'_>) -> Known<bool> {
    let map = facts.inventory.kyverno_config_map.as_ref().map_err(Clone::clone)?;
    let untold = |why: &str| -> Known<bool> {
        Err(Gap::whole(Resource::KyvernoConfigMap, Cause::Inconclusive, why).into())
    };
    let Some(map) = map else {
        return untold("whom Kyverno passes over is not where it usually stands");
    };
    let filtered = |it: &config_map::KyvernoFilter| {
        may_be_pods(&it.kind) && fits(&it.namespace, &namespace.name)
    };
    if map.resource_filters.iter().any(filtered) {
        return untold("`resourceFilters` may pass over pods of the namespace");
    }
    let Some(groups) = &map.exclude_groups else {
        return untold(
            "without `excludeGroups`, the accounts that make the pods of controllers are passed over",
        );
    };
    if groups.iter().chain(&map.exclude_others).all(|it| HARMLESS.contains(&&**it)) {
        return Ok(true);
    }
    untold("Kyverno passes over some who may make pods")
}

fn of_rule(policy: &KyvernoPolicy, rule: &KyvernoRule, why: &str) -> Unknown {
    let policy = &policy.metadata.name;
    let message = format!("the rule {} of Kyverno's policy {policy} {why}", rule.name);
    Gap::whole(Resource::KyvernoClusterPolicies, Cause::Inconclusive, message).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_stand_for_text() {
        for (pattern, text, fitting) in [
            ("*", "", true),
            ("*", "shop", true),
            ("shop-*", "shop-eu", true),
            ("shop-*", "shop", false),
            ("s?op", "shop", true),
            ("*p*p", "shop-p", true),
            ("", "shop", false),
        ] {
            assert_eq!(fits(pattern, text), fitting, "{pattern} {text}");
        }
    }

    #[test]
    fn kinds_may_be_pods() {
        for pods in ["Pod", "v1/Pod", "*", "*/*", "Pod/*", "Pod/ephemeralcontainers", "P?d"] {
            assert!(may_be_pods(pods), "{pods}");
        }
        for others in ["Deployment", "apps/v1/Deployment", "Pod/binding", "PodTemplate"] {
            assert!(!may_be_pods(others), "{others}");
        }
    }
}
