//! Admission plug-ins that should be on, or off.
//!
//! | check                          | plug-in                  | accepted                          |
//! |--------------------------------|--------------------------|-----------------------------------|
//! | `cached-image-reuse`           | `AlwaysPullImages`       | on; else something else may do it |
//! | `always-admit-plugin`          | `AlwaysAdmit`            | not on                            |
//! | `no-service-account-admission` | `ServiceAccount`         | not switched off                  |
//! | `no-namespace-lifecycle`       | `NamespaceLifecycle`     | not switched off                  |
//!
//! Flags of each kube-apiserver: `--enable-admission-plugins`, `--disable-admission-plugins`, or the
//! deprecated `--admission-control`, which is the list of all plug-ins and goes with neither.
//!
//! Where flags do not tell, `apiserver_admission_controller_admission_duration_seconds_count{name}` does: a
//! plug-in that looked at a request is on.
//!
//! Every kubelet with `imagePullCredentialsVerificationPolicy: AlwaysVerify` does as much as
//! `AlwaysPullImages`. Policies that change pods may as well, and not all of them are read: so the first fails
//! nothing.
//! Source: `k8s.io/kubernetes/pkg/kubeapiserver/options/plugins.go`.

use assay_model::{Findings, Outcome, Resource, Scope, Severity, node::Node};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling,
    flags::{self, Demand, FlagRule, Hidden, Replica, Witness},
};

const REFERENCES: &[&str] =
    &["https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/"];

/// Where a plug-in is named that is off by default.
const ENABLED: &[&str] = &["enable-admission-plugins", "admission-control"];

const NOT_CACHED: &str = "imagePullCredentialsVerificationPolicy AlwaysVerify at every kubelet, or a policy \
                          that sets imagePullPolicy, may do the same";

pub(super) static CACHED_IMAGES: Check = Check {
    code: "CLU-CIS-025",
    id: "cached-image-reuse",
    title: "images on a node are started by whoever names them",
    severity: Severity::Medium,
    rationale: "A private image that one team pulled stays on the node: a pod of any other team that lands \
                there starts it without the registry's credentials, and reads what is in it.",
    remediation: "Set `imagePullCredentialsVerificationPolicy: AlwaysVerify` in every kubelet's configuration, \
                  or add `AlwaysPullImages` to `--enable-admission-plugins`.",
    references: &[
        "https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#alwayspullimages",
    ],
    verdicts: &[
        (
            Outcome::Unknown,
            "neither is so, and policies may do the same; or flags or kubelets were not read",
        ),
        (
            Outcome::Pass,
            "`AlwaysPullImages` is on, by the flags or by metrics, or every kubelet has `AlwaysVerify`",
        ),
    ],
    needs: &[Resource::WORKLOADS, &[Resource::Nodes, Resource::KubeletConfigs]],
    empty: Empty::NotApplicable,
    rule: Rule::Flag(
        &FlagRule::of("kube-apiserver", &[Demand::Judge(cached_image_reuse)])
            .hidden(Hidden::Elsewhere(NOT_CACHED))
            .witness(Witness::plugin("AlwaysPullImages")),
    ),
};

fn cached_image_reuse(server: &Replica, facts: &Facts<'_>, _: &mut Findings) -> Ruled {
    if server.lists(ENABLED, "AlwaysPullImages", facts)? {
        return Ok(Ruling::Applies);
    }
    let inventory = facts.inventory;
    let lax = |node: &Node| {
        let name = &node.metadata.name;
        let kubelet = inventory.kubelet_configs.get(name, name)?;
        let policy = kubelet.map(|it| &*it.image_pull_credentials_verification_policy);
        Ok(!node.is_virtual() && policy != Some("AlwaysVerify"))
    };
    if inventory.nodes.find(Scope::Cluster, lax)?.is_none() {
        return Ok(Ruling::Applies);
    }
    Err(server.untold(format!("AlwaysPullImages is not on; {NOT_CACHED}")))
}

pub(super) static ALWAYS_ADMIT: Check = Check {
    code: "CLU-CIS-024",
    id: "always-admit-plugin",
    title: "plug-in that admits everything is on",
    severity: Severity::High,
    rationale: "`AlwaysAdmit` is deprecated and decides nothing; where it was put in the place of the real \
                plug-ins, every object gets in.",
    remediation: "Take `AlwaysAdmit` out of `--enable-admission-plugins`, and see that the default plug-ins \
                  are on.",
    references: REFERENCES,
    verdicts: &[
        (Outcome::Fail, "`AlwaysAdmit` is listed"),
        flags::UNSEEN,
        (Outcome::Pass, "it is not"),
        flags::OWNED,
    ],
    needs: flags::NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(&FlagRule::of(
        "kube-apiserver",
        &[
            Demand::Omits { flag: "enable-admission-plugins", entries: &["AlwaysAdmit"] },
            Demand::Omits { flag: "admission-control", entries: &["AlwaysAdmit"] },
        ],
    )),
};

pub(super) static SERVICE_ACCOUNT: Check = Check {
    code: "CLU-CIS-026",
    id: "no-service-account-admission",
    title: "service accounts are not handled at admission",
    severity: Severity::High,
    rationale: "Pods then get no identity of their own, and nothing checks which Secrets of tokens they \
                mount.",
    remediation: "Take `ServiceAccount` out of `--disable-admission-plugins`.",
    references: &[
        "https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#serviceaccount",
    ],
    verdicts: &[
        (Outcome::Fail, "`ServiceAccount` is switched off"),
        flags::UNSEEN,
        (Outcome::Pass, "it is on, by the flags or by metrics"),
    ],
    needs: flags::SHOWN,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(
        &FlagRule::of("kube-apiserver", &[Demand::Plugin("ServiceAccount")])
            .hidden(Hidden::Elsewhere("its admission metrics would tell which plug-ins run"))
            .witness(Witness::plugin("ServiceAccount")),
    ),
};

pub(super) static NAMESPACE_LIFECYCLE: Check = Check {
    code: "CLU-CIS-027",
    id: "no-namespace-lifecycle",
    title: "objects may be created in namespaces that end",
    severity: Severity::Medium,
    rationale: "What is created in a namespace while it is deleted outlives the clean-up, policies and quotas \
                already gone; and `default` and `kube-system` themselves can be deleted.",
    remediation: "Take `NamespaceLifecycle` out of `--disable-admission-plugins`.",
    references: &[
        "https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#namespacelifecycle",
    ],
    verdicts: &[
        (Outcome::Fail, "`NamespaceLifecycle` is switched off"),
        flags::UNSEEN,
        (Outcome::Pass, "it is on, by the flags or by metrics"),
        flags::OWNED,
    ],
    needs: flags::NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(
        &FlagRule::of("kube-apiserver", &[Demand::Plugin("NamespaceLifecycle")])
            .witness(Witness::plugin("NamespaceLifecycle")),
    ),
};
