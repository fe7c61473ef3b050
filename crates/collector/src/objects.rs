//! The objects of one kind, growing page by page, on their way into a [`Snapshot`].
//!
//! Live lists and files go through the same door. What cannot be decoded is counted and named by its
//! place, and never quoted: a field of the wrong type may hold what must not be kept.

use std::{borrow::Cow, collections::BTreeMap, fmt, sync::Arc};

use assay_model::{
    Gap, Listing, Meta, Resource, Snapshot,
    admission::{CustomResourceDefinition, VulnerabilityReport, WebhookConfiguration},
    admission_policy::{ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding},
    certificate::CertificateSigningRequest,
    namespace::{LimitRange, ListedNamespace, ResourceQuota, ServiceAccount},
    network::{Ingress, NetworkPolicy, Service},
    node::Node,
    policy::{Constraint, KyvernoException, KyvernoPolicy, PortierisPolicy, SigstoreImagePolicy},
    rbac::{Binding, Role},
    secret_manager::{ExternalSecret, SecretProviderClass},
    storage::{PersistentVolume, Secret},
    workload::Controller,
};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::{
    fold::{Pod, PodFold},
    proto,
};

/// What `kubectl apply` puts where a manifest names no namespace.
pub(crate) const DEFAULT_NAMESPACE: &str = "default";

/// What a page held.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Asks for the next page; `None` at the end of the list.
    pub continue_token: Option<String>,
    /// Objects on the page, malformed ones included.
    pub objects: u32,
    /// How many could not be decoded, by namespace; `None` where that could not be read either, or
    /// where objects of the kind have none. Sorted.
    pub malformed: Vec<(Option<Arc<str>>, u32)>,
}

/// Why a body is no page at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// A body that ends too early: worth asking again.
    #[error("the answer broke off")]
    Truncated,
    /// Anything else.
    #[error("the answer is no list")]
    NotAList,
}

/// Where an object is not what its kind should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The field, as in `spec.containers[0].env[2].value`; `.` for all of it.
    pub(crate) path: String,
    /// What it should have been, where the decoder says so.
    pub(crate) expected: Option<String>,
    /// Line in the object's text, from 1.
    pub(crate) line: usize,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path == "." { "this" } else { &self.path };
        match self.expected.as_deref() {
            // The decoder calls an object by the name of our type.
            Some(it) if it.starts_with("struct ") => write!(f, "{path} is not an object"),
            Some(expected) => write!(f, "{path} is not {expected}"),
            None => write!(f, "{path} could not be read"),
        }
    }
}

impl Fault {
    fn new(error: &serde_path_to_error::Error<serde_json::Error>) -> Self {
        // Of the decoder's message only what was expected is ours; the rest may quote the value.
        let message = error.inner().to_string();
        let ours = message.starts_with("invalid type: ");
        let expected = message.rsplit_once(", expected ").filter(|_| ours).map(|(_, it)| {
            it.rsplit_once(" at line ").map_or(it, |(expected, _)| expected).to_owned()
        });
        Fault { path: error.path().to_string(), expected, line: error.inner().line() }
    }
}

