//! How Secrets are encrypted before they reach etcd, as the API server counts it.
//!
//! `apiserver_storage_transformation_operations_total{resource="secrets"}` counts what each provider
//! did since the server began; `transformer_prefix` is what the provider writes before the data. For none it
//! is empty (written) or `identity` (read). `aescbc`, `aesgcm` and `secretbox` count each Secret once more,
//! by the name of the key. (`storage/value/transformer.go` of the API server; seen in 1.37.)
//!
//! | code        | series                        | fail                   | warn                                     |
//! |-------------|-------------------------------|------------------------|------------------------------------------|
//! | APP-SEC-010 | `to_storage`, `OK`            | only the empty prefix; or a server without `--encryption-provider-config` | the empty one beside others |
//! | APP-SEC-011 | `to_storage`, `OK`            | only the empty prefix  | KMS v1, `aesgcm`, `aescbc`, or a mixture |
//! | APP-SEC-013 | `from_storage`                | any status but `OK`    | more than one prefix                     |
//!
//! A server writes with one provider at a time, but may have changed it since it began; so an empty
//! prefix beside others is a weakness: plain writes that may be over. No series says nothing: a server without
//! the flag counts none, and with it there may have been no write.

use std::collections::BTreeSet;

use assay_model::{
    Basis, Cause, Findings, Gap, Known, Location, Outcome, Resource, Scope, Severity, both,
    control_plane::Series,
};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling};

const REFERENCES: &[&str] = &["https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/"];

pub(super) static UNENCRYPTED: Check = Check {
    code: "APP-SEC-010",
    id: "unencrypted-secrets",
    title: "stored Secrets are not encrypted",
    severity: Severity::High,
    rationale: "Whoever reads a disk, a snapshot or a backup of etcd has every password and key of the cluster.",
    remediation: "Give the API server an `EncryptionConfiguration` (`--encryption-provider-config`) whose first \
                  provider for `secrets` is `kms` v2, then write all of them anew: `kubectl get secrets -A -o json | \
                  kubectl replace -f -`.",
    references: REFERENCES,
    verdicts: &[
        (
            Outcome::Fail,
            "an API server is not given `--encryption-provider-config`, or has written Secrets without a \
             provider, and none with one",
        ),
        (Outcome::Warn, "it has written some with a provider and some without since it began"),
        (Outcome::Pass, "all that it has written since were encrypted"),
    ],
    needs: &[Resource::WORKLOADS, &[Resource::Nodes, Resource::Metrics]],
    empty: Empty::NotApplicable,
    rule: Rule::Cluster(unencrypted),
};

pub(super) static WEAK: Check = Check {
    code: "APP-SEC-011",
    id: "weak-secret-encryption",
    title: "stored Secrets are encrypted by a weak provider",
    severity: Severity::High,
    rationale: "With a key in a file of the same host, a backup of that host opens the backup of etcd; `aescbc` can be \
                tampered with, `aesgcm` breaks unless keys are rotated often, and KMS v1 is going away.",
    remediation: "Make `kms` with `apiVersion: v2` (or `secretbox`, where there is no KMS) the first provider for \
                  `secrets`, keep the old one second until all Secrets are written anew, then remove it.",
    references: REFERENCES,
    verdicts: &[
        (Outcome::Fail, "the API server has written Secrets without a provider, and none with one"),
        (Outcome::Warn, "with KMS v1, `aesgcm`, `aescbc`, or with more than one since it began"),
        (Outcome::Pass, "with KMS v2 or `secretbox` alone"),
    ],
    needs: &[&[Resource::Metrics]],
    empty: Empty::NotApplicable,
    rule: Rule::Cluster(weak),
};

pub(super) static STALE: Check = Check {
    code: "APP-SEC-013",
    id: "stale-secret-encryption",
    title: "stored Secrets are not all under the current key",
    severity: Severity::Medium,
    rationale: "What was stored before encryption was set up, or under a key that has leaked, stays so until it is \
                written again. A Secret that cannot be decrypted is lost, and holds up what lists Secrets.",
    remediation: "Write all Secrets anew (`kubectl get secrets -A -o json | kubectl replace -f -`, or the storage \
                  version migrator), and only then take the old provider out. Put the key back under which a Secret \
                  cannot be read, or delete the Secret.",
    references: REFERENCES,
    verdicts: &[
        (Outcome::Fail, "the API server could not decrypt something"),
        (Outcome::Warn, "it has read Secrets by more than one provider or key since it began"),
        (Outcome::Pass, "all that it has read since were of one"),
    ],
    needs: &[&[Resource::Metrics]],
    empty: Empty::NotApplicable,
    rule: Rule::Cluster(stale),
};

/// With it the API server has providers; without it, it writes what it is given.
const FLAG: &str = "encryption-provider-config";

/// What each provider's prefix begins with.
const PREFIX: &str = "k8s:enc:";

const METRIC: &str = "apiserver_storage_transformation_operations_total";

