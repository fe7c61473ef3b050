//! Who can do everything without being bound to `cluster-admin`.
//!
//! All verbs on all resources of the core group and of RBAC's own, by one rule or by many together:
//! with those two, any other right can be had. All cluster-wide bindings of a subject count at once.

use assay_model::{Outcome, Resource, Severity};

use crate::{
    Check, Empty, Rule,
    rbac::{Power, Recognise, Where},
};

pub(super) static CHECK: Check = Check {
    code: "CLU-RBA-008",
    id: "cluster-admin-equivalent",
    title: "subject can do everything in the cluster",
    severity: Severity::Critical,
    rationale: "A role by another name with the same rights is cluster-admin, and nobody looks for it \
                there.",
    remediation: "Replace the wildcards by the verbs and resources that are used; bind cluster-admin \
                  itself where everything is meant, so that it can be seen.",
    references: &[
        "https://kubernetes.io/docs/concepts/security/rbac-good-practices/#least-privilege",
    ],
    verdicts: &[
        (
            Outcome::Fail,
            "a subject that is not allowed holds all verbs on all core and RBAC resources",
        ),
        (Outcome::Pass, "only what the API server or the installer binds, and what is allowed"),
    ],
    needs: &[&[Resource::ClusterRoleBindings, Resource::ClusterRoles, Resource::Version]],
    empty: Empty::Pass,
    rule: Rule::Power(&Power {
        recognise: Recognise::All {
            groups: &["", "rbac.authorization.k8s.io"],
            verbs: &[
                "get",
                "list",
                "watch",
                "create",
                "update",
                "patch",
                "delete",
                "deletecollection",
                "bind",
                "escalate",
                "impersonate",
            ],
        },
        reach: Where::Cluster,
    }),
};
