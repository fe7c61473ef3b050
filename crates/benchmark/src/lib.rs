//! An inventory, judged.
//!
//! Pure and synchronous: [`audit`] runs the chosen [`Check`]s over an
//! [`Inventory`](assay_model::Inventory) and rolls their verdicts up into controls, framework views
//! and the matrix. It is read in this order:
//!
//! - [`check`]: what a check is: data, and a function over one kind of subject.
//! - [`engine`]: how a check becomes a verdict. The one place that can say PASS.
//! - [`facts`]: what is computed once and shared: who may do what ([`rbac`]), which pods are isolated
//!   ([`isolation`]) or reachable from outside ([`exposure`]), what accounts are used for ([`accounts`]),
//!   the flags of the control plane ([`flags`]), what admission would refuse ([`pod_security`]), ….
//! - [`checks`]: the checks themselves, a folder for each item of the matrix.
//! - [`data`]: what ages, compiled in from `benchmarks/`: the matrix, the framework editions, tables.
//! - [`score`]: verdicts rolled up.

pub mod accounts;
pub mod check;
pub mod checks;
pub mod credential;
pub mod data;
pub mod engine;
pub mod exposure;
pub mod facts;
pub mod flags;
pub mod host_path;
pub mod image;
pub mod isolation;
pub mod lifecycle;
pub mod network_engine;
pub mod pod_admission;
pub mod pod_security;
pub mod policy_engine;
pub mod rbac;
pub mod scans;
pub mod score;
pub mod settings;
pub mod version;

mod amounts;
mod audit;
mod image_verification;
mod installed;
mod kube_proxy;

pub use audit::{Audit, audit, needed};
pub use check::{Check, Empty, Rule, Ruled, Ruling};
pub use engine::{Verdict, run};
pub use facts::Facts;
pub use settings::Settings;
