//! Secrets that are handed over as environment variables.
//!
//! | field, from the pod spec                       | accepted |
//! |------------------------------------------------|----------|
//! | `containers[*].env[*].valueFrom.secretKeyRef`  | unset    |
//! | `containers[*].envFrom[*].secretRef`           | unset    |
//!
//! Init and ephemeral containers count; so does a reference that is `optional`.
//! Elsewhere: a value that is written out is `credential-in-environment`'s.

use assay_model::{Findings, Outcome, PodSpec, Resource, Severity};

use crate::{Check, Empty, Rule};

pub(super) static CHECK: Check = Check {
    code: "APP-SEC-001",
    id: "secret-in-environment",
    title: "Secret is passed as an environment variable",
    severity: Severity::Medium,
    rationale: "The environment is inherited by every child process and ends up in crash reports and \
                debug pages; a new value of the Secret reaches it only by a restart.",
    remediation: "Mount the Secret as a volume, or let a provider of the Secrets Store CSI driver \
                  mount it; read it from the file.",
    references: &["https://kubernetes.io/docs/concepts/security/secrets-good-practices/"],
    verdicts: &[
        (Outcome::Fail, "a variable takes a key of a Secret, or all variables of one are taken"),
        (Outcome::Warn, "a pod in a platform namespace does so"),
        (Outcome::Pass, "no container does"),
    ],
    needs: &[Resource::WORKLOADS],
    empty: Empty::NotApplicable,
    rule: Rule::PodSpec(secret_in_environment),
};

fn secret_in_environment(pod: &PodSpec, findings: &mut Findings) {
    for container in pod.containers() {
        for (index, variable) in container.env.iter().enumerate() {
            let secret = variable.value_from.as_ref().and_then(|it| it.secret_key_ref.as_ref());
            if let Some(secret) = secret {
                let at = container.field(&format!("env[{index}].valueFrom.secretKeyRef"));
                findings.fail(at, format!("takes `{}` from Secret {}", variable.name, secret.name));
            }
        }
        for (index, source) in container.env_from.iter().enumerate() {
            if let Some(secret) = &source.secret_ref {
                let at = container.field(&format!("envFrom[{index}].secretRef"));
                findings.fail(at, format!("takes every key of Secret {}", secret.name));
            }
        }
    }
}
