//! Whether etcd has a CA of its own.
//!
//! | flag of each etcd   | against each kube-apiserver's | fail              |
//! |---------------------|-------------------------------|-------------------|
//! | `--trusted-ca-file` | `--client-ca-file`            | the same file; or not set |
//!
//! Files are compared by their paths. One file under two paths passes as declared; what is in them is not
//! read.

use assay_model::{Findings, Outcome, Scope, Severity};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling,
    flags::{self, Demand, FlagRule, Replica},
};

pub(super) static CHECK: Check = Check {
    code: "CLU-CRT-021",
    id: "etcd-shares-cluster-ca",
    title: "etcd has no CA of its own",
    severity: Severity::High,
    rationale: "Every certificate that the cluster's CA signs opens etcd then: the one of any kubelet reads \
                all Secrets.",
    remediation: "Make a CA for etcd alone, sign its certificates and the API server's client certificate \
                  with it, and name it in `--trusted-ca-file` of etcd and `--etcd-cafile`.",
    references: &["https://kubernetes.io/docs/setup/best-practices/certificates/#single-root-ca"],
    verdicts: &[
        (Outcome::Fail, "`--trusted-ca-file` is an API server's `--client-ca-file`, or is not set"),
        (Outcome::Unknown, "the flags of etcd or of the API servers do not tell"),
        (Outcome::Pass, "it is another file"),
        flags::OWNED,
    ],
    needs: flags::NEEDS,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(&FlagRule::of("etcd", &[Demand::Judge(etcd_shares_cluster_ca)])),
};

fn etcd_shares_cluster_ca(member: &Replica, facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    const FLAG: &str = "trusted-ca-file";
    let own = member.value(FLAG, facts)?;
    if own.is_empty() {
        findings.fail(member.at(FLAG), "is not set");
        return Ok(Ruling::Applies);
    }
    let servers = facts.replicas("kube-apiserver");
    let shares = |it: &Replica| Ok(same_file(it.value("client-ca-file", facts)?, own));
    if servers.find(Scope::Cluster, shares)?.is_some() {
        findings.fail(member.at(FLAG), "is also the --client-ca-file of the API server");
    } else if servers.find(Scope::Cluster, |_| Ok(true))?.is_none() {
        return Err(member.untold("no API server is visible whose --client-ca-file it may be"));
    }
    Ok(Ruling::Applies)
}

/// Whether two paths are one, as text goes.
fn same_file(a: &str, b: &str) -> bool {
    let parts = |path| str::split(path, '/').filter(|it| !matches!(*it, "" | "."));
    parts(a).eq(parts(b))
}
