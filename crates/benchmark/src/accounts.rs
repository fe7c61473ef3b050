//! Service accounts: which pods hold a token of theirs for the API server, and what they may do with
//! it.

use std::{collections::BTreeSet, sync::Arc};

use assay_model::{
    Inventory, Known, Listing, PodSpec, Scope, Workload, all, any, both,
    pod::VolumeSource,
    rbac::{PolicyRule, Subject},
    snapshot::Source,
    workload::Live,
};

use crate::{
    Facts, exposure,
    rbac::{Grant, Holder},
};

/// Where admission mounts a token.
pub(crate) const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// A service account, as bindings name it.
pub fn subject(namespace: &str, name: &str) -> Subject {
    Subject { kind: "ServiceAccount".into(), namespace: namespace.into(), name: name.into() }
}

/// Whether a container of a pod mounts a token for the API server.
///
/// That is a projected token without an audience of its own; or, before Kubernetes 1.22 and where
/// somebody made it by hand, a Secret at the token's usual path.
pub fn mounts_token(spec: &PodSpec) -> bool {
    let is_token = |name: &str, path: &str| {
        let volume = spec.volumes.iter().find(|it| &*it.name == name);
        volume.is_some_and(|it| match &it.source {
            VolumeSource::Projected(it) => it
                .sources
                .iter()
                .filter_map(|it| it.service_account_token.as_ref())
                .any(|it| it.audience.is_empty()),
            VolumeSource::Secret(_) => path == TOKEN_PATH,
            _ => false,
        })
    };
    spec.containers().any(|container| {
        container.volume_mounts.iter().any(|it| is_token(&it.name, &it.mount_path))
    })
}

/// Whether admission will mount a token for the API server into pods of this spec: as the pod says,
/// else as its account says, else yes. A container that has something else there gets none.
pub fn automounts(spec: &PodSpec, namespace: &str, inventory: &Inventory) -> Known<bool> {
    let mut containers = spec.init_containers.iter().chain(&spec.containers);
    if !containers.any(|it| it.volume_mounts.iter().all(|it| &*it.mount_path != TOKEN_PATH)) {
        return Ok(false);
    }
    if let Some(own) = spec.automount_service_account_token {
        return Ok(own);
    }
    let account = inventory.service_accounts.get(namespace, spec.service_account())?;
    Ok(account.and_then(|it| it.automount_service_account_token).unwrap_or(true))
}

/// The accounts whose tokens a workload's pods mount or will mount, and what of that was not read.
pub(crate) fn mounted(
    workload: &Workload,
    inventory: &Inventory,
) -> (BTreeSet<Arc<str>>, Known<()>) {
    let mut names = BTreeSet::new();
    let mut unknown = workload.live_read.clone();
    let mut will_mount = |spec: &PodSpec| {
        let mounts = if mounts_token(spec) {
            Ok(true)
        } else {
            automounts(spec, &workload.namespace, inventory)
        };
        mounts.map(|it| names.extend(it.then(|| Arc::from(spec.service_account()))))
    };
    match &workload.template {
        Ok(Some(template)) => unknown = both(unknown, will_mount(&template.spec)),
        Ok(None) => {}
        Err(it) => unknown = both(unknown, Err(it.clone())),
    }
    // In files, a pod of nobody's may not have been through admission yet; a mirror pod never is.
    let bare = matches!(workload.template, Ok(None));
    let in_files = bare && inventory.origin.source == Source::Files;
    for live in &workload.live {
        if in_files && live.mirror_of.is_none() {
            unknown = both(unknown, will_mount(&live.spec));
        }
    }
    let live = workload.live.iter().filter(|it| mounts_token(&it.spec));
    names.extend(live.map(|it| Arc::from(it.spec.service_account())));
    (names, unknown)
}

/// Whether a workload that mounts a token of a service account is exposed to the outside of the
/// cluster. Who is no service account runs nothing.
pub(crate) fn is_exposed(subject: &Subject, facts: &Facts<'_>) -> Known<bool> {
    if &*subject.kind != "ServiceAccount" {
        return Ok(false);
    }
    let here = Scope::Part(&subject.namespace);
    let found = facts.inventory.workloads.find(here, |workload| {
        let (names, read) = mounted(workload, facts.inventory);
        let mounts = if names.contains(&subject.name) { Ok(true) } else { read.map(|()| false) };
        all([mounts, exposure::is_exposed(workload, facts.inventory)])
    })?;
    Ok(found.is_some())
}

/// The accounts that a workload's pods run as, or will, and what of that was not read. A static pod has
/// none: what it looks like to the API server says nothing.
pub(crate) fn used(workload: &Workload) -> (BTreeSet<Arc<str>>, Known<()>) {
    let has_account = |it: &&Live| it.mirror_of.is_none() || it.spec.names_service_account();
    let live = workload.live.iter().filter(has_account).map(|it| &*it.spec);
    let names = live.chain(workload.wanted()).map(|it| Arc::from(it.service_account())).collect();
    let template = workload.template.as_ref().map(drop).map_err(Clone::clone);
    (names, both(template, workload.live_read.clone()))
}

/// What a service account holds beyond what every account does: by bindings that name it, or the
/// group of its namespace's accounts.
#[derive(Debug)]
pub struct Grants<'f> {
    seen: Vec<&'f Grant>,
    read: Known<()>,
}

impl<'f> Grants<'f> {
    /// Those for the whole cluster.
    pub fn cluster_wide(account: &Subject, facts: &'f Facts<'_>) -> Self {
        Self::among(&[facts.cluster_holders()], account)
    }

    /// Those for the whole cluster, and those for a namespace, be it the account's or another.
    pub fn everywhere(account: &Subject, facts: &'f Facts<'_>) -> Self {
        Self::among(&[facts.cluster_holders(), facts.namespaced_holders()], account)
    }

    fn among(listings: &[&'f Listing<Holder>], account: &Subject) -> Self {
        let group = Subject {
            kind: "Group".into(),
            namespace: "".into(),
            name: format!("system:serviceaccounts:{}", account.namespace).into(),
        };
        let mut grants = Grants { seen: Vec::new(), read: Ok(()) };
        for listing in listings {
            for who in [account, &group] {
                // Whatever hides bindings of any namespace may hide one that names the account.
                let found = listing.get("", &who.to_string()).ok().flatten();
                grants.seen.extend(found.iter().flat_map(|it| &it.own).map(|it| &**it));
            }
            grants.read = both(grants.read, listing.covers(Scope::Cluster));
        }
        grants
    }

    /// Whether one of them satisfies `test`: one certain witness is enough.
    pub fn any(&self, mut test: impl FnMut(&Grant) -> Known<bool>) -> Known<bool> {
        let unread = self.read.clone().map(|()| false);
        any(self.seen.iter().map(|it| test(it)).chain([unread]))
    }

    /// Whether one of them has a rule that satisfies `test`.
    pub fn any_rule(&self, mut test: impl FnMut(&PolicyRule) -> bool) -> Known<bool> {
        self.any(|grant| {
            let rules = grant.rules.as_ref().map_err(Clone::clone)?;
            Ok(rules.iter().any(&mut test))
        })
    }
}
