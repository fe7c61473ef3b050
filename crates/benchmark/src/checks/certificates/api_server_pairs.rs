//! Certificates and CAs that an API server is told to use.
//!
//! | check                            | flags of each kube-apiserver that must be set            |
//! |----------------------------------|----------------------------------------------------------|
//! | `unverified-kubelet-certificate` | `--kubelet-certificate-authority`                        |
//! | `no-etcd-client-certificate`     | `--etcd-certfile`, `--etcd-keyfile`; `--etcd-servers` https |
//! | `no-serving-key-pair`            | `--tls-cert-file`, `--tls-private-key-file`              |
//! | `no-client-ca`                   | `--client-ca-file`                                       |
//! | `no-etcd-ca`                     | `--etcd-cafile`                                          |
//!
//! An API server whose `--etcd-servers` are sockets has no etcd behind it, but a translator such as kine on
//! its own machine.

use assay_model::{Outcome, Severity};

use crate::{
    Check, Empty, Rule,
    flags::{self, Demand, FlagRule, Hidden, Where},
};

/// That the datastore is reached over the network.
const OVER_NETWORK: Where = Where {
    flag: "etcd-servers",
    holds: |servers| servers.split(',').any(|it| !it.trim().starts_with("unix")),
    otherwise: "the datastore is behind a socket of the API server's own machine",
};

const ELSEWHERE: (Outcome, &str) = (
    Outcome::NotApplicable,
    "the datastore is behind a socket, or a provider owns the control plane",
);

pub(super) static KUBELET_CA: Check = Check {
    code: "CLU-CRT-006",
    id: "unverified-kubelet-certificate",
    title: "API server does not check whose certificate a kubelet shows",
    severity: Severity::High,
    rationale: "Whoever stands between can pose as any kubelet: read logs, take over `kubectl exec`, and \
                show whatever he likes.",
    remediation: "Have kubelets ask for serving certificates (`serverTLSBootstrap: true`, with an approver), \
                  then set `--kubelet-certificate-authority` to the CA that signs them.",
    references: &[
        "https://kubernetes.io/docs/concepts/architecture/control-plane-node-communication/#apiserver-to-kubelet",
    ],
    verdicts: &[
        (Outcome::Fail, "`--kubelet-certificate-authority` is not set"),
        flags::UNSEEN,
        (Outcome::Pass, "it is set"),
        flags::OWNED,
    ],
    needs: flags::NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(&FlagRule::of(
        "kube-apiserver",
        &[Demand::AllSet(&["kubelet-certificate-authority"])],
    )),
};

pub(super) static ETCD_CLIENT: Check = Check {
    code: "CLU-CRT-007",
    id: "no-etcd-client-certificate",
    title: "API server reaches etcd without a client certificate, or without TLS",
    severity: Severity::High,
    rationale: "Then etcd has to let in everybody who reaches its port, and it holds every Secret.",
    remediation: "Set `--etcd-certfile` and `--etcd-keyfile` to a pair that etcd's CA signed, and have \
                  `--etcd-servers` begin with `https://`.",
    references: &[
        "https://kubernetes.io/docs/tasks/administer-cluster/configure-upgrade-etcd/#securing-communication",
    ],
    verdicts: &[
        (Outcome::Fail, "one of the two is not set, or a server is reached without TLS"),
        flags::UNSEEN,
        (Outcome::Pass, "both are set, and every server is reached over TLS"),
        ELSEWHERE,
    ],
    needs: flags::NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(
        &FlagRule::of(
            "kube-apiserver",
            &[
                Demand::AllSet(&["etcd-certfile", "etcd-keyfile"]),
                Demand::Encrypted("etcd-servers"),
            ],
        )
        .only(OVER_NETWORK),
    ),
};

pub(super) static SERVING: Check = Check {
    code: "CLU-CRT-008",
    id: "no-serving-key-pair",
    title: "API server makes its own serving certificate",
    severity: Severity::High,
    rationale: "A certificate that the server signs for itself is one that no client can check, so clients \
                are told not to, and anybody in between can read their tokens.",
    remediation: "Set `--tls-cert-file` and `--tls-private-key-file` to a pair that the cluster's CA signed.",
    references: &["https://kubernetes.io/docs/setup/best-practices/certificates/"],
    verdicts: &[
        (Outcome::Fail, "one of the two is not set"),
        flags::UNSEEN,
        (Outcome::Pass, "both are set"),
        flags::OWNED,
    ],
    needs: flags::NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(&FlagRule::of(
        "kube-apiserver",
        &[Demand::AllSet(&["tls-cert-file", "tls-private-key-file"])],
    )),
};

pub(super) static CLIENT_CA: Check = Check {
    code: "CLU-CRT-009",
    id: "no-client-ca",
    title: "API server accepts no client certificates",
    severity: Severity::High,
    rationale: "Without a client CA no certificate says who is calling: kubelets and the control plane are \
                left with tokens, which are easier to steal and to replay.",
    remediation: "Set `--client-ca-file` to the CA that signs the certificates of kubelets and components.",
    references: &[
        "https://kubernetes.io/docs/reference/access-authn-authz/authentication/#x509-client-certificates",
    ],
    verdicts: &[
        (Outcome::Fail, "`--client-ca-file` is not set"),
        flags::UNSEEN,
        (Outcome::Pass, "it is set"),
    ],
    needs: flags::SHOWN,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(
        &FlagRule::of("kube-apiserver", &[Demand::AllSet(&["client-ca-file"])]).hidden(
            Hidden::Elsewhere(
                "the ConfigMap extension-apiserver-authentication of kube-system would tell whether it \
                 has a client CA",
            ),
        ),
    ),
};

pub(super) static ETCD_CA: Check = Check {
    code: "CLU-CRT-010",
    id: "no-etcd-ca",
    title: "API server does not check whose certificate etcd shows",
    severity: Severity::High,
    rationale: "Whoever stands between can pose as etcd, and then hands the API server any object he likes \
                and reads all that is written.",
    remediation: "Set `--etcd-cafile` to etcd's own CA.",
    references: &[
        "https://kubernetes.io/docs/tasks/administer-cluster/configure-upgrade-etcd/#securing-communication",
    ],
    verdicts: &[
        (Outcome::Fail, "`--etcd-cafile` is not set"),
        flags::UNSEEN,
        (Outcome::Pass, "it is set"),
        ELSEWHERE,
    ],
    needs: flags::NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(
        &FlagRule::of("kube-apiserver", &[Demand::AllSet(&["etcd-cafile"])]).only(OVER_NETWORK),
    ),
};