macro_rules! objects {
    ($($resource:ident: $kind:ty => $field:ident,)+) => {
        /// The decoded objects of one kind.
        #[derive(Debug)]
        pub(crate) struct Objects {
            resource: Resource,
            namespaced: bool,
            added: u64,
            kept: Kept,
        }

        #[derive(Debug)]
        enum Kept {
            Pods(PodFold),
            $($resource(Vec<$kind>),)+
        }

        impl Objects {
            /// None yet of this resource; `None` for one of which no list is kept.
            pub(crate) fn of(resource: Resource) -> Option<Self> {
                let kept = match resource {
                    Resource::Pods => Kept::Pods(PodFold::default()),
                    $(Resource::$resource => Kept::$resource(Vec::new()),)+
                    _ => return None,
                };
                // The kinds of a group are listed as if they had no namespaces.
                let namespaced = resource.kind().is_some_and(|it| it.namespaced);
                Some(Objects { resource, namespaced, added: 0, kept })
            }

            /// Adds a page of a list, as the API server answers it.
            ///
            /// When the page does not decode as a whole, it does object by object: one bad object is
            /// counted, and costs no other.
            pub(crate) fn add_page(&mut self, body: &str) -> Result<Page, PageError> {
                let namespaced = self.namespaced;
                let page = match &mut self.kept {
                    Kept::Pods(fold) => page(body, namespaced, |mut pod: Pod<'_>| {
                        place(&mut pod.metadata, namespaced);
                        fold.add(pod);
                    }),
                    $(Kept::$resource(items) => page(body, namespaced, |mut item: $kind| {
                        place(&mut item.metadata, namespaced);
                        items.push(item);
                    }),)+
                }?;
                self.added += u64::from(page.objects);
                Ok(page)
            }

            /// Adds a page of a list, as the API server answers it when asked for protobuf.
            ///
            /// One bad object is counted, and costs no other.
            pub(crate) fn add_page_proto(&mut self, body: &[u8]) -> Result<Page, PageError> {
                let Objects { resource, namespaced, .. } = *self;
                let page = match &mut self.kept {
                    Kept::Pods(fold) => proto::page(body, resource, |object| {
                        let mut pod = proto::Pod::read(object)?;
                        place(&mut pod.metadata, namespaced);
                        fold.add_protobuf(pod)
                    }),
                    $(Kept::$resource(items) => proto::page(body, resource, |object| {
                        let mut item: $kind = proto::Object::read(resource, object)?;
                        place(&mut item.metadata, namespaced);
                        items.push(item);
                        Ok(())
                    }),)+
                }?;
                self.added += u64::from(page.objects);
                Ok(page)
            }

            /// Adds one object.
            pub(crate) fn add(&mut self, object: &RawValue) -> Result<(), Fault> {
                self.added += 1;
                match &mut self.kept {
                    Kept::Pods(fold) => {
                        let mut pod: Pod<'_> = decode(object.get())?;
                        place(&mut pod.metadata, self.namespaced);
                        fold.add(pod);
                    }
                    $(Kept::$resource(items) => {
                        let mut item: $kind = decode(object.get())?;
                        place(&mut item.metadata, self.namespaced);
                        items.push(item);
                    })+
                }
                Ok(())
            }

            /// Objects that were added, malformed ones included.
            pub(crate) fn objects(&self) -> u64 {
                self.added
            }

            /// Forgets all of them, to begin the list anew.
            pub(crate) fn clear(&mut self) {
                self.added = 0;
                match &mut self.kept {
                    Kept::Pods(fold) => *fold = PodFold::default(),
                    $(Kept::$resource(items) => items.clear(),)+
                }
            }

            /// Puts them in place of what the snapshot says of the resource: read as far as `gaps`
            /// say, and in full for the parts in `read`.
            pub(crate) fn store(
                self,
                snapshot: &mut Snapshot,
                gaps: Vec<Arc<Gap>>,
                read: Vec<Arc<str>>,
            ) {
                debug_assert!(gaps.iter().all(|it| it.resource == self.resource));
                match self.kept {
                    Kept::Pods(fold) => {
                        snapshot.finished_pods = fold.finished();
                        snapshot.pods = Listing::partial(fold.into_groups(), gaps, read);
                    }
                    $(Kept::$resource(items) => {
                        snapshot.$field = Listing::partial(items, gaps, read);
                    })+
                }
            }
        }
    };
}

