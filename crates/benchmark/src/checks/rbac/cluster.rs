//! Rights over what the whole cluster rests on.
//!
//! | row                           | rights                                                            |
//! |-------------------------------|-------------------------------------------------------------------|
//! | `node-proxy`                  | `nodes/proxy`, any verb                                           |
//! | `token-creation`              | `serviceaccounts/token` create                                    |
//! | `webhook-configuration-write` | webhook configurations create, update, patch; delete is a weakness |
//! | `admission-policy-write`      | admission policies and their bindings create, update, patch, delete |
//! | `persistent-volume-write`     | `persistentvolumes` create, update, patch                         |
//! | `namespace-relabelling`       | `namespaces` update, patch; a fault with pods to create there     |
//!
//! A namespace is asked for in itself, so a `RoleBinding` there lets it be changed.

use assay_model::{Known, Outcome, Scope, Severity, all, any};

use super::{
    CLUSTER_WIDE, ROW,
    escalation::critical_account,
    pods::{PODS, TEMPLATES},
};
use crate::{
    Check, Facts, Rule,
    accounts::{self, Grants},
    rbac::{
        Reach, Where,
        critical::{ADMISSION, NODE_PROXY, TOKEN_CREATE},
        power::{Ask, Claim, Grade, Held, Power, Right, Rights, usual},
    },
};

pub(super) static NODE: Check = Check {
    code: "CLU-RBA-033",
    id: "node-proxy",
    title: "subject reaches kubelets through the node proxy",
    severity: Severity::Critical,
    rationale: "A kubelet runs commands in any of its containers, also by a `get` that becomes a WebSocket; \
                admission and the audit log of the API server see nothing of that.",
    remediation: "Replace `nodes/proxy` by what is used: `nodes/metrics`, `nodes/stats`, `nodes/pods`, \
                  `nodes/healthz` or `nodes/configz` (a kubelet asks for these from 1.36 on, and before with \
                  `KubeletFineGrainedAuthz`). Monitoring needs `nodes/metrics` alone.",
    references: &[
        "https://kubernetes.io/docs/reference/access-authn-authz/kubelet-authn-authz/#fine-grained-authorization",
        "https://kubernetes.io/docs/concepts/security/rbac-good-practices/#access-to-proxy-subresource-of-nodes",
    ],
    needs: CLUSTER_WIDE,
    verdicts: FOR_THE_CLUSTER,
    rule: Rule::Power(&Power {
        rights: Rights::Any(NODE_PROXY),
        reach: Where::Cluster,
        ..Power::USUAL
    }),
    ..ROW
};

pub(super) static TOKEN: Check = Check {
    code: "CLU-RBA-038",
    id: "token-creation",
    title: "subject issues tokens of service accounts",
    severity: Severity::Critical,
    rationale: "A token of an account is the account: whoever issues tokens has the rights of the strongest \
                one within reach.",
    remediation: "Name the accounts in `resourceNames`, and let them hold no more than the subject does; or \
                  take `create` on `serviceaccounts/token` from the role.",
    references: &[
        "https://kubernetes.io/docs/concepts/security/rbac-good-practices/#token-request",
    ],
    verdicts: &[
        (Outcome::Fail, "it may for any account of the cluster, and is not allowed"),
        (Outcome::Fail, "it may for one by name that is as good as the cluster's administrator"),
        (Outcome::Warn, "it may for the accounts of a namespace, or for some with rights by name"),
        (Outcome::Pass, "it may for accounts by name that have no rights"),
        (Outcome::Pass, "only what the API server or the installer binds, and what is allowed"),
    ],
    rule: Rule::Power(&Power {
        rights: Rights::Any(TOKEN_CREATE),
        grade: by_account,
        ..Power::USUAL
    }),
    ..ROW
};

