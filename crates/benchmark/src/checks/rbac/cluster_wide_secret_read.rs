//! Who reads every Secret of the cluster.
//!
//! Counts `get`, `list`, `watch`, and `deletecollection`, which returns what it deletes, through a
//! `ClusterRoleBinding`. Pinned to names by `resourceNames` it is a weakness.
//! Elsewhere: Secrets of one namespace; everything at once is `cluster-admin-equivalent`'s too.

use assay_model::{Outcome, Resource, Severity};

use crate::{
    Check, Empty, Rule,
    rbac::{
        Where, critical,
        power::{Power, Rights},
    },
};

pub(super) static CHECK: Check = Check {
    code: "CLU-RBA-013",
    id: "cluster-wide-secret-read",
    title: "subject reads Secrets of all namespaces",
    severity: Severity::Critical,
    rationale: "Service account tokens, registry passwords and TLS keys of every team are Secrets: \
                whoever reads them all can become anybody.",
    remediation: "Bind the role with a RoleBinding in the namespaces that need it, or name the Secrets \
                  in `resourceNames`; allow what must stay in the configuration file.",
    references: &[
        "https://kubernetes.io/docs/concepts/security/rbac-good-practices/#listing-secrets",
    ],
    verdicts: &[
        (Outcome::Fail, "a subject that is not allowed has it, for any name"),
        (Outcome::Warn, "a subject has it for some names only"),
        (Outcome::Pass, "only what the API server or the installer binds, and what is allowed"),
    ],
    needs: &[&[Resource::ClusterRoleBindings, Resource::ClusterRoles, Resource::Version]],
    empty: Empty::Pass,
    rule: Rule::Power(&Power {
        rights: Rights::Any(critical::SECRET_READ),
        reach: Where::Cluster,
        ..Power::USUAL
    }),
};
