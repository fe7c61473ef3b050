//! Kubelet settings that one field decides.
//!
//! | field, of the running configuration | fail             | warn                | pass               |
//! |-------------------------------------|------------------|---------------------|--------------------|
//! | `authorization.mode`                | `AlwaysAllow`    |                     | `Webhook`          |
//! | `authentication.x509.clientCAFile`  | empty            |                     | any file           |
//! | `readOnlyPort`                      | any port         |                     | 0, or left out     |
//! | `streamingConnectionIdleTimeout`    | 0                | more than 4 h       | more than 0        |
//! | `eventRecordQPS`                    | negative         | 1 to 4              | 0, 5 and more, unset |
//! | `rotateCertificates`                | `false`, left out |                    | `true`             |
//! | `podPidsLimit`                      | up to 0, or unset | more than 32768    | more than 0        |
//! | `seccompDefault`                    | `false`, unset   |                     | `true`             |
//! | `allowedUnsafeSysctls`              | `kernel.*`, `net.*` | any other       | empty              |
//! | `staticPodURL`                      | given            |                     | not given          |
//!
//! Exempt: virtual nodes; Windows from what the Linux kernel does; kubelets of EKS and GKE from the
//! rotation of a client certificate, for they log in by a plug-in of the provider.
//! An unset field has the configuration type's default, which is the same in every version that has
//! the field. Flags have other defaults; the running configuration has both already resolved.

use assay_model::{
    Cause, Findings, Gap, Location, Outcome, Resource, Severity,
    node::{KubeletConfig, Node},
};
use jiff::SignedDuration;

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling};

/// What differs from one setting to the other.
#[derive(Clone, Copy)]
struct Setting {
    code: &'static str,
    id: &'static str,
    title: &'static str,
    severity: Severity,
    rationale: &'static str,
    remediation: &'static str,
    references: &'static [&'static str],
    verdicts: &'static [(Outcome, &'static str)],
    rule: fn(&KubeletConfig, &Node, &Facts<'_>, &mut Findings) -> Ruled,
}

const fn check(setting: Setting) -> Check {
    Check {
        code: setting.code,
        id: setting.id,
        title: setting.title,
        severity: setting.severity,
        rationale: setting.rationale,
        remediation: setting.remediation,
        references: setting.references,
        verdicts: setting.verdicts,
        needs: &[&[Resource::Nodes, Resource::KubeletConfigs]],
        empty: Empty::NotApplicable,
        rule: Rule::Kubelet(setting.rule),
    }
}

const AUTHENTICATION: &str =
    "https://kubernetes.io/docs/reference/access-authn-authz/kubelet-authn-authz/";
const FIELDS: &str = "https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/";
const NOT_READ: (Outcome, &str) =
    (Outcome::Unknown, "the configuration that the kubelet runs with was not read");

pub(super) static KUBELET_ALLOWS_ALL: Check = check(Setting {
    code: "HST-CIS-013",
    id: "kubelet-allows-all",
    title: "kubelet lets every caller do everything",
    severity: Severity::Critical,
    rationale: "Any certificate that the cluster's CA ever signed then runs commands in every \
                container of the node, whatever RBAC says.",
    remediation: "Set `authorization.mode: Webhook` in the kubelet's configuration file and restart it: \
                  it then asks the API server, and RBAC on `nodes/*` decides.",
    references: &[AUTHENTICATION],
    verdicts: &[
        (Outcome::Fail, "the kubelet runs with `authorization.mode: AlwaysAllow`"),
        (Outcome::Unknown, "the running configuration was not read, or has another mode or none"),
        (Outcome::Pass, "it runs with `Webhook`"),
    ],
    rule: |kubelet, _, _, findings| {
        match &*kubelet.authorization.mode {
            "Webhook" => {}
            "AlwaysAllow" => findings.fail(at("authorization.mode"), "is `AlwaysAllow`"),
            "" => return Err(untold(kubelet, "it has no authorization.mode".to_owned())),
            mode => return Err(untold(kubelet, format!("authorization.mode is `{mode}`"))),
        }
        Ok(Ruling::Applies)
    },
});

