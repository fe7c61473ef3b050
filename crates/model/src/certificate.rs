//! Certificates that somebody is trusted by, and requests for new ones. No key is ever kept.

use std::{fmt, net::IpAddr, sync::Arc};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, MapAccess, Visitor, value::MapAccessDeserializer},
};
use x509_parser::{
    certification_request::X509CertificationRequest,
    extensions::{GeneralName, ParsedExtension},
    pem::Pem,
    prelude::FromDer as _,
};

use crate::{Meta, decode::nullable, meta::object};

/// One certificate of a bundle that verifies others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Authority {
    /// Common name of the subject, or all of it when there is none.
    pub subject: Arc<str>,
    /// SHA-256 of the certificate, in lower-case hexadecimal digits.
    pub fingerprint: Arc<str>,
    /// Start of validity.
    pub not_before: Timestamp,
    /// End of validity.
    pub not_after: Timestamp,
}

/// What checks read of a `CertificateSigningRequest`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CertificateSigningRequest {
    /// Name, and when it was made.
    pub metadata: Meta,
    /// Who asks for what.
    pub spec: RequestSpec,
    /// What became of it.
    pub status: RequestStatus,
}

/// Who asks for what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RequestSpec {
    /// The identity that is asked for; `None` when the request cannot be read.
    #[serde(deserialize_with = "requested", skip_serializing_if = "Option::is_none")]
    pub request: Option<Requested>,
    /// Who would sign: `kubernetes.io/kube-apiserver-client`, ….
    pub signer_name: Arc<str>,
    /// Who asks, as the server says.
    pub username: Arc<str>,
    /// Their groups.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Arc<str>>,
}

/// What became of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RequestStatus {
    /// `Approved`, `Denied`, `Failed`; none while nobody has answered.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<RequestCondition>,
}

/// An answer to a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RequestCondition {
    /// `Approved`, `Denied` or `Failed`.
    #[serde(rename = "type")]
    pub type_: Arc<str>,
}

impl CertificateSigningRequest {
    /// Whether it has an answer of this type.
    pub fn is(&self, answer: &str) -> bool {
        self.status.conditions.iter().any(|it| &*it.type_ == answer)
    }
}

object!(CertificateSigningRequest);

/// The identity that a certificate would have. An API server takes the common name for the user and
/// the organizations for the groups.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Requested {
    /// Empty when there is none.
    pub common_name: Arc<str>,
    /// In the order of the request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub organizations: Vec<Arc<str>>,
    /// DNS names among the subject's alternative names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dns_names: Vec<Arc<str>>,
    /// IP addresses among them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<IpAddr>,
}

impl Requested {
    /// Reads a PKCS #10 request as PEM; `None` when it is none.
    pub fn of(pem: &[u8]) -> Option<Self> {
        let pem = Pem::iter_from_buffer(pem).next()?.ok()?;
        let (_, request) = X509CertificationRequest::from_der(&pem.contents).ok()?;
        let subject = &request.certification_request_info.subject;
        let organizations = subject.iter_organization();
        let mut requested = Requested {
            common_name: subject
                .iter_common_name()
                .next()
                .map_or(Ok(""), x509_parser::prelude::AttributeTypeAndValue::as_str)
                .ok()?
                .into(),
            organizations: organizations
                .map(|it| it.as_str().ok().map(Arc::from))
                .collect::<Option<_>>()?,
            ..Requested::default()
        };
        for extension in request.requested_extensions().into_iter().flatten() {
            let ParsedExtension::SubjectAlternativeName(names) = extension else { continue };
            for name in &names.general_names {
                match name {
                    GeneralName::DNSName(name) => requested.dns_names.push((*name).into()),
                    GeneralName::IPAddress(bytes) => requested.addresses.push(address(bytes)?),
                    _ => {}
                }
            }
        }
        Some(requested)
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

/// The request as the server writes it, in base64; or as a snapshot does.
fn requested<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Requested>, D::Error> {
    struct Either;
    impl<'de> Visitor<'de> for Either {
        type Value = Option<Requested>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a request")
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
            Ok(BASE64_STANDARD.decode(text).ok().and_then(|it| Requested::of(&it)))
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            Requested::deserialize(MapAccessDeserializer::new(map)).map(Some)
        }
    }
    deserializer.deserialize_any(Either)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEM: &str = "\
-----BEGIN CERTIFICATE REQUEST-----\n\
MIIBRzCB7wIBADBJMRUwEwYDVQQKDAxzeXN0ZW06bm9kZXMxFzAVBgNVBAoMDnN5\n\
c3RlbTptYXN0ZXJzMRcwFQYDVQQDDA5zeXN0ZW06bm9kZTp3MTBZMBMGByqGSM49\n\
AgEGCCqGSM49AwEHA0IABJcw/fRX7YLvHh0QU7OPu7bOT0E+2yKwUJUdFpYJX0HC\n\
wuZiReVk8hqkRMYB9BDgxpJxMvCUCFRx6PJwMzx/3LKgRDBCBgkqhkiG9w0BCQ4x\n\
NTAzMDEGA1UdEQQqMCiCAncxggp3MS5leGFtcGxlhwQKAAAEhxD9AAAAAAAAAAAA\n\
AAAAAAAEMAoGCCqGSM49BAMCA0cAMEQCID//V3hGOJ9G08fTJh+wjIK5c3Vd7XVE\n\
/MmnhnaWeCngAiADjlr6xbq+Kn0eoIxB0rCwj6V/cGiRvEm4IWZcLldyMg==\n\
-----END CERTIFICATE REQUEST-----\n";

    fn read(request: &str) -> CertificateSigningRequest {
        let text = format!(r#"{{"spec":{{"request":"{request}"}}}}"#);
        serde_json::from_str(&text).expect("an object, whatever its request")
    }

    #[test]
    fn a_request_is_decoded_into_the_identity_it_asks_for() {
        let read = read(&BASE64_STANDARD.encode(PEM));
        let asked = read.spec.request.clone().expect("a request");
        assert_eq!(&*asked.common_name, "system:node:w1");
        assert_eq!(asked.organizations, ["system:nodes".into(), "system:masters".into()]);
        assert_eq!(asked.dns_names, ["w1".into(), "w1.example".into()]);
        let addresses: [IpAddr; 2] =
            ["10.0.0.4", "fd00::4"].map(|it| it.parse().expect("an address"));
        assert_eq!(asked.addresses, addresses);

        let written = serde_json::to_string(&read).expect("JSON");
        assert!(!written.contains("MII"), "{written}");
        let again: CertificateSigningRequest = serde_json::from_str(&written).expect("its own");
        assert_eq!(again, read);
    }

    #[test]
    fn what_is_no_request_is_none() {
        for other in ["", "AAE=", "not base64", &BASE64_STANDARD.encode(&PEM[..200])] {
            assert_eq!(read(other).spec.request, None, "{other}");
        }
    }
}
