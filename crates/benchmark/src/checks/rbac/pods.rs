//! Rights to run something in a pod: to make one, to change one, or to get into one.
//!
//! | row                          | rights                                                          |
//! |------------------------------|-----------------------------------------------------------------|
//! | `pod-creation`               | `pods` create                                                   |
//! | `workload-controller-write`  | `deployments`, …, `cronjobs` create, update, patch              |
//! | `pod-change`                 | `pods` update, patch; not `pods/resize`                         |
//! | `pod-exec`                   | `pods/exec` create, get                                         |
//! | `pod-attach`                 | `pods/attach` create, get                                       |
//! | `debug-container-injection`  | `pods/ephemeralcontainers` update, patch                        |
//! | `port-forward-and-proxy`     | `pods/portforward` create, get; `pods/proxy`, `services/proxy` any |
//!
//! In one namespace the first two are a fault where admission lets privileged pods in, and the third
//! where a pod runs as an account that is as good as the cluster's administrator.
//!
//! `get` of exec, attach and portforward opens the same stream by a WebSocket. From 1.35 on the server
//! asks for `create` too, unless `AuthorizePodWebsocketUpgradeCreatePermission` is turned off; that
//! gate is not read, so there `get` alone is a weakness.
//!
//! Elsewhere: controllers of other API groups that make pods.

use assay_model::{Cause, Gap, Known, Outcome, Resource, Scope, Severity, any};

use super::{ANYWHERE, ROW};
use crate::{
    Check, Facts, Rule, accounts,
    rbac::{
        critical::METHODS,
        power::{Ask, Grade, Held, Power, Right, Rights, usual},
    },
};

pub(super) static CREATION: Check = Check {
    code: "CLU-RBA-016",
    id: "pod-creation",
    title: "subject creates pods",
    severity: Severity::High,
    rationale: "A pod can run as any account of its namespace and mount any of its Secrets; where admission \
                lets privileged pods in, it is root on the node.",
    remediation: "Take `create` on `pods` from the role: people and pipelines need workload controllers, in \
                  their own namespaces. Enforce the baseline or restricted level there \
                  (`pod-security.kubernetes.io/enforce`).",
    references: &[WORKLOAD_CREATION],
    verdicts: IN_A_NAMESPACE,
    needs: ADMISSION,
    rule: Rule::Power(&Power { rights: Rights::Any(PODS), grade: by_admission, ..Power::USUAL }),
    ..ROW
};

pub(super) static CONTROLLERS: Check = Check {
    code: "CLU-RBA-017",
    id: "workload-controller-write",
    title: "subject writes workload controllers",
    severity: Severity::High,
    rationale: "A controller makes the pods of its template, so whoever writes one creates pods, with any \
                account and any Secret of the namespace, and they come back when they are killed.",
    remediation: "Bind the role in the namespaces that need it rather than for the whole cluster, and enforce \
                  the baseline or restricted level there (`pod-security.kubernetes.io/enforce`); allow \
                  the deployment tool in the configuration file.",
    references: &[WORKLOAD_CREATION],
    verdicts: IN_A_NAMESPACE,
    needs: ADMISSION,
    rule: Rule::Power(&Power {
        rights: Rights::Any(TEMPLATES),
        grade: by_admission,
        ..Power::USUAL
    }),
    ..ROW
};

pub(super) static CHANGE: Check = Check {
    code: "CLU-RBA-018",
    id: "pod-change",
    title: "subject changes running pods",
    severity: Severity::Medium,
    rationale: "Another image in a running pod is another program with the pod's account, Secrets and place \
                in the network.",
    remediation: "Take `update` and `patch` on `pods` from the role; labels and images are changed in the \
                  workload controller. Subresources such as `pods/status` are rights of their own.",
    references: &[WORKLOAD_CREATION],
    verdicts: &[
        (Outcome::Fail, "it may for the whole cluster, and is not allowed"),
        (
            Outcome::Fail,
            "it may in a namespace where a pod's account is as good as the cluster's administrator",
        ),
        (Outcome::Warn, "it may in another namespace, or some pods by name"),
        (Outcome::Pass, "only what the API server or the installer binds, and what is allowed"),
    ],
    needs: &[ANYWHERE[0], ANYWHERE[1], Resource::WORKLOADS],
    rule: Rule::Power(&Power {
        rights: Rights::Any(&[Right::namespaced("", "pods", &["patch", "update"])]),
        grade: |held, ask| match usual(&held.claims) {
            Grade::Counts if ask.is_exposed() => Ok(Grade::Counts),
            Grade::Counts if runs_privileged_account(&held.grant.namespace, ask.facts)? => {
                Ok(Grade::Fault(
                    "where a pod runs as an account as good as the cluster's administrator",
                ))
            }
            it => Ok(it),
        },
        ..Power::USUAL
    }),
    ..ROW
};

