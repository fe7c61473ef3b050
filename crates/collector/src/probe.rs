//! What the server tells of itself: its version, who it thinks we are, and what it tells a stranger.

use std::time::Duration;

use assay_model::{
    Gap, Resource,
    control_plane::{AnonymousProbe, ProbeAnswer, Version},
};
use serde::{Deserialize, de::IgnoredAny};

use crate::{
    Connection, Error,
    api::{Api, Ask, Failure, Meter},
    connect::credentials,
    error::cause,
};

/// How often a question is asked, where the answer is that the server is busy, or none.
const TRIES: u32 = 3;
/// How long between.
const PAUSE: Duration = Duration::from_millis(300);

/// What a stranger asks for, and how the path is reported: health, version, discovery, and one list
/// of objects.
const PROBED: [(&str, &str); 7] = [
    ("/livez", "/livez"),
    ("/readyz", "/readyz"),
    ("/healthz", "/healthz"),
    ("/version", "/version"),
    ("/api", "/api"),
    ("/apis", "/apis"),
    ("/api/v1/namespaces/default/pods?limit=1", "/api/v1/namespaces/default/pods"),
];

/// The first request: it tells whether there is an API server that lets us in.
///
/// `Ok(Err)` when it does, and keeps its version to itself.
///
/// # Errors
///
/// Whatever spoils every further request.
pub(crate) async fn version(
    connection: &Connection,
    api: &Api,
    meter: &Meter,
) -> Result<Result<Version, Gap>, Error> {
    let server = || connection.server().to_owned();
    let first = |path| Ask { persist: false, ..Ask::json(path) };
    let failure = match api.ask(first("/version"), meter).await {
        Ok(answer) => {
            return serde_json::from_slice::<Version>(&answer.body)
                .ok()
                .filter(|it| !it.git_version.is_empty())
                .map(Ok)
                .ok_or_else(|| Error::NotKubernetes {
                    server: server(),
                    answer: "its /version holds no version of Kubernetes".to_owned(),
                });
        }
        Err(failure) => failure,
    };
    let gap = Gap::whole(Resource::Version, failure.cause(), failure.to_string());
    let refusal = match failure {
        Failure::Status(it) => it,
        other => return Err(no_answer(connection, other)),
    };
    match refusal.code {
        401 => Err(unauthorized(connection)),
        403 if refusal.is_status => Ok(Err(gap)),
        status @ (429 | 502..=504) => Err(Error::NotReady { server: server(), status }),
        // Something before the server may hide this one path.
        status => match api.ask(first("/api"), meter).await {
            Ok(answer) if is_kubernetes(200, &answer.body) => Ok(Err(gap)),
            Err(Failure::Status(it)) if it.code == 401 => Err(unauthorized(connection)),
            Err(Failure::Status(it)) if it.code == 403 && it.is_status => Ok(Err(gap)),
            _ => Err(Error::NotKubernetes {
                server: server(),
                answer: format!("it answered {status} to /version, and /api is not there either"),
            }),
        },
    }
}

fn unauthorized(connection: &Connection) -> Error {
    let user = match connection.user() {
        "" => "a stranger: the configuration names no user".to_owned(),
        user => user.to_owned(),
    };
    Error::Unauthorized { server: connection.server().to_owned(), user }
}

fn no_answer(connection: &Connection, failure: Failure) -> Error {
    let server = connection.server().to_owned();
    match failure {
        Failure::Connection(source) => {
            if let Some(tls) = cause::<rustls::Error>(&source) {
                return Error::Tls { server, source: tls.clone() };
            }
            if cause::<kube::client::AuthError>(&source).is_some() {
                return credentials(connection.user(), &connection.config, source);
            }
            // What kube wraps it in repeats it.
            let source: Box<dyn std::error::Error + Send + Sync> = match source {
                kube::Error::Service(inner) => inner,
                kube::Error::HyperError(inner) => Box::new(inner),
                other => Box::new(other),
            };
            Error::Unreachable { server, source }
        }
        other => Error::Unreachable { server, source: other.to_string().into() },
    }
}

/// Who the server says we are: name and groups; `None` where it does not say.
pub(crate) async fn identity(api: &Api, meter: &Meter) -> Option<(String, Vec<String>)> {
    #[derive(Deserialize)]
    struct Review {
        status: Status,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Status {
        user_info: UserInfo,
    }
    #[derive(Deserialize)]
    struct UserInfo {
        username: String,
        #[serde(default)]
        groups: Vec<String>,
    }
    let review = Ask {
        post: Some(r#"{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}"#),
        ..Ask::json("/apis/authentication.k8s.io/v1/selfsubjectreviews")
    };
    let answer = api.ask(review, meter).await.ok()?;
    let review: Review = serde_json::from_slice(&answer.body).ok()?;
    let UserInfo { username, groups } = review.status.user_info;
    Some((username, groups)).filter(|(name, _)| !name.is_empty())
}

/// Asks what a stranger may ask, on connections without credentials or client certificate.
///
/// # Errors
///
/// A gap, if one of the questions got no answer of the server itself: the answers are judged
/// together.
pub(crate) async fn anonymous(
    connection: &Connection,
    api: &Api,
    meter: &Meter,
) -> Result<AnonymousProbe, Gap> {
    let gap = |cause, message| Gap::whole(Resource::AnonymousProbe, cause, message);
    let client = connection.stranger().await.map_err(|it| {
        gap(assay_model::Cause::Unavailable, format!("a client without credentials: {it}"))
    })?;
    let mut answers = Vec::with_capacity(PROBED.len());
    for (asked, path) in PROBED {
        let mut tries = 1..=TRIES;
        let answer = loop {
            let answer = api.once(&client, Ask::json(asked), meter).await;
            let busy = |status| matches!(status, 429 | 502..=504);
            // Strangers are the first whom a busy server puts off.
            if tries.next() < Some(TRIES) && answer.as_ref().map_or(true, |it| busy(it.status)) {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            let answer = answer.map_err(|it| gap(it.cause(), format!("{path}: {it}")))?;
            if busy(answer.status) {
                let message = format!("{path}: the server answered {}", answer.status);
                return Err(gap(assay_model::Cause::Unavailable, message));
            }
            break answer;
        };
        let kubernetes = is_kubernetes(answer.status, &answer.body);
        answers.push(ProbeAnswer { path: path.into(), status: answer.status, kubernetes });
    }
    Ok(AnonymousProbe(answers))
}

/// Whether Kubernetes answered, rather than something in front of it: with a `Status`, or what was
/// asked for.
fn is_kubernetes(status: u16, body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Kinded {
        kind: String,
    }
    let refused = serde_json::from_slice::<Kinded>(body).is_ok_and(|it| it.kind == "Status");
    let json = || serde_json::from_slice::<IgnoredAny>(body).is_ok();
    refused || (status == 200 && (body == b"ok" || json()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_front_is_not_kubernetes() {
        assert!(is_kubernetes(200, b"ok"));
        assert!(is_kubernetes(200, br#"{"major":"1"}"#));
        assert!(is_kubernetes(403, br#"{"kind":"Status","code":403}"#));
        assert!(!is_kubernetes(403, br#"{"error":"denied"}"#));
        assert!(!is_kubernetes(200, b"<html>sign in</html>"));
        assert!(!is_kubernetes(401, b"ok"));
    }
}
