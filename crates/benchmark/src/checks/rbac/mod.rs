//! Clusters / Build / RBAC: who may do what, by effective permissions.
//!
//! Most are rows of one table: see [`crate::rbac::power`].

mod aggregated_role_extension;
mod anonymous_binding;
mod authorizers;
mod certificates;
mod changed_default_rbac;
mod cluster;
mod cluster_admin_binding;
mod cluster_admin_equivalent;
mod cluster_wide_secret_read;
mod escalation;
mod namespaced_cluster_admin;
mod pods;
mod secrets;
mod special_subjects;
mod wildcards;

use assay_model::{Outcome, Resource, Severity};

use crate::{Check, Empty, Rule, rbac::power::Power};

pub(super) static CHECKS: &[&Check] = &[
    &authorizers::NO_RBAC,
    &authorizers::ALWAYS_ALLOW,
    &authorizers::NO_NODE,
    &cluster_admin_binding::CHECK,
    &namespaced_cluster_admin::CHECK,
    &cluster_admin_equivalent::CHECK,
    &wildcards::VERB,
    &wildcards::RESOURCE,
    &wildcards::API_GROUP,
    &wildcards::URL,
    &cluster_wide_secret_read::CHECK,
    &secrets::NAMESPACED_READ,
    &secrets::WRITE,
    &pods::CREATION,
    &pods::CONTROLLERS,
    &pods::CHANGE,
    &pods::EXEC,
    &pods::ATTACH,
    &pods::DEBUG,
    &pods::PROXY,
    &escalation::ESCALATING,
    &escalation::BINDING,
    &escalation::IMPERSONATING,
    &escalation::CONSTRAINED,
    &escalation::RBAC_WRITE,
    &aggregated_role_extension::CHECK,
    &changed_default_rbac::CHECK,
    &cluster::NODE,
    &certificates::APPROVAL,
    &certificates::SIGNER,
    &cluster::TOKEN,
    &cluster::WEBHOOK,
    &cluster::POLICY,
    &cluster::VOLUME,
    &cluster::NAMESPACE,
    &anonymous_binding::CHECK,
    &special_subjects::UNAUTHENTICATED,
    &special_subjects::AUTHENTICATED,
    &special_subjects::SERVICE_ACCOUNTS,
    &special_subjects::MASTERS,
    &special_subjects::DEFAULT_ACCOUNT,
];

/// What a row leaves as it is: read from all bindings, and graded by the RBAC-rule alone.
const ROW: Check = Check {
    code: "",
    id: "",
    title: "",
    severity: Severity::High,
    rationale: "",
    remediation: "",
    references: &[],
    verdicts: &[
        (Outcome::Fail, "a subject that is not allowed has it for the whole cluster"),
        (Outcome::Fail, "everybody has it, or the `default` account of a namespace"),
        (Outcome::Warn, "a subject has it in a namespace, or for some names only"),
        (Outcome::Warn, "an account that is allowed has it, and an exposed pod mounts its token"),
        (Outcome::Pass, "only what the API server or the installer binds, and what is allowed"),
    ],
    needs: ANYWHERE,
    empty: Empty::Pass,
    rule: Rule::Power(&Power::USUAL),
};

/// What rights in all namespaces are read from.
const ANYWHERE: &[&[Resource]] = &[Resource::RBAC, &[Resource::Version]];

/// What rights for the whole cluster are read from.
const CLUSTER_WIDE: &[&[Resource]] =
    &[&[Resource::ClusterRoleBindings, Resource::ClusterRoles, Resource::Version]];