pub(super) static EXEC: Check = Check {
    code: "CLU-RBA-019",
    id: "pod-exec",
    title: "subject runs commands in containers",
    severity: Severity::High,
    rationale: "A shell in a container has its account, its Secrets and its network, and leaves no trace in \
                any manifest.",
    remediation: "Take `pods/exec` from the role, also with `get`; give it out for the time of an incident, \
                  in one namespace.",
    references: &[WEBSOCKETS],
    verdicts: BY_WEBSOCKET,
    rule: Rule::Power(&Power {
        rights: Rights::Any(&[Right::namespaced("", "pods/exec", &["create", "get"])]),
        grade: by_websocket,
        ..Power::USUAL
    }),
    ..ROW
};

pub(super) static ATTACH: Check = Check {
    code: "CLU-RBA-020",
    id: "pod-attach",
    title: "subject attaches to containers",
    severity: Severity::Medium,
    rationale: "Whoever attaches to a container reads what it writes, and types into it where it reads its \
                standard input.",
    remediation: "Take `pods/attach` from the role, also with `get`; for output, `get` on `pods/log` is enough.",
    references: &[WEBSOCKETS],
    verdicts: BY_WEBSOCKET,
    rule: Rule::Power(&Power {
        rights: Rights::Any(&[Right::namespaced("", "pods/attach", &["create", "get"])]),
        grade: by_websocket,
        ..Power::USUAL
    }),
    ..ROW
};

pub(super) static DEBUG: Check = Check {
    code: "CLU-RBA-021",
    id: "debug-container-injection",
    title: "subject adds debug containers to running pods",
    severity: Severity::High,
    rationale: "An ephemeral container brings any image into a running pod, where it sees the processes and \
                volumes of the others; it cannot be taken out again.",
    remediation: "Take `update` and `patch` on `pods/ephemeralcontainers` from the role; give them out for \
                  the time of an incident, in one namespace.",
    references: &["https://kubernetes.io/docs/concepts/workloads/pods/ephemeral-containers/"],
    rule: Rule::Power(&Power {
        rights: Rights::Any(&[Right::namespaced(
            "",
            "pods/ephemeralcontainers",
            &["patch", "update"],
        )]),
        ..Power::USUAL
    }),
    ..ROW
};

pub(super) static PROXY: Check = Check {
    code: "CLU-RBA-022",
    id: "port-forward-and-proxy",
    title: "subject tunnels to pods and services",
    severity: Severity::Medium,
    rationale: "The connection comes from the API server or the kubelet, past network policies and past what \
                trusts the pod network; admin pages that listen on localhost are within reach.",
    remediation: "Take `pods/portforward`, `pods/proxy` and `services/proxy` from the role; publish what \
                  people need through an ingress with authentication.",
    references: &[
        "https://kubernetes.io/docs/tasks/access-application-cluster/access-cluster-services/",
    ],
    verdicts: BY_WEBSOCKET,
    rule: Rule::Power(&Power {
        rights: Rights::Any(&[
            Right::namespaced("", "pods/portforward", &["create", "get"]),
            Right::namespaced("", "pods/proxy", METHODS),
            Right::namespaced("", "services/proxy", METHODS),
        ]),
        grade: by_websocket,
        ..Power::USUAL
    }),
    ..ROW
};

const WORKLOAD_CREATION: &str =
    "https://kubernetes.io/docs/concepts/security/rbac-good-practices/#workload-creation";

const WEBSOCKETS: &str = "https://github.com/kubernetes/kubernetes/issues/133515";

/// To create pods.
pub(super) const PODS: &[Right] = &[Right::namespaced("", "pods", &["create"])];

/// To have a controller create them.
pub(super) const TEMPLATES: &[Right] = &[
    Right::namespaced("apps", "daemonsets", WRITE),
    Right::namespaced("apps", "deployments", WRITE),
    Right::namespaced("apps", "replicasets", WRITE),
    Right::namespaced("apps", "statefulsets", WRITE),
    Right::namespaced("batch", "cronjobs", WRITE),
    Right::namespaced("batch", "jobs", WRITE),
    Right::namespaced("", "replicationcontrollers", WRITE),
];

const WRITE: &[&str] = &["create", "patch", "update"];

