//! Pod-security labels that do not say what somebody meant.
//!
//! | `pod-security.kubernetes.io/…`                                  | verdict        |
//! |-----------------------------------------------------------------|----------------|
//! | none                                                            | not applicable |
//! | `enforce` is no level                                           | fail           |
//! | `audit` or `warn` is no level                                   | warn           |
//! | `…-version` is neither `latest` nor of the form v1.37           | warn           |
//! | `…-version` is more than 3 minors older than the server         | warn           |
//! | `audit` or `warn` is a weaker level than `enforce`              | warn           |
//! | else                                                            | pass           |
//!
//! Of what it cannot read, the server takes `restricted` for `enforce`, `privileged` for the other two,
//! and `latest` for a version. Elsewhere: which level is in force is said by the checks on admission.

use assay_model::{Findings, Location, Outcome, Resource, Severity, namespace::Namespace};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling};

pub(super) static CHECK: Check = Check {
    code: "APP-NSP-012",
    id: "invalid-pod-security-label",
    title: "pod-security labels do not parse or do not agree",
    severity: Severity::Medium,
    rationale: "Another level is in force than the one that somebody believes he has set: pods are refused \
                that should run, or what should have been reported goes unseen; an old version knows \
                nothing of the fields that came later.",
    remediation: "Set `enforce`, and `audit` and `warn` at least as strict, to `privileged`, `baseline` or \
                  `restricted`, and each `-version` to `latest` or a recent minor such as `v1.37`.",
    references: &["https://kubernetes.io/docs/concepts/security/pod-security-admission/"],
    verdicts: &[
        (Outcome::Fail, "`enforce` names no level"),
        (Outcome::Warn, "`audit` or `warn` names no level, or one that is weaker than `enforce`"),
        (Outcome::Warn, "a version does not parse, or is more than 3 minors older than the server"),
        (Outcome::Pass, "all that is set parses and agrees"),
        (Outcome::NotApplicable, "namespaces without a pod-security label"),
    ],
    needs: &[&[Resource::Namespaces, Resource::Version]],
    empty: Empty::NotApplicable,
    rule: Rule::Namespace(invalid_pod_security_label),
};

/// Weakest first.
const LEVELS: &[&str] = &["privileged", "baseline", "restricted"];

/// Of a version that is older than this many minors, the fields that came later are not judged.
const STALE_AFTER: u32 = 3;

fn invalid_pod_security_label(
    namespace: &Namespace,
    facts: &Facts<'_>,
    findings: &mut Findings,
) -> Ruled {
    const PREFIX: &str = "pod-security.kubernetes.io/";
    let labels = &namespace.metadata.as_ref().map_err(Clone::clone)?.labels;
    let value = |name: &str| labels.get(&*format!("{PREFIX}{name}")).map(|it| &**it);
    let at = |name: &str| Location::field(format!("metadata.labels[{PREFIX}{name}]"));
    let level = |mode| value(mode).and_then(|it| LEVELS.iter().position(|level| *level == it));
    let is_set = |mode: &&str| value(mode).or(value(&format!("{mode}-version"))).is_some();
    if !["enforce", "audit", "warn"].iter().any(is_set) {
        return Ok(Ruling::NotApplicable("no pod-security label".to_owned()));
    }
    if let Some(written) = value("enforce").filter(|_| level("enforce").is_none()) {
        let detail = format!("is `{written}`, which is no level: the server enforces `restricted`");
        findings.fail(at("enforce"), detail);
    }
    for mode in ["audit", "warn"] {
        let Some(written) = value(mode) else { continue };
        match level(mode) {
            None => {
                let detail = format!("is `{written}`, which is no level: the server says nothing");
                findings.warn(at(mode), detail);
            }
            own if own < level("enforce") => {
                findings.warn(at(mode), format!("is `{written}`, which is weaker than `enforce`"));
            }
            Some(_) => {}
        }
    }
    for mode in ["enforce-version", "audit-version", "warn-version"] {
        match value(mode) {
            None | Some("latest") => {}
            Some(written) => match pinned(written) {
                None => {
                    let detail =
                        format!("is `{written}`, which is no version: the server takes `latest`");
                    findings.warn(at(mode), detail);
                }
                Some(minor) if minor + STALE_AFTER < facts.server_minor()?.1 => {
                    let detail =
                        format!("is `{written}`, more than {STALE_AFTER} minors behind the server");
                    findings.warn(at(mode), detail);
                }
                Some(_) => {}
            },
        }
    }
    Ok(Ruling::Applies)
}

/// The minor of a version such as `v1.37`.
fn pinned(version: &str) -> Option<u32> {
    let minor = version.strip_prefix("v1.")?;
    let plain =
        minor.bytes().all(|it| it.is_ascii_digit()) && (minor == "0" || !minor.starts_with('0'));
    minor.parse().ok().filter(|_| plain)
}
