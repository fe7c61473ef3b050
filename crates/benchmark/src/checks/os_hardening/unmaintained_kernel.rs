//! Nodes whose kernel series nobody maintains.
//!
//! | `status.nodeInfo.kernelVersion`                          | verdict                             |
//! |----------------------------------------------------------|-------------------------------------|
//! | before [`OLDEST`]                                        | fail                                |
//! | a vendor's, before [`DATED`]                             | warn                                |
//! | a vendor's, else                                         | pass: the vendor maintains it as long as the system |
//! | kernel.org's                                             | by [`lifecycle`](crate::lifecycle), with [`NOTICE`] days |
//! | anything else                                            | unknown                             |
//!
//! A kernel is a vendor's if its version has one of [`VENDORS`], or the system is one of [`OWN_KERNEL`].
//! Exempt: Windows, virtual nodes. Elsewhere: the end of the system's support is `end-of-life-os`'s.

use assay_model::{
    Cause, Findings, Gap, Location, Outcome, Resource, Severity, control_plane::Version, node::Node,
};

use crate::{
    Check, Empty, Facts, Rule, Ruled, Ruling,
    lifecycle::{self, Running},
    version::{Minor, first_release, minor_name},
};

pub(super) static CHECK: Check = Check {
    code: "HST-OSH-001",
    id: "unmaintained-kernel",
    title: "node's kernel series gets no more fixes",
    severity: Severity::Medium,
    rationale: "All containers of a node share its kernel: a hole in it that is known and never mended \
                is a way from any of them to root.",
    remediation: "Move the node to a kernel of its distribution that is supported, or to the newest \
                  longterm series of kernel.org.",
    references: &["https://www.kernel.org/category/releases.html"],
    verdicts: &[
        (
            Outcome::Fail,
            "the series is older than 4.19, or its fixes have ended and no vendor maintains it",
        ),
        (Outcome::Unknown, "the version is not told, or no table has its series"),
        (
            Outcome::Warn,
            "a vendor's kernel is older than 5.10, or a series of kernel.org ends within 180 days or was \
             last looked up more than 180 days ago",
        ),
        (Outcome::Pass, "the series is maintained"),
        (Outcome::NotApplicable, "the node runs Windows, or is virtual"),
    ],
    needs: &[&[Resource::Nodes]],
    empty: Empty::NotApplicable,
    rule: Rule::Node(unmaintained_kernel),
};

/// The oldest series that kubeadm starts a node with.
const OLDEST: Minor = (4, 19);

/// Older ones lack much of what isolates containers today, whoever mends them.
const DATED: Minor = (5, 10);

/// From so many days before its end on, a series wants to be replaced.
const NOTICE: i32 = 180;

/// What vendors put into the versions of kernels that they maintain themselves.
const VENDORS: &[&str] = &[
    ".amzn", ".azl", ".cm", ".el", ".ph", "-amd64", "-arm64", "-aws", "-azure", "-default",
    "-flatcar", "-gcp", "-generic", "-gke", "-ibm", "-kvm", "-oracle", "-talos",
];

/// Systems whose kernels are their vendor's, and do not say so in their version.
const OWN_KERNEL: &[&str] = &["Bottlerocket OS ", "Container-Optimized OS"];

fn unmaintained_kernel(node: &Node, facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    if node.is_virtual() {
        return Ok(Ruling::NotApplicable("the provider keeps a virtual node's machine".to_owned()));
    }
    if node.is_windows() {
        return Ok(Ruling::NotApplicable("Windows has no Linux kernel".to_owned()));
    }
    let info = &node.status.node_info;
    let told = &*info.kernel_version;
    let begins = told.starts_with(|it: char| it.is_ascii_digit());
    let release = first_release(told, 2).filter(|_| begins);
    let series = release.as_deref().and_then(Version::minor_of).ok_or_else(|| {
        let message = format!("`{told}` is no kernel version of the form 6.12.5");
        Gap::whole(Resource::Nodes, Cause::Inconclusive, message)
    })?;
    let at = || Location::field("status.nodeInfo.kernelVersion");
    let is_vendors = VENDORS.iter().any(|it| told.contains(it))
        || OWN_KERNEL.iter().any(|it| info.os_image.starts_with(it));
    if series < OLDEST {
        findings.fail(at(), format!("is `{told}`, older than {}", minor_name(OLDEST)));
    } else if is_vendors {
        if series < DATED {
            findings.warn(at(), format!("is `{told}`, older than {}", minor_name(DATED)));
        }
    } else {
        let running = Running {
            product: "linux-kernel",
            release: &minor_name(series),
            told,
            resource: Resource::Nodes,
            notice: NOTICE,
        };
        lifecycle::judge(&running, at(), facts, findings)?;
    }
    Ok(Ruling::Applies)
}
