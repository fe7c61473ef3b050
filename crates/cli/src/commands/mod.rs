//! The commands, a file each.

pub(crate) mod collect;
pub(crate) mod explain;
pub(crate) mod list;
pub(crate) mod preflight;
pub(crate) mod rbac;
pub(crate) mod scan;
