//! What an identity may read, asked of the server before anything is read: one
//! `SelfSubjectAccessReview` a right.
//!
//! A rules review would tell all in one request, but where it says `incomplete`, as it does with a
//! webhook or with node authorization, what it lacks decides nothing.

use std::{collections::BTreeSet, time::Duration};

use assay_model::{
    Resource,
    resource::{Access, Kind},
};
use futures::future::join_all;
use serde::Deserialize;
use serde_json::json;

use crate::{
    Connection, Error,
    api::{Api, Ask, Meter},
    discovery::{Discovery, Members, Presence},
    probe,
    scan::CONCURRENCY,
};

/// What an identity may read of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights {
    /// Who the server says we are; the configuration's name where it does not say.
    pub user: String,
    /// The groups that the server says we are in.
    pub groups: Vec<String>,
    /// In the order of the resources; a kind's namespaces after the kind itself.
    pub rights: Vec<Right>,
}

/// One right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Right {
    /// To read this.
    pub resource: Resource,
    /// In this namespace; `None` for all of the cluster.
    pub namespace: Option<String>,
    /// What the server says of it.
    pub decision: Decision,
}

/// What the server says of a right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It is there.
    Allowed,
    /// It is not; the server's reason, which is mostly empty.
    Denied(String),
    /// The server has no such kind, so nothing is lost without it.
    NotServed,
    /// The server did not say; why.
    Undecided(String),
}

/// Asks which of `resources` this identity may read; where not in the whole cluster, whether in
/// each of `namespaces`.
///
/// What a connection tells without a right is left out, and so are the nodes' own endpoints, which
/// are not asked through the API server.
///
/// # Errors
///
/// What the first request meets, as in [`collect`](crate::collect).
pub async fn review(
    connection: &Connection,
    resources: &BTreeSet<Resource>,
    namespaces: &[String],
    read_timeout: Duration,
) -> Result<Rights, Error> {
    let api = Api::new(connection, read_timeout, CONCURRENCY);
    let meter = Meter::default();
    // Its answer is of no interest: it tells whether there is an API server that lets us in.
    drop(probe::version(connection, &api, &meter).await?);
    let listed: Vec<Resource> = resources
        .iter()
        .copied()
        .filter(|it| matches!(it.access(), Access::List(_) | Access::Group(_)))
        .collect();
    let (identity, discovery) =
        tokio::join!(probe::identity(&api, &meter), Discovery::ask(&api, &listed, &meter));
    let (user, groups) = identity.unwrap_or_else(|| (connection.user().to_owned(), Vec::new()));

    let reviewer = Reviewer { api: &api, meter: &meter, discovery: &discovery };
    let rights = join_all(resources.iter().map(|&it| reviewer.review(it, namespaces))).await;
    Ok(Rights { user, groups, rights: rights.into_iter().flatten().collect() })
}

struct Reviewer<'a> {
    api: &'a Api,
    meter: &'a Meter,
    discovery: &'a Discovery,
}

