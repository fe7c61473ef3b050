//! What a scan tells while it goes on.

use assay_model::Resource;

/// Is told what is read as it is read. Calls come from one task, but from any thread.
pub trait Progress: Send + Sync {
    /// These will be read, in about this order.
    fn planned(&self, _resources: &[Resource]) {}

    /// A page was decoded: `objects` and `pages` of the resource so far, and how many objects the
    /// server says remain; `None` when it does not say.
    fn page(&self, _resource: Resource, _objects: u64, _pages: u64, _remaining: Option<u64>) {}

    /// Nothing more will be read of the resource.
    fn done(&self, _resource: Resource) {}
}

/// Says nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {}
