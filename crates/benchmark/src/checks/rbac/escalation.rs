//! Rights by which a subject gives itself others.
//!
//! | row                          | rights                                                            |
//! |------------------------------|-------------------------------------------------------------------|
//! | `escalate-verb`              | escalate on `roles`, `clusterroles`                               |
//! | `bind-verb`                  | bind on `roles`, `clusterroles`                                   |
//! | `impersonation`              | impersonate on `users`, `groups`, `serviceaccounts`, `uids`, `userextras/…` |
//! | `constrained-impersonation`  | `impersonate:MODE` for any name, with `impersonate-on:MODE:VERB` on what another row is about |
//! | `rbac-write`                 | create, update, patch, delete on roles and bindings               |
//!
//! To escalate is a fault in a platform namespace too, and a weakness of severity high in another. To
//! bind roles that grant no more than `view` is nothing. To impersonate others by name is a fault where
//! one of them is as good as the cluster's administrator. To write roles or bindings is a weakness
//! where the subject may neither bind nor escalate, for then the server lets nobody grant what he does
//! not have; so is to delete them alone.
//!
//! Both halves of a constrained impersonation are needed. `system:masters` cannot be had by it. The
//! feature is off by default in 1.35, so there it is a weakness.
//! Source: `k8s.io/apiserver/pkg/endpoints/filters/impersonation`,
//! `k8s.io/kubernetes/pkg/registry/rbac/escalation_check.go`.

use assay_model::{
    Known, Outcome, Scope, Severity, all, any,
    rbac::{Role, Subject},
};

use super::ROW;
use crate::{
    Check, Facts, Rule, accounts,
    rbac::{
        self, Reach, allows,
        critical::{BIND, ESCALATE, RBAC},
        power::{Ask, Claim, Grade, Held, Power, Right, Rights, Target, usual},
    },
};

pub(super) static ESCALATING: Check = Check {
    code: "CLU-RBA-026",
    id: "escalate-verb",
    title: "subject writes roles with more rights than its own",
    severity: Severity::Critical,
    rationale: "Whoever may escalate writes every right into a role that he is bound to, and is \
                cluster-admin with the next request.",
    remediation: "Take the verb `escalate`, and `*`, on `roles` and `clusterroles` from the role. An operator \
                  that creates roles can be granted what it grants instead.",
    references: &[ESCALATION],
    verdicts: &[
        (Outcome::Fail, "it may for the whole cluster, and is not allowed"),
        (Outcome::Fail, "it may in a platform namespace, and is not allowed"),
        (Outcome::Warn, "it may in another namespace, or for roles by name"),
        (Outcome::Pass, "only what the API server or the installer binds, and what is allowed"),
    ],
    rule: Rule::Power(&Power {
        rights: Rights::Any(ESCALATE),
        grade: |held, ask| {
            let namespace = &held.grant.namespace;
            Ok(match usual(&held.claims) {
                Grade::Counts if namespace.is_empty() || ask.is_exposed() => Grade::Counts,
                Grade::Counts if ask.facts.settings.is_platform(namespace) => {
                    Grade::Fault("in a platform namespace")
                }
                Grade::Counts => Grade::Milder(Severity::High, "in one namespace"),
                it => it,
            })
        },
        ..Power::USUAL
    }),
    ..ROW
};

pub(super) static BINDING: Check = Check {
    code: "CLU-RBA-027",
    id: "bind-verb",
    title: "subject hands out roles with more rights than its own",
    severity: Severity::Critical,
    rationale: "Whoever may bind any role binds cluster-admin, to himself as well.",
    remediation: "Name the roles that it may hand out in `resourceNames`, or take the verb `bind`, and `*`, on \
                  `roles` and `clusterroles` from the role.",
    references: &[ESCALATION],
    verdicts: &[
        (Outcome::Fail, "it may bind any role for the whole cluster, and is not allowed"),
        (Outcome::Warn, "it may in a namespace, or roles by name that grant more than `view`"),
        (Outcome::Pass, "it may bind roles by name that grant no more than `view`"),
        (Outcome::Pass, "only what the API server or the installer binds, and what is allowed"),
    ],
    rule: Rule::Power(&Power {
        rights: Rights::Any(BIND),
        grade: |held, ask| {
            let harmless = |it: &Claim| grants_little(it, &held.grant.namespace, ask.facts);
            usual_unless(&held.claims, harmless)
        },
        ..Power::USUAL
    }),
    ..ROW
};

