//! `ConfigMap`s that are read by their names, and what of their text is kept.
//!
//! Which ones, [`Access::Named`] says. "Not found" is a proven absence: authorization answers 403
//! before existence answers 404.

use std::{collections::BTreeMap, sync::Arc};

use assay_model::{
    Cause, Gap, Known, Resource, Snapshot,
    certificate::Authority,
    config_map::{
        AuthenticationConfigMap, AwsAuthConfigMap, AwsMapping, ClusterInfoConfigMap,
        KubeProxyConfigMap, KubeletConfigMap, KyvernoConfigMap, KyvernoFilter, RootCaConfigMap,
    },
    resource::{Access, Named},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};
use x509_parser::{certificate::X509Certificate, pem::Pem, prelude::FromDer as _};

use crate::{
    api::{Api, Ask, Failure, Meter, encoded},
    certificate::name_of,
};

/// A `ConfigMap` as it came. It has no `Debug`: its text may hold anything.
#[derive(Default, Deserialize)]
pub(crate) struct ConfigMap {
    #[serde(default)]
    data: Option<BTreeMap<String, String>>,
}

/// Asks for the one object that a resource is; `None` when there is none.
///
/// # Errors
///
/// A gap: it was refused, not answered, or is no `ConfigMap`.
pub(crate) async fn ask(
    api: &Api,
    resource: Resource,
    meter: &Meter,
) -> Result<Option<ConfigMap>, Gap> {
    let Access::Named(Named { plural, namespace, name, .. }) = resource.access() else {
        return Ok(None);
    };
    let path = format!("/api/v1/namespaces/{}/{plural}/{}", encoded(namespace), encoded(name));
    match api.ask(Ask::json(&path), meter).await {
        Ok(answer) => {
            let map = serde_json::from_slice(&answer.body).map_err(|_| {
                Gap::whole(resource, Cause::Malformed(1), "the answer is no config map")
            })?;
            meter.count_objects(1);
            Ok(Some(map))
        }
        Err(Failure::Status(it)) if it.code == 404 && it.is_status => Ok(None),
        Err(failure) => Err(Gap::whole(resource, failure.cause(), failure.to_string())),
    }
}

/// Puts what is kept of it in place of what the snapshot says of the resource.
pub(crate) fn store(
    snapshot: &mut Snapshot,
    resource: Resource,
    found: Result<Option<ConfigMap>, Gap>,
) {
    macro_rules! keep {
        ($($resource:ident => $field:ident: $read:ident,)+) => {
            match resource {
                $(Resource::$resource => snapshot.$field = kept(resource, found, $read),)+
                _ => {}
            }
        };
    }
    keep! {
        KubeletConfigMap => kubelet_config_map: kubelet,
        KubeProxyConfigMap => kube_proxy_config_map: kube_proxy,
        AuthenticationConfigMap => authentication_config_map: authentication,
        RootCaConfigMap => root_ca_config_map: root_ca,
        ClusterInfoConfigMap => cluster_info_config_map: cluster_info,
        AwsAuthConfigMap => aws_auth_config_map: aws_auth,
        KyvernoConfigMap => kyverno_config_map: kyverno,
    }
}

fn kept<T>(
    resource: Resource,
    found: Result<Option<ConfigMap>, Gap>,
    read: fn(&Data) -> Result<T, Unreadable>,
) -> Known<Option<T>> {
    let Some(map) = found? else { return Ok(None) };
    let data = Data(map.data.unwrap_or_default());
    match read(&data) {
        Ok(it) => Ok(Some(it)),
        Err(Unreadable(key)) => {
            Err(inconclusive(resource, &format!("its {key} is not what it should be")).into())
        }
    }
}

fn inconclusive(resource: Resource, message: &str) -> Gap {
    Gap::whole(resource, Cause::Inconclusive, message)
}

struct Data(BTreeMap<String, String>);