pub(super) static NO_KUBELET_CLIENT_CA: Check = check(Setting {
    code: "HST-CIS-014",
    id: "no-kubelet-client-ca",
    title: "kubelet has no CA to check client certificates by",
    severity: Severity::Critical,
    rationale: "The API server logs in at kubelets by certificate. Without a CA nobody can: what is left \
                are tokens and callers without a name, and whoever must keep `logs` and `exec` working \
                opens the kubelet to those.",
    remediation: "Set `authentication.x509.clientCAFile` in the kubelet's configuration file to the \
                  cluster's CA (kubeadm: `/etc/kubernetes/pki/ca.crt`) and restart it.",
    references: &[AUTHENTICATION],
    verdicts: &[
        (Outcome::Fail, "the kubelet runs without `authentication.x509.clientCAFile`"),
        NOT_READ,
        (Outcome::Pass, "it runs with one"),
    ],
    rule: |kubelet, _, _, findings| {
        if kubelet.authentication.x509.client_ca_file.is_empty() {
            findings.fail(at("authentication.x509.clientCAFile"), "is not set");
        }
        Ok(Ruling::Applies)
    },
});

pub(super) static KUBELET_READ_ONLY_PORT: Check = check(Setting {
    code: "HST-CIS-015",
    id: "kubelet-read-only-port",
    title: "kubelet serves a port without login",
    severity: Severity::High,
    rationale: "Whoever reaches the port reads the specs of all pods of the node, environment variables \
                and commands included, and can map the cluster from there.",
    remediation: "Set `readOnlyPort: 0` in the kubelet's configuration file and restart it; point \
                  monitoring to port 10250 with a token.",
    references: &[FIELDS],
    verdicts: &[
        (Outcome::Fail, "the kubelet runs with a `readOnlyPort` other than 0"),
        NOT_READ,
        (Outcome::Pass, "it runs with 0"),
    ],
    rule: |kubelet, _, _, findings| {
        if kubelet.read_only_port != 0 {
            findings.fail(at("readOnlyPort"), format!("is {}", kubelet.read_only_port));
        }
        Ok(Ruling::Applies)
    },
});

/// What a kubelet has when it is told nothing.
const IDLE_TIMEOUT: SignedDuration = SignedDuration::from_hours(4);

pub(super) static ENDLESS_STREAM: Check = check(Setting {
    code: "HST-CIS-016",
    id: "endless-stream",
    title: "idle exec and port-forward sessions stay open",
    severity: Severity::Low,
    rationale: "Forgotten sessions pile up until the node has no connections left, and one that was \
                taken over stays a way in for as long as it likes.",
    remediation: "Set `streamingConnectionIdleTimeout` in the kubelet's configuration file to some \
                  minutes or hours, such as `4h0m0s`; remove the flag \
                  `--streaming-connection-idle-timeout=0`; restart it.",
    references: &[FIELDS],
    verdicts: &[
        (Outcome::Fail, "the kubelet runs with `streamingConnectionIdleTimeout: 0s`: never"),
        (Outcome::Unknown, "the running configuration was not read, or has no duration there"),
        (Outcome::Warn, "it runs with more than 4 hours"),
        (Outcome::Pass, "it runs with up to 4 hours"),
    ],
    rule: |kubelet, _, _, findings| {
        let told = &*kubelet.streaming_connection_idle_timeout;
        if told.is_empty() {
            return Ok(Ruling::Applies);
        }
        let field = "streamingConnectionIdleTimeout";
        let timeout: SignedDuration = told
            .parse()
            .map_err(|_| untold(kubelet, format!("{field} is `{told}`, which is no duration")))?;
        if !timeout.is_positive() {
            findings.fail(at(field), format!("is `{told}`: never"));
        } else if timeout > IDLE_TIMEOUT {
            findings.warn(at(field), format!("is `{told}`, more than the default of 4 hours"));
        }
        Ok(Ruling::Applies)
    },
});