const IN_A_NAMESPACE: &[(Outcome, &str)] = &[
    (Outcome::Fail, "it may for the whole cluster, and is not allowed"),
    (Outcome::Fail, "it may in a namespace whose admission level lets privileged pods in"),
    (Outcome::Fail, "everybody may, or the `default` account of a namespace"),
    (
        Outcome::Unknown,
        "it may in a namespace without a level, and the API server's default level is not visible",
    ),
    (Outcome::Warn, "it may in a namespace of another level, or some by name"),
    (Outcome::Pass, "only what the API server or the installer binds, and what is allowed"),
];

const BY_WEBSOCKET: &[(Outcome, &str)] = &[
    (Outcome::Fail, "it may for the whole cluster, and is not allowed"),
    (Outcome::Fail, "everybody may, or the `default` account of a namespace"),
    (Outcome::Warn, "it may in a namespace, or some by name"),
    (
        Outcome::Warn,
        "it may by the verb `get` alone, which a server from 1.35 on takes only with a gate turned off",
    ),
    (Outcome::Pass, "only what the API server or the installer binds, and what is allowed"),
];

/// What a namespace's admission level is read from: its label, else the API server's flags.
const ADMISSION: &[&[Resource]] =
    &[ANYWHERE[0], ANYWHERE[1], &[Resource::Namespaces, Resource::Nodes], Resource::WORKLOADS];

/// In one namespace, by what admission lets in there.
fn by_admission(held: &Held<'_>, ask: &Ask<'_>) -> Known<Grade> {
    let namespace = &held.grant.namespace;
    match usual(&held.claims) {
        Grade::Counts if namespace.is_empty() || ask.is_exposed() => Ok(Grade::Counts),
        Grade::Counts if admits_privileged(namespace, ask.facts)? => {
            Ok(Grade::Fault("where admission lets privileged pods in"))
        }
        it => Ok(it),
    }
}

/// Whether Pod Security admission lets privileged pods into a namespace: by its label; without one, by
/// the API server's default, which is to, unless it was given a file that says otherwise. A level that
/// does not parse is enforced as restricted.
///
/// Source: `k8s.io/pod-security-admission/api/helpers.go`.
fn admits_privileged(namespace: &str, facts: &Facts<'_>) -> Known<bool> {
    const FILE: &str = "admission-control-config-file";
    let Some(listed) = facts.inventory.namespaces.get(namespace, namespace)? else {
        return Ok(false);
    };
    let metadata = listed.metadata.as_ref().map_err(Clone::clone)?;
    if let Some(level) = metadata.labels.get("pod-security.kubernetes.io/enforce") {
        return Ok(&**level == "privileged");
    }
    // Providers give no such file.
    if facts.managed_by()?.is_some() {
        return Ok(true);
    }
    let untold = |message: String| Gap::whole(Resource::Pods, Cause::Inconclusive, message).into();
    let replicas = facts.replicas("kube-apiserver");
    let mut seen = false;
    replicas.each(Scope::Cluster, |it| {
        seen = true;
        match it.value(FILE, facts)? {
            "" => Ok(()),
            _ => Err(untold(format!(
                "{namespace} has no admission level, and the default is in the file of --{FILE}"
            ))),
        }
    })?;
    if seen {
        return Ok(true);
    }
    Err(untold(format!(
        "{namespace} has no admission level, and no mirror pod of kube-apiserver shows the default"
    )))
}

/// Whether a pod of the namespace runs as an account that is as good as the cluster's administrator.
fn runs_privileged_account(namespace: &str, facts: &Facts<'_>) -> Known<bool> {
    if namespace.is_empty() {
        return Ok(false);
    }
    let found = facts.inventory.workloads.find(Scope::Part(namespace), |workload| {
        let runs = workload.live.iter().map(|it| {
            facts.critical().is(&accounts::subject(namespace, it.spec.service_account()))
        });
        any(runs.chain([workload.live_read.clone().map(|()| false)]))
    })?;
    Ok(found.is_some())
}

/// `get` of a stream counts where the server does not ask for `create` as well.
fn by_websocket(held: &Held<'_>, ask: &Ask<'_>) -> Known<Grade> {
    let (gets, others): (Vec<_>, Vec<_>) = held.claims.iter().partition(|it| {
        &*it.verb == "get" && it.is_on(&["pods/attach", "pods/exec", "pods/portforward"])
    });
    let grade = usual(others);
    if gets.is_empty() || grade == Grade::Counts {
        return Ok(grade);
    }
    if ask.facts.server_minor()? < (1, 35) {
        return Ok(usual(&held.claims));
    }
    Ok(match grade {
        Grade::Harmless => Grade::Weakness("which counts only where a feature gate is turned off"),
        it => it,
    })
}
