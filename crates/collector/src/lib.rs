//! A cluster, or files, read into a snapshot.
//!
//! The live part, in the order a scan goes: [`connect()`] turns kubeconfig and flags into a
//! [`Connection`]; [`review()`] asks what may be read; [`collect`] asks the server what it serves (`discovery`), lists the kinds of a
//! [`Plan`] page by page (`list`, on top of `api`), and looks at the server from outside (`probe`,
//! `certificate`, `metrics`) and at its kubelets (`kubelet`). Some objects are read by name
//! (`config_maps`), and Secrets without their values (`secrets`).

mod api;
mod certificate;
mod config_maps;
pub mod connect;
mod constraints;
mod discovery;
pub mod encoding;
mod error;
pub mod files;
mod fold;
mod hello;
pub mod kubelet;
mod list;
mod metrics;
#[cfg(test)]
mod mock;
mod objects;
mod probe;
pub mod progress;
mod proto;
mod proxy;
pub mod review;
pub mod scan;
mod secrets;
pub mod snapshot_file;

pub use connect::{ConnectOptions, Connection, connect};
pub use error::Error;
pub use kubelet::KubeletAccess;
pub use progress::{Progress, Silent};
pub use review::{Decision, Right, Rights, review};
pub use scan::{Plan, Stop, Stopper, collect};