pub(super) static THROTTLED_KUBELET_EVENTS: Check = check(Setting {
    code: "HST-CIS-019",
    id: "throttled-kubelet-events",
    title: "kubelet drops events beyond a few a second",
    severity: Severity::Low,
    rationale: "What happens on a node when it is under attack or falls over comes in bursts: the events \
                that would explain it afterwards are the ones that are dropped.",
    remediation: "Set `eventRecordQPS` in the kubelet's configuration file to 5 or more, or leave it \
                  out, and restart it.",
    references: &[FIELDS],
    verdicts: &[
        (Outcome::Fail, "the kubelet runs with a negative `eventRecordQPS`"),
        NOT_READ,
        (Outcome::Warn, "it runs with 1 to 4 events a second"),
        (Outcome::Pass, "it runs with 5 or more, with 0 (any number), or with the default"),
    ],
    rule: |kubelet, _, _, findings| {
        match kubelet.event_record_qps {
            Some(it) if it < 0 => findings.fail(at("eventRecordQPS"), format!("is {it}")),
            Some(it @ 1..=4) => {
                findings.warn(at("eventRecordQPS"), format!("is {it} events a second"));
            }
            _ => {}
        }
        Ok(Ruling::Applies)
    },
});

pub(super) static NO_KUBELET_CLIENT_ROTATION: Check = check(Setting {
    code: "HST-CIS-021",
    id: "no-kubelet-client-rotation",
    title: "kubelet does not renew its client certificate",
    severity: Severity::High,
    rationale: "A year later the certificate ends and the node with it, unless somebody remembers; and \
                whoever prevents that with a longer one gives a stolen key as long a life.",
    remediation: "Set `rotateCertificates: true` in the kubelet's configuration file and restart it; \
                  the controller manager approves and signs the renewals of kubelets by itself.",
    references: &["https://kubernetes.io/docs/tasks/tls/certificate-rotation/"],
    verdicts: &[
        (Outcome::Fail, "the kubelet runs without `rotateCertificates: true`"),
        NOT_READ,
        (Outcome::Pass, "it runs with it"),
        (
            Outcome::NotApplicable,
            "it runs without, and its provider logs it in by a plug-in: EKS, GKE",
        ),
    ],
    rule: |kubelet, node, _, findings| {
        if kubelet.rotate_certificates {
            return Ok(Ruling::Applies);
        }
        let version = &*node.status.node_info.kubelet_version;
        if ["-eks-", "-gke."].iter().any(|it| version.contains(it)) {
            let reason = "the provider's plug-in logs the kubelet in, not a client certificate";
            return Ok(Ruling::NotApplicable(reason.to_owned()));
        }
        findings.fail(at("rotateCertificates"), "is not `true`");
        Ok(Ruling::Applies)
    },
});

/// Beyond so many processes the ceiling protects other pods from little.
const MANY_PIDS: i64 = 32_768;

pub(super) static NO_POD_PIDS_LIMIT: Check = check(Setting {
    code: "HST-CIS-024",
    id: "no-pod-pids-limit",
    title: "pods may start any number of processes",
    severity: Severity::Medium,
    rationale: "One fork bomb, or one leak of threads, takes every process id of the node: nothing can \
                start there any more, the kubelet's own helpers included.",
    remediation: "Set `podPidsLimit` in the kubelet's configuration file, such as 4096, above what the \
                  busiest pod needs (`pids.current` of its cgroup), and restart it.",
    references: &["https://kubernetes.io/docs/concepts/policy/pid-limiting/"],
    verdicts: &[
        (Outcome::Fail, "the kubelet runs without `podPidsLimit`, or with -1"),
        NOT_READ,
        (Outcome::Warn, "it runs with more than 32768"),
        (Outcome::Pass, "it runs with a number up to that"),
        (Outcome::NotApplicable, "the node runs Windows"),
    ],
    rule: |kubelet, node, _, findings| {
        if node.is_windows() {
            return Ok(linux_only());
        }
        match kubelet.pod_pids_limit {
            Some(it) if it > MANY_PIDS => {
                findings.warn(at("podPidsLimit"), format!("is {it}, more than {MANY_PIDS}"));
            }
            Some(it) if it > 0 => {}
            Some(it) => findings.fail(at("podPidsLimit"), format!("is {it}: no limit")),
            None => findings.fail(at("podPidsLimit"), "is not set: no limit"),
        }
        Ok(Ruling::Applies)
    },
});