objects! {
    Namespaces: ListedNamespace => namespaces,
    Nodes: Node => nodes,
    Deployments: Controller => deployments,
    DaemonSets: Controller => daemon_sets,
    StatefulSets: Controller => stateful_sets,
    Jobs: Controller => jobs,
    CronJobs: Controller => cron_jobs,
    Services: Service => services,
    Ingresses: Ingress => ingresses,
    ServiceAccounts: ServiceAccount => service_accounts,
    Secrets: Secret => secrets,
    Roles: Role => roles,
    RoleBindings: Binding => role_bindings,
    ClusterRoles: Role => cluster_roles,
    ClusterRoleBindings: Binding => cluster_role_bindings,
    NetworkPolicies: NetworkPolicy => network_policies,
    ResourceQuotas: ResourceQuota => resource_quotas,
    LimitRanges: LimitRange => limit_ranges,
    PersistentVolumes: PersistentVolume => persistent_volumes,
    CertificateSigningRequests: CertificateSigningRequest => certificate_signing_requests,
    ValidatingWebhookConfigurations: WebhookConfiguration => validating_webhooks,
    MutatingWebhookConfigurations: WebhookConfiguration => mutating_webhooks,
    ValidatingAdmissionPolicies: ValidatingAdmissionPolicy => admission_policies,
    ValidatingAdmissionPolicyBindings: ValidatingAdmissionPolicyBinding => admission_policy_bindings,
    CustomResourceDefinitions: CustomResourceDefinition => custom_resource_definitions,
    KyvernoClusterPolicies: KyvernoPolicy => kyverno_cluster_policies,
    KyvernoPolicies: KyvernoPolicy => kyverno_policies,
    KyvernoExceptions: KyvernoException => kyverno_exceptions,
    GatekeeperConstraints: Constraint => gatekeeper_constraints,
    SigstoreImagePolicies: SigstoreImagePolicy => sigstore_image_policies,
    PortierisClusterImagePolicies: PortierisPolicy => portieris_cluster_image_policies,
    PortierisImagePolicies: PortierisPolicy => portieris_image_policies,
    ExternalSecrets: ExternalSecret => external_secrets,
    SecretProviderClasses: SecretProviderClass => secret_provider_classes,
    VulnerabilityReports: VulnerabilityReport => vulnerability_reports,
    ClusterVulnerabilityReports: VulnerabilityReport => cluster_vulnerability_reports,
}

/// Any object, its fields not decoded. Of a field that is written twice, the last one holds.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct Fields<'a>(#[serde(borrow)] BTreeMap<Cow<'a, str>, &'a RawValue>);

impl<'a> Fields<'a> {
    /// `None` when the text is no object.
    pub(crate) fn of(object: &'a str) -> Option<Self> {
        serde_json::from_str(object).ok()
    }

    /// `None` when absent or `null`.
    pub(crate) fn get(&self, key: &str) -> Option<&'a RawValue> {
        self.0.get(key).copied().filter(|it| it.get() != "null")
    }

    /// `None` when absent or no text.
    pub(crate) fn text(&self, key: &str) -> Option<String> {
        serde_json::from_str(self.get(key)?.get()).ok()
    }

    /// `metadata.name`; empty when the object has none that can be read.
    pub(crate) fn name(&self) -> String {
        self.metadata().and_then(|it| it.text("name")).unwrap_or_default()
    }

    /// Where the object is put, empty when its kind has no namespaces; `None` when it does not say
    /// where in a readable way.
    pub(crate) fn namespace(&self, namespaced: bool) -> Option<String> {
        if !namespaced {
            return Some(String::new());
        }
        let metadata = self.metadata()?;
        if metadata.get("namespace").is_none() {
            return Some(DEFAULT_NAMESPACE.to_owned());
        }
        let written = metadata.text("namespace")?;
        Some(if written.is_empty() { DEFAULT_NAMESPACE.to_owned() } else { written })
    }

    fn metadata(&self) -> Option<Fields<'a>> {
        Fields::of(self.get("metadata")?.get())
    }
}

/// Puts an object where the server would: in `default` when it names no namespace, and in none when
/// its kind has none.
fn place(metadata: &mut Meta, namespaced: bool) {
    if !namespaced {
        metadata.namespace = Arc::default();
    } else if metadata.namespace.is_empty() {
        metadata.namespace = DEFAULT_NAMESPACE.into();
    }
}

fn decode<'de, T: Deserialize<'de>>(object: &'de str) -> Result<T, Fault> {
    // Following the path costs time, and most objects are well-formed.
    serde_json::from_str(object).or_else(|_| {
        let mut decoder = serde_json::Deserializer::from_str(object);
        serde_path_to_error::deserialize(&mut decoder).map_err(|error| Fault::new(&error))
    })
}

