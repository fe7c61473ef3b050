//! What stands between a tenant's pod and a node: `PodSecurity` admission, by the labels of namespaces,
//! and whatever else may refuse pods.
//!
//! A label is no proof: the plug-in can be off, and its configuration file exempts whom it likes. So a
//! namespace is held to be guarded only if the flags of every API server show the plug-in on and no such
//! file, or if policies refuse as much ([`policy_engine`]); and to be open only if nothing else is there
//! that may refuse pods.

use assay_model::{
    Cause, Gap, Known, Location, Resource, Scope, Unknown, any, namespace::Namespace,
};

use crate::{
    Facts,
    flags::Replica,
    pod_security::{Control, LATEST, Level, controls},
    policy_engine,
    version::{Minor, minor_name},
};

/// What is read to tell whether admission guards a namespace, beside workloads.
pub const NEEDS: &[Resource] = &[
    Resource::Namespaces,
    Resource::Nodes,
    Resource::ValidatingWebhookConfigurations,
    Resource::MutatingWebhookConfigurations,
    Resource::CustomResourceDefinitions,
    Resource::ValidatingAdmissionPolicies,
    Resource::ValidatingAdmissionPolicyBindings,
    Resource::KyvernoClusterPolicies,
    Resource::KyvernoPolicies,
    Resource::KyvernoExceptions,
    Resource::KyvernoConfigMap,
    Resource::GatekeeperConstraints,
];

/// Every policy version has controls of every level.
pub const ANY_VERSION: Minor = (1, 0);

const API_SERVER: &str = "kube-apiserver";

/// The label that says which level a namespace enforces.
const ENFORCE: &str = "pod-security.kubernetes.io/enforce";
const ENFORCE_VERSION: &str = "pod-security.kubernetes.io/enforce-version";

/// What the labels of a namespace ask of admission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The level; what is none is taken for restricted, as upstream does.
    pub level: Level,
    /// The policy version; the newest when it is not pinned, or not to one that can be read.
    pub version: Minor,
}

/// What the labels of a namespace ask for; `None` without a label.
pub fn label(namespace: &Namespace) -> Known<Option<Label>> {
    let labels = &namespace.metadata.as_ref().map_err(Clone::clone)?.labels;
    let Some(level) = labels.get(ENFORCE) else { return Ok(None) };
    let level = Level::ALL.into_iter().find(|it| it.name() == &**level);
    let pinned = labels.get(ENFORCE_VERSION).and_then(|it| it.strip_prefix("v1.")?.parse().ok());
    Ok(Some(Label {
        level: level.unwrap_or(Level::Restricted),
        version: pinned.map_or(LATEST, |minor| (1, minor)),
    }))
}

/// Where the label stands.
pub fn at_label() -> Location {
    Location::field(format!("metadata.labels[{ENFORCE}]"))
}

/// What is wrong with a namespace that is proven not to be guarded, as words that follow the path of the
/// label. They go by the labels alone.
pub fn shortcoming(namespace: &Namespace, needed: Level, since: Minor) -> Known<String> {
    Ok(match label(namespace)? {
        None => "is not set, and nothing else stands in for it".to_owned(),
        Some(it) if it.level < needed => {
            format!("is `{}`, and nothing else refuses more", it.level.name())
        }
        Some(it) if it.version < since => {
            format!(
                "is `{}` of version {}, which does not have it",
                it.level.name(),
                minor_name(it.version)
            )
        }
        Some(it) => {
            format!(
                "is `{}`, but an API server runs without the PodSecurity plug-in",
                it.level.name()
            )
        }
    })
}

/// Whether every pod that breaks a level is refused in a namespace, whoever makes it. By which version of
/// the standards, makes no difference.
pub fn is_guarded(namespace: &Namespace, level: Level, facts: &Facts<'_>) -> Known<bool> {
    any([
        by_pod_security(namespace, level, ANY_VERSION, facts),
        policy_engine::refuses_pods(namespace, controls(ANY_VERSION, level), facts),
    ])
}

/// Whether every pod that breaks a control is refused in a namespace, whoever makes it.
pub fn refuses(control: &Control, namespace: &Namespace, facts: &Facts<'_>) -> Known<bool> {
    any([
        by_pod_security(namespace, control.level, control.since, facts),
        policy_engine::refuses_pods(namespace, [control], facts),
    ])
}

/// Whether `PodSecurity` admission refuses it.
fn by_pod_security(
    namespace: &Namespace,
    needed: Level,
    since: Minor,
    facts: &Facts<'_>,
) -> Known<bool> {
    let asks = label(namespace)?.map(|it| it.level >= needed && it.version >= since);
    match asks {
        Some(false) => Ok(false),
        Some(true) => match (is_off(facts), is_configured(facts)) {
            (Ok(true), _) => Ok(false),
            (Ok(false), Ok(false)) => Ok(true),
            (Ok(false), Ok(true)) => Err(exemptions_untold()),
            (Err(it), Ok(_)) | (Ok(_), Err(it)) => Err(it),
            (Err(a), Err(b)) => Err(a.and(b)),
        },
        // Without a label a level comes from the configuration file, and without one it is privileged.
        None => match is_configured(facts) {
            Ok(false) => Ok(false),
            _ if is_off(facts) == Ok(true) => Ok(false),
            Ok(true) => Err(exemptions_untold()),
            Err(unknown) => Err(unknown),
        },
    }
}

/// Whether some API server runs without the plug-in. It is on by default in every version that a table
/// of flags covers.
fn is_off(facts: &Facts<'_>) -> Known<bool> {
    some_server(facts, |replica| {
        let lists = |flag: &str| -> Known<(bool, bool)> {
            let list = replica.value(flag, facts)?;
            Ok((list.split(',').any(|it| it.trim() == "PodSecurity"), list.is_empty()))
        };
        let disabled = lists("disable-admission-plugins").map(|(has, _)| has);
        // The deprecated list of all plug-ins.
        let left_out = lists("admission-control").map(|(has, empty)| !has && !empty);
        any([disabled, left_out])
    })
}

/// Whether some API server has a configuration file for its plug-ins.
pub(crate) fn is_configured(facts: &Facts<'_>) -> Known<bool> {
    some_server(facts, |replica| {
        Ok(!replica.value("admission-control-config-file", facts)?.is_empty())
    })
}

/// Whether the flags of some API server are as `test` says; unknown while none is seen.
pub(crate) fn some_server(
    facts: &Facts<'_>,
    test: impl Fn(&Replica) -> Known<bool>,
) -> Known<bool> {
    let servers = facts.replicas(API_SERVER);
    if servers.find(Scope::Cluster, |_| Ok(true))?.is_none() {
        return Err(untold(format!("no mirror pod shows the flags of {API_SERVER}")));
    }
    Ok(servers.find(Scope::Cluster, test)?.is_some())
}

/// What a configuration file leaves open.
pub(crate) fn exemptions_untold() -> Unknown {
    untold("the file of --admission-control-config-file may exempt anybody, and is not read")
}

fn untold(why: impl Into<String>) -> Unknown {
    Gap::part(Resource::Pods, "kube-system", Cause::Inconclusive, why).into()
}