pub(super) static WEBHOOK: Check = Check {
    code: "CLU-RBA-040",
    id: "webhook-configuration-write",
    title: "subject writes admission webhook configurations",
    severity: Severity::Critical,
    rationale: "A webhook sees every object that is written, Secrets among them, and a mutating one changes it; \
                an existing one can be bent to let everything pass.",
    remediation: "Name the configurations in `resourceNames` with `update` and `patch`, as a controller needs \
                  that renews its certificate there, and let manifests create them.",
    references: &[
        "https://kubernetes.io/docs/concepts/security/rbac-good-practices/#control-admission-webhooks",
    ],
    verdicts: &[
        (Outcome::Fail, "it may create or change any, and is not allowed"),
        (Outcome::Warn, "it may change some by name, or only delete"),
        (Outcome::Pass, "only what the API server or the installer binds, and what is allowed"),
    ],
    needs: CLUSTER_WIDE,
    rule: Rule::Power(&Power {
        rights: Rights::Any(&[
            Right::cluster(ADMISSION, "mutatingwebhookconfigurations", CHANGE),
            Right::cluster(ADMISSION, "validatingwebhookconfigurations", CHANGE),
        ]),
        reach: Where::Cluster,
        grade: |held, _| {
            let writes = |it: &&Claim| ["create", "patch", "update"].contains(&&*it.verb);
            Ok(match usual(held.claims.iter().filter(writes)) {
                Grade::Harmless => Grade::Weakness("only to delete"),
                it => it,
            })
        },
        ..Power::USUAL
    }),
    ..ROW
};

pub(super) static POLICY: Check = Check {
    code: "CLU-RBA-041",
    id: "admission-policy-write",
    title: "subject writes admission policies",
    severity: Severity::High,
    rationale: "A policy or its binding, changed or deleted, no longer holds back what it was made for; a \
                mutating one writes into the objects of others.",
    remediation: "Take the write verbs on admission policies and their bindings from the role, or name those \
                  of its own in `resourceNames`.",
    references: &[
        "https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/",
        "https://kubernetes.io/docs/reference/access-authn-authz/mutating-admission-policy/",
    ],
    needs: CLUSTER_WIDE,
    verdicts: FOR_THE_CLUSTER,
    rule: Rule::Power(&Power {
        rights: Rights::Any(&[
            Right::cluster(ADMISSION, "mutatingadmissionpolicies", CHANGE),
            Right::cluster(ADMISSION, "mutatingadmissionpolicybindings", CHANGE),
            Right::cluster(ADMISSION, "validatingadmissionpolicies", CHANGE),
            Right::cluster(ADMISSION, "validatingadmissionpolicybindings", CHANGE),
        ]),
        reach: Where::Cluster,
        ..Power::USUAL
    }),
    ..ROW
};

pub(super) static VOLUME: Check = Check {
    code: "CLU-RBA-043",
    id: "persistent-volume-write",
    title: "subject writes persistent volumes",
    severity: Severity::High,
    rationale: "A volume may be a `hostPath`: a pod that claims it has files of the node, though admission would \
                not let the pod name them itself.",
    remediation: "Take the write verbs on `persistentvolumes` from the role: claims and a storage class make \
                  volumes. Allow the storage provisioner in the configuration file.",
    references: &[
        "https://kubernetes.io/docs/concepts/security/rbac-good-practices/#persistent-volume-creation",
    ],
    needs: CLUSTER_WIDE,
    verdicts: FOR_THE_CLUSTER,
    rule: Rule::Power(&Power {
        rights: Rights::Any(&[Right::cluster(
            "",
            "persistentvolumes",
            &["create", "patch", "update"],
        )]),
        reach: Where::Cluster,
        ..Power::USUAL
    }),
    ..ROW
};