#[derive(Deserialize)]
struct List<T> {
    #[serde(default)]
    metadata: ListMeta,
    // No default: a body without items is no list.
    #[serde(bound(deserialize = "T: Deserialize<'de>"), deserialize_with = "items")]
    items: Vec<T>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ListMeta {
    #[serde(rename = "continue")]
    continue_token: Option<String>,
}

impl ListMeta {
    fn next(self) -> Option<String> {
        self.continue_token.filter(|it| !it.is_empty())
    }
}

/// Go writes the empty list as `null`.
fn items<'de, D: Deserializer<'de>, T: Deserialize<'de>>(decoder: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(decoder)?.unwrap_or_default())
}

fn page<'de, T: Deserialize<'de>>(
    body: &'de str,
    namespaced: bool,
    mut keep: impl FnMut(T),
) -> Result<Page, PageError> {
    let count = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
    let error = match serde_json::from_str::<List<T>>(body) {
        Ok(List { metadata, items }) => {
            let objects = count(items.len());
            items.into_iter().for_each(keep);
            return Ok(Page { continue_token: metadata.next(), objects, malformed: Vec::new() });
        }
        Err(error) => error,
    };
    if error.is_eof() {
        return Err(PageError::Truncated);
    }
    let List { metadata, items } = serde_json::from_str::<List<&RawValue>>(body)
        .map_err(|it| if it.is_eof() { PageError::Truncated } else { PageError::NotAList })?;
    let objects = count(items.len());
    let mut malformed: BTreeMap<Option<Arc<str>>, u32> = BTreeMap::new();
    for item in items {
        match serde_json::from_str(item.get()) {
            Ok(object) => keep(object),
            Err(_) => *malformed.entry(part(item.get(), namespaced)).or_default() += 1,
        }
    }
    let malformed = malformed.into_iter().collect();
    Ok(Page { continue_token: metadata.next(), objects, malformed })
}

/// The namespace that a malformed object hides; `None` when it may be any, or the kind has none.
pub(crate) fn part(object: &str, namespaced: bool) -> Option<Arc<str>> {
    let namespace = Fields::of(object)?.namespace(namespaced)?;
    namespaced.then(|| namespace.into())
}

#[cfg(test)]
mod tests {
    use assay_model::{Cause, resource::Access, snapshot::Origin};
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;

    fn snapshot() -> Snapshot {
        let origin = Origin {
            source: assay_model::snapshot::Source::Live,
            started: Timestamp::UNIX_EPOCH,
            finished: Timestamp::UNIX_EPOCH,
            interrupted: false,
            cluster: String::new(),
            server: String::new(),
            context: String::new(),
            user: String::new(),
            groups: Vec::new(),
            impersonated: false,
            namespaces: Vec::new(),
        };
        Snapshot::unread(origin, &Cause::NotRequested, "")
    }

    fn objects(resource: Resource) -> Objects {
        Objects::of(resource).expect("a list")
    }

    #[test]
    fn every_list_but_one_is_kept() {
        let lists = |it: &Resource| {
            let listed = matches!(it.access(), Access::List(_) | Access::Group(_));
            listed && *it != Resource::ReplicaSets
        };
        for resource in Resource::ALL {
            assert_eq!(Objects::of(resource).is_some(), lists(&resource), "{resource}");
        }
    }

    #[test]
    fn every_kind_is_stored_under_its_own_name() {
        for resource in Resource::ALL {
            let Some(mut objects) = Objects::of(resource) else { continue };
            let body = r#"{"metadata":{"continue":""},"items":[{"metadata":{"name":"a","namespace":"n"}}]}"#;
            let page = objects.add_page(body).expect("a list");
            assert_eq!(page, Page { continue_token: None, objects: 1, malformed: Vec::new() });
            let mut snapshot = snapshot();
            objects.store(&mut snapshot, Vec::new(), Vec::new());
            assert_eq!(
                (snapshot.distinct(resource), snapshot.gaps(resource)),
                (1, vec![]),
                "{resource}"
            );
        }
    }

