//! Whether a product runs in the cluster, told by its images.

use assay_model::{Known, Scope, Workload};

use crate::{Facts, network_engine::image_is};

/// Whether a container of a workload has one of these images, by the last components of its repository.
pub(crate) fn runs(workload: &Workload, images: &[String]) -> Known<bool> {
    let mut found = false;
    let read = workload.each_spec(|spec| {
        let mut own = spec.containers.iter().map(|it| &*it.image);
        found |= own.any(|image| images.iter().any(|it| image_is(image, it)));
    });
    if found { Ok(true) } else { read.map(|()| false) }
}

/// Whether some workload has one of these images.
pub(crate) fn is_installed(images: &[String], facts: &Facts<'_>) -> Known<bool> {
    let found = facts.inventory.workloads.find(Scope::Cluster, |it| runs(it, images))?;
    Ok(found.is_some())
}

/// Whether a controller of one of these images has a ready pod.
pub(crate) fn has_ready_pod(images: &[String], facts: &Facts<'_>) -> Known<bool> {
    let found = facts.inventory.workloads.find(Scope::Cluster, |workload| {
        let template = workload.template.as_ref().map_err(Clone::clone)?;
        let status = template.as_ref().map(|it| &it.status);
        let ready = status.is_some_and(|it| it.ready_replicas + it.number_ready > 0);
        Ok(ready && runs(workload, images)?)
    })?;
    Ok(found.is_some())
}
