//! What a cluster looks like to an auditor, and what an audit says of it.
//!
//! Plain data: no I/O, no client, no async. The crate is read in this order:
//!
//! - [`evidence`]: the types that keep a refusal apart from an absence.
//! - [`resource`]: everything that can be read, and what the API calls it.
//! - The projections, one struct a kind with the fields that checks read and no others:
//!   [`pod`], [`rbac`], [`node`], [`network`], [`admission`], [`policy`], ….
//! - [`snapshot`]: what was read, kind by kind; the form that is written to a file.
//! - [`inventory`]: the same, joined: pods and templates made one [`Workload`] for each owner.
//! - [`findings`] and [`report`]: what a rule sees, and what the reader gets.
//!
//! A projection's field is an `Option` exactly where upstream's Go field is a pointer; otherwise it
//! is the value with its default. An empty list or map is the same as an absent one. No field can
//! hold the value of a Secret, of a `ConfigMap` or of a literal environment variable.

mod decode;
mod map;
mod pool;

pub mod admission;
pub mod admission_policy;
pub mod arguments;
pub mod certificate;
pub mod config_map;
pub mod content_digest;
pub mod control_plane;
pub mod evidence;
pub mod findings;
pub mod inventory;
pub mod literal;
pub mod meta;
pub mod namespace;
pub mod network;
pub mod node;
pub mod pod;
pub mod policy;
pub mod rbac;
pub mod report;
pub mod resource;
pub mod secret_manager;
pub mod selector;
pub mod snapshot;
pub mod storage;
pub mod workload;

pub use content_digest::ContentDigest;
pub use evidence::{Cause, Gap, Known, Listing, Object, Scope, Unknown, all, any, both, either};
pub use findings::{Basis, Findings, Location, Outcome, Severity};
pub use inventory::Inventory;
pub use map::Map;
pub use meta::{Labels, Meta, OwnerReference};
pub use pod::{Container, PodSpec};
pub use pool::Pool;
pub use report::Report;
pub use resource::Resource;
pub use snapshot::Snapshot;
pub use workload::Workload;