    #[test]
    fn one_bad_object_costs_no_other() {
        let body = r#"{"kind":"PodList","apiVersion":"v1","metadata":{"continue":"next","remainingItemCount":7},
            "items":[
                {"metadata":{"name":"good","namespace":"shop"}},
                {"metadata":{"name":"bad","namespace":"shop"},"spec":{"hostNetwork":"hush"}},
                {"metadata":{"name":"worse","namespace":["hush"]}},
                {"metadata":{"name":"fine","namespace":"ops"}}]}"#;
        let mut pods = objects(Resource::Pods);
        let page = pods.add_page(body).expect("a list");
        assert_eq!(page.continue_token.as_deref(), Some("next"));
        assert_eq!((page.objects, pods.objects()), (4, 4));
        assert_eq!(page.malformed, [(None, 1), (Some("shop".into()), 1)]);
        let mut snapshot = snapshot();
        pods.store(&mut snapshot, Vec::new(), Vec::new());
        assert_eq!(snapshot.pods.seen(), 2);
    }

    #[test]
    fn a_body_that_broke_off_is_told_from_one_that_is_no_list() {
        let whole = r#"{"metadata":{},"items":[{"metadata":{"name":"a"}}]}"#;
        for cut in 0..whole.len() {
            let found = objects(Resource::Pods).add_page(&whole[..cut]);
            assert_eq!(found, Err(PageError::Truncated), "{}", &whole[..cut]);
        }
        for other in
            [r#"{"kind":"Status","code":403}"#, "[]", "404 page not found", r#"{"items":5}"#]
        {
            assert_eq!(
                objects(Resource::Pods).add_page(other),
                Err(PageError::NotAList),
                "{other}"
            );
        }
        for empty in [r#"{"items":[]}"#, r#"{"metadata":{},"items":null}"#] {
            assert_eq!(objects(Resource::Pods).add_page(empty), Ok(Page::default()), "{empty}");
        }
    }

    #[test]
    fn a_fault_names_the_field_and_not_its_value() {
        let raw = |text: &str| RawValue::from_string(text.to_owned()).expect("JSON");
        let fault =
            |resource, text| objects(resource).add(&raw(text)).expect_err("malformed").to_string();
        let cases = [
            (r#"{"spec":{"hostPID":"hush"}}"#, "spec.hostPID is not a boolean"),
            (
                r#"{"spec":{"containers":[{"env":[{"name":"A","value":"x"},{"value":["hush, expected hush"]}]}]}}"#,
                "spec.containers[0].env[1].value is not a string",
            ),
            (
                r#"{"metadata":{"creationTimestamp":"hush, expected hush"}}"#,
                "metadata.creationTimestamp could not be read",
            ),
            (r#""hush""#, "this is not an object"),
            (r#"{"metadata":"hush"}"#, "metadata is not an object"),
        ];
        for (text, expected) in cases {
            assert_eq!(fault(Resource::Pods, text), expected);
        }
    }

    #[test]
    fn objects_are_put_where_the_server_puts_them() {
        let text =
            r#"{"items":[{"metadata":{"name":"a"}},{"metadata":{"name":"b","namespace":"n"}}]}"#;
        let part = |resource, name| {
            let mut snapshot = snapshot();
            let mut objects = objects(resource);
            objects.add_page(text).expect("a list");
            objects.store(&mut snapshot, Vec::new(), Vec::new());
            let both = [&snapshot.roles, &snapshot.cluster_roles];
            ["", "n", "default"]
                .into_iter()
                .filter(|it| both.iter().any(|roles| matches!(roles.get(it, name), Ok(Some(_)))))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            (part(Resource::Roles, "a"), part(Resource::Roles, "b")),
            (vec!["default"], vec!["n"])
        );
        assert_eq!(
            (part(Resource::ClusterRoles, "a"), part(Resource::ClusterRoles, "b")),
            (vec![""], vec![""])
        );
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic(body in any::<String>(), at in 0..Resource::ALL.len()) {
            if let Some(mut objects) = Objects::of(Resource::ALL[at]) {
                prop_assert!(objects.add_page(&body).is_err());
                prop_assert_eq!(objects.objects(), 0);
            }
        }
    }
}
