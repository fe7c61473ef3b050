//! Workloads that hold a token which never expires, by a Secret somebody made for it.
//!
//! | Secrets that the pods refer to, by a volume or a variable             | verdict |
//! |-----------------------------------------------------------------------|---------|
//! | one is mounted where programs look for their token                    | fail    |
//! | another of type `kubernetes.io/service-account-token`                 | fail    |
//! | others, of unread type                                                | unknown |
//! | others, of other types or not there                                   | pass    |
//! | none                                                                  | pass    |
//!
//! The type counts where the Secret was listed. Until then a name such as `builder-token-x7k2p`, which the
//! token controller of old gave, says nothing for certain: it is a hint. A token that the kubelet projects
//! is no Secret.

use std::{collections::BTreeSet, sync::Arc};

use assay_model::{
    Findings, Location, Outcome, PodSpec, Resource, Severity, Workload, both, pod::VolumeSource,
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
        (
            Outcome::Fail,
            "a Secret of type `kubernetes.io/service-account-token` is referred to, or any is mounted at \
             /var/run/secrets/kubernetes.io/serviceaccount",
        ),
        (Outcome::Unknown, "the pod refers to other Secrets, whose types were not read"),
        (Outcome::Pass, "the pod refers to no Secret, or to none of that type"),
    ],
    needs: &[Resource::WORKLOADS, &[Resource::Secrets]],
    empty: Empty::NotApplicable,
    rule: Rule::Workload(token_secret_mounted),
};

/// The type of a Secret that holds a token.
const TOKEN: &str = "kubernetes.io/service-account-token";

fn token_secret_mounted(workload: &Workload, facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
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
    let mut typed = Ok(());
    for name in others {
        match facts.inventory.secrets.get(&workload.namespace, &name) {
            Ok(Some(secret)) if &*secret.type_ == TOKEN => {
                let detail =
                    format!("refers to Secret {name}, which holds a token that never ends");
                findings.fail(Location::object(), detail);
            }
            // What is not there holds no token.
            Ok(_) => {}
            Err(unknown) => {
                if is_named_as_token(&name) {
                    let namespace = &workload.namespace;
                    findings.hint(format!("Secret {namespace}/{name} is named as a token is"));
                }
                typed = both(typed, Err(unknown));
            }
        }
    }
    both(read, typed)?;
    Ok(Ruling::Applies)
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
