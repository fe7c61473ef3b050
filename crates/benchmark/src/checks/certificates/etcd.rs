//! How etcd proves who it is, and asks others to.
//!
//! | check                          | flags of each etcd                    | fail            | warn              |
//! |--------------------------------|---------------------------------------|-----------------|-------------------|
//! | `etcd-without-tls`             | `--cert-file`, `--key-file`           | one is not set  |                   |
//! | `etcd-open-to-clients`         | `--client-cert-auth`                  | false           | false, with `--trusted-ca-file` |
//! | `etcd-self-signed-for-clients` | `--auto-tls`                          | true            |                   |
//! | `etcd-peers-without-tls`       | `--peer-cert-file`, `--peer-key-file` | one is not set  | of a single member |
//! | `etcd-open-to-peers`           | `--peer-client-cert-auth`             | false           | of a single member, or with `--peer-trusted-ca-file` |
//! | `etcd-self-signed-for-peers`   | `--peer-auto-tls`                     | true            |                   |
//!
//! etcd asks for client certificates also where only a trusted CA is named: the switch is the clearer way.
//! A member is single if no other is visible, and it was started with itself alone. The variables
//! `ETCD_…` set the same, and their values are not kept; with `--config-file` flags do not count.
//! Source: `go.etcd.io/etcd/client/pkg/v3/transport/listener.go`, `server/v3/embed/config.go`.

use assay_model::{Findings, Known, Object, Outcome, Scope, Severity};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling,
    flags::{self, Demand, FlagRule, Replica},
};

const REFERENCES: &[&str] = &[
    "https://etcd.io/docs/latest/op-guide/security/",
    "https://kubernetes.io/docs/tasks/administer-cluster/configure-upgrade-etcd/#securing-etcd-clusters",
];

pub(super) static NO_TLS: Check = Check {
    code: "CLU-CRT-015",
    id: "etcd-without-tls",
    title: "etcd serves its clients without TLS",
    severity: Severity::Critical,
    rationale: "Every object passes between the API server and etcd, Secrets included: in clear text, \
                whoever is on the network reads and changes them.",
    remediation: "Set `--cert-file` and `--key-file` of etcd, and have the API server's `--etcd-servers` begin \
                  with `https://`.",
    references: REFERENCES,
    verdicts: &[
        (Outcome::Fail, "`--cert-file` or `--key-file` is not set"),
        flags::UNSEEN,
        (Outcome::Pass, "both are set"),
        flags::OWNED,
    ],
    needs: flags::NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(&FlagRule::of("etcd", &[Demand::AllSet(&["cert-file", "key-file"])])),
};

pub(super) static OPEN_TO_CLIENTS: Check = Check {
    code: "CLU-CRT-016",
    id: "etcd-open-to-clients",
    title: "etcd asks its clients for no certificate",
    severity: Severity::Critical,
    rationale: "Whoever reaches its port reads every Secret and makes himself cluster-admin: behind the API \
                server there is no RBAC.",
    remediation: "Set `--client-cert-auth=true` and `--trusted-ca-file` of etcd, and a client certificate at \
                  the API server.",
    references: REFERENCES,
    verdicts: &[
        (Outcome::Fail, "`--client-cert-auth` is not true, and no trusted CA is named"),
        flags::UNSEEN,
        (Outcome::Warn, "certificates are asked for only because `--trusted-ca-file` is set"),
        (Outcome::Pass, "it is true"),
        flags::OWNED,
    ],
    needs: flags::NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(&FlagRule::of("etcd", &[Demand::Judge(open_to_clients)])),
};

pub(super) static SELF_SIGNED_FOR_CLIENTS: Check = Check {
    code: "CLU-CRT-017",
    id: "etcd-self-signed-for-clients",
    title: "etcd signs its own certificate for clients",
    severity: Severity::High,
    rationale: "Nobody can check a certificate that etcd makes up at each start, so clients trust any, and \
                whoever stands between reads Secrets.",
    remediation: "Remove `--auto-tls`, and set `--cert-file` and `--key-file` to a pair that etcd's CA signed.",
    references: REFERENCES,
    verdicts: &[
        (Outcome::Fail, "`--auto-tls` is true"),
        flags::UNSEEN,
        (Outcome::Pass, "it is false, or not set"),
        flags::OWNED,
    ],
    needs: flags::NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(&FlagRule::of("etcd", &[Demand::Is("auto-tls", false)])),
};

