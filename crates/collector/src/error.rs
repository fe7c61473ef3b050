//! What ends a scan before it has begun.

use std::{error::Error as StdError, path::PathBuf};

/// Why there is no connection. Once a connection stands, whatever is not read is a gap instead.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A kubeconfig file is missing, unreadable or no kubeconfig.
    #[error("could not read the kubeconfig {}", path.display())]
    Kubeconfig {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<dyn StdError + Send + Sync>,
    },

    /// `$KUBECONFIG` names files, and none of them exists.
    #[error("no file that $KUBECONFIG names exists: {paths}")]
    NoKubeconfig {
        /// The files, as `$KUBECONFIG` lists them.
        paths: String,
    },

    /// No kubeconfig, no `--server`, and this is no pod.
    #[error(
        "no cluster is configured: name a kubeconfig with --kubeconfig or $KUBECONFIG, or a server \
         with --server"
    )]
    NoConfiguration,

    /// This looks like a pod, but its service account cannot be used.
    #[error("could not use the service account of this pod")]
    InCluster(#[source] kube::config::InClusterError),

    /// The kubeconfig does not have what was asked for, or what the context names.
    #[error("{wanted} is not in {files}; it has {}", names(known))]
    NotInKubeconfig {
        /// ``context `dev` ``, ``cluster `c` of context `dev` ``, ….
        wanted: String,
        /// The files that were read.
        files: String,
        /// What there is instead, sorted.
        known: Vec<String>,
    },

    /// The kubeconfig has no current context, and none was asked for.
    #[error("{files} has no current context: choose one with --context from {}", names(known))]
    NoContext {
        /// The files that were read.
        files: String,
        /// The contexts there are, sorted.
        known: Vec<String>,
    },

    /// A setting of the kubeconfig or of the command line cannot be used.
    #[error("could not use {setting}")]
    Setting {
        /// Which: `the server URL`, `the certificate authority FILE`, ….
        setting: String,
        /// What is wrong with it.
        source: Box<dyn StdError + Send + Sync>,
    },

    /// The credentials could not be loaded: a client certificate, a token file, an exec plugin.
    #[error("could not load the credentials of {user}")]
    Credentials {
        /// The user's name in the kubeconfig.
        user: String,
        /// What went wrong; never what an exec plugin wrote for us.
        source: Box<dyn StdError + Send + Sync>,
    },

    /// Nothing answers there.
    #[error("could not reach {server}: check the address, the network, and any proxy")]
    Unreachable {
        /// The server's URL.
        server: String,
        /// What the client saw.
        source: Box<dyn StdError + Send + Sync>,
    },

    /// The TLS handshake failed, mostly because the certificate is not trusted.
    #[error(
        "could not agree on TLS with {server}: check the kubeconfig's certificate authority, or \
         give one with --certificate-authority or a name with --tls-server-name"
    )]
    Tls {
        /// The server's URL.
        server: String,
        /// What the handshake saw.
        source: rustls::Error,
    },

    /// 401 to the first request.
    #[error("{server} refused the credentials of {user}: log in again, or choose another context")]
    Unauthorized {
        /// The server's URL.
        server: String,
        /// The configured user.
        user: String,
    },

    /// Something answers, and it is no API server.
    #[error("{server} does not answer as a Kubernetes API server does: {answer}")]
    NotKubernetes {
        /// The server's URL.
        server: String,
        /// What it answered instead.
        answer: String,
    },

    /// The server, or what stands before it, answers that it cannot answer.
    #[error("{server} is not ready: it answered {status} each time")]
    NotReady {
        /// The server's URL.
        server: String,
        /// 429, 502, 503 or 504.
        status: u16,
    },
}

impl Error {
    /// Whether the configuration is at fault, rather than the cluster or the way to it.
    pub fn is_configuration(&self) -> bool {
        match self {
            Error::Kubeconfig { .. }
            | Error::NoKubeconfig { .. }
            | Error::NoConfiguration
            | Error::InCluster(_)
            | Error::NotInKubeconfig { .. }
            | Error::NoContext { .. }
            | Error::Setting { .. } => true,
            Error::Credentials { .. }
            | Error::Unreachable { .. }
            | Error::Tls { .. }
            | Error::Unauthorized { .. }
            | Error::NotKubernetes { .. }
            | Error::NotReady { .. } => false,
        }
    }
}

fn names(known: &[String]) -> String {
    if known.is_empty() { "none".to_owned() } else { known.join(", ") }
}

/// The first `E` in a chain of causes, if one stands there.
///
/// An [`std::io::Error`] hides what it wraps from `source`, so it is opened on the way.
pub(crate) fn cause<'a, E: StdError + 'static>(
    error: &'a (dyn StdError + 'static),
) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = match error.downcast_ref::<std::io::Error>().and_then(|it| it.get_ref()) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tls_error_is_found_inside_an_io_error() {
        let tls = rustls::Error::NoCertificatesPresented;
        let error = kube::Error::Service(Box::new(std::io::Error::other(tls.clone())));
        assert_eq!(cause(&error), Some(&tls));
        assert_eq!(cause::<rustls::Error>(&std::io::Error::other("reset")), None);
    }
}