pub(super) static NAMESPACE: Check = Check {
    code: "CLU-RBA-045",
    id: "namespace-relabelling",
    title: "subject relabels namespaces",
    severity: Severity::High,
    rationale: "A namespace's labels choose its admission level and what network policies and webhooks apply to \
                it: whoever changes them there and creates pods runs privileged ones.",
    remediation: "Take `update` and `patch` on `namespaces` from the role; in a namespace, `admin` and `edit` do \
                  without. Where labels must be set, hold `pod-security.kubernetes.io/*` with an \
                  admission policy.",
    references: &[
        "https://kubernetes.io/docs/concepts/security/rbac-good-practices/#namespace-modification",
    ],
    verdicts: &[
        (Outcome::Fail, "it may, and creates pods there too, itself or by a controller"),
        (Outcome::Fail, "everybody may, or the `default` account of a namespace"),
        (Outcome::Warn, "it may, and creates no pods there"),
        (Outcome::Pass, "only what the API server or the installer binds, and what is allowed"),
    ],
    rule: Rule::Power(&Power {
        rights: Rights::Any(&[Right::namespaced("", "namespaces", &["patch", "update"])]),
        grade: with_pods,
        ..Power::USUAL
    }),
    ..ROW
};

const CHANGE: &[&str] = &["create", "delete", "deletecollection", "patch", "update"];

const FOR_THE_CLUSTER: &[(Outcome, &str)] = &[
    (Outcome::Fail, "a subject that is not allowed has it, for any name"),
    (Outcome::Fail, "everybody has it, or the `default` account of a namespace"),
    (Outcome::Warn, "a subject has it for some names only"),
    (Outcome::Pass, "only what the API server or the installer binds, and what is allowed"),
];

/// By the accounts that it is pinned to: a fault if one is as good as the cluster's administrator, and
/// nothing if none has any rights.
fn by_account(held: &Held<'_>, ask: &Ask<'_>) -> Known<Grade> {
    let namespace = &held.grant.namespace;
    let mut names = Vec::new();
    for claim in &held.claims {
        match &claim.reach {
            Reach::Any => return Ok(Grade::Counts),
            Reach::Named(more) => names.extend(more.iter()),
        }
    }
    let mighty = any(names.iter().map(|name| critical_account(namespace, name, ask.facts)))?;
    if mighty && namespace.is_empty() {
        return Ok(Grade::Fault("and one of them is as good as the cluster's administrator"));
    }
    if mighty {
        return Ok(Grade::Pinned);
    }
    let bare = all(names.iter().map(|it| has_no_rights(namespace, it, ask.facts)))?;
    Ok(if bare { Grade::Harmless } else { Grade::Pinned })
}

/// Whether no binding gives anything to an account of that name; in any namespace, when that is empty.
fn has_no_rights(namespace: &str, name: &str, facts: &Facts<'_>) -> Known<bool> {
    if !namespace.is_empty() {
        let account = accounts::subject(namespace, name);
        return Grants::everywhere(&account, facts).any_rule(|_| true).map(|it| !it);
    }
    let found = facts.holders(Where::Anywhere).find(Scope::Cluster, |holder| {
        let subject = &holder.subject;
        if &*subject.kind != "ServiceAccount" || &*subject.name != name {
            return Ok(false);
        }
        Grants::everywhere(subject, facts).any_rule(|_| true)
    })?;
    Ok(found.is_none())
}

/// A fault with pods to create in one of the namespaces.
fn with_pods(held: &Held<'_>, ask: &Ask<'_>) -> Known<Grade> {
    if ask.is_exposed() {
        return Ok(usual(&held.claims));
    }
    let namespaces = held.claims.iter().flat_map(|claim| match &claim.reach {
        Reach::Named(names) if held.grant.namespace.is_empty() => names.clone(),
        _ => vec![held.grant.namespace.clone()],
    });
    let creates = |namespace: &str| any([PODS, TEMPLATES].map(|it| ask.has_some(it, namespace)));
    let pods = any(namespaces.map(|it| creates(&it)))?;
    Ok(if pods {
        Grade::Fault("with pods to create there")
    } else {
        Grade::Weakness("without pods to create there")
    })
}
