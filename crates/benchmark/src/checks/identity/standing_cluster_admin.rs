//! Identities that are members of a group with all rights.
//!
//! | source                                      | member of `system:masters` or `kubeadm:cluster-admins` | verdict |
//! |---------------------------------------------|--------------------------------------------------------|---------|
//! | `kube-system/aws-auth`                      | a mapped role or user                                  | fail    |
//! | approved certificate requests               | who was issued a certificate                           | fail    |
//! | kubeconfig files on nodes and desks         | not to be seen from here                               | manual  |
//!
//! Excused: users that the configuration file allows, as the one for emergencies.
//! Elsewhere: what the groups are bound to.

use std::sync::Arc;

use assay_model::{
    Cause, Findings, Gap, Location, Outcome, Resource, Scope, Severity, rbac::Subject,
};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling};

pub(super) static CHECK: Check = Check {
    code: "CLU-IAM-016",
    id: "standing-cluster-admin",
    title: "standing identity is a member of a group with all rights",
    severity: Severity::High,
    rationale: "No role or binding limits `system:masters`, none shows up in an audit of RBAC, and a certificate of it \
                cannot be taken back. Whoever gets hold of that identity once has the cluster.",
    remediation: "Map roles and users of AWS to groups of your own and bind what they need; move to access entries, and \
                  delete the line in `aws-auth`. Issue no client certificates of these groups. Keep one identity for \
                  emergencies, locked away, and name it under `allow` in the configuration file.",
    references: &[
        "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
        "https://docs.aws.amazon.com/eks/latest/userguide/auth-configmap.html",
    ],
    verdicts: &[
        (
            Outcome::Fail,
            "an entry of `aws-auth` or an approved certificate request is of such a group",
        ),
        (
            Outcome::Manual,
            "none is; kubeconfig files on nodes and desks are not to be seen from here",
        ),
    ],
    needs: &[&[Resource::AwsAuthConfigMap, Resource::CertificateSigningRequests]],
    empty: Empty::NotApplicable,
    rule: Rule::Cluster(standing_cluster_admin),
};

const GROUPS: [&str; 2] = ["system:masters", "kubeadm:cluster-admins"];

fn standing_cluster_admin(facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let allowed = |name: &Arc<str>| {
        let user = Subject { kind: "User".into(), name: name.clone(), namespace: Arc::default() };
        facts.settings.allows(CHECK.id, &user)
    };
    let powerful =
        |groups: &[Arc<str>]| GROUPS.iter().find(|it| groups.iter().any(|group| **group == ***it));
    let inventory = facts.inventory;
    let mapped = inventory.aws_auth_config_map.as_ref().map_err(Clone::clone).map(|map| {
        for mapping in map.iter().flat_map(|it| &it.mappings) {
            if let Some(group) = powerful(&mapping.groups).filter(|_| !allowed(&mapping.username)) {
                let at = Location::field(format!("aws-auth: {}", mapping.arn));
                findings.fail(at, format!("is in the group {group}"));
            }
        }
    });
    let issued = inventory.certificate_signing_requests.each(Scope::Cluster, |request| {
        if !request.is("Approved") {
            return Ok(());
        }
        let Some(asked) = &request.spec.request else {
            let message = format!("{} cannot be decoded", request.metadata.name);
            let resource = Resource::CertificateSigningRequests;
            return Err(Gap::whole(resource, Cause::Inconclusive, message).into());
        };
        if let Some(group) = powerful(&asked.organizations).filter(|_| !allowed(&asked.common_name))
        {
            let at = Location::field(format!("certificate request {}", request.metadata.name));
            findings
                .fail(at, format!("gave {} a certificate of the group {group}", asked.common_name));
        }
        Ok(())
    });
    assay_model::both(mapped, issued)?;
    Ok(Ruling::Manual(
        "Who holds a kubeconfig of system:masters or kubeadm:cluster-admins, such as admin.conf and \
         super-admin.conf of kubeadm?"
            .to_owned(),
    ))
}
