//! Which authorizers decide over requests.
//!
//! | flag of each kube-apiserver | `no-rbac-authorizer` | `always-allow-authorizer`  | `no-node-authorizer` |
//! |-----------------------------|----------------------|----------------------------|----------------------|
//! | `--authorization-mode`      | lists `RBAC`         | does not list `AlwaysAllow` | lists `Node`        |
//!
//! Unset it is `AlwaysAllow`. Where `--authorization-config` is given, its file has the chain instead, and
//! it is not read. Where flags do not tell, `apiserver_authorization_decisions_total{type}` does, of who
//! decides: that `RBAC` and `Node` do, and never that `AlwaysAllow` does not.

use assay_model::{Outcome, Severity};

use crate::{
    Check, Empty, Rule,
    flags::{self, Demand, FlagRule, Hidden, Witness},
};

const REFERENCES: &[&str] =
    &["https://kubernetes.io/docs/reference/access-authn-authz/authorization/"];

const UNSEEN: (Outcome, &str) =
    (Outcome::Unknown, "`--authorization-config` names a file, or the flags are not visible");

/// What would tell of an API server whose flags are not seen.
const HIDDEN: Hidden =
    Hidden::Elsewhere("its metric apiserver_authorization_decisions_total would tell who decides");

pub(super) static NO_RBAC: Check = Check {
    code: "CLU-RBA-001",
    id: "no-rbac-authorizer",
    title: "API server does not ask RBAC",
    severity: Severity::Critical,
    rationale: "Roles and bindings mean nothing then: what anybody may do is decided elsewhere, or not at \
                all, and every review of RBAC looks at the wrong thing.",
    remediation: "Set `--authorization-mode=Node,RBAC`; with `--authorization-config`, have an authorizer \
                  of type `RBAC` in that file.",
    references: REFERENCES,
    verdicts: &[
        (Outcome::Fail, "`--authorization-mode` does not list `RBAC`"),
        UNSEEN,
        (Outcome::Pass, "it does; or metrics show that `RBAC` decides over requests"),
    ],
    needs: flags::SHOWN,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(
        &FlagRule::of(
            "kube-apiserver",
            &[Demand::Lists { of: &["authorization-mode"], entry: "RBAC" }],
        )
        .hidden(HIDDEN)
        .witness(Witness::authorizer("RBAC")),
    ),
};

pub(super) static ALWAYS_ALLOW: Check = Check {
    code: "CLU-RBA-002",
    id: "always-allow-authorizer",
    title: "API server allows every request",
    severity: Severity::Critical,
    rationale: "Whoever gets as far as the API server, in most clusters any pod, is cluster-admin: \
                `AlwaysAllow` says yes whatever the other authorizers think.",
    remediation: "Take `AlwaysAllow` out of `--authorization-mode`, or set the flag where it is missing: \
                  `Node,RBAC`.",
    references: REFERENCES,
    verdicts: &[
        (Outcome::Fail, "`--authorization-mode` lists `AlwaysAllow`, or is not set"),
        UNSEEN,
        (Outcome::Pass, "it lists others only"),
    ],
    needs: flags::SHOWN,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(
        &FlagRule::of(
            "kube-apiserver",
            &[Demand::Omits { flag: "authorization-mode", entries: &["AlwaysAllow"] }],
        )
        .hidden(HIDDEN),
    ),
};

pub(super) static NO_NODE: Check = Check {
    code: "CLU-RBA-003",
    id: "no-node-authorizer",
    title: "kubelets are not held to their own pods' objects",
    severity: Severity::High,
    rationale: "Without the Node authorizer kubelets need a role that reads Secrets of the whole cluster, \
                and whoever takes over one node has it.",
    remediation: "Add `Node` to `--authorization-mode`, before `RBAC`, and `NodeRestriction` to the \
                  admission plug-ins; then remove bindings of `system:nodes` to roles that read Secrets.",
    references: &["https://kubernetes.io/docs/reference/access-authn-authz/node/"],
    verdicts: &[
        (Outcome::Fail, "`--authorization-mode` does not list `Node`"),
        UNSEEN,
        (Outcome::Pass, "it does; or metrics show that `Node` decides over requests"),
        flags::OWNED,
    ],
    needs: flags::NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(
        &FlagRule::of(
            "kube-apiserver",
            &[Demand::Lists { of: &["authorization-mode"], entry: "Node" }],
        )
        .witness(Witness::authorizer("Node")),
    ),
};