/// The series of Secrets in one direction that have counted something, of all servers that answered.
fn counted<'a>(facts: &'a Facts<'_>, direction: &'static str) -> Known<Vec<&'a Series>> {
    let metrics = facts.inventory.metrics.as_ref().map_err(Clone::clone)?;
    let all = metrics.0.iter().flat_map(|it| it.of(METRIC));
    let series: Vec<&Series> = all
        .filter(|it| it.label("resource") == "secrets" && it.value > 0.0)
        .filter(|it| it.label("transformation_type") == direction)
        .collect();
    if series.is_empty() {
        let done = if direction == "to_storage" { "written" } else { "read" };
        let message = format!(
            "no provider has {done} a Secret since the server began: there is none, or no Secret was {done}"
        );
        return Err(Gap::whole(Resource::Metrics, Cause::Inconclusive, message).into());
    }
    Ok(series)
}

/// What Secrets were written or read with.
struct Used<'a> {
    /// Prefixes of providers; of none it is empty.
    providers: BTreeSet<&'a str>,
    /// Names of keys.
    keys: BTreeSet<&'a str>,
}

impl<'a> Used<'a> {
    /// What did so with success.
    fn by(series: &[&'a Series]) -> Self {
        let good = series.iter().filter(|it| it.label("status") == "OK");
        let prefixes = good.map(|it| match it.label("transformer_prefix") {
            "identity" => "",
            other => other,
        });
        let is_provider = |it: &&str| it.is_empty() || it.starts_with(PREFIX);
        let (providers, keys) = prefixes.partition(is_provider);
        Used { providers, keys }
    }

    /// Whether it was more than one provider, or one with more than one key.
    fn is_mixed(&self) -> bool {
        self.providers.len() > 1 || self.keys.len() > 1
    }
}

/// What wrote Secrets since the servers began.
fn writers<'a>(facts: &'a Facts<'_>) -> Known<Used<'a>> {
    let used = Used::by(&counted(facts, "to_storage")?);
    if used.providers.is_empty() {
        let message = "no Secret was written with success since the server began";
        return Err(Gap::whole(Resource::Metrics, Cause::Inconclusive, message).into());
    }
    Ok(used)
}

fn at() -> Location {
    Location::field("API server")
}

fn unencrypted(facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let servers = facts.replicas("kube-apiserver");
    let plain = servers.find(Scope::Cluster, |it| Ok(it.value(FLAG, facts)?.is_empty()));
    if matches!(plain, Ok(Some(_))) {
        findings.rest_on(Basis::Declared);
        findings.fail(at(), format!("is not given --{FLAG}"));
    }
    let counted = writers(facts).map(|writers| {
        if writers.providers.contains("") {
            if writers.providers.len() == 1 {
                findings.fail(at(), "writes Secrets as they are");
            } else {
                findings.warn(
                    at(),
                    "has written Secrets as they are since it began, and encrypted ones too",
                );
            }
        }
    });
    both(plain.map(|_| ()), counted).map(|()| Ruling::Applies)
}

fn weak(facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let writers = writers(facts)?;
    for writer in &writers.providers {
        match provider(writer) {
            None if writers.providers.len() == 1 => {
                findings.fail(at(), "writes Secrets as they are");
            }
            None => findings.warn(at(), "has written Secrets as they are since it began"),
            Some("kms:v2" | "secretbox") => {}
            Some(weak) => findings.warn(at(), format!("writes Secrets by {weak}")),
        }
    }
    if writers.is_mixed() {
        findings.warn(at(), "has written Secrets by more than one provider or key since it began");
    }
    Ok(Ruling::Applies)
}

/// The kind of provider that a prefix is of; `None` for no provider.
fn provider(prefix: &str) -> Option<&str> {
    let rest = prefix.strip_prefix(PREFIX).unwrap_or(prefix);
    if rest.is_empty() {
        return None;
    }
    let mut parts = rest.match_indices(':').map(|(at, _)| at);
    let first = parts.next().unwrap_or(rest.len());
    let end = if rest.starts_with("kms:") { parts.next().unwrap_or(rest.len()) } else { first };
    Some(&rest[..end])
}

fn stale(facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let read = counted(facts, "from_storage")?;
    if read.iter().any(|it| it.label("status") != "OK") {
        findings.fail(at(), "could not decrypt Secrets that are stored");
    }
    if Used::by(&read).is_mixed() {
        findings.warn(at(), "reads Secrets of more than one provider or key");
    }
    Ok(Ruling::Applies)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_tells_its_provider() {
        assert_eq!(provider(""), None);
        assert_eq!(provider("k8s:enc:kms:v2:vault:"), Some("kms:v2"));
        assert_eq!(provider("k8s:enc:kms:v1:vault:"), Some("kms:v1"));
        assert_eq!(provider("k8s:enc:aescbc:v1:key1:"), Some("aescbc"));
        assert_eq!(provider("k8s:enc:secretbox:v1:key1:"), Some("secretbox"));
    }
}
