//! Where etcd listens, and how.
//!
//! | flag of each etcd                                                    | fail                      | warn            |
//! |----------------------------------------------------------------------|---------------------------|-----------------|
//! | `--listen-client-urls`, `--listen-client-http-urls`, `--listen-peer-urls` | http beyond its own machine | https on every address |
//! | `--listen-metrics-urls`                                              |                           | the same; and http beyond its own machine |
//! | `--initial-cluster`                                                  | http to another machine   |                 |
//!
//! Not set, clients and peers are served on loopback.

use assay_model::{Findings, Known, Outcome, Severity, both};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling,
    flags::{self, Demand, FlagRule, Replica, Url, urls},
};

pub(super) static CHECK: Check = Check {
    code: "CLU-CIS-038",
    id: "exposed-etcd-listener",
    title: "etcd listens without TLS, or on every address",
    severity: Severity::Critical,
    rationale: "Every Secret and every right is in etcd: without TLS whoever is on the network reads along, \
                and on every address there are more who can try.",
    remediation: "Have `--listen-client-urls` and `--listen-peer-urls` name `https://` and one address of the \
                  node, beside loopback; serve metrics on loopback.",
    references: &["https://etcd.io/docs/latest/op-guide/security/"],
    verdicts: &[
        (Outcome::Fail, "clients or peers are served without TLS beyond its own machine"),
        flags::UNSEEN,
        (
            Outcome::Warn,
            "it listens on every address, or metrics are served without TLS beyond its machine",
        ),
        (Outcome::Pass, "every URL is `https://` with an address, or loopback"),
        flags::OWNED,
    ],
    needs: flags::NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(&FlagRule::of("etcd", &[Demand::Judge(exposed_etcd_listener)])),
};

fn exposed_etcd_listener(member: &Replica, facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    const SERVED: &[&str] = &["listen-client-urls", "listen-client-http-urls", "listen-peer-urls"];
    const METRICS: &str = "listen-metrics-urls";
    const PEERS: &str = "initial-cluster";
    let in_clear = |it: &Url<'_>| it.scheme == "http" && !it.is_local();
    let mut read = Ok(());
    for flag in SERVED.iter().chain([&METRICS, &PEERS]) {
        let told = member.value(flag, facts).and_then(|list| parsed(list, flag, member));
        let listed = match told {
            Ok(it) => it,
            Err(it) => {
                read = both(read, Err(it));
                continue;
            }
        };
        if listed.iter().any(in_clear) {
            let detail = "has `http` beyond its own machine";
            if *flag == METRICS {
                findings.warn(member.at(flag), detail);
            } else {
                findings.fail(member.at(flag), detail);
            }
        }
        if listed.iter().any(|it| it.scheme == "https" && it.is_everywhere()) {
            findings.warn(member.at(flag), "names every address");
        }
    }
    read.map(|()| Ruling::Applies)
}

fn parsed<'a>(list: &'a str, flag: &str, member: &Replica) -> Known<Vec<Url<'a>>> {
    urls(list).ok_or_else(|| member.untold(format!("--{flag} has something that is no URL")))
}
