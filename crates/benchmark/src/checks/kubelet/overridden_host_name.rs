//! Kubelets that register under another name than their host's.
//!
//! | flag of the kubelet   | accepted  |
//! |-----------------------|-----------|
//! | `--hostname-override` | not given |
//!
//! No field of the configuration stands for it, so what `/flagz` says is in force. Kubelets serve that from
//! 1.36 on; of older ones only the node itself tells, by the process.
//!
//! Exempt: virtual nodes; machines of AWS, Azure and Google, whose provider chooses the name.
//! A label `kubernetes.io/hostname` that differs from the name is a hint: anybody who may label nodes
//! sets it.

use assay_model::{Cause, Findings, Gap, Location, Outcome, Resource, Severity, node::Node};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling};

pub(super) static CHECK: Check = Check {
    code: "HST-CIS-018",
    id: "overridden-host-name",
    title: "kubelet registers under another name than its host's",
    severity: Severity::Low,
    rationale: "Certificates, logs and the network then know the machine by one name and the cluster by \
                another, and what happened on it is hard to put together.",
    remediation: "Remove `--hostname-override` from the kubelet's command line (kubeadm: \
                  `nodeRegistration.name`, in `kubeadm-flags.env`), and join the node anew under its own \
                  name.",
    references: &["https://kubernetes.io/docs/reference/command-line-tools-reference/kubelet/"],
    verdicts: &[
        (Outcome::Fail, "the kubelet runs with `--hostname-override`"),
        (
            Outcome::Unknown,
            "its flags were not read, or it is older than 1.36 and does not tell them",
        ),
        (Outcome::Pass, "it runs without"),
        (Outcome::NotApplicable, "the machine is of AWS, Azure or Google, which choose the name"),
    ],
    needs: &[&[Resource::Nodes, Resource::KubeletConfigs]],
    empty: Empty::NotApplicable,
    rule: Rule::Node(overridden_host_name),
};

/// Providers that set the flag themselves, by how they name machines.
const PROVIDERS: &[(&str, &str)] =
    &[("aws://", "AWS"), ("azure://", "Azure"), ("gce://", "Google")];

const LABEL: &str = "kubernetes.io/hostname";

fn overridden_host_name(node: &Node, facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    if node.is_virtual() {
        let reason = "no kubelet stands behind a virtual node";
        return Ok(Ruling::NotApplicable(reason.to_owned()));
    }
    if let Some((_, provider)) =
        PROVIDERS.iter().find(|(scheme, _)| node.spec.provider_id.starts_with(scheme))
    {
        return Ok(Ruling::NotApplicable(format!("{provider} chooses the names of its machines")));
    }
    let name = &node.metadata.name;
    if let Some(label) = node.metadata.labels.get(LABEL).filter(|it| *it != name) {
        findings.hint(format!("{name}: its label {LABEL} is {label}"));
    }
    let kubelet = facts.inventory.kubelet_configs.get(name, name)?;
    let Some(flags) = kubelet.and_then(|it| it.flags.as_ref()) else {
        let why = "the kubelet does not tell its flags: it does at /flagz, from 1.36 on, to whoever may get \
                   nodes/configz";
        let untold =
            |why| Gap::part(Resource::KubeletConfigs, name.clone(), Cause::Inconclusive, why);
        return Err(untold(why).into());
    };
    if !flags.hostname_override.is_empty() {
        let at = Location::field("/flagz --hostname-override");
        findings.fail(at, format!("is `{}`", flags.hostname_override));
    }
    Ok(Ruling::Applies)
}