/// The key whose text is not what it should be. Nothing of the text is told.
struct Unreadable(&'static str);

impl Data {
    /// Empty when there is no such key.
    fn text(&self, key: &str) -> &str {
        self.0.get(key).map_or("", String::as_str)
    }

    /// The default when there is no such key.
    fn yaml<T: DeserializeOwned + Default>(&self, key: &'static str) -> Result<T, Unreadable> {
        match self.text(key) {
            text if text.trim().is_empty() => Ok(T::default()),
            text => serde_saphyr::from_str(text).map_err(|_| Unreadable(key)),
        }
    }

    fn authorities(&self, key: &'static str) -> Result<Vec<Authority>, Unreadable> {
        authorities(self.text(key).as_bytes()).ok_or(Unreadable(key))
    }
}

/// The certificates of a PEM bundle; `None` when one of them is none.
fn authorities(pem: &[u8]) -> Option<Vec<Authority>> {
    Pem::iter_from_buffer(pem)
        .map(|it| {
            let der = it.ok()?.contents;
            let (_, certificate) = X509Certificate::from_der(&der).ok()?;
            Some(authority(&certificate, &der))
        })
        .collect()
}

/// What is kept of a certificate that verifies others.
pub(crate) fn authority(certificate: &X509Certificate<'_>, der: &[u8]) -> Authority {
    let time = |seconds| Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX);
    let validity = certificate.validity();
    Authority {
        subject: name_of(certificate.subject()).into(),
        fingerprint: hex(&Sha256::digest(der)).into(),
        not_before: time(validity.not_before.timestamp()),
        not_after: time(validity.not_after.timestamp()),
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, it| {
        write!(text, "{it:02x}").expect("a string takes all");
        text
    })
}

fn kubelet(data: &Data) -> Result<KubeletConfigMap, Unreadable> {
    Ok(KubeletConfigMap { kubelet: data.yaml("kubelet")? })
}

fn kube_proxy(data: &Data) -> Result<KubeProxyConfigMap, Unreadable> {
    data.yaml("config.conf")
}

fn root_ca(data: &Data) -> Result<RootCaConfigMap, Unreadable> {
    Ok(RootCaConfigMap { authorities: data.authorities("ca.crt")? })
}

fn authentication(data: &Data) -> Result<AuthenticationConfigMap, Unreadable> {
    const NAMES: &str = "requestheader-allowed-names";
    let names = match data.text(NAMES) {
        "" => Vec::new(),
        text => serde_json::from_str(text).map_err(|_| Unreadable(NAMES))?,
    };
    Ok(AuthenticationConfigMap {
        client_authorities: data.authorities("client-ca-file")?,
        request_header_authorities: data.authorities("requestheader-client-ca-file")?,
        request_header_allowed_names: names,
    })
}

/// A kubeconfig without a user, and a detached signature of it for each bootstrap token.
fn cluster_info(data: &Data) -> Result<ClusterInfoConfigMap, Unreadable> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Kubeconfig {
        clusters: Vec<NamedCluster>,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct NamedCluster {
        cluster: Cluster,
    }
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "kebab-case", default)]
    struct Cluster {
        certificate_authority_data: String,
    }
    const KEY: &str = "kubeconfig";
    let kubeconfig: Kubeconfig = data.yaml(KEY)?;
    let mut found = ClusterInfoConfigMap::default();
    for NamedCluster { cluster } in kubeconfig.clusters {
        let pem = BASE64_STANDARD.decode(cluster.certificate_authority_data);
        let pem = pem.map_err(|_| Unreadable(KEY))?;
        found.authorities.extend(authorities(&pem).ok_or(Unreadable(KEY))?);
    }
    let signed = data.0.keys().filter_map(|it| it.strip_prefix("jws-kubeconfig-"));
    found.signing_tokens = signed.map(Into::into).collect();
    Ok(found)
}

fn aws_auth(data: &Data) -> Result<AwsAuthConfigMap, Unreadable> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Mapping {
        #[serde(alias = "userarn")]
        rolearn: String,
        username: String,
        groups: Option<Vec<String>>,
    }
    let mut mappings: Vec<Mapping> = data.yaml("mapRoles")?;
    mappings.extend(data.yaml::<Vec<Mapping>>("mapUsers")?);
    let mapping = |it: Mapping| AwsMapping {
        arn: it.rolearn.into(),
        username: it.username.into(),
        groups: it.groups.unwrap_or_default().into_iter().map(Into::into).collect(),
    };
    Ok(AwsAuthConfigMap { mappings: mappings.into_iter().map(mapping).collect() })
}

