//! Whether floods of events are held back.
//!
//! | flags of each kube-apiserver                                   | verdict |
//! |----------------------------------------------------------------|---------|
//! | `--enable-admission-plugins` lists `EventRateLimit`            | pass    |
//! | else `--enable-priority-and-fairness` is on                    | warn    |
//! | else                                                           | fail    |
//!
//! The plug-in does not start without the file that has its limits. Where flags do not tell, it is on if
//! the series of its name counts requests in
//! `apiserver_admission_controller_admission_duration_seconds_count`.

use assay_model::{Findings, Outcome, Severity};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling,
    flags::{self, Demand, FlagRule, Hidden, Replica, Witness},
};

pub(super) static CHECK: Check = Check {
    code: "CLU-CIS-023",
    id: "no-event-rate-limit",
    title: "floods of events are not limited at admission",
    severity: Severity::Low,
    rationale: "A pod that crashes in a loop, or one tenant on purpose, fills etcd with events until the API \
                server stops for everybody.",
    remediation: "Add `EventRateLimit` to `--enable-admission-plugins`, with limits by namespace in \
                  `--admission-control-config-file`; never switch `--enable-priority-and-fairness` off.",
    references: &[
        "https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#eventratelimit",
    ],
    verdicts: &[
        (Outcome::Fail, "`EventRateLimit` is not on, and priority and fairness are off"),
        flags::UNSEEN,
        (Outcome::Warn, "only priority and fairness are on"),
        (Outcome::Pass, "`EventRateLimit` is on, by the flags or by metrics"),
    ],
    needs: flags::SHOWN,
    empty: Empty::NotApplicable,
    rule: Rule::Flag(
        &FlagRule::of("kube-apiserver", &[Demand::Judge(no_event_rate_limit)])
            .hidden(Hidden::Elsewhere("its admission metrics would tell which plug-ins run"))
            .witness(Witness::plugin("EventRateLimit")),
    ),
};

fn no_event_rate_limit(server: &Replica, facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    const ENABLED: &[&str] = &["enable-admission-plugins", "admission-control"];
    const FAIRNESS: &str = "enable-priority-and-fairness";
    if !server.lists(ENABLED, "EventRateLimit", facts)? {
        let at = server.at(ENABLED[0]);
        if server.is_on(FAIRNESS, facts)? {
            findings.warn(at, "does not list EventRateLimit: only priority and fairness hold back");
        } else {
            findings.fail(at, format!("does not list EventRateLimit, and --{FAIRNESS} is off"));
        }
    }
    Ok(Ruling::Applies)
}
