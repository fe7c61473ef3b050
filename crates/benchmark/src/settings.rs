//! What the user says about the cluster: what is platform, what is allowed, what is declared.
//!
//! None of it is ever read from the cluster itself, for then whoever writes there could exempt
//! himself.

use std::collections::BTreeSet;

use assay_model::{rbac::Subject, selector::Selector};

/// Namespaces of Kubernetes itself and of distributions; a `*` at the end matches any rest.
/// Source: catalogue, section 2.5.
pub const PLATFORM_NAMESPACES: &[&str] = &[
    "kube-system",
    "kube-public",
    "kube-node-lease",
    "openshift-*",
    "gke-*",
    "gmp-*",
    "cattle-*",
    "calico-system",
    "tigera-operator",
    "kube-flannel",
    "cilium-*",
    "azure-*",
    "amazon-*",
];

/// Namespaces that Kubernetes makes for itself.
pub const SYSTEM_NAMESPACES: [&str; 3] = ["kube-system", "kube-public", "kube-node-lease"];

/// What the user says about the cluster. The default says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Namespaces that are platform beside [`PLATFORM_NAMESPACES`]; same patterns.
    pub platform_namespaces: Vec<String>,
    /// Subjects that may hold what a check would report.
    pub allow: Vec<Allow>,
    /// Facts that the API cannot show.
    pub declared: BTreeSet<Declaration>,
    /// Registries, or registries with the beginning of a path, that images may come from; `None` when
    /// nobody said.
    pub allowed_registries: Option<Vec<String>>,
    /// The report's scope: namespaces; empty for all.
    pub namespaces: Vec<String>,
    /// The report's scope: labels of workloads.
    pub selector: Option<Selector>,
}

/// Subjects that may hold what a check would report.
///
/// It excuses what the subject holds by its own name, in that check, and nothing else: its groups are
/// subjects of their own; whom a binding that was not read names is still unseen; and everybody and
/// `default` accounts are never excused. So an allowed subject passes whatever else was unread, but for
/// an account that an exposed workload may lend, which is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allow {
    /// Id of the check; `None` for every check on subjects.
    pub check: Option<String>,
    /// Who.
    pub subject: Subject,
}

/// A fact that the API cannot show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Declaration {
    /// Images are scanned in the registry or on the way to it.
    RegistryScanning,
    /// Extended support is paid for, wherever a vendor sells it.
    ExtendedSupport,
}

impl Declaration {
    /// Every declaration, by its key in the configuration file.
    pub const ALL: [(&'static str, Declaration); 2] = [
        ("registry-scanning", Declaration::RegistryScanning),
        ("extended-support", Declaration::ExtendedSupport),
    ];
}

impl Settings {
    /// Whether a namespace belongs to the platform rather than to a tenant.
    pub fn is_platform(&self, namespace: &str) -> bool {
        let own = self.platform_namespaces.iter().map(String::as_str);
        PLATFORM_NAMESPACES.iter().copied().chain(own).any(|pattern| {
            pattern.strip_suffix('*').map_or(pattern == namespace, |it| namespace.starts_with(it))
        })
    }

    /// Whether the report is about all there is.
    pub fn is_whole_cluster(&self) -> bool {
        self.namespaces.is_empty() && self.selector.is_none()
    }

    /// Whether a subject may hold what a check would report.
    pub fn allows(&self, check: &str, subject: &Subject) -> bool {
        let of_check = |it: &Allow| it.check.as_deref().is_none_or(|it| it == check);
        self.allow.iter().any(|it| of_check(it) && it.subject == *subject)
    }

    /// Whether the user vouches for something.
    pub fn declares(&self, declaration: Declaration) -> bool {
        self.declared.contains(&declaration)
    }
}
