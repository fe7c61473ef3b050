//! What an API server counts only if its flags are as they should be.
//!
//! A series is proof for the server that counts it, and one that is missing proves nothing: it begins with
//! the first request that it counts. Servers are told apart by when they began, and several were asked for,
//! each on a connection of its own.

use assay_model::{Known, Scope, control_plane::InstanceMetrics};

use super::{API_SERVER, asked};
use crate::Facts;

/// A metric, and a label that its series must have.
#[derive(Debug, Clone, Copy)]
pub struct Witness {
    metric: &'static str,
    label: Option<(&'static str, &'static str)>,
}

impl Witness {
    /// That it counts anything.
    pub const fn of(metric: &'static str) -> Self {
        Witness { metric, label: None }
    }

    /// That an authorizer of this type decided over a request.
    pub const fn authorizer(of_type: &'static str) -> Self {
        let metric = "apiserver_authorization_decisions_total";
        Witness { metric, label: Some(("type", of_type)) }
    }

    /// That this admission plug-in looked at a request.
    pub const fn plugin(name: &'static str) -> Self {
        let metric = "apiserver_admission_controller_admission_duration_seconds_count";
        Witness { metric, label: Some(("name", name)) }
    }

    /// How many servers that answered show it, if all of them do; 0 also when nobody asked.
    fn instances(&self, facts: &Facts<'_>) -> Known<usize> {
        let Some(metrics) = asked(&facts.inventory.metrics)? else { return Ok(0) };
        let all = metrics.0.iter().all(|it| self.is_shown(it));
        Ok(if all { metrics.0.len() } else { 0 })
    }

    fn is_shown(&self, instance: &InstanceMetrics) -> bool {
        instance.of(self.metric).filter(|it| it.value > 0.0).any(|it| match self.label {
            Some((label, value)) => it.label(label) == value,
            None => true,
        })
    }

    /// Whether every server that answered shows it.
    pub(super) fn is_seen(&self, facts: &Facts<'_>) -> Known<bool> {
        self.instances(facts).map(|it| it > 0)
    }

    /// Whether as many servers show it as mirror pods show to be there.
    pub(super) fn is_everywhere(&self, facts: &Facts<'_>) -> Known<bool> {
        let shown = self.instances(facts)?;
        let replicas = facts.replicas(API_SERVER).all(Scope::Cluster)?;
        Ok(!replicas.is_empty() && shown >= replicas.len())
    }
}
