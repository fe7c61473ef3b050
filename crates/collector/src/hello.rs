//! What a TLS server agrees to: one first message for each version and family of cipher suites.
//!
//! No TLS library worth having offers what is tried here, and none is needed: whether a server agrees stands
//! in its first answer, in the clear. The connection is closed then, and no key is ever made.
//! Formats: RFC 5246, sections 6.2.1, 7.2 and 7.4.1; numbers of suites: IANA's registry.

use std::{collections::BTreeMap, io, time::Duration};

use assay_model::control_plane::TlsOffer;
use futures::future::join_all;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// So many at a time, as with requests.
const AT_A_TIME: usize = 4;

/// Record types.
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;

const SERVER_HELLO: u8 = 2;

/// Alerts by which a server says that it has nothing in common with what is offered: handshake failure,
/// protocol version, insufficient security.
const REFUSALS: [u8; 3] = [40, 70, 71];

/// The longest record, and so many before the one that tells: a warning may come first.
const LONGEST: usize = 1 << 14;
const RECORDS: usize = 4;

const AEAD: &[u16] = &[0xc02b, 0xc02c, 0xc02f, 0xc030, 0xcca8, 0xcca9];
const CBC: &[u16] = &[0xc009, 0xc00a, 0xc013, 0xc014, 0xc023, 0xc024, 0xc027, 0xc028];
const STATIC_RSA: &[u16] =
    &[0x002f, 0x0035, 0x003c, 0x003d, 0x0041, 0x0084, 0x009c, 0x009d, 0xc09c, 0xc09d];
const TRIPLE_DES: &[u16] = &[0x000a, 0x0016, 0xc008, 0xc012];
const RC4: &[u16] = &[0x0004, 0x0005, 0xc007, 0xc011];
const EXPORT: &[u16] = &[0x0003, 0x0006, 0x0008, 0x000b, 0x000e, 0x0011, 0x0014, 0x0017, 0x0019];
const NULL: &[u16] = &[0x0001, 0x0002, 0x003b, 0xc001, 0xc006, 0xc00b, 0xc010];
/// What servers that speak TLS before 1.2 have in common.
const OLD: &[u16] =
    &[0xc009, 0xc00a, 0xc013, 0xc014, 0x002f, 0x0035, 0x000a, 0xc012, 0x0005, 0xc011];

/// What the server agrees to; what it did not answer in a way that tells is left out.
pub(crate) async fn accepted(
    server: (&str, u16),
    name: &str,
    limit: Duration,
) -> BTreeMap<TlsOffer, bool> {
    let mut told = BTreeMap::new();
    for some in TlsOffer::ALL.chunks(AT_A_TIME) {
        let answers = some.iter().map(async |&offer| {
            let answer = timeout(limit, ask(server, name, offer)).await;
            (offer, answer.ok().and_then(Result::ok).flatten())
        });
        let answers = join_all(answers).await.into_iter();
        told.extend(answers.filter_map(|(offer, answer)| Some((offer, answer?))));
    }
    told
}

async fn ask(server: (&str, u16), name: &str, offer: TlsOffer) -> io::Result<Option<bool>> {
    let mut stream = TcpStream::connect(server).await?;
    stream.write_all(&hello(offer, name)).await?;
    for _ in 0..RECORDS {
        let kind = stream.read_u8().await?;
        let _version = stream.read_u16().await?;
        let length = usize::from(stream.read_u16().await?);
        if length > LONGEST {
            return Ok(None);
        }
        let mut record = vec![0; length];
        stream.read_exact(&mut record).await?;
        match (kind, &record[..]) {
            // A warning, such as that the name is not known.
            (ALERT, [1, _]) => {}
            (ALERT, [_, why]) => return Ok(REFUSALS.contains(why).then_some(false)),
            (HANDSHAKE, hello) => return Ok(agrees(hello, offer).then_some(true)),
            _ => return Ok(None),
        }
    }
    Ok(None)
}

/// Version, and cipher suites.
fn offered(offer: TlsOffer) -> (u16, &'static [u16]) {
    const TLS12: u16 = 0x0303;
    match offer {
        TlsOffer::Tls10 => (0x0301, OLD),
        TlsOffer::Tls11 => (0x0302, OLD),
        TlsOffer::Null => (TLS12, NULL),
        TlsOffer::Export => (TLS12, EXPORT),
        TlsOffer::Rc4 => (TLS12, RC4),
        TlsOffer::TripleDes => (TLS12, TRIPLE_DES),
        TlsOffer::StaticRsa => (TLS12, STATIC_RSA),
        TlsOffer::Cbc => (TLS12, CBC),
        TlsOffer::Aead => (TLS12, AEAD),
    }
}

