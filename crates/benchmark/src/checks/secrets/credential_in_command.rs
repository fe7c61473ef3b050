//! Credentials that are written out in a command line, a probe or a lifecycle hook.
//!
//! | a word of `command` or `args`, of an `exec`, or the value of an HTTP header    | verdict |
//! |--------------------------------------------------------------------------------|---------|
//! | a provider's token format, a private key, a connection string with a password  | fail    |
//! | random, under a flag or a header for credentials                               | fail    |
//! | any text, under the header `Authorization`                                     | fail    |
//! | any other text, under a flag or a header for credentials                       | warn    |
//! | empty, a reference, a path, a number, `true`, …                                | pass    |
//!
//! Init and ephemeral containers count. The model keeps a word's shape and never the word, so no report
//! can show one. Names for credentials: [`credential`].
//! Elsewhere: variables are `credential-in-environment`'s.

use std::collections::BTreeSet;

use assay_model::{
    Findings, Location, Outcome, PodSpec, Resource, Severity,
    arguments::{Arguments, Value, Word},
    literal::Literal,
    pod::{Handler, Placed},
};

use crate::{
    Check, Empty, Rule,
    credential::{self, Suspicion},
};

pub(super) static CHECK: Check = Check {
    code: "APP-SEC-003",
    id: "credential-in-command",
    title: "credential is written out in a command, a probe or a hook",
    severity: Severity::High,
    rationale: "It stands in the manifest and in the repository it comes from, and every process of the \
                container, and of the node, sees it in the list of processes.",
    remediation: "Treat it as leaked and replace it; keep the new one in a Secret, mount it as a file and \
                  let the program read that, or a probe call a script that does.",
    references: &["https://kubernetes.io/docs/concepts/security/secrets-good-practices/"],
    verdicts: &[
        (
            Outcome::Fail,
            "a word has the format of a credential, is random under a name for credentials, or is sent \
             as `Authorization`",
        ),
        (Outcome::Warn, "a word is other text under a name for credentials"),
        (Outcome::Pass, "no word is either"),
    ],
    needs: &[Resource::WORKLOADS],
    empty: Empty::NotApplicable,
    rule: Rule::PodSpec(credential_in_command),
};

/// Headers that carry nothing but credentials.
const LOGINS: [&str; 2] = ["authorization", "proxy-authorization"];

/// Where, and what was seen there; each once, however often a word stands there.
type Seen = BTreeSet<(Location, String, bool)>;

fn credential_in_command(pod: &PodSpec, findings: &mut Findings) {
    let mut seen = Seen::new();
    for container in pod.containers() {
        words(&container.command, &container.field("command"), &mut seen);
        words(&container.args, &container.field("args"), &mut seen);
        for (path, handler) in handlers(&container) {
            if let Some(exec) = &handler.exec {
                words(&exec.command, &container.field(&format!("{path}.exec.command")), &mut seen);
            }
            for (index, header) in
                handler.http_get.iter().flat_map(|it| &it.http_headers).enumerate()
            {
                let Some(literal) = header.literal else { continue };
                let is_login = LOGINS.iter().any(|it| header.name.eq_ignore_ascii_case(it));
                let suspicion = match literal {
                    Literal::Plain | Literal::Random if is_login => Some(Suspicion::Strong),
                    _ => credential::suspicion(literal, &header.name),
                };
                let at = container.field(&format!("{path}.httpGet.httpHeaders[{index}].value"));
                note(
                    suspicion,
                    at,
                    format!("of `{}` is {}", header.name, literal.name()),
                    &mut seen,
                );
            }
        }
    }
    for (at, detail, is_fault) in seen {
        if is_fault { findings.fail(at, detail) } else { findings.warn(at, detail) }
    }
}

/// What the kubelet does with a container while it lives.
fn handlers<'p>(container: &'p Placed<'_>) -> impl Iterator<Item = (&'static str, &'p Handler)> {
    let lifecycle = container.lifecycle.as_deref();
    [
        ("livenessProbe", container.liveness_probe.as_deref()),
        ("readinessProbe", container.readiness_probe.as_deref()),
        ("startupProbe", container.startup_probe.as_deref()),
        ("lifecycle.postStart", lifecycle.and_then(|it| it.post_start.as_ref())),
        ("lifecycle.preStop", lifecycle.and_then(|it| it.pre_stop.as_ref())),
    ]
    .into_iter()
    .filter_map(|(path, handler)| Some((path, handler?)))
}

/// Notes the words of a command line that may be credentials: by themselves, or by the flag that they
/// are given to, with `=` or as the next word.
fn words(line: &Arguments, at: &Location, seen: &mut Seen) {
    let mut flag: Option<&str> = None;
    for word in line.words() {
        let (name, literal) = match word {
            Word::Assigned(name, Value::Hidden(literal)) => (Some(&**name), *literal),
            Word::Hidden(literal) => (flag, *literal),
            _ => (None, Literal::Empty),
        };
        let suspicion = credential::suspicion(literal, name.unwrap_or_default());
        let detail = match name {
            Some(name) => format!("has --{name}, which is {}", literal.name()),
            None => format!("has a word that is {}", literal.name()),
        };
        note(suspicion, at.clone(), detail, seen);
        flag = match word {
            Word::Flag(name) => Some(name),
            _ => None,
        };
    }
}

fn note(suspicion: Option<Suspicion>, at: Location, detail: String, seen: &mut Seen) {
    if let Some(suspicion) = suspicion {
        seen.insert((at, detail, suspicion == Suspicion::Strong));
    }
}
