//! What admission lets tenants run, a row for each control of the standards that CIS asks for.
//!
//! | namespace of a tenant                                                | verdict        |
//! |----------------------------------------------------------------------|----------------|
//! | everything that breaks the control is refused there                  | pass           |
//! | it is let in, and workloads in it show that somebody makes pods there | fail          |
//! | it is let in, and nothing runs there yet                             | warn           |
//! | of the platform, or waits to be deleted                              | not applicable |
//!
//! How it is told whether it is refused: [`pod_admission`], and table `policy-rules` for policies of
//! engines and of the API server. What runs now is other checks' to say: pods
//! that break nothing prove nothing, and labels that only audit or warn refuse nothing.

use assay_model::{Findings, Outcome, Resource, Scope, Severity, namespace::Namespace};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling,
    check::On,
    pod_admission::{self, at_label, shortcoming},
    pod_security::{self, Control},
};

/// A row: what is let in, how bad that is, why, and the control that would refuse it.
macro_rules! row {
    ($code:literal, $id:literal, $title:literal, $severity:ident, $control:ident, $why:literal) => {
        row($code, $id, $title, Severity::$severity, $why, |namespace, facts, findings| {
            admitted(&pod_security::$control, namespace, facts, findings)
        })
    };
}

pub(super) static PRIVILEGED: Check = row!(
    "APP-PSP-055",
    "privileged-container-admitted",
    "admission lets privileged containers in",
    High,
    PRIVILEGED,
    "Whoever may create a pod in the namespace, or takes over a pipeline that does, makes a privileged one \
     and is root on a node."
);
pub(super) static HOST_PID: Check = row!(
    "APP-PSP-056",
    "host-pid-admitted",
    "admission lets pods see the processes of their node",
    High,
    HOST_NAMESPACES,
    "Whoever may create a pod in the namespace makes one that sees, signals and, as root, traces the \
     processes of the node and of other pods."
);
pub(super) static HOST_IPC: Check = row!(
    "APP-PSP-057",
    "host-ipc-admitted",
    "admission lets pods share the IPC of their node",
    Medium,
    HOST_NAMESPACES,
    "Whoever may create a pod in the namespace makes one that reads and writes the shared memory of the \
     node's processes."
);
pub(super) static HOST_NETWORK: Check = row!(
    "APP-PSP-058",
    "host-network-admitted",
    "admission lets pods on the network of their node",
    High,
    HOST_NAMESPACES,
    "Whoever may create a pod in the namespace makes one that no network policy holds, and that reaches what \
     listens on the node alone."
);
pub(super) static PRIVILEGE_ESCALATION: Check = row!(
    "APP-PSP-059",
    "privilege-escalation-admitted",
    "admission lets containers gain privileges",
    Medium,
    ALLOW_PRIVILEGE_ESCALATION,
    "An image with a set-user-ID program makes root of whoever gets into its container, and nothing stops \
     such a pod."
);
pub(super) static ROOT: Check = row!(
    "APP-PSP-060",
    "root-container-admitted",
    "admission lets containers run as root",
    Medium,
    RUN_AS_NON_ROOT,
    "Nothing stops an image that runs as root: a flaw in the runtime or the kernel then makes its process root \
     on the node."
);
pub(super) static RAW_SOCKETS: Check = row!(
    "APP-PSP-061",
    "raw-sockets-admitted",
    "admission lets containers add NET_RAW",
    Medium,
    CAPABILITIES_BASELINE,
    "Whoever may create a pod in the namespace makes one that forges packets, and reads and changes the traffic \
     of others on its network."
);
pub(super) static CAPABILITIES: Check = row!(
    "APP-PSP-062",
    "undropped-capability-admitted",
    "admission lets containers keep capabilities",
    Medium,
    CAPABILITIES_RESTRICTED,
    "Nothing makes pods give up what a runtime gives by default: more than most programs use, and steps of \
     known escapes."
);
pub(super) static HOST_PROCESS: Check = row!(
    "APP-PSP-063",
    "host-process-admitted",
    "admission lets containers be processes of their Windows node",
    Medium,
    WINDOWS_HOST_PROCESS,
    "Whoever may create a pod in the namespace makes one that is a process of a Windows node, with all of its \
     files and credentials."
);
pub(super) static HOST_PATH: Check = row!(
    "APP-PSP-064",
    "host-path-admitted",
    "admission lets pods mount paths of their node",
    High,
    HOST_PATH_VOLUMES,
    "Whoever may create a pod in the namespace mounts the node's root, and takes the kubelet's credentials and \
     every Secret on the node."
);
pub(super) static HOST_PORT: Check = row!(
    "APP-PSP-065",
    "host-port-admitted",
    "admission lets containers take ports of their node",
    Low,
    HOST_PORTS,
    "Whoever may create a pod in the namespace opens a port on a node's address, past Services and their \
     policies, or takes it from others."
);
pub(super) static SECCOMP: Check = row!(
    "APP-PSP-066",
    "no-seccomp-profile-admitted",
    "admission lets containers do without a seccomp profile",
    Low,
    SECCOMP_RESTRICTED,
    "Nothing makes pods have a profile: one without it may use every system call, also those by which most \
     kernel flaws are reached."
);

const fn row(
    code: &'static str,
    id: &'static str,
    title: &'static str,
    severity: Severity,
    rationale: &'static str,
    rule: On<Namespace>,
) -> Check {
    Check {
        code,
        id,
        title,
        severity,
        rationale,
        remediation: "Label the namespace `pod-security.kubernetes.io/enforce` with `restricted`, or with \
                      `baseline` where what this finding is about allows; `kubectl label --dry-run=server` \
                      says which pods would break it. Or let a policy engine refuse such pods.",
        references: &[
            "https://kubernetes.io/docs/concepts/security/pod-security-admission/",
            "https://kubernetes.io/docs/tasks/configure-pod-container/enforce-standards-namespace-labels/",
        ],
        verdicts: &[
            (Outcome::Fail, "it is let into a tenant's namespace that has workloads"),
            (
                Outcome::Unknown,
                "the label asks for it, and the API server's flags do not show that it is enforced for \
                 everybody; or something may refuse such pods, and what it asks of them, or of whom, is not known",
            ),
            (Outcome::Warn, "it is let into a tenant's namespace where nothing runs yet"),
            (Outcome::Pass, "it is refused in every tenant's namespace"),
            (Outcome::NotApplicable, "namespaces of the platform"),
        ],
        needs: &[Resource::WORKLOADS, pod_admission::NEEDS],
        empty: Empty::NotApplicable,
        rule: Rule::Namespace(rule),
    }
}

fn admitted(
    control: &Control,
    namespace: &Namespace,
    facts: &Facts<'_>,
    findings: &mut Findings,
) -> Ruled {
    if facts.settings.is_platform(&namespace.name) {
        return Ok(Ruling::NotApplicable("a namespace of the platform".to_owned()));
    }
    if pod_admission::refuses(control, namespace, facts)? {
        return Ok(Ruling::Applies);
    }
    let here = Scope::Part(&namespace.name);
    let detail = shortcoming(namespace, control.level, control.since)?;
    if facts.inventory.workloads.find(here, |_| Ok(true))?.is_some() {
        findings.fail(at_label(), detail);
    } else {
        findings.warn(at_label(), format!("{detail}; nothing runs here yet"));
    }
    Ok(Ruling::Applies)
}