/// Filters are `[kind,namespace,name]`, one after the other; the rest are lists with commas, in which `!`
/// takes a name out again.
fn kyverno(data: &Data) -> Result<KyvernoConfigMap, Unreadable> {
    const FILTERS: &str = "resourceFilters";
    const GROUPS: &str = "excludeGroups";
    // The last two are those of versions before 1.10.
    const OTHERS: [&str; 5] = [
        "excludeUsernames",
        "excludeRoles",
        "excludeClusterRoles",
        "excludeUsername",
        "excludeGroupRole",
    ];
    let list = |key: &str| -> Vec<Arc<str>> {
        let names = data.text(key).split(',').map(str::trim);
        names.filter(|it| !it.is_empty() && !it.starts_with('!')).map(Into::into).collect()
    };
    let filter = |text: &str| {
        let mut parts = text.split(',').map(str::trim);
        let mut next = || parts.next().unwrap_or_default().into();
        KyvernoFilter { kind: next(), namespace: next() }
    };
    let filters = data.text(FILTERS).split('[').skip(1).map(|it| it.split_once(']'));
    let filters = filters.map(|it| it.map(|(inner, _)| filter(inner))).collect::<Option<_>>();
    Ok(KyvernoConfigMap {
        resource_filters: filters.ok_or(Unreadable(FILTERS))?,
        exclude_groups: data.0.contains_key(GROUPS).then(|| list(GROUPS)),
        exclude_others: OTHERS.into_iter().flat_map(list).collect(),
    })
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroUsize, time::Duration};

    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair, date_time_ymd};
    use serde_json::{Value, json};

    use super::*;
    use crate::mock::{Reply, server};

    fn pem(name: &str) -> String {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_after = date_time_ymd(2036, 1, 1);
        let signed = params.self_signed(&KeyPair::generate().expect("a key"));
        let text = BASE64_STANDARD.encode(signed.expect("a certificate").der());
        let lines = text.as_bytes().chunks(64).map(|it| String::from_utf8_lossy(it).into_owned());
        let lines = lines.collect::<Vec<_>>().join("\n");
        format!("-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n")
    }

    fn read(resource: Resource, data: &Value) -> Snapshot {
        let map = serde_json::from_value(json!({ "data": data })).expect("a config map");
        let mut snapshot = Snapshot::default();
        store(&mut snapshot, resource, Ok(Some(map)));
        snapshot
    }

    #[test]
    fn each_is_kept_as_what_checks_need() {
        let snapshot = read(
            Resource::KubeProxyConfigMap,
            &json!({"config.conf": "metricsBindAddress: 0.0.0.0:10249\nmode: nftables\n", "kubeconfig.conf": "x"}),
        );
        let found = snapshot.kube_proxy_config_map.expect("read").expect("there");
        assert_eq!(&*found.metrics_bind_address, "0.0.0.0:10249");

        let snapshot = read(
            Resource::KubeletConfigMap,
            &json!({"kubelet": "authentication:\n  anonymous: {enabled: true}\nreadOnlyPort: 10255\n"}),
        );
        let found = snapshot.kubelet_config_map.expect("read").expect("there");
        assert_eq!(found.kubelet.read_only_port, 10255);

        let snapshot = read(
            Resource::AuthenticationConfigMap,
            &json!({
                "client-ca-file": format!("{}{}", pem("old"), pem("new")),
                "requestheader-client-ca-file": pem("front-proxy-ca"),
                "requestheader-allowed-names": r#"["front-proxy-client"]"#,
            }),
        );
        let found = snapshot.authentication_config_map.expect("read").expect("there");
        let names: Vec<_> = found.client_authorities.iter().map(|it| &*it.subject).collect();
        assert_eq!(names, ["old", "new"]);
        assert_eq!(found.client_authorities[0].fingerprint.len(), 64);
        assert_eq!(found.client_authorities[0].not_after.to_string(), "2036-01-01T00:00:00Z");
        assert_eq!(found.request_header_authorities.len(), 1);
        assert_eq!(found.request_header_allowed_names, ["front-proxy-client".into()]);

        let snapshot = read(Resource::RootCaConfigMap, &json!({"ca.crt": pem("kubernetes")}));
        let found = snapshot.root_ca_config_map.expect("read").expect("there");
        assert_eq!(&*found.authorities[0].subject, "kubernetes");

        let ca = BASE64_STANDARD.encode(pem("kubernetes"));
        let kubeconfig = format!(
            "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: {ca}\n    server: https://a\n  name: ''\n"
        );
        let snapshot = read(
            Resource::ClusterInfoConfigMap,
            &json!({"kubeconfig": kubeconfig, "jws-kubeconfig-abcdef": "eyJ.."}),
        );
        let found = snapshot.cluster_info_config_map.expect("read").expect("there");
        assert_eq!(found.authorities.len(), 1);
        assert_eq!(found.signing_tokens, ["abcdef".into()]);

        let snapshot = read(
            Resource::AwsAuthConfigMap,
            &json!({
                "mapRoles": "- rolearn: arn:aws:iam::1:role/a\n  username: a\n  groups: [system:masters]\n",
                "mapUsers": "- userarn: arn:aws:iam::1:user/b\n  username: b\n",
            }),
        );
        let found = snapshot.aws_auth_config_map.expect("read").expect("there").mappings;
        assert_eq!(
            (&*found[0].arn, &*found[0].groups[0]),
            ("arn:aws:iam::1:role/a", "system:masters")
        );
        assert_eq!((&*found[1].arn, found[1].groups.len()), ("arn:aws:iam::1:user/b", 0));
    }

    #[test]
    fn kyverno_is_asked_whom_it_passes_over() {
        let snapshot = read(
            Resource::KyvernoConfigMap,
            &json!({
                "resourceFilters": "[Event,*,*] [*/*,kube-system,*]\n[Pod,shop,web*]",
                "excludeGroups": "system:nodes",
                "excludeUsernames": "!system:kube-scheduler, ci",
            }),
        );
        let found = snapshot.kyverno_config_map.expect("read").expect("there");
        let filters: Vec<_> =
            found.resource_filters.iter().map(|it| (&*it.kind, &*it.namespace)).collect();
        assert_eq!(filters, [("Event", "*"), ("*/*", "kube-system"), ("Pod", "shop")]);
        assert_eq!(found.exclude_groups, Some(vec!["system:nodes".into()]));
        assert_eq!(found.exclude_others, ["ci".into()]);
        let snapshot = read(Resource::KyvernoConfigMap, &json!({}));
        let found = snapshot.kyverno_config_map.expect("read").expect("there");
        assert_eq!(found.exclude_groups, None);
    }

    #[test]
    fn what_cannot_be_read_is_a_gap_that_quotes_nothing() {
        for (resource, data) in [
            (
                Resource::RootCaConfigMap,
                json!({"ca.crt": "-----BEGIN CERTIFICATE-----\nhush\n-----END CERTIFICATE-----\n"}),
            ),
            (Resource::AwsAuthConfigMap, json!({"mapRoles": "hush: ["})),
            (Resource::ClusterInfoConfigMap, json!({"kubeconfig": "clusters: hush"})),
            (Resource::AuthenticationConfigMap, json!({"requestheader-allowed-names": "hush"})),
            (Resource::KubeletConfigMap, json!({"kubelet": "readOnlyPort: hush"})),
            (Resource::KyvernoConfigMap, json!({"resourceFilters": "[hush"})),
        ] {
            let gaps = read(resource, &data).gaps(resource);
            let [gap] = &gaps[..] else { panic!("{resource}: {gaps:?}") };
            assert_eq!(gap.cause, Cause::Inconclusive, "{resource}");
            assert!(!gap.message.contains("hush"), "{}", gap.message);
        }
    }

    #[tokio::test]
    async fn not_found_is_absent_and_refused_is_not() {
        let (client, asked) = server(|path| match path {
            "/api/v1/namespaces/kube-system/configmaps/aws-auth" => Reply::status(404, "not found"),
            "/api/v1/namespaces/kube-public/configmaps/cluster-info" => Reply::status(403, "no"),
            _ => Reply::text(404, "<html>"),
        });
        let api = Api::of(client, Duration::from_secs(30), NonZeroUsize::MIN);
        let meter = Meter::default();
        let cause = async |resource| {
            let found = ask(&api, resource, &meter).await;
            found.map(|it| it.is_some()).map_err(|it| it.cause)
        };
        assert_eq!(cause(Resource::AwsAuthConfigMap).await, Ok(false));
        assert_eq!(cause(Resource::ClusterInfoConfigMap).await, Err(Cause::Forbidden));
        assert_eq!(cause(Resource::RootCaConfigMap).await, Err(Cause::Unavailable));
        assert_eq!(asked.paths().len(), 3);
    }
}
