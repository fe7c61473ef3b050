//! What verifies images before they run: engines behind webhooks, recognised by a dated table.

use assay_model::{
    Cause, Gap, Known, Meta, Resource, Scope,
    admission::{CustomResourceDefinition, Webhook, WebhookConfiguration},
    all, any, both, either,
    namespace::Namespace,
    policy::{
        KyvernoOverride, KyvernoPolicy, KyvernoRule, KyvernoVerifyImages, PortierisPolicy,
        SigstoreImagePolicy,
    },
    selector::Selector,
};

use crate::{
    Facts,
    data::{VerifierPolicies, VerifierRow},
    policy_engine::{self, is_enforce, sees_pods, selects},
};

/// What is read to tell which policies there are.
pub(crate) const POLICIES: &[Resource] = &[
    Resource::CustomResourceDefinitions,
    Resource::ValidatingWebhookConfigurations,
    Resource::MutatingWebhookConfigurations,
    Resource::KyvernoClusterPolicies,
    Resource::KyvernoPolicies,
    Resource::SigstoreImagePolicies,
    Resource::PortierisClusterImagePolicies,
    Resource::PortierisImagePolicies,
];

/// A policy that asks for images to be verified.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Policy {
    /// `ClusterPolicy signed`, `ImagePolicy shop/signed`.
    pub(crate) name: String,
    /// Whether it rejects what does not verify; `None` where it does in some namespaces only.
    pub(crate) rejects: Option<bool>,
}

/// Visits the policies of every engine whose policies are read, and returns what was not.
pub(crate) fn each_policy(facts: &Facts<'_>, mut visit: impl FnMut(Policy)) -> Known<()> {
    let inventory = facts.inventory;
    let mut read = Ok(());
    let mut add = |known| read = both(std::mem::replace(&mut read, Ok(())), known);
    for (kind, listing) in [
        ("ClusterPolicy", &inventory.kyverno_cluster_policies),
        ("Policy", &inventory.kyverno_policies),
    ] {
        add(listing.each(Scope::Cluster, |policy| {
            let asked: Vec<_> = policy.spec.rules.iter().flat_map(|it| &it.verify_images).collect();
            if !asked.is_empty() {
                let all: Vec<_> = asked.iter().map(|it| kyverno_rejects(policy, it)).collect();
                let same = all.iter().all(|it| *it == all[0]);
                let rejects = if same { all[0] } else { None };
                visit(Policy { name: named(kind, &policy.metadata), rejects });
            }
            Ok(())
        }));
    }
    add(inventory.sigstore_image_policies.each(Scope::Cluster, |policy| {
        let rejects = Some(sigstore_rejects(policy));
        visit(Policy { name: named("ClusterImagePolicy", &policy.metadata), rejects });
        Ok(())
    }));
    for (kind, listing) in [
        ("ClusterImagePolicy", &inventory.portieris_cluster_image_policies),
        ("ImagePolicy", &inventory.portieris_image_policies),
    ] {
        add(listing.each(Scope::Cluster, |policy| {
            let rejects = Some(portieris_rejects(policy));
            visit(Policy { name: named(kind, &policy.metadata), rejects });
            Ok(())
        }));
    }
    read
}

/// Whether an engine is there whose policies are not read.
///
/// # Errors
///
/// Where one is, by name; or that is not known.
pub(crate) fn none_is_unread(facts: &Facts<'_>) -> Known<()> {
    let unread = facts.tables.verifiers.iter().filter(|it| it.policies == VerifierPolicies::Unread);
    any(unread.map(|row| has_policies(row, facts))).map(drop)
}

fn named(kind: &str, meta: &Meta) -> String {
    match &*meta.namespace {
        "" => format!("{kind} {}", meta.name),
        namespace => format!("{kind} {namespace}/{}", meta.name),
    }
}

fn kyverno_rejects(policy: &KyvernoPolicy, asked: &KyvernoVerifyImages) -> Option<bool> {
    let spec = &policy.spec;
    let action = asked.failure_action.as_ref().or(spec.validation_failure_action.as_ref());
    let enforces = action.is_some_and(|it| is_enforce(it));
    let agrees = |it: &KyvernoOverride| is_enforce(&it.action) == enforces;
    if spec.admission == Some(false) || asked.required == Some(false) {
        return Some(false);
    }
    spec.validation_failure_action_overrides.iter().all(agrees).then_some(enforces)
}

fn sigstore_rejects(policy: &SigstoreImagePolicy) -> bool {
    &*policy.spec.mode != "warn"
}

fn portieris_rejects(policy: &PortierisPolicy) -> bool {
    policy.spec.repositories.iter().any(|it| {
        let trust = it.policy.trust.as_ref().is_some_and(|it| it.enabled == Some(true));
        let simple = it.policy.simple.as_ref().is_some_and(|it| {
            it.requirements.iter().any(|it| &*it.type_ != "insecureAcceptAnything")
        });
        trust || simple
    })
}

