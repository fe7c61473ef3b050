//! Which reports of an image scanner speak of which image that runs.
//!
//! Joined by digest, else by repository and tag. Of several reports on one image the newest counts.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

use assay_model::{Inventory, Known, Scope, admission::ScanReport, both};

use crate::image::{Running, full_repository};

/// The reports, by what they speak of.
#[derive(Debug)]
pub struct Scans {
    by_digest: BTreeMap<Arc<str>, ScanReport>,
    by_tag: BTreeMap<(String, String), ScanReport>,
    read: Known<()>,
}

impl Scans {
    pub(crate) fn of(inventory: &Inventory) -> Self {
        let mut scans = Scans { by_digest: BTreeMap::new(), by_tag: BTreeMap::new(), read: Ok(()) };
        let own = inventory.vulnerability_reports.each(Scope::Cluster, |it| {
            scans.add(&it.report);
            Ok(())
        });
        let shared = inventory.cluster_vulnerability_reports.each(Scope::Cluster, |it| {
            scans.add(&it.report);
            Ok(())
        });
        scans.read = both(own, shared);
        scans
    }

    fn add(&mut self, report: &ScanReport) {
        let artifact = &report.artifact;
        if !artifact.digest.is_empty() {
            keep_newer(self.by_digest.entry(artifact.digest.clone()), report);
        }
        if !artifact.tag.is_empty() {
            let server = &report.registry.server;
            let written = match &**server {
                "" => artifact.repository.to_string(),
                server => format!("{server}/{}", artifact.repository),
            };
            let key = (full_repository(&written), artifact.tag.to_string());
            keep_newer(self.by_tag.entry(key), report);
        }
    }

    /// The newest report on an image; `None` when there is provably none.
    ///
    /// # Errors
    ///
    /// When not all reports were read: what was not may be newer.
    pub fn newest(&self, image: &Running) -> Known<Option<&ScanReport>> {
        self.read.clone()?;
        let by_digest = image.digests.iter().filter_map(|it| self.by_digest.get(it));
        let by_tag = self.by_tag.get(&(image.repository.clone(), image.tag.clone()));
        Ok(by_digest.chain(by_tag).max_by_key(|it| it.update_timestamp))
    }

    /// Whether there is provably no report at all.
    ///
    /// # Errors
    ///
    /// When not all reports were read.
    pub fn are_none(&self) -> Known<bool> {
        self.read.clone().map(|()| self.by_digest.is_empty() && self.by_tag.is_empty())
    }
}

fn keep_newer<K: Ord>(entry: Entry<'_, K, ScanReport>, report: &ScanReport) {
    let kept = entry.or_insert_with(|| report.clone());
    if kept.update_timestamp < report.update_timestamp {
        *kept = report.clone();
    }
}
