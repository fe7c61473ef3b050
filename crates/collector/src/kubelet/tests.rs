//! A small server on loopback that plays a kubelet, well or badly.

use std::{
    num::NonZeroUsize,
    sync::atomic::{AtomicUsize, Ordering},
};

use assay_model::node::{KubeletFlags, NodeAddress, NodeStatus};
use kube::config::AuthInfo;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::{ServerConfig, pki_types::PrivateKeyDer};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::mock::{Reply, server};

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    der: Vec<u8>,
}

fn authority() -> Authority {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "kubernetes");
    let der = params.self_signed(&key).expect("a certificate").der().to_vec();
    Authority { issuer: Issuer::new(params, key), der }
}

/// What the server shows and answers.
struct Played<'a> {
    /// Signed by it; by itself when there is none.
    by: Option<&'a Authority>,
    user: &'a str,
    group: &'a str,
    address: &'a str,
    /// Status and body; silence when there is none.
    answer: Option<(u16, &'static str)>,
}

const WELL: (u16, &str) =
    (200, r#"{"kubeletconfig":{"authentication":{"anonymous":{"enabled":true}}}}"#);

/// The port, and a count of the requests that carried credentials.
async fn play(it: &Played<'_>) -> (u16, Arc<AtomicUsize>) {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new([it.address.to_owned()]).expect("a name");
    params.distinguished_name.push(DnType::CommonName, it.user);
    params.distinguished_name.push(DnType::OrganizationName, it.group);
    let leaf = match it.by {
        Some(by) => params.signed_by(&key, &by.issuer),
        None => params.self_signed(&key),
    };
    let leaf = leaf.expect("a certificate").der().clone();
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![leaf], key)
            .expect("a certificate and its key");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (told, counted, answer) = (Arc::new(AtomicUsize::new(0)), it.answer, it.answer.is_some());
    let count = Arc::clone(&told);
    tokio::spawn(async move {
        let acceptor = TlsAcceptor::from(Arc::new(config));
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut head = vec![0; 4096];
            let Ok(len) = stream.read(&mut head).await else { continue };
            let head = String::from_utf8_lossy(&head[..len]).to_ascii_lowercase();
            if head.contains("authorization: bearer") {
                count.fetch_add(1, Ordering::SeqCst);
            }
            if !answer {
                std::future::pending::<()>().await;
            }
            let (status, body) = counted.expect("an answer");
            let text = format!(
                "HTTP/1.1 {status} It\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            if stream.write_all(text.as_bytes()).await.is_err() {
                break;
            }
        }
    });
    (port, told)
}

fn node(port: u16) -> Node {
    let mut status = NodeStatus::default();
    status.addresses.push(NodeAddress { type_: "InternalIP".into(), address: "127.0.0.1".into() });
    status.daemon_endpoints.kubelet_endpoint.port = port.into();
    let mut node = Node { status, ..Node::default() };
    node.metadata.name = "w1".into();
    node
}

struct Asked {
    found: Result<KubeletConfig, Gap>,
    told: usize,
}

async fn ask(trusted: &Authority, played: &Played<'_>, access: KubeletAccess) -> Asked {
    ask_as(trusted, played, access, false).await
}

/// Asks, of an API server that knows no such node.
async fn ask_as(
    trusted: &Authority,
    played: &Played<'_>,
    access: KubeletAccess,
    insecure: bool,
) -> Asked {
    let (port, told) = play(played).await;
    let (client, _) = server(|path| match path {
        "/api/v1/nodes/w1/proxy/configz" => Reply::status(403, "cannot get nodes/proxy"),
        other => panic!("{other}"),
    });
    let mut connection = Connection::through(client.clone(), "https://127.0.0.1:1", None);
    connection.config.root_cert = Some(vec![trusted.der.clone()]);
    connection.config.auth_info =
        AuthInfo { token: Some("a token".to_owned().into()), ..AuthInfo::default() };
    let api = Api::of(client, Duration::from_millis(700), NonZeroUsize::MIN);
    let meter = Meter::default();
    let kubelets = Kubelets::new(&connection, &api, &meter, access, insecure).await;
    let found = kubelets.ask(&node(port)).await;
    Asked { found, told: told.load(Ordering::SeqCst) }
}

fn well(by: &Authority) -> Played<'_> {
    Played {
        by: Some(by),
        user: "system:node:w1",
        group: "system:nodes",
        address: "127.0.0.1",
        answer: Some(WELL),
    }
}

#[tokio::test]
async fn the_nodes_own_kubelet_is_believed() {
    let ca = authority();
    let asked = ask(&ca, &well(&ca), KubeletAccess::Direct).await;
    let config = asked.found.expect("a configuration");
    assert!(config.authentication.anonymous.enabled);
    assert_eq!((&*config.node, asked.told), ("w1", 1));
}

