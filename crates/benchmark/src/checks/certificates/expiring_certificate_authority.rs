//! Certificate authorities of the cluster that are about to end.
//!
//! | bundle, as published                                    | fail                                         | warn                          |
//! |---------------------------------------------------------|----------------------------------------------|-------------------------------|
//! | `kube-root-ca.crt`, `extension-apiserver-authentication` (clients, front proxy), `cluster-info` | the last member ends in < 30 days, or all have | the last one ends in < 365 days; a member has ended |
//!
//! | each authority in the chain that the API server shows   | it ends in < 30 days, or has                 | it ends in < 365 days         |
//!
//! A bundle that is not published or is empty is not judged; most servers show no authority. Elsewhere: the API server's own certificate.

use std::slice;

use assay_model::{Findings, Known, Location, Outcome, Resource, Severity, certificate::Authority};
use jiff::{SignedDuration, tz::TimeZone};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling};

pub(super) static CHECK: Check = Check {
    code: "CLU-CRT-022",
    id: "expiring-certificate-authority",
    title: "cluster's certificate authority is about to end",
    severity: Severity::Critical,
    rationale: "On that day every certificate it signed is worthless at once: no node, controller or person can \
                talk to the API server, and there is no way in to repair it but by hand on each node.",
    remediation: "Rotate the CA now, while both can be trusted: distribute a bundle of old and new, reissue all \
                  certificates and restart what reads them, then take the old one out. `kubeadm certs \
                  check-expiration` shows the dates; kubeadm does not rotate CAs for you.",
    references: &["https://kubernetes.io/docs/tasks/tls/manual-rotation-of-ca-certificates/"],
    verdicts: &[
        (
            Outcome::Fail,
            "a bundle's longest-lived certificate, or an authority that the API server shows, has ended or \
             ends in less than 30 days",
        ),
        (Outcome::Warn, "it ends in less than a year, or another one of the bundle has ended"),
        (Outcome::Pass, "none of that"),
        (Outcome::NotApplicable, "no bundle is published, and the API server shows no authority"),
    ],
    needs: &[&[
        Resource::ServingCertificate,
        Resource::RootCaConfigMap,
        Resource::AuthenticationConfigMap,
        Resource::ClusterInfoConfigMap,
    ]],
    empty: Empty::NotApplicable,
    rule: Rule::Cluster(expiring_certificate_authority),
};

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn expiring_certificate_authority(facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let inventory = facts.inventory;
    let mut published = |name: &str, bundle: Known<&[Authority]>| -> Known<bool> {
        let bundle = bundle?;
        judge(name, bundle, facts, findings);
        Ok(!bundle.is_empty())
    };
    let of_pods = known(&inventory.root_ca_config_map, |it| &it.authorities);
    let of_clients = known(&inventory.authentication_config_map, |it| &it.client_authorities);
    let of_proxies =
        known(&inventory.authentication_config_map, |it| &it.request_header_authorities);
    let of_joiners = known(&inventory.cluster_info_config_map, |it| &it.authorities);
    let judged = [
        published("kube-root-ca.crt", of_pods),
        published("extension-apiserver-authentication client-ca-file", of_clients),
        published("extension-apiserver-authentication requestheader-client-ca-file", of_proxies),
        published("cluster-info", of_joiners),
    ];
    let shown = inventory.serving_certificate.as_ref().map_err(Clone::clone).map(|shown| {
        let name = format!("chain of {}", shown.endpoint);
        // Each of them is needed to get from the certificate to what clients trust.
        for authority in &shown.authorities {
            judge(&name, slice::from_ref(authority), facts, findings);
        }
        !shown.authorities.is_empty()
    });
    let mut some = false;
    let mut read = Ok(());
    for it in judged.into_iter().chain([shown]) {
        match it {
            Ok(it) => some |= it,
            Err(it) => read = assay_model::both(read, Err(it)),
        }
    }
    read?;
    Ok(if some {
        Ruling::Applies
    } else {
        Ruling::NotApplicable("no bundle of authorities is published".to_owned())
    })
}

/// The certificates of one bundle; none when it is not published.
fn known<'a, T>(
    map: &'a Known<Option<T>>,
    bundle: impl FnOnce(&'a T) -> &'a Vec<Authority>,
) -> Known<&'a [Authority]> {
    let map = map.as_ref().map_err(Clone::clone)?;
    Ok(map.as_ref().map_or(&[], |it| bundle(it).as_slice()))
}

fn judge(name: &str, bundle: &[Authority], facts: &Facts<'_>, findings: &mut Findings) {
    let Some(last) = bundle.iter().max_by_key(|it| it.not_after) else { return };
    let at = || Location::field(name);
    let end = |it: &Authority| it.not_after.to_zoned_datetime(TimeZone::UTC).date();
    let left = last.not_after.duration_since(facts.now());
    if left <= SignedDuration::ZERO {
        findings.fail(at(), format!("has expired: {} on {}", last.subject, end(last)));
    } else if left < DAY * 30 {
        let detail = format!("ends in less than 30 days: {} on {}", last.subject, end(last));
        findings.fail(at(), detail);
    } else if left < DAY * 365 {
        findings.warn(at(), format!("ends in less than a year: {} on {}", last.subject, end(last)));
    }
    for old in bundle.iter().filter(|it| it.not_after <= facts.now() && *it != last) {
        findings.warn(at(), format!("still holds {}, which expired on {}", old.subject, end(old)));
    }
}
