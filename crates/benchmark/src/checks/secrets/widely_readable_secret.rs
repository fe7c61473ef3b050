//! Secrets that more identities can read than anybody needs.
//!
//! | subjects that can read a Secret which a workload uses            | verdict |
//! |------------------------------------------------------------------|---------|
//! | more than [`TOO_MANY`], or everybody; the workload is exposed    | fail    |
//! | more than [`MANY`], or everybody                                 | warn    |
//! | fewer                                                            | pass    |
//!
//! A subject can read it by `get`, `list`, `watch` or `deletecollection`; by creating pods beside it,
//! which may mount it; or by `pods/exec`. A group counts as one. Not counted: `system:` users and
//! groups but those that stand for everybody, accounts of platform namespaces, and what is allowed in
//! the configuration file. Exposed is what [`exposure`] says.

use std::{collections::BTreeSet, sync::Arc};

use assay_model::{
    Findings, Known, Location, Outcome, PodSpec, Resource, Scope, Severity, Workload, both,
    pod::VolumeSource,
    rbac::{PolicyRule, Subject},
};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling, exposure,
    rbac::{Reach, Where, allows, is_everyone},
};

pub(super) static CHECK: Check = Check {
    code: "APP-SEC-028",
    id: "widely-readable-secret",
    title: "many identities can read a Secret",
    severity: Severity::High,
    rationale: "Each of them is one more way to the credential; and when it leaks, nobody can tell which \
                of them it was.",
    remediation: "Name the Secret in `resourceNames` for those who need it; take `secrets`, `pods` and \
                  `pods/exec` from the roles of the others (`kubectl auth can-i get secret/NAME \
                  --as=…`), or move the Secret into a namespace of its own.",
    references: &["https://kubernetes.io/docs/concepts/security/secrets-good-practices/"],
    verdicts: &[
        (
            Outcome::Fail,
            "more than 5 subjects, or everybody, can read a Secret of an exposed workload",
        ),
        (Outcome::Warn, "more than 3 subjects can read a Secret of a workload"),
        (Outcome::Pass, "at most 3 can read each"),
        (Outcome::NotApplicable, "the workload uses no Secret"),
    ],
    needs: &[Resource::WORKLOADS, Resource::RBAC, &[Resource::Services, Resource::Ingresses]],
    empty: Empty::NotApplicable,
    rule: Rule::Workload(widely_readable_secret),
};

const TOO_MANY: usize = 5;

const MANY: usize = 3;

fn widely_readable_secret(
    workload: &Workload,
    facts: &Facts<'_>,
    findings: &mut Findings,
) -> Ruled {
    let mut secrets = BTreeSet::new();
    let mut unknown = workload.each_spec(|spec| secrets.extend(secrets_of(spec)));
    let exposed = exposure::is_exposed(workload, facts.inventory);
    for secret in &secrets {
        let (readers, read) = readers(secret, &workload.namespace, facts);
        let at = || Location::field(format!("Secret {secret}"));
        let many = |number: usize| format!("can be read by more than {number} subjects");
        let too_many = [
            (readers.iter().any(is_everyone), "can be read by everybody".to_owned()),
            (readers.len() > TOO_MANY, many(TOO_MANY)),
        ];
        let mut is_said = false;
        for (_, detail) in too_many.into_iter().filter(|(holds, _)| *holds) {
            is_said = true;
            match &exposed {
                Ok(true) => findings.fail(at(), detail),
                Ok(false) => findings.warn(at(), detail),
                Err(it) => unknown = both(unknown, Err(it.clone())),
            }
        }
        // Who else can read it may make them too many.
        match read {
            Ok(()) if !is_said && readers.len() > MANY => findings.warn(at(), many(MANY)),
            Ok(()) => {}
            Err(it) => unknown = both(unknown, Err(it)),
        }
    }
    unknown?;
    if secrets.is_empty() {
        return Ok(Ruling::NotApplicable("the workload uses no Secret".to_owned()));
    }
    Ok(Ruling::Applies)
}

/// The Secrets that a pod mounts or takes variables from.
fn secrets_of(spec: &PodSpec) -> impl Iterator<Item = Arc<str>> {
    let mounted = spec.volumes.iter().flat_map(|volume| match &volume.source {
        VolumeSource::Secret(it) => vec![it.secret_name.clone()],
        VolumeSource::Projected(it) => {
            it.sources.iter().filter_map(|it| Some(it.secret.as_ref()?.name.clone())).collect()
        }
        _ => Vec::new(),
    });
    let variables = spec.containers().flat_map(|container| {
        let one = container
            .env
            .iter()
            .filter_map(|it| Some(it.value_from.as_ref()?.secret_key_ref.as_ref()?.name.clone()));
        let all =
            container.env_from.iter().filter_map(|it| Some(it.secret_ref.as_ref()?.name.clone()));
        one.chain(all).collect::<Vec<_>>()
    });
    mounted.chain(variables).filter(|it| !it.is_empty())
}

/// The subjects that count and can read a Secret, as far as bindings and roles were read.
fn readers(secret: &str, namespace: &str, facts: &Facts<'_>) -> (BTreeSet<Subject>, Known<()>) {
    let mut readers = BTreeSet::new();
    let mut read = Ok(());
    for reach in [Where::Cluster, Where::Namespace] {
        let seen = facts.holders(reach).each(Scope::Cluster, |holder| {
            if !counts(&holder.subject, facts) {
                return Ok(());
            }
            let mut unknown = Ok(());
            for grant in &holder.own {
                if !grant.namespace.is_empty() && *grant.namespace != *namespace {
                    continue;
                }
                match &grant.rules {
                    Ok(rules) if rules.iter().any(|it| reads(it, secret)) => {
                        readers.insert(holder.subject.clone());
                        return Ok(());
                    }
                    Ok(_) => {}
                    Err(it) => unknown = both(unknown, Err(it.clone())),
                }
            }
            unknown
        });
        read = both(read, seen);
    }
    (readers, read)
}

/// Whether a subject is one that tenants have a say in.
fn counts(subject: &Subject, facts: &Facts<'_>) -> bool {
    let is_platform = match &*subject.kind {
        "ServiceAccount" => facts.settings.is_platform(&subject.namespace),
        _ => subject.name.starts_with("system:") && !is_everyone(subject),
    };
    !is_platform && !facts.settings.allows(CHECK.id, subject)
}

/// Whether a rule lets its holder read a Secret of this name, be it through a pod.
fn reads(rule: &PolicyRule, secret: &str) -> bool {
    let of_name = |verb: &&str| match allows(rule, verb, "", "secrets") {
        Some(Reach::Any) => true,
        Some(Reach::Named(names)) => names.iter().any(|it| **it == *secret),
        None => false,
    };
    let any = |verb, resource| allows(rule, verb, "", resource) == Some(Reach::Any);
    ["get", "list", "watch", "deletecollection"].iter().any(of_name)
        || any("create", "pods")
        || any("create", "pods/exec")
        || any("get", "pods/exec")
}
