//! `cluster-info` that strangers may read.
//!
//! | `kube-public/cluster-info` | binding of `kube-public` to a stranger | verdict        |
//! |----------------------------|----------------------------------------|----------------|
//! | absent                     |                                        | not applicable |
//! | there                      | one at least                           | warn           |
//! | there                      | none                                   | pass           |
//!
//! Strangers are the user `system:anonymous` and the group `system:unauthenticated`.
//! Elsewhere: what strangers are bound to in all namespaces.

use assay_model::{Findings, Location, Outcome, Resource, Scope, Severity, rbac::Subject};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling};

pub(super) static CHECK: Check = Check {
    code: "CLU-IAM-014",
    id: "anonymous-cluster-info",
    title: "strangers may read how to join the cluster",
    severity: Severity::Low,
    rationale: "Whoever reaches the API server learns its address and CA, and whether a join token is out: against \
                the signature next to it, a short or known token can be guessed without asking the server.",
    remediation: "Once all nodes have joined: `kubectl -n kube-public delete rolebinding \
                  kubeadm:bootstrap-signer-clusterinfo`. `kubeadm join` needs it only for token discovery; use \
                  `--discovery-file` afterwards.",
    references: &[
        "https://kubernetes.io/docs/reference/setup-tools/kubeadm/kubeadm-join/#turning-off-public-access-to-the-cluster-info-configmap",
    ],
    verdicts: &[
        (Outcome::Warn, "a binding in `kube-public` names strangers"),
        (Outcome::Pass, "none does"),
        (Outcome::NotApplicable, "there is no `cluster-info`"),
    ],
    needs: &[&[Resource::ClusterInfoConfigMap, Resource::RoleBindings]],
    empty: Empty::NotApplicable,
    rule: Rule::Cluster(anonymous_cluster_info),
};

fn anonymous_cluster_info(facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let published = facts.inventory.cluster_info_config_map.as_ref().map_err(Clone::clone)?;
    if published.is_none() {
        return Ok(Ruling::NotApplicable("there is no kube-public/cluster-info".to_owned()));
    }
    facts.inventory.role_bindings.each(Scope::Part("kube-public"), |binding| {
        for subject in binding.subjects.iter().filter(|it| is_stranger(it)) {
            let at = Location::field(format!("RoleBinding kube-public/{}", binding.metadata.name));
            findings.warn(at, format!("names {} {}", subject.kind, subject.name));
        }
        Ok(())
    })?;
    Ok(Ruling::Applies)
}

fn is_stranger(subject: &Subject) -> bool {
    matches!(
        (&*subject.kind, &*subject.name),
        ("User", "system:anonymous") | ("Group", "system:unauthenticated")
    )
}
