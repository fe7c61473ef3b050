//! What the API server answers to requests without credentials.
//!
//! | asked without credentials                   | 401  | 403  | 200  |
//! |---------------------------------------------|------|------|------|
//! | `/livez`, `/readyz`, `/healthz`             | pass | warn | pass |
//! | `/version`, `/api`, `/apis`                 | pass | warn | warn |
//! | a resource, such as the pods of a namespace | pass | warn | fail |
//!
//! 403 means that the stranger was let in as `system:anonymous`, and only then refused. An answer that
//! is not Kubernetes' own proves nothing, nor does any other status.
//!
//! Where the probe does not tell, `--anonymous-auth=false` on every API server does, for then it can
//! only be 401. `true`, or unset, does not: what is bound to strangers decides between warn and fail.
//! Nor does `--authentication-config`, whose file is not read. Both are hints.

use assay_model::{
    Basis, Cause, Findings, Gap, Known, Location, Outcome, Resource, Scope, Severity, Unknown,
    both, control_plane::ProbeAnswer,
};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling};

pub(super) static CHECK: Check = Check {
    code: "CLU-IAM-001",
    id: "anonymous-api-requests",
    title: "API server answers requests without credentials",
    severity: Severity::High,
    rationale: "Strangers learn the version and the APIs, and one binding too many gives them more; each \
                hole before authorization is open to everybody who reaches the port.",
    remediation: "Narrow it to the health endpoints in `--authentication-config` (`anonymous.conditions`), \
                  or set `--anonymous-auth=false` where no load balancer probes without credentials.",
    references: &[
        "https://kubernetes.io/docs/reference/access-authn-authz/authentication/#anonymous-requests",
    ],
    verdicts: &[
        (Outcome::Fail, "a resource is shown"),
        (Outcome::Unknown, "neither the probe nor `--anonymous-auth=false` decides"),
        (Outcome::Warn, "a request is refused with 403, or the version or the APIs are shown"),
        (Outcome::Pass, "every request is refused with 401, but for the health endpoints"),
    ],
    needs: &[&[Resource::AnonymousProbe], Resource::WORKLOADS, &[Resource::Nodes]],
    empty: Empty::NotApplicable,
    rule: Rule::Cluster(anonymous_api_requests),
};

/// Meant for load balancers that have no credentials.
const HEALTH: &[&str] = &["/livez", "/readyz", "/healthz"];

/// What the API server is and serves.
const DISCOVERY: &[&str] = &["/version", "/api", "/apis"];

fn anonymous_api_requests(facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let probed = probe(facts, findings);
    if let Err(unknown) = probed {
        let seen = !(findings.faults.is_empty() && findings.weaknesses.is_empty());
        if seen || !refused_by_flag(unknown.clone(), facts, findings)? {
            return Err(unknown);
        }
    }
    Ok(Ruling::Applies)
}

/// Reports what strangers were answered; an error when part of that does not tell.
fn probe(facts: &Facts<'_>, findings: &mut Findings) -> Known<()> {
    let answers = &facts.inventory.anonymous_probe.as_ref().map_err(Clone::clone)?.0;
    let mut read = Ok(());
    for answer in answers {
        read = both(read, judge(answer, findings));
    }
    let asked = |path: &str| answers.iter().any(|it| &*it.path == path);
    for path in HEALTH.iter().chain(DISCOVERY).filter(|it| !asked(it)) {
        read = both(read, Err(untold(path, "was not asked")));
    }
    if !answers.iter().any(|it| is_resource(&it.path)) {
        read = both(read, Err(untold("a resource", "was not asked")));
    }
    read
}

fn judge(answer: &ProbeAnswer, findings: &mut Findings) -> Known<()> {
    let path = &*answer.path;
    if !answer.kubernetes {
        return Err(untold(path, "was answered by something that is not Kubernetes"));
    }
    let at = || Location::field(format!("GET {path}"));
    match answer.status {
        401 => {}
        200 if HEALTH.contains(&path) => {}
        200 if is_resource(path) => findings.fail(at(), "is answered with 200"),
        200 => findings.warn(at(), "is answered with 200"),
        403 => findings.warn(at(), "is let in as `system:anonymous`, then refused with 403"),
        other => return Err(untold(path, &format!("was answered with {other}"))),
    }
    Ok(())
}

fn is_resource(path: &str) -> bool {
    !HEALTH.contains(&path) && !DISCOVERY.contains(&path)
}

/// Whether every API server is told to refuse strangers.
fn refused_by_flag(probe: Unknown, facts: &Facts<'_>, findings: &mut Findings) -> Known<bool> {
    let servers = facts.replicas("kube-apiserver");
    let mut seen = false;
    let mut refused = true;
    let read = servers.each(Scope::Cluster, |server| {
        seen = true;
        let flag = server.value("anonymous-auth", facts)?;
        server.is_understood()?;
        // As Go's strconv.ParseBool has it.
        if !matches!(flag, "false" | "False" | "FALSE" | "f" | "F" | "0") {
            refused = false;
            findings.hint(if server.is_given("authentication-config") {
                "--authentication-config says who is let in without credentials"
            } else {
                "--anonymous-auth is true: strangers are let in as system:anonymous"
            });
        }
        Ok(())
    });
    // What is missing then is the probe's answer, and the flags that were not read.
    read.map_err(|flags| probe.and(flags))?;
    if seen && refused {
        findings.rest_on(Basis::Declared);
    }
    Ok(seen && refused)
}

fn untold(path: &str, why: &str) -> Unknown {
    Gap::part(Resource::AnonymousProbe, path, Cause::Inconclusive, why).into()
}