pub(super) static IMPERSONATING: Check = Check {
    code: "CLU-RBA-028",
    id: "impersonation",
    title: "subject acts as others",
    severity: Severity::Critical,
    rationale: "Whoever may impersonate any group takes `system:masters`, to which no rule applies; whoever may \
                impersonate accounts has the rights of the strongest of them.",
    remediation: "Take the verb `impersonate` from the role, or name in `resourceNames` who may be \
                  impersonated, and no administrators.",
    references: &[
        "https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/",
        "https://kubernetes.io/docs/concepts/security/rbac-good-practices/#impersonate-verb",
    ],
    verdicts: &[
        (Outcome::Fail, "it may act as anybody, for the whole cluster, and is not allowed"),
        (Outcome::Fail, "one that it may act as by name is as good as the cluster's administrator"),
        (Outcome::Warn, "it may act as accounts of a namespace, or as others by name"),
        (Outcome::Pass, "only what the API server or the installer binds, and what is allowed"),
    ],
    rule: Rule::Power(&Power {
        rights: Rights::Any(&[
            Right::cluster("", "groups", &["impersonate"]),
            Right::namespaced("", "serviceaccounts", &["impersonate"]),
            Right::cluster("", "users", &["impersonate"]),
            Right::cluster(AUTHENTICATION, "uids", &["impersonate"]),
            Right::cluster(AUTHENTICATION, "userextras/", &["impersonate"]),
        ]),
        grade: |held, ask| match usual(&held.claims) {
            Grade::Pinned => {
                let namespace = &held.grant.namespace;
                let mighty =
                    any(held.claims.iter().map(|it| names_critical(it, namespace, ask.facts)))?;
                Ok(if mighty && namespace.is_empty() {
                    Grade::Fault("and one of them is as good as the cluster's administrator")
                } else {
                    Grade::Pinned
                })
            }
            it => Ok(it),
        },
        ..Power::USUAL
    }),
    ..ROW
};

pub(super) static CONSTRAINED: Check = Check {
    code: "CLU-RBA-029",
    id: "constrained-impersonation",
    title: "subject does dangerous things as others",
    severity: Severity::High,
    rationale: "With any name to act as, the subject does what the strongest of them may: the constraint on \
                what it does is all that is left, and that allows what another check is about.",
    remediation: "Name in `resourceNames` who may be impersonated in that mode, and grant \
                  `impersonate-on:MODE:VERB` only for verbs and resources that are needed.",
    references: &["https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/"],
    verdicts: &[
        (
            Outcome::Fail,
            "it may take any name of a mode for the whole cluster, and do as that what a check of \
             severity high or critical is about",
        ),
        (
            Outcome::Warn,
            "it may for the accounts of a namespace; or in 1.35, which has it off by default",
        ),
        (Outcome::Pass, "no subject has both halves for any name"),
        (Outcome::NotApplicable, "Kubernetes before 1.35"),
    ],
    rule: Rule::Power(&Power {
        rights: Rights::Any(&[
            Right::namespaced(AUTHENTICATION, "serviceaccounts", &["impersonate:serviceaccount"]),
            Right::cluster(AUTHENTICATION, "users", &["impersonate:user-info"]),
            Right::cluster(
                AUTHENTICATION,
                "nodes",
                &["impersonate:arbitrary-node", "impersonate:associated-node"],
            ),
        ]),
        grade: in_a_mode,
        since: Some((1, 35)),
        ..Power::USUAL
    }),
    ..ROW
};

pub(super) static RBAC_WRITE: Check = Check {
    code: "CLU-RBA-030",
    id: "rbac-write",
    title: "subject writes roles or bindings",
    severity: Severity::High,
    rationale: "Together with `bind` or `escalate` it is every right; without, the subject still hands its own \
                rights to others and can take away everybody else's.",
    remediation: "Take the write verbs on `roles`, `clusterroles`, `rolebindings` and `clusterrolebindings` \
                  from the role; keep them to the tool that applies reviewed manifests, and allow that in \
                  the configuration file.",
    references: &[ESCALATION],
    verdicts: &[
        (
            Outcome::Fail,
            "it may for the whole cluster, together with `bind` or `escalate`, and is not allowed",
        ),
        (Outcome::Warn, "it has neither, may only delete, or may in a namespace"),
        (Outcome::Pass, "only what the API server or the installer binds, and what is allowed"),
    ],
    rule: Rule::Power(&Power {
        rights: Rights::Any(&[
            Right::cluster(RBAC, "clusterrolebindings", CHANGE),
            Right::cluster(RBAC, "clusterroles", CHANGE),
            Right::namespaced(RBAC, "rolebindings", CHANGE),
            Right::namespaced(RBAC, "roles", CHANGE),
        ]),
        grade: |held, ask| {
            let writes = |it: &&Claim| ["create", "patch", "update"].contains(&&*it.verb);
            let grade = usual(held.claims.iter().filter(writes));
            let namespace = &held.grant.namespace;
            Ok(match grade {
                Grade::Harmless => Grade::Weakness("only to delete"),
                it if ask.is_exposed() => it,
                _ if !ask.has_some(PAST_ONES_OWN, namespace)? => {
                    Grade::Weakness("with neither `bind` nor `escalate`")
                }
                Grade::Counts if namespace.is_empty() => {
                    Grade::Fault("with `bind` or `escalate` beside it")
                }
                it => it,
            })
        },
        ..Power::USUAL
    }),
    ..ROW
};

const ESCALATION: &str = "https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping";

const AUTHENTICATION: &str = "authentication.k8s.io";

const CHANGE: &[&str] = &["create", "delete", "deletecollection", "patch", "update"];

/// What lets a subject grant more than it has.
const PAST_ONES_OWN: &[Right] = &[BIND[0], BIND[1], ESCALATE[0], ESCALATE[1]];

