//! Which workloads can be reached from outside of the cluster.
//!
//! | way in                                                          | counts |
//! |-----------------------------------------------------------------|--------|
//! | a Service of type `NodePort` or `LoadBalancer`                  | yes    |
//! | a Service with `externalIPs`                                    | yes    |
//! | an Ingress, through a Service of any type                       | yes    |
//! | routes of other APIs: Gateway, `OpenShift`, service meshes      | not read, so no |
//!
//! Whether a firewall stands before them cannot be seen in the cluster.

use assay_model::{
    Container, Inventory, Known, PodSpec, Scope, Workload, any, both, either, network::Service,
    pod::VolumeSource,
};

/// Whether a Service or an Ingress leads from outside of the cluster to a pod of a workload, or will
/// to one that its template makes.
pub fn is_exposed(workload: &Workload, inventory: &Inventory) -> Known<bool> {
    let here = Scope::Part(&workload.namespace);
    let by_service = inventory.services.find(here, |service| {
        if service.is_external() { leads_to(service, workload) } else { Ok(false) }
    });
    let by_ingress = inventory.ingresses.find(here, |ingress| {
        any(ingress.services().map(|name| {
            match inventory.services.get(&workload.namespace, name)? {
                Some(service) => leads_to(service, workload),
                None => Ok(false),
            }
        }))
    });
    let way_in = either(by_service.map(|it| it.map(drop)), by_ingress.map(|it| it.map(drop)))?;
    Ok(way_in.is_some())
}

/// Whether a container of the pod gets at its node: then whoever takes it over has the node as well.
pub(crate) fn reaches_node(spec: &PodSpec) -> bool {
    let privileged =
        |it: &Container| it.security_context.as_ref().and_then(|it| it.privileged) == Some(true);
    spec.host_pid
        || spec.containers().any(|it| privileged(&it))
        || spec.volumes.iter().any(|it| matches!(it.source, VolumeSource::HostPath(_)))
}

/// Whether a service selects a pod of a workload, or will one that its template makes.
fn leads_to(service: &Service, workload: &Workload) -> Known<bool> {
    let keys = || service.spec.selector.keys().map(|it| &**it);
    let live = workload
        .live
        .iter()
        .flat_map(|it| &it.labels)
        .any(|set| set.views(keys()).iter().any(|view| service.selects(|key| view.label(key))));
    let wanted = workload.template.as_ref().map(|template| {
        let labels = template.as_ref().map(|it| &it.labels);
        labels.is_some_and(|it| service.selects(|key| it.get(key).map(|value| &**value)))
    });
    if live || wanted == Ok(true) {
        return Ok(true);
    }
    both(wanted.map(drop).map_err(Clone::clone), workload.live_read.clone()).map(|()| false)
}