/// The flags, through an API server, of a kubelet of this version; and what was asked.
async fn flags_of(version: &str, flagz: fn() -> Reply) -> (Option<KubeletFlags>, Vec<String>) {
    let (client, asked) = server(move |path| match path {
        "/api/v1/nodes/w1/proxy/configz" => Reply::text(200, WELL.1),
        "/api/v1/nodes/w1/proxy/flagz" => flagz(),
        other => panic!("{other}"),
    });
    let connection = Connection::through(client.clone(), "https://127.0.0.1:1", None);
    let api = Api::of(client, Duration::from_millis(700), NonZeroUsize::MIN);
    let meter = Meter::default();
    let access = KubeletAccess::Proxy;
    let kubelets = Kubelets::new(&connection, &api, &meter, access, false).await;
    let mut node = node(1);
    node.status.node_info.kubelet_version = version.into();
    (kubelets.ask(&node).await.expect("a configuration").flags, asked.paths())
}

#[tokio::test]
async fn flags_are_read_of_kubelets_that_tell_them() {
    let told = || {
        Reply::text(
            200,
            r#"{"kind":"Flagz","flags":{"hostname-override":"w1.example","node-ip":"CANARY"}}"#,
        )
    };
    let (flags, asked) = flags_of("v1.37.2", told).await;
    assert_eq!(flags, Some(KubeletFlags { hostname_override: "w1.example".into() }));
    assert_eq!(asked.len(), 2);
    for refused in [|| Reply::status(403, "no"), || Reply::text(200, "\nkubelet flags\n")] {
        assert_eq!(flags_of("v1.37.2", refused).await.0, None);
    }
    let (flags, asked) = flags_of("v1.35.1", told).await;
    assert_eq!((flags, asked.len()), (None, 1), "it has none");
}

#[tokio::test]
async fn nobody_else_is_told_the_credentials() {
    let (ca, other) = (authority(), authority());
    for (why, played) in [
        ("w1", Played { user: "system:node:w2", ..well(&ca) }),
        ("system:nodes", Played { group: "developers", ..well(&ca) }),
        ("does not hold the address", Played { address: "127.0.0.2", ..well(&ca) }),
        ("did not sign", Played { by: Some(&other), ..well(&ca) }),
        ("its serving certificate", Played { by: None, ..well(&ca) }),
    ] {
        let asked = ask(&ca, &played, KubeletAccess::Direct).await;
        let gap = asked.found.expect_err("a stranger");
        assert_eq!((&gap.cause, gap.part.as_deref()), (&Cause::Unavailable, Some("w1")));
        assert!(gap.message.contains(why), "{why}: {}", gap.message);
        assert!(gap.message.contains("serverTLSBootstrap"), "{}", gap.message);
        assert!(gap.message.contains("--kubelet proxy"), "{}", gap.message);
        assert_eq!(asked.told, 0, "{why}");
    }
    // As the user wants it, by a flag of its own.
    let played = Played { by: None, user: "w1@1700000000", ..well(&ca) };
    let asked = ask_as(&ca, &played, KubeletAccess::Direct, true).await;
    assert!(asked.found.is_ok());
    assert_eq!(asked.told, 1);
}

#[tokio::test]
async fn a_refusal_and_silence_are_gaps() {
    let ca = authority();
    for (cause, answer) in [
        (Cause::Unauthorized, Some((401, "Unauthorized"))),
        (Cause::Forbidden, Some((403, "Forbidden (user=x, verb=get, resource=nodes)"))),
        (Cause::Unavailable, Some((500, "no"))),
        (Cause::Malformed(1), Some((200, "<html>"))),
        (Cause::Timeout, None),
    ] {
        let asked = ask(&ca, &Played { answer, ..well(&ca) }, KubeletAccess::Direct).await;
        assert_eq!(asked.found.expect_err("a gap").cause, cause);
    }
}

#[tokio::test]
async fn both_ways_are_tried_and_told() {
    let ca = authority();
    let played = Played { by: None, ..well(&ca) };
    let gap = ask(&ca, &played, KubeletAccess::Auto).await.found.expect_err("neither way");
    assert!(gap.message.contains("directly: its serving certificate"), "{}", gap.message);
    assert!(gap.message.contains("by proxy: cannot get nodes/proxy"), "{}", gap.message);
    let gap = ask(&ca, &well(&ca), KubeletAccess::Proxy).await.found.expect_err("not so");
    assert_eq!(gap.cause, Cause::Forbidden);
    assert!(ask(&ca, &well(&ca), KubeletAccess::Auto).await.found.is_ok());
}

#[tokio::test]
async fn in_anothers_name_no_kubelet_is_dialled() {
    let ca = authority();
    let (port, told) = play(&well(&ca)).await;
    let (client, _) = server(|_| Reply::text(200, WELL.1));
    let mut connection = Connection::through(client.clone(), "https://127.0.0.1:1", None);
    connection.config.root_cert = Some(vec![ca.der.clone()]);
    connection.impersonate();
    let api = Api::of(client, Duration::from_secs(1), NonZeroUsize::MIN);
    let meter = Meter::default();
    for (access, cause) in
        [(KubeletAccess::Direct, Some(Cause::NotImpersonable)), (KubeletAccess::Auto, None)]
    {
        let kubelets = Kubelets::new(&connection, &api, &meter, access, false).await;
        assert_eq!(kubelets.ask(&node(port)).await.err().map(|it| it.cause), cause);
    }
    assert_eq!(told.load(Ordering::SeqCst), 0);
}