impl Reviewer<'_> {
    async fn review(&self, resource: Resource, namespaces: &[String]) -> Vec<Right> {
        let right = |namespace, decision| Right { resource, namespace, decision };
        match resource.access() {
            Access::Connection | Access::Node(_) => Vec::new(),
            Access::Url(path) => {
                let asked = json!({ "nonResourceAttributes": { "path": path, "verb": "get" } });
                vec![right(None, self.decide(&asked).await)]
            }
            Access::Named(it) => {
                let asked = json!({ "resourceAttributes": {
                    "namespace": it.namespace, "verb": "get", "version": "v1",
                    "resource": it.plural, "name": it.name,
                } });
                vec![right(None, self.decide(&asked).await)]
            }
            Access::Group(group) if self.discovery.members(group) == Members::Absent => {
                vec![right(None, Decision::NotServed)]
            }
            Access::Group(group) => {
                let asked = json!({ "resourceAttributes": {
                    "verb": "list", "group": group, "version": "*", "resource": "*",
                } });
                vec![right(None, self.decide(&asked).await)]
            }
            Access::List(kind) if self.discovery.presence(kind) == Presence::Absent => {
                vec![right(None, Decision::NotServed)]
            }
            Access::List(kind) => {
                let everywhere = self.decide(&list(kind, "")).await;
                let refused = everywhere != Decision::Allowed && kind.namespaced;
                let mut rights = vec![right(None, everywhere)];
                for namespace in namespaces.iter().filter(|_| refused) {
                    let decision = self.decide(&list(kind, namespace)).await;
                    rights.push(right(Some(namespace.clone()), decision));
                }
                rights
            }
        }
    }

    async fn decide(&self, spec: &serde_json::Value) -> Decision {
        #[derive(Deserialize)]
        struct Review {
            status: Status,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Status {
            allowed: bool,
            #[serde(default)]
            reason: String,
            #[serde(default)]
            evaluation_error: String,
        }
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": spec,
        })
        .to_string();
        let ask = Ask {
            post: Some(&review),
            ..Ask::json("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews")
        };
        match self.api.ask(ask, self.meter).await {
            Err(failure) => Decision::Undecided(failure.to_string()),
            Ok(answer) => match serde_json::from_slice::<Review>(&answer.body) {
                Ok(Review { status }) if status.allowed => Decision::Allowed,
                // An authorizer that could not look has not allowed it either.
                Ok(Review { status }) if status.reason.is_empty() => {
                    Decision::Denied(status.evaluation_error)
                }
                Ok(Review { status }) => Decision::Denied(status.reason),
                Err(_) => Decision::Undecided("the answer is no access review".to_owned()),
            },
        }
    }
}

/// Listing a kind; in all namespaces where none is named.
fn list(kind: Kind, namespace: &str) -> serde_json::Value {
    json!({ "resourceAttributes": {
        "verb": "list", "group": kind.group, "version": kind.version, "resource": kind.plural,
        "namespace": namespace,
    }})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mock::{Reply, server};

    #[tokio::test]
    async fn each_right_is_asked_for_and_a_refused_kind_in_each_namespace() {
        let (client, asked) = server(|path| match path {
            "/version" => {
                Reply::json(&json!({ "gitVersion": "v1.37.2", "major": "1", "minor": "37" }))
            }
            "/apis/authentication.k8s.io/v1/selfsubjectreviews" => {
                Reply::json(&json!({ "status": { "userInfo": { "username": "me" } } }))
            }
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews" => {
                Reply::json(&json!({ "status": { "allowed": false, "reason": "no" } }))
            }
            "/apis" => Reply::json(&json!({ "kind": "APIGroupDiscoveryList", "items": [] })),
            _ => Reply::status(404, "not here"),
        });
        let connection = Connection::through(client, "http://127.0.0.1:1", None);
        let resources = BTreeSet::from([
            Resource::Version,
            Resource::ServingCertificate,
            Resource::Nodes,
            Resource::Pods,
            Resource::VulnerabilityReports,
            Resource::KubeletConfigs,
        ]);
        let namespaces = ["shop".to_owned()];
        let rights = review(&connection, &resources, &namespaces, Duration::from_secs(5)).await;
        let rights = rights.expect("rights");
        assert_eq!(rights.user, "me");
        let denied = || Decision::Denied("no".to_owned());
        let told: Vec<_> =
            rights.rights.into_iter().map(|it| (it.resource, it.namespace, it.decision)).collect();
        assert_eq!(
            told,
            [
                (Resource::Version, None, denied()),
                (Resource::Nodes, None, denied()),
                (Resource::Pods, None, denied()),
                (Resource::Pods, Some("shop".to_owned()), denied()),
                (Resource::VulnerabilityReports, None, Decision::NotServed),
            ]
        );
        let reviews = asked.paths().into_iter().filter(|it| it.contains("accessreviews")).count();
        assert_eq!(reviews, 4);
    }
}
