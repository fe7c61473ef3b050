//! Workloads that hold a token which never expires, by a Secret somebody made for it.
//!
//! | Secrets that the pods refer to, by a volume or a variable             | verdict |
//! |-----------------------------------------------------------------------|---------|
//! | one is mounted where programs look for their token                    | fail    |
//! | others                                                                | unknown |
//! | none                                                                  | pass    |
//!
//! Whether another Secret is a token, its type tells, and Secrets are not read. A name such as
//! `builder-token-x7k2p`, which the token controller of old gave, says nothing for certain: it is a
//! hint. A token that the kubelet projects is no Secret.

use std::{collections::BTreeSet, sync::Arc};

use assay_model::{
    Cause, Findings, Gap, Location, Outcome, PodSpec, Resource, Severity, Workload,
    pod::VolumeSource,
};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling, accounts::TOKEN_PATH};

pub(super) static CHECK: Check = Check {
    code: "APP-ACC-009",
    id: "token-secret-mounted",
    title: "workload holds a service account token from a Secret",
    severity: Severity::High,
    rationale: "Such a token does not expire and is bound to no pod: whoever copies it once, from the pod, \
                a backup or the Secret, is that account until somebody deletes the Secret.",
    remediation: "Set `serviceAccountName` and let the kubelet project the token, or ask for one by the \
                  TokenRequest API; then delete the Secret of type `kubernetes.io/service-account-token`.",
    references: &[
        "https://kubernetes.io/docs/concepts/configuration/secret/#serviceaccount-token-secrets",
        "https://kubernetes.io/docs/concepts/security/service-accounts/#get-a-token",
    ],
    verdicts: &[
        (Outcome::Fail, "a Secret is mounted at /var/run/secrets/kubernetes.io/serviceaccount"),
        (Outcome::Unknown, "the pod refers to other Secrets, whose types are not read"),
        (Outcome::Pass, "the pod refers to no Secret"),
    ],
    needs: &[Resource::WORKLOADS],
    empty: Empty::NotApplicable,
    rule: Rule::Workload(token_secret_mounted),
};

fn token_secret_mounted(workload: &Workload, _: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let mut others: BTreeSet<Arc<str>> = BTreeSet::new();
    let mut at_token_path: BTreeSet<(Location, Arc<str>)> = BTreeSet::new();
    let read = workload.each_spec(|spec| {
        others.extend(spec.secrets().cloned());
        at_token_path.extend(mounts_at_token_path(spec));
    });
    for (at, secret) in at_token_path {
        let detail = format!("mounts Secret {secret} where programs look for their token");
        findings.fail(workload.locate(at), detail);
        others.remove(&secret);
    }
    for name in others.iter().filter(|it| is_named_as_token(it)) {
        findings.hint(format!("Secret {}/{name} is named as a token is", workload.namespace));
    }
    read?;
    if others.is_empty() {
        return Ok(Ruling::Applies);
    }
    let message = "the types of the Secrets that they refer to are not read yet";
    let namespace = workload.namespace.clone();
    Err(Gap::part(Resource::Pods, namespace, Cause::Inconclusive, message).into())
}

/// The mounts of a Secret at the token's usual path, each with the Secret's name.
fn mounts_at_token_path(spec: &PodSpec) -> Vec<(Location, Arc<str>)> {
    let secret = |name: &str| {
        let volume = spec.volumes.iter().find(|it| &*it.name == name)?;
        match &volume.source {
            VolumeSource::Secret(it) => Some(it.secret_name.clone()),
            _ => None,
        }
    };
    let mut found = Vec::new();
    for container in spec.containers() {
        for (index, mount) in container.volume_mounts.iter().enumerate() {
            if &*mount.mount_path == TOKEN_PATH
                && let Some(secret) = secret(&mount.name)
            {
                found.push((container.field(&format!("volumeMounts[{index}]")), secret));
            }
        }
    }
    found
}

/// Whether a name is of the form that the token controller gave: account, `-token-`, five letters.
fn is_named_as_token(name: &str) -> bool {
    name.rsplit_once("-token-")
        .is_some_and(|(account, rest)| !account.is_empty() && rest.len() == 5)
}
