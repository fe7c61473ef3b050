//! What is computed of an inventory once, and shared by the checks.

use std::{collections::BTreeMap, sync::OnceLock};

use assay_model::{
    Cause, Gap, Inventory, Known, Listing, Resource, Scope, Workload, control_plane::Version,
    node::Node,
};
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{
    Settings,
    data::Tables,
    flags::{self, Replica},
    image::Digests,
    network_engine::{self, Engine},
    rbac::{self, Holder, Where, critical::Critical},
    scans::Scans,
    version::Minor,
};

/// The inventory, what the user says of it, and what both imply.
pub struct Facts<'i> {
    /// What was read.
    pub inventory: &'i Inventory,
    /// What the user says.
    pub settings: &'i Settings,
    /// What ages.
    pub tables: &'static Tables,
    holders: [OnceLock<Listing<Holder>>; 3],
    critical: OnceLock<Critical>,
    replicas: OnceLock<BTreeMap<&'static str, Listing<Replica>>>,
    engine: OnceLock<Known<Engine>>,
    scans: OnceLock<Scans>,
    digests: OnceLock<Digests>,
}

impl<'i> Facts<'i> {
    /// Facts of an inventory. Each is computed when first asked for.
    pub fn of(inventory: &'i Inventory, settings: &'i Settings) -> Self {
        Facts {
            inventory,
            settings,
            tables: Tables::get(),
            holders: Default::default(),
            critical: OnceLock::new(),
            replicas: OnceLock::new(),
            engine: OnceLock::new(),
            scans: OnceLock::new(),
            digests: OnceLock::new(),
        }
    }

    /// When the evidence was taken: verdicts that depend on the day are of that day.
    pub fn now(&self) -> Timestamp {
        self.inventory.origin.started
    }

    /// The day of [`Facts::now`], in UTC.
    pub fn today(&self) -> Date {
        self.now().to_zoned_datetime(TimeZone::UTC).date()
    }

    /// Every subject that a binding of this reach names, with what those bindings give it.
    pub fn holders(&self, reach: Where) -> &Listing<Holder> {
        self.holders[reach as usize].get_or_init(|| rbac::holders(self, reach))
    }

    /// Every subject that a `ClusterRoleBinding` names, with what it was granted cluster-wide.
    pub fn cluster_holders(&self) -> &Listing<Holder> {
        self.holders(Where::Cluster)
    }

    /// Every subject that a `RoleBinding` names, with what it was granted in namespaces.
    pub fn namespaced_holders(&self) -> &Listing<Holder> {
        self.holders(Where::Namespace)
    }

    /// Who is as good as the cluster's administrator.
    pub fn critical(&self) -> &Critical {
        self.critical.get_or_init(|| Critical::of(self))
    }

    /// The visible replicas of a control-plane component.
    ///
    /// # Panics
    ///
    /// When the component is none of [`COMPONENTS`](assay_model::arguments::COMPONENTS).
    pub fn replicas(&self, component: &'static str) -> &Listing<Replica> {
        let all = self.replicas.get_or_init(|| flags::replicas(self));
        all.get(component).expect("every component of a flag rule is in COMPONENTS")
    }

    /// What enforces network policies.
    pub fn network_engine(&self) -> &Known<Engine> {
        self.engine.get_or_init(|| network_engine::of(self))
    }

    /// What image scanners reported.
    pub fn scans(&self) -> &Scans {
        self.scans.get_or_init(|| Scans::of(self.inventory))
    }

    /// What each tag that runs somewhere was pulled as.
    pub fn digests(&self) -> &Digests {
        self.digests.get_or_init(|| Digests::of(self.inventory))
    }

    /// The server's minor version.
    pub fn server_minor(&self) -> Known<Minor> {
        let version = self.inventory.version.as_ref().map_err(Clone::clone)?;
        version.minor().ok_or_else(|| {
            let message = format!("{} is no version of the form v1.37.2", version.git_version);
            Gap::whole(Resource::Version, Cause::Inconclusive, message).into()
        })
    }

    /// The provider that owns the control plane, if its version says so; or every node does, where the
    /// version is as upstream's.
    pub fn managed_by(&self) -> Known<Option<&'static str>> {
        let version = self.inventory.version.as_ref().map_err(Clone::clone)?;
        match distribution(version) {
            it @ Some("eks" | "gke") => Ok(it),
            Some(_) => Ok(None),
            None => Ok(self.is_aks()?.then_some("aks")),
        }
    }

    /// Whether there are nodes, and AKS has labelled each of them. Its version has no suffix.
    fn is_aks(&self) -> Known<bool> {
        let nodes = &self.inventory.nodes;
        let labelled = |it: &Node| it.metadata.labels.contains_key("kubernetes.azure.com/cluster");
        // One without the label is enough to tell that it is not.
        if nodes.find(Scope::Cluster, |it| Ok(!it.is_virtual() && !labelled(it)))?.is_some() {
            return Ok(false);
        }
        Ok(nodes.find(Scope::Cluster, |it| Ok(labelled(it)))?.is_some())
    }

    /// Whether a workload is in the scope of the report's label selector.
    pub fn in_scope(&self, workload: &Workload) -> Known<bool> {
        let Some(selector) = &self.settings.selector else { return Ok(true) };
        let template = workload.template.as_ref().ok().and_then(Option::as_ref);
        let wanted = template
            .is_some_and(|it| selector.matches(|key| it.labels.get(key).map(|value| &**value)));
        let live = workload.live.iter().flat_map(|it| &it.labels).any(|set| {
            set.views(selector.keys()).iter().any(|view| selector.matches(|key| view.label(key)))
        });
        if wanted || live {
            return Ok(true);
        }
        workload.template.as_ref().map_err(Clone::clone)?;
        workload.live_read.clone().map(|()| false)
    }
}

/// Who made the distribution, by the suffix of its version.
pub fn distribution(version: &Version) -> Option<&'static str> {
    const SUFFIXES: &[(&str, &str)] = &[
        ("-eks-", "eks"),
        ("-gke.", "gke"),
        ("+k3s", "k3s"),
        ("+rke2", "rke2"),
        ("+k0s", "k0s"),
        ("+IKS", "iks"),
        ("-aliyun", "ack"),
    ];
    SUFFIXES.iter().find(|(suffix, _)| version.git_version.contains(suffix)).map(|(_, name)| *name)
}
