//! Credentials that are written out in a manifest, as the value of an environment variable.
//!
//! | value of a variable, by its shape                         | verdict |
//! |-----------------------------------------------------------|---------|
//! | a provider's token format, a private key                  | fail    |
//! | a connection string with a password                       | fail    |
//! | random, under a name for credentials                      | fail    |
//! | any other text, under a name for credentials              | warn    |
//! | empty, a reference, a path, a number, `true`, …           | pass    |
//!
//! Init and ephemeral containers count. The model keeps a value's shape and never the value
//! ([`Literal`](assay_model::literal::Literal)), so no report can show one. Names for credentials:
//! [`credential`]. Elsewhere: values that a Secret holds are `secret-in-environment`'s; words of a
//! command line are `credential-in-command`'s.

use assay_model::{Findings, Outcome, PodSpec, Resource, Severity};

use crate::{
    Check, Empty, Rule,
    credential::{self, Suspicion},
};

pub(super) static CHECK: Check = Check {
    code: "APP-SEC-002",
    id: "credential-in-environment",
    title: "credential is written out in the environment",
    severity: Severity::High,
    rationale: "Whoever may read the pod, its manifest or the repository it comes from has the \
                credential; no audit log says that it was read.",
    remediation: "Treat the value as leaked and replace it; keep the new one in a Secret or an external \
                  store, mounted as a file.",
    references: &["https://kubernetes.io/docs/concepts/security/secrets-good-practices/"],
    verdicts: &[
        (
            Outcome::Fail,
            "a value has the format of a credential, or is random under a name for credentials",
        ),
        (Outcome::Warn, "a value is other text under a name for credentials"),
        (Outcome::Pass, "no value is either"),
    ],
    needs: &[Resource::WORKLOADS],
    empty: Empty::NotApplicable,
    rule: Rule::PodSpec(credential_in_environment),
};

fn credential_in_environment(pod: &PodSpec, findings: &mut Findings) {
    for container in pod.containers() {
        for (index, variable) in container.env.iter().enumerate() {
            let Some(literal) = variable.literal else { continue };
            let at = || container.field(&format!("env[{index}].value"));
            let detail = || format!("of `{}` is {}", variable.name, literal.name());
            match credential::suspicion(literal, &variable.name) {
                Some(Suspicion::Strong) => findings.fail(at(), detail()),
                Some(Suspicion::Weak) => findings.warn(at(), detail()),
                None => {}
            }
        }
    }
}
