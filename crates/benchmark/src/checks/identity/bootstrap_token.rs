//! Bootstrap tokens that are still there.
//!
//! | Secrets of type `bootstrap.kubernetes.io/token` in `kube-system` | verdict                  |
//! |-------------------------------------------------------------------|--------------------------|
//! | none                                                              | pass                     |
//! | some                                                              | unknown, and a hint each |
//!
//! When a token ends and what it may be used for are values of its Secret, and no value is read; so
//! there is no fault to see, but no pass either. A controller removes tokens that have ended.
//! `jws-kubeconfig-*` in `kube-public/cluster-info` are a witness of tokens that have not.

use assay_model::{Cause, Findings, Gap, Known, Outcome, Resource, Scope, Severity, both};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling};

pub(super) static CHECK: Check = Check {
    code: "CLU-IAM-013",
    id: "bootstrap-token",
    title: "bootstrap token is left over",
    severity: Severity::High,
    rationale: "Whoever has it joins a machine of their own as a node, and is then given the Secrets of pods that \
                are scheduled there. Tokens lie in scripts, cloud-init and shell histories.",
    remediation: "`kubeadm token list`, then `kubeadm token delete ID` for each that no node is about to use. Make new \
                  ones with `kubeadm token create --ttl 1h`.",
    references: &["https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/"],
    verdicts: &[
        (Outcome::Unknown, "there are tokens; when they end is a value, which is not read"),
        (Outcome::Pass, "there is none"),
    ],
    needs: &[&[Resource::Secrets, Resource::ClusterInfoConfigMap]],
    empty: Empty::Pass,
    rule: Rule::Cluster(bootstrap_token),
};

fn bootstrap_token(facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let info = &facts.inventory.cluster_info_config_map;
    let signed = info.as_ref().map_err(Clone::clone).and_then(|info| {
        let ids = info.iter().flat_map(|it| &it.signing_tokens);
        let mut ids = ids.peekable();
        if ids.peek().is_none() {
            return Ok(());
        }
        for id in ids {
            findings.hint(format!("cluster-info is signed by the token {id}, which has not ended"));
        }
        let message = "when the tokens that sign cluster-info end: kubeadm token list";
        Err(Gap::whole(Resource::ClusterInfoConfigMap, Cause::Inconclusive, message).into())
    });
    let kept: Known<()> = facts.inventory.secrets.each(Scope::Part("kube-system"), |secret| {
        if &*secret.type_ != "bootstrap.kubernetes.io/token" {
            return Ok(());
        }
        let name = &secret.metadata.name;
        findings.hint(format!("kube-system/{name} is a bootstrap token"));
        let message = format!("when {name} ends, and what it may be used for: kubeadm token list");
        Err(Gap::part(Resource::Secrets, "kube-system", Cause::Inconclusive, message).into())
    });
    both(signed, kept)?;
    Ok(Ruling::Applies)
}
