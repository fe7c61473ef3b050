//! A real control plane for tests, and what goes around it: [`ControlPlane`], the objects it is given
//! ([`ControlPlane::load`]), a [`Proxy`] that breaks its answers, and the program under test ([`assay`]).
//!
//! The control plane is built from source by `tests/cluster/build`, so there is nothing to install but Go.
//! A whole [`Node`] needs root and a container runtime besides.

mod api;
mod audit;
mod control_plane;
mod keeper;
mod load;
mod node;
pub mod objects;
mod pki;
mod program;
mod proxy;
mod run;
pub mod scale;
mod valid;

pub use api::{Answer, Api};
pub use audit::AuditEvent;
pub use control_plane::{Broken, ControlPlane, Identity, Options, User};
pub use load::{Loaded, Ref};
pub use node::Node;
pub use program::{assay, binary, shared};
pub use proxy::{Fault, Harm, Proxy, Seen, When};
pub use run::{Report, Run, Verdict, redacted};
pub use valid::{assert_valid_json, assert_valid_junit};
