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
//! What else may do it is not read yet, so the first fails nothing: policies that change pods, and what
//! kubelets verify.
//! Source: `k8s.io/kubernetes/pkg/kubeapiserver/options/plugins.go`.

use assay_model::{Outcome, Severity};

use crate::{
    Check, Empty, Rule,
    flags::{self, Demand, FlagRule, Hidden, Witness},
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
            "it is not on, and what else may do it is not read; or the flags are not visible",
        ),
        (Outcome::Pass, "`AlwaysPullImages` is on, by the flags or by metrics"),
    ],
    needs: flags::SHOWN,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(
        &FlagRule::of(
            "kube-apiserver",
            &[Demand::Enough(
                &Demand::Lists { of: ENABLED, entry: "AlwaysPullImages" },
                NOT_CACHED,
            )],
        )
        .hidden(Hidden::Elsewhere(NOT_CACHED))
        .witness(Witness::plugin("AlwaysPullImages")),
    ),
};

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