pub(super) static PEERS_WITHOUT_TLS: Check = Check {
    code: "CLU-CRT-018",
    id: "etcd-peers-without-tls",
    title: "etcd members speak to each other without TLS",
    severity: Severity::High,
    rationale: "Members send each other all that is written: in clear text, whoever is on their network reads \
                every Secret.",
    remediation: "Set `--peer-cert-file` and `--peer-key-file` of etcd, and `https://` in its peer URLs.",
    references: REFERENCES,
    verdicts: &[
        (
            Outcome::Fail,
            "`--peer-cert-file` or `--peer-key-file` is not set, and there are other members",
        ),
        flags::UNSEEN,
        (Outcome::Warn, "one is not set, of the only member"),
        (Outcome::Pass, "both are set"),
        flags::OWNED,
    ],
    needs: flags::NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(&FlagRule::of("etcd", &[Demand::Judge(peers_without_tls)])),
};

pub(super) static OPEN_TO_PEERS: Check = Check {
    code: "CLU-CRT-019",
    id: "etcd-open-to-peers",
    title: "etcd members ask each other for no certificate",
    severity: Severity::High,
    rationale: "Whoever reaches the peer port can pose as a member, and is sent the whole store.",
    remediation: "Set `--peer-client-cert-auth=true` and `--peer-trusted-ca-file` of etcd.",
    references: REFERENCES,
    verdicts: &[
        (Outcome::Fail, "`--peer-client-cert-auth` is not true, and there are other members"),
        flags::UNSEEN,
        (
            Outcome::Warn,
            "it is not, of the only member, or only `--peer-trusted-ca-file` makes up for it",
        ),
        (Outcome::Pass, "it is true"),
        flags::OWNED,
    ],
    needs: flags::NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(&FlagRule::of("etcd", &[Demand::Judge(open_to_peers)])),
};

pub(super) static SELF_SIGNED_FOR_PEERS: Check = Check {
    code: "CLU-CRT-020",
    id: "etcd-self-signed-for-peers",
    title: "etcd signs its own certificate for other members",
    severity: Severity::High,
    rationale: "Members cannot check certificates that each makes up for itself, so whoever stands between \
                poses as one of them.",
    remediation: "Remove `--peer-auto-tls`, and set `--peer-cert-file`, `--peer-key-file` and \
                  `--peer-trusted-ca-file`.",
    references: REFERENCES,
    verdicts: &[
        (Outcome::Fail, "`--peer-auto-tls` is true"),
        flags::UNSEEN,
        (Outcome::Pass, "it is false, or not set"),
        flags::OWNED,
    ],
    needs: flags::NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(&FlagRule::of("etcd", &[Demand::Is("peer-auto-tls", false)])),
};

fn open_to_clients(member: &Replica, facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    const FLAG: &str = "client-cert-auth";
    if !member.is_on(FLAG, facts)? {
        if member.value("trusted-ca-file", facts)?.is_empty() {
            findings.fail(member.at(FLAG), "is not true");
        } else {
            findings.warn(member.at(FLAG), "is not true: only --trusted-ca-file has it ask");
        }
    }
    Ok(Ruling::Applies)
}

fn peers_without_tls(member: &Replica, facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let mut missing = Vec::new();
    let mut read = Ok(());
    for flag in ["peer-cert-file", "peer-key-file"] {
        match member.value(flag, facts) {
            Ok("") => missing.push(flag),
            Ok(_) => {}
            Err(it) => read = assay_model::both(read, Err(it)),
        }
    }
    if !missing.is_empty() {
        let single = is_single(member, facts)?;
        for flag in missing {
            if single {
                findings.warn(member.at(flag), "is not set, and it is the only member");
            } else {
                findings.fail(member.at(flag), "is not set");
            }
        }
    }
    read.map(|()| Ruling::Applies)
}

fn open_to_peers(member: &Replica, facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    const FLAG: &str = "peer-client-cert-auth";
    if !member.is_on(FLAG, facts)? {
        if !member.value("peer-trusted-ca-file", facts)?.is_empty() {
            findings.warn(member.at(FLAG), "is not true: only --peer-trusted-ca-file has it ask");
        } else if is_single(member, facts)? {
            findings.warn(member.at(FLAG), "is not true, and it is the only member");
        } else {
            findings.fail(member.at(FLAG), "is not true");
        }
    }
    Ok(Ruling::Applies)
}

/// Whether there is no other member: none that is visible, and none that it was started with. The
/// latter alone would not do, for members that join later stand in their own command lines.
fn is_single(member: &Replica, facts: &Facts<'_>) -> Known<bool> {
    let other = |it: &Replica| Ok(it.name() != member.name());
    if facts.replicas("etcd").find(Scope::Cluster, other)?.is_some() {
        return Ok(false);
    }
    Ok(member.list("initial-cluster", facts)?.count() <= 1)
}