/// Whether a server's hello agrees to what was offered.
fn agrees(hello: &[u8], offer: TlsOffer) -> bool {
    let (version, suites) = offered(offer);
    let read = || {
        let body = hello.strip_prefix(&[SERVER_HELLO])?.get(3..)?;
        let (chosen, rest) = body.split_first_chunk::<2>()?;
        let (session, rest) = rest.get(32..)?.split_first()?;
        let suite = rest.get(usize::from(*session)..)?.first_chunk::<2>()?;
        Some((u16::from_be_bytes(*chosen), u16::from_be_bytes(*suite)))
    };
    read().is_some_and(|(chosen, suite)| chosen == version && suites.contains(&suite))
}

/// A client's first message, in its record.
fn hello(offer: TlsOffer, name: &str) -> Vec<u8> {
    let (version, suites) = offered(offer);
    let mut body = version.to_be_bytes().to_vec();
    // Random in name only: no key is made of it.
    body.extend([0x5a; 32]);
    body.push(0);
    body.extend(prefixed(&numbers(suites)));
    body.extend([1, 0]);
    let mut extensions = Vec::new();
    // An address is no name of a server.
    if name.parse::<std::net::IpAddr>().is_err() {
        let entry = [&[0][..], &prefixed(name.as_bytes())].concat();
        extensions.extend(extension(0, &prefixed(&entry)));
    }
    // Curves: X25519, P-256, P-384, P-521. Points: uncompressed.
    extensions.extend(extension(10, &prefixed(&numbers(&[29, 23, 24, 25]))));
    extensions.extend(extension(11, &[1, 0]));
    // Signatures, by ECDSA, RSA-PSS and RSA, and Ed25519; SHA-1 last.
    let signatures = [
        0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0807, 0x0203,
        0x0201,
    ];
    extensions.extend(extension(13, &prefixed(&numbers(&signatures))));
    // Extended master secret; and that this is no renegotiation.
    extensions.extend(extension(23, &[]));
    extensions.extend(extension(0xff01, &[0]));
    body.extend(prefixed(&extensions));

    let length = u32::try_from(body.len()).unwrap_or_default().to_be_bytes();
    let message = [&[1][..], &length[1..], &body].concat();
    [&[HANDSHAKE, 3, 1][..], &prefixed(&message)].concat()
}

fn numbers(list: &[u16]) -> Vec<u8> {
    list.iter().flat_map(|it| it.to_be_bytes()).collect()
}

/// After its length, in two bytes.
fn prefixed(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or_default();
    [&length.to_be_bytes()[..], bytes].concat()
}

fn extension(number: u16, body: &[u8]) -> Vec<u8> {
    [&number.to_be_bytes()[..], &prefixed(body)].concat()
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// A server that answers every hello with these bytes, and what is made of that.
    async fn made_of(answer: Vec<u8>) -> BTreeMap<TlsOffer, bool> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut hello = [0; 1024];
                drop(stream.read(&mut hello).await);
                drop(stream.write_all(&answer).await);
            }
        });
        accepted(("127.0.0.1", port), "api.example", Duration::from_secs(5)).await
    }

    fn server_hello(version: u16, suite: u16) -> Vec<u8> {
        let mut body = version.to_be_bytes().to_vec();
        body.extend([7; 32]);
        body.extend([2, 1, 1]);
        body.extend(suite.to_be_bytes());
        body.extend([0, 0, 0]);
        let length = u8::try_from(body.len()).expect("short");
        let message = [&[SERVER_HELLO, 0, 0, length][..], &body].concat();
        [&[HANDSHAKE, 3, 3][..], &prefixed(&message)].concat()
    }

    #[tokio::test]
    async fn an_agreement_is_to_what_was_offered() {
        let old = made_of(server_hello(0x0301, 0x002f)).await;
        assert_eq!(old, BTreeMap::from([(TlsOffer::Tls10, true)]));
        let warned = [&[ALERT, 3, 3, 0, 2, 1, 112][..], &server_hello(0x0303, 0x000a)].concat();
        assert_eq!(made_of(warned).await, BTreeMap::from([(TlsOffer::TripleDes, true)]));
    }

    #[tokio::test]
    async fn only_an_alert_that_says_so_is_a_refusal() {
        let refused = made_of(vec![ALERT, 3, 3, 0, 2, 2, 40]).await;
        assert_eq!(refused, TlsOffer::ALL.map(|it| (it, false)).into());
        for nothing in [
            vec![],
            vec![ALERT, 3, 3, 0, 2, 2, 80],
            vec![HANDSHAKE, 3, 3, 0, 2, SERVER_HELLO, 0],
            vec![HANDSHAKE, 3, 3, 0xff, 0xff],
            b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
        ] {
            assert_eq!(made_of(nothing.clone()).await, BTreeMap::new(), "{nothing:?}");
        }
    }
}