/// As usual for what is not `harmless`.
pub(super) fn usual_unless(
    claims: &[Claim],
    harmless: impl Fn(&Claim) -> Known<bool>,
) -> Known<Grade> {
    // For any name it is not; so one that is decides, whatever of the others is not known.
    if usual(claims) == Grade::Counts {
        let unpinned = claims.iter().filter(|it| it.reach == Reach::Any);
        if any(unpinned.map(|it| harmless(it).map(|it| !it)))? {
            return Ok(Grade::Counts);
        }
    }
    let nothing = all(claims.iter().map(harmless))?;
    Ok(if nothing { Grade::Harmless } else { Grade::Pinned })
}

/// Whether every role that a claim names grants no more than `view` does, which reads no Secrets.
fn grants_little(claim: &Claim, namespace: &str, facts: &Facts<'_>) -> Known<bool> {
    let Reach::Named(names) = &claim.reach else { return Ok(false) };
    let inventory = facts.inventory;
    let little = |role: &Role| {
        let rules = rbac::effective_rules(role, &inventory.cluster_roles)?;
        let view = facts.tables.bootstrap.role("", "view", facts.server_minor()?)?;
        Ok(view.is_some_and(|view| rules.iter().all(|it| view.grants(it))))
    };
    all(names.iter().map(|name| {
        if claim.is_on(&["clusterroles"]) {
            return inventory.cluster_roles.get("", name)?.map_or(Ok(true), little);
        }
        let scope = if namespace.is_empty() { Scope::Cluster } else { Scope::Part(namespace) };
        let more = inventory.roles.find(scope, |role| {
            if role.metadata.name == *name { little(role).map(|it| !it) } else { Ok(false) }
        })?;
        Ok(more.is_none())
    }))
}

/// Whether one that a claim names is as good as the cluster's administrator.
fn names_critical(claim: &Claim, namespace: &str, facts: &Facts<'_>) -> Known<bool> {
    let (Reach::Named(names), Target::Resource { resource, .. }) = (&claim.reach, &claim.target)
    else {
        return Ok(false);
    };
    let subject = |kind: &str, name: &str| {
        rbac::normal(&Subject { kind: kind.into(), namespace: "".into(), name: name.into() })
    };
    any(names.iter().map(|name| match &**resource {
        "users" => facts.critical().is(&subject("User", name)),
        "groups" => facts.critical().is(&subject("Group", name)),
        "serviceaccounts" => critical_account(namespace, name, facts),
        _ => Ok(false),
    }))
}

/// Whether an account of that name is as good as the cluster's administrator; in any namespace, when
/// that is empty.
pub(super) fn critical_account(namespace: &str, name: &str, facts: &Facts<'_>) -> Known<bool> {
    if !namespace.is_empty() {
        return facts.critical().is(&accounts::subject(namespace, name));
    }
    let found = facts.cluster_holders().find(Scope::Cluster, |holder| {
        let subject = &holder.subject;
        let called = &*subject.kind == "ServiceAccount" && &*subject.name == name;
        if called { facts.critical().is(subject) } else { Ok(false) }
    })?;
    Ok(found.is_some())
}

/// Counts where any name may be taken in a mode, and the other half allows as that what another row is
/// about. The request may be for any namespace, so that half may be granted in any.
fn in_a_mode(held: &Held<'_>, ask: &Ask<'_>) -> Known<Grade> {
    let any_name = |it: &Claim| match &it.reach {
        Reach::Any => true,
        // The server asks for this name, which stands for the node that the account's pod runs on.
        Reach::Named(names) => {
            &*it.verb == "impersonate:associated-node" && names.iter().any(|it| &**it == "*")
        }
    };
    let harmless = |claim: &Claim| {
        if !any_name(claim) {
            return Ok(true);
        }
        let mode = claim.verb.strip_prefix("impersonate:").unwrap_or_default();
        let does = ask.any_rule("", |_, rule| {
            dangerous().any(|right| {
                let as_other = |verb: &&str| format!("impersonate-on:{mode}:{verb}");
                let mut verbs = right.verbs.iter().map(as_other);
                verbs.any(|it| allows(rule, &it, right.group, right.resource).is_some())
            })
        });
        does.map(|it| !it)
    };
    Ok(match usual_unless(&held.claims, harmless)? {
        Grade::Counts if ask.facts.server_minor()? < (1, 36) => {
            Grade::Weakness("which counts only where a feature gate is turned on")
        }
        Grade::Counts if held.grant.namespace.is_empty() => {
            Grade::Fault("with `impersonate-on` for what another check is about")
        }
        it => it,
    })
}

/// What the rows of severity high and critical are about.
fn dangerous() -> impl Iterator<Item = &'static Right> {
    let rows = super::CHECKS.iter().filter(|it| it.severity >= Severity::High);
    rows.flat_map(|check| match check.rule {
        Rule::Power(Power { rights: Rights::Any(rights), .. }) if check.id != CONSTRAINED.id => {
            rights.iter()
        }
        _ => [].iter(),
    })
}