/// Whether a policy of the engine is there.
///
/// # Errors
///
/// Where its policies are not read, and it is there or may be.
pub(crate) fn has_policies(row: &VerifierRow, facts: &Facts<'_>) -> Known<bool> {
    let inventory = facts.inventory;
    let verifies = |it: &KyvernoPolicy| Ok(it.spec.rules.iter().any(asks_for_images));
    match row.policies {
        VerifierPolicies::Kyverno => any([
            inventory
                .kyverno_cluster_policies
                .find(Scope::Cluster, verifies)
                .map(|it| it.is_some()),
            inventory.kyverno_policies.find(Scope::Cluster, verifies).map(|it| it.is_some()),
        ]),
        VerifierPolicies::Sigstore => inventory
            .sigstore_image_policies
            .find(Scope::Cluster, |_| Ok(true))
            .map(|it| it.is_some()),
        VerifierPolicies::Portieris => Ok(either(
            inventory.portieris_cluster_image_policies.find(Scope::Cluster, |_| Ok(true)),
            inventory.portieris_image_policies.find(Scope::Cluster, |_| Ok(true)),
        )?
        .is_some()),
        VerifierPolicies::Unread => {
            if !any([is_served(row, facts), is_asked(row, facts)])? {
                return Ok(false);
            }
            let message = format!("the policies of {} are not read", row.name);
            let resource = Resource::CustomResourceDefinitions;
            Err(Gap::whole(resource, Cause::Inconclusive, message).into())
        }
    }
}

fn asks_for_images(rule: &KyvernoRule) -> bool {
    !rule.verify_images.is_empty()
}

/// Whether one of its kinds is served.
pub(crate) fn is_served(row: &VerifierRow, facts: &Facts<'_>) -> Known<bool> {
    let definitions = &facts.inventory.custom_resource_definitions;
    let found = definitions.find(Scope::Cluster, |it: &CustomResourceDefinition| {
        let kind = &*it.spec.names.kind;
        Ok(row.group.as_deref() == Some(&*it.spec.group) && row.kinds.iter().any(|it| it == kind))
    })?;
    Ok(found.is_some())
}

/// Whether the API server asks it about pods, be it about some.
pub(crate) fn is_asked(row: &VerifierRow, facts: &Facts<'_>) -> Known<bool> {
    by_webhook(row, facts, |_| Ok(true))
}

fn by_webhook(
    row: &VerifierRow,
    facts: &Facts<'_>,
    test: impl Fn(&Webhook) -> Known<bool>,
) -> Known<bool> {
    let asks = |it: &WebhookConfiguration| {
        let own = it.webhooks.iter().filter(|own| {
            let (configurations, services) = (&row.webhook_configuration, &row.service);
            policy_engine::is_of(configurations, services, &it.metadata.name, own) && sees_pods(own)
        });
        any(own.map(&test))
    };
    let inventory = facts.inventory;
    let found = either(
        inventory.validating_webhooks.find(Scope::Cluster, asks),
        inventory.mutating_webhooks.find(Scope::Cluster, asks),
    )?;
    Ok(found.is_some())
}

/// Whether an engine is in a namespace itself, as far as its webhooks call it there: none asks itself.
pub(crate) fn is_home(namespace: &Namespace, facts: &Facts<'_>) -> Known<bool> {
    let called = |it: &Webhook| {
        let service = it.client_config.service.as_ref();
        Ok(service.is_some_and(|it| it.namespace == namespace.name))
    };
    any(facts.tables.verifiers.iter().map(|row| by_webhook(row, facts, called)))
}

/// Whether an engine verifies the images of every pod of a namespace that its policies are about.
///
/// # Errors
///
/// Where one may, and conditions or exemptions that are not interpreted decide.
pub(crate) fn covers(namespace: &Namespace, facts: &Facts<'_>) -> Known<bool> {
    any(facts.tables.verifiers.iter().map(|row| match row.policies {
        VerifierPolicies::Kyverno => policy_engine::kyverno::verifies_images(namespace, facts),
        VerifierPolicies::Sigstore => {
            all([has_policies(row, facts), by_webhook(row, facts, |it| sends_all(it, namespace))])
        }
        VerifierPolicies::Portieris => {
            let inventory = facts.inventory;
            let here = Scope::Part(&namespace.name);
            let policy = either(
                inventory.portieris_cluster_image_policies.find(Scope::Cluster, |_| Ok(true)),
                inventory.portieris_image_policies.find(here, |_| Ok(true)),
            );
            all([
                policy.map(|it| it.is_some()),
                by_webhook(row, facts, |it| sends_all(it, namespace)),
            ])
        }
        VerifierPolicies::Unread => has_policies(row, facts),
    }))
}

/// Whether a webhook is sent every pod of a namespace.
fn sends_all(webhook: &Webhook, namespace: &Namespace) -> Known<bool> {
    if let Some(selector) = &webhook.namespace_selector
        && !selects(selector, namespace)?
    {
        return Ok(false);
    }
    let by_object = !webhook.object_selector.as_ref().is_none_or(Selector::is_empty);
    if by_object || !webhook.match_conditions.is_empty() {
        let message = format!("the webhook {} is sent some pods only", webhook.name);
        let resource = Resource::ValidatingWebhookConfigurations;
        return Err(Gap::whole(resource, Cause::Inconclusive, message).into());
    }
    Ok(true)
}