pub(super) static NO_DEFAULT_SECCOMP_PROFILE: Check = check(Setting {
    code: "HST-CIS-025",
    id: "no-default-seccomp-profile",
    title: "pods without a seccomp profile may make any system call",
    severity: Severity::Medium,
    rationale: "Most ways out of a container use system calls that no service needs; the runtime's \
                profile closes them, but only where somebody asks for it.",
    remediation: "Set `seccompDefault: true` in the kubelet's configuration file and restart it, node by \
                  node: a workload that needs more says `Unconfined` for itself.",
    references: &["https://kubernetes.io/docs/tutorials/security/seccomp/"],
    verdicts: &[
        (Outcome::Fail, "the kubelet runs without `seccompDefault: true`"),
        NOT_READ,
        (Outcome::Pass, "it runs with it"),
        (Outcome::NotApplicable, "the node runs Windows"),
    ],
    rule: |kubelet, node, _, findings| {
        if node.is_windows() {
            return Ok(linux_only());
        }
        if kubelet.seccomp_default != Some(true) {
            findings.fail(at("seccompDefault"), "is not `true`");
        }
        Ok(Ruling::Applies)
    },
});

pub(super) static ALLOWED_UNSAFE_SYSCTL: Check = check(Setting {
    code: "HST-CIS-028",
    id: "allowed-unsafe-sysctl",
    title: "kubelet lets pods set unsafe kernel parameters",
    severity: Severity::High,
    rationale: "Unsafe ones are not known to stay within a pod: by them a pod slows down or crashes the \
                node, or weakens what protects its neighbours.",
    remediation: "Empty `allowedUnsafeSysctls` in the kubelet's configuration file and restart it. Where \
                  a workload needs one, name that one without a wildcard, on tainted nodes of its own.",
    references: &["https://kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster/"],
    verdicts: &[
        (
            Outcome::Fail,
            "`allowedUnsafeSysctls` has a pattern that ends in `*` in `kernel` or `net`",
        ),
        NOT_READ,
        (Outcome::Warn, "it has names, or other patterns"),
        (Outcome::Pass, "it is empty"),
    ],
    rule: |kubelet, _, _, findings| {
        for allowed in &kubelet.allowed_unsafe_sysctls {
            let wide =
                |it: &str| it.is_empty() || it.starts_with("kernel.") || it.starts_with("net.");
            // The kubelet takes slashes for dots.
            let pattern = allowed.replace('/', ".");
            let detail = format!("has `{allowed}`");
            match pattern.strip_suffix('*') {
                Some(it) if wide(it) => findings.fail(at("allowedUnsafeSysctls"), detail),
                _ => findings.warn(at("allowedUnsafeSysctls"), detail),
            }
        }
        Ok(Ruling::Applies)
    },
});

pub(super) static STATIC_POD_URL: Check = check(Setting {
    code: "HST-CIS-029",
    id: "static-pod-url",
    title: "kubelet takes static pods from a URL",
    severity: Severity::High,
    rationale: "Whoever controls the URL, or the way to it, runs privileged pods on the node: admission \
                policies do not see static pods.",
    remediation: "Remove `staticPodURL` and `staticPodURLHeader` from the kubelet's configuration file \
                  and restart it; put the manifests into `staticPodPath`.",
    references: &["https://kubernetes.io/docs/tasks/configure-pod-container/static-pod/"],
    verdicts: &[
        (Outcome::Fail, "the kubelet runs with a `staticPodURL`"),
        NOT_READ,
        (Outcome::Pass, "it runs without; the hint names the folder that it reads instead"),
    ],
    rule: |kubelet, _, _, findings| {
        if !kubelet.static_pod_url.is_empty() {
            findings.fail(at("staticPodURL"), "is set");
        }
        if !kubelet.static_pod_path.is_empty() {
            findings.hint(format!("static pods come from {}", kubelet.static_pod_path));
        }
        Ok(Ruling::Applies)
    },
});

fn at(field: &str) -> Location {
    Location::field(format!("configz {field}"))
}

fn linux_only() -> Ruling {
    Ruling::NotApplicable("Windows has no such kernel feature".to_owned())
}

/// A configuration that was read and does not tell.
fn untold(kubelet: &KubeletConfig, message: String) -> assay_model::Unknown {
    let node = kubelet.node.clone();
    Gap::part(Resource::KubeletConfigs, node, Cause::Inconclusive, message).into()
}
