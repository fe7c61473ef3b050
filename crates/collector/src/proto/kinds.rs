//! Every kind that is kept as a list, but pods.

use std::sync::Arc;

use assay_model::{
    ContentDigest, Resource,
    admission::{
        ClientConfig, CustomResourceDefinition, CustomResourceDefinitionSpec, CustomResourceNames,
        MatchCondition, ServiceReference, VulnerabilityReport, Webhook, WebhookConfiguration,
        WebhookRule,
    },
    admission_policy::{
        AdmissionPolicyBindingSpec, AdmissionPolicySpec, AdmissionPolicyStatus, ExpressionWarning,
        MatchResources, ParamKind, ParamRef, TypeChecking, ValidatingAdmissionPolicy,
        ValidatingAdmissionPolicyBinding, Validation,
    },
    certificate::{
        CertificateSigningRequest, RequestCondition, RequestSpec, RequestStatus, Requested,
    },
    namespace::{
        LimitRange, LimitRangeItem, LimitRangeSpec, ListedNamespace, ResourceQuota,
        ResourceQuotaSpec, ScopeExpression, ScopeSelector, ServiceAccount,
    },
    network::{
        Backend, BackendService, HttpPath, HttpRule, Ingress, IngressRule, IngressSpec, IpBlock,
        NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer,
        NetworkPolicyPort, NetworkPolicySpec, Port, Service, ServiceSpec,
    },
    node::{
        DaemonEndpoint, DaemonEndpoints, Node, NodeAddress, NodeCondition, NodeInfo, NodeSpec,
        NodeStatus, Taint,
    },
    pod::HostPath,
    policy::{Constraint, KyvernoException, KyvernoPolicy, PortierisPolicy, SigstoreImagePolicy},
    rbac::{AggregationRule, Binding, PolicyRule, Role, RoleRef, Subject},
    secret_manager::{ExternalSecret, SecretProviderClass},
    storage::{ClaimReference, FlexVolume, PersistentVolume, PersistentVolumeSpec, Secret},
    workload::{Controller, JobTemplate, PodTemplate, TemplateMeta},
};

use super::{
    meta::{amount, annotation, label, timestamp},
    wire::{Field, Fields, Flaw, Malformed, Message, push},
};

/// A kind that protobuf carries.
pub(crate) trait Object: Sized {
    /// Reads one object of `resource`, whose field numbers it has.
    fn read(resource: Resource, object: Fields<'_>) -> Result<Self, Malformed>;
}

macro_rules! of_one_shape {
    ($($kind:ty),+) => {$(
        impl Object for $kind {
            fn read(_: Resource, object: Fields<'_>) -> Result<Self, Malformed> {
                let mut read = Self::default();
                object.read(&mut read)?;
                Ok(read)
            }
        }
    )+};
}

of_one_shape!(
    ListedNamespace,
    Node,
    Service,
    Ingress,
    ServiceAccount,
    Role,
    Binding,
    NetworkPolicy,
    ResourceQuota,
    LimitRange,
    PersistentVolume,
    CertificateSigningRequest,
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
    CustomResourceDefinition
);

/// Kinds that never come as protobuf: those that CRDs add, and Secrets, which are not asked for as
/// such.
macro_rules! never {
    ($($kind:ty),+) => {$(
        impl Object for $kind {
            fn read(_: Resource, object: Fields<'_>) -> Result<Self, Malformed> {
                Err(Malformed { at: object.at(), flaw: Flaw::Type })
            }
        }
    )+};
}

never!(
    Secret,
    KyvernoPolicy,
    KyvernoException,
    Constraint,
    SigstoreImagePolicy,
    PortierisPolicy,
    ExternalSecret,
    SecretProviderClass,
    VulnerabilityReport
);

/// Where the kinds with a pod template keep what is read of them; 0 for nowhere.
#[derive(Clone, Copy)]
struct Layout {
    replicas: u32,
    selector: u32,
    template: u32,
    job_template: u32,
    desired_number_scheduled: u32,
    number_ready: u32,
    ready_replicas: u32,
}

const NOWHERE: Layout = Layout {
    replicas: 0,
    selector: 0,
    template: 0,
    job_template: 0,
    desired_number_scheduled: 0,
    number_ready: 0,
    ready_replicas: 0,
};
const DEPLOYMENT: Layout =
    Layout { replicas: 1, selector: 2, template: 3, ready_replicas: 7, ..NOWHERE };
const STATEFUL_SET: Layout =
    Layout { replicas: 1, selector: 2, template: 3, ready_replicas: 3, ..NOWHERE };
const DAEMON_SET: Layout =
    Layout { selector: 1, template: 2, desired_number_scheduled: 3, number_ready: 4, ..NOWHERE };
const JOB: Layout = Layout { selector: 4, template: 6, ..NOWHERE };
const CRON_JOB: Layout = Layout { job_template: 5, ..NOWHERE };

impl Object for Controller {
    fn read(resource: Resource, object: Fields<'_>) -> Result<Self, Malformed> {
        let layout = match resource {
            Resource::Deployments => DEPLOYMENT,
            Resource::StatefulSets => STATEFUL_SET,
            Resource::DaemonSets => DAEMON_SET,
            Resource::Jobs => JOB,
            Resource::CronJobs => CRON_JOB,
            _ => NOWHERE,
        };
        let mut read = Controller::default();
        for field in object {
            let field = field?;
            match field.number {
                1 => field.merge(&mut read.metadata)?,
                2 => wants(&mut read, layout, field)?,
                3 => has(&mut read, layout, field)?,
                _ => {}
            }
        }
        Ok(read)
    }
}

/// The `spec` of a kind with a pod template.
fn wants(controller: &mut Controller, layout: Layout, spec: Field<'_>) -> Result<(), Malformed> {
    let wants = &mut controller.spec;
    for field in spec.fields()? {
        let field = field?;
        let number = field.number;
        if number == layout.replicas {
            wants.replicas = Some(field.int32()?);
        } else if number == layout.selector {
            field.merge(wants.selector.get_or_insert_default())?;
        } else if number == layout.template {
            field.merge(&mut wants.template)?;
        } else if number == layout.job_template {
            field.merge(wants.job_template.get_or_insert_default())?;
        }
    }
    Ok(())
}

/// The `status` of a kind with a pod template.
fn has(controller: &mut Controller, layout: Layout, status: Field<'_>) -> Result<(), Malformed> {
    let has = &mut controller.status;
    for field in status.fields()? {
        let field = field?;
        let number = field.number;
        if number == layout.desired_number_scheduled {
            has.desired_number_scheduled = field.count()?;
        } else if number == layout.number_ready {
            has.number_ready = field.count()?;
        } else if number == layout.ready_replicas {
            has.ready_replicas = field.count()?;
        }
    }
    Ok(())
}

/// `batch/v1 JobTemplateSpec`: of its `JobSpec` only the template is read.
impl Message<'_> for JobTemplate {
    fn set(&mut self, field: Field<'_>) -> Result<(), Malformed> {
        if field.number == 2
            && let Some(template) = field.only(JOB.template)?
        {
            template.merge(&mut self.spec.template)?;
        }
        Ok(())
    }
}

/// `core/v1 PodTemplateSpec`.
impl Message<'_> for PodTemplate {
    fn set(&mut self, field: Field<'_>) -> Result<(), Malformed> {
        match field.number {
            1 => {
                field.merge(&mut self.metadata)?;
                let annotations = std::mem::take(&mut self.metadata.annotations);
                if !annotations.is_empty() {
                    Arc::make_mut(&mut self.spec).annotate(&annotations);
                }
            }
            2 => field.merge(Arc::make_mut(&mut self.spec))?,
            _ => {}
        }
        Ok(())
    }
}

/// `metav1.ObjectMeta`, of which only labels and annotations are read.
impl Message<'_> for TemplateMeta {
    fn set(&mut self, field: Field<'_>) -> Result<(), Malformed> {
        match field.number {
            11 => label(field, &mut self.labels)?,
            12 => annotation(field, &mut self.annotations)?,
            _ => {}
        }
        Ok(())
    }
}

/// Kinds and their parts as tables: what is read, by field number.
///
/// `to` is a value, `some` is a pointer upstream, `push` a list.
macro_rules! messages {
    ($($(#[$doc:meta])* $kind:ty { $($number:literal => $how:ident $(.$field:ident)+ $(: $get:ident)?,)* })+) => {$(
        $(#[$doc])*
        impl Message<'_> for $kind {
            fn set(&mut self, field: Field<'_>) -> Result<(), Malformed> {
                match field.number {
                    $($number => messages!(@ $how self $(.$field)+ , field $(, $get)?),)*
                    _ => {}
                }
                Ok(())
            }
        }
    )+};
    (@ to $it:ident $(.$path:ident)+, $field:ident) => { $field.merge(&mut $it$(.$path)+)? };
    (@ to $it:ident $(.$path:ident)+, $field:ident, $get:ident) => { $it$(.$path)+ = $field.$get()? };
    (@ some $it:ident $(.$path:ident)+, $field:ident) => { $field.merge($it$(.$path)+.get_or_insert_default())? };
    (@ some $it:ident $(.$path:ident)+, $field:ident, $get:ident) => { $it$(.$path)+ = Some($field.$get()?) };
    (@ push $it:ident $(.$path:ident)+, $field:ident) => { push(&mut $it$(.$path)+, $field.message()?) };
    (@ push $it:ident $(.$path:ident)+, $field:ident, $get:ident) => { push(&mut $it$(.$path)+, $field.$get()?) };
    (@ time $it:ident $(.$path:ident)+, $field:ident) => { $it$(.$path)+ = timestamp($field)? };
    (@ label $it:ident $(.$path:ident)+, $field:ident) => { label($field, &mut $it$(.$path)+)? };
    (@ amount $it:ident $(.$path:ident)+, $field:ident) => { amount($field, &mut $it$(.$path)+)? };
}

messages! {
    /// `core/v1 Namespace`.
    ListedNamespace {
        1 => to .metadata,
    }
    /// `core/v1 Node`.
    Node {
        1 => to .metadata,
        2 => to .spec,
        3 => to .status,
    }
    /// `core/v1 NodeSpec`.
    NodeSpec {
        3 => to .provider_id: shared,
        4 => to .unschedulable: flag,
        5 => push .taints,
    }
    /// `core/v1 Taint`.
    Taint {
        1 => to .key: shared,
        3 => to .effect: shared,
        4 => time .time_added,
    }
    /// `core/v1 NodeStatus`.
    NodeStatus {
        4 => push .conditions,
        5 => push .addresses,
        6 => to .daemon_endpoints,
        7 => to .node_info,
    }
    /// `core/v1 NodeCondition`.
    NodeCondition {
        1 => to .type_: shared,
        2 => to .status: shared,
        4 => time .last_transition_time,
    }
    /// `core/v1 NodeAddress`.
    NodeAddress {
        1 => to .type_: shared,
        2 => to .address: shared,
    }
    /// `core/v1 NodeDaemonEndpoints`.
    DaemonEndpoints {
        1 => to .kubelet_endpoint,
    }
    /// `core/v1 DaemonEndpoint`.
    DaemonEndpoint {
        1 => to .port: int32,
    }
    /// `core/v1 NodeSystemInfo`.
    NodeInfo {
        4 => to .kernel_version: shared,
        5 => to .os_image: shared,
        6 => to .container_runtime_version: shared,
        7 => to .kubelet_version: shared,
        9 => to .operating_system: shared,
        10 => to .architecture: shared,
    }
    /// `core/v1 ServiceAccount`.
    ServiceAccount {
        1 => to .metadata,
        4 => some .automount_service_account_token: flag,
    }
    /// `core/v1 ResourceQuota`.
    ResourceQuota {
        1 => to .metadata,
        2 => to .spec,
    }
    /// `core/v1 ResourceQuotaSpec`.
    ResourceQuotaSpec {
        1 => amount .hard,
        2 => push .scopes: shared,
        3 => some .scope_selector,
    }
    /// `core/v1 ScopeSelector`.
    ScopeSelector {
        1 => push .match_expressions,
    }
    /// `core/v1 ScopedResourceSelectorRequirement`.
    ScopeExpression {
        1 => to .scope_name: shared,
    }
    /// `core/v1 LimitRange`.
    LimitRange {
        1 => to .metadata,
        2 => to .spec,
    }
    /// `core/v1 LimitRangeSpec`.
    LimitRangeSpec {
        1 => push .limits,
    }
    /// `core/v1 LimitRangeItem`.
    LimitRangeItem {
        1 => to .type_: shared,
        2 => amount .max,
        3 => amount .min,
        4 => amount .default,
        5 => amount .default_request,
    }
    /// `core/v1 Service`.
    Service {
        1 => to .metadata,
        2 => to .spec,
    }
    /// `core/v1 ServiceSpec`.
    ServiceSpec {
        2 => label .selector,
        4 => to .type_: shared,
        5 => push .external_ips: shared,
    }
    /// `networking/v1 Ingress`.
    Ingress {
        1 => to .metadata,
        2 => to .spec,
    }
    /// `networking/v1 IngressSpec`.
    IngressSpec {
        1 => some .default_backend,
        3 => push .rules,
    }
    /// `networking/v1 HTTPIngressRuleValue`.
    HttpRule {
        1 => push .paths,
    }
    /// `networking/v1 HTTPIngressPath`.
    HttpPath {
        2 => to .backend,
    }
    /// `networking/v1 IngressBackend`.
    Backend {
        4 => some .service,
    }
    /// `networking/v1 IngressServiceBackend`.
    BackendService {
        1 => to .name: shared,
    }
    /// `networking/v1 NetworkPolicy`.
    NetworkPolicy {
        1 => to .metadata,
        2 => to .spec,
    }
    /// `networking/v1 NetworkPolicySpec`.
    NetworkPolicySpec {
        1 => to .pod_selector,
        2 => push .ingress,
        3 => push .egress,
        4 => push .policy_types: shared,
    }
    /// `networking/v1 NetworkPolicyIngressRule`.
    NetworkPolicyIngressRule {
        1 => push .ports,
        2 => push .from,
    }
    /// `networking/v1 NetworkPolicyEgressRule`.
    NetworkPolicyEgressRule {
        1 => push .ports,
        2 => push .to,
    }
    /// `networking/v1 NetworkPolicyPeer`.
    NetworkPolicyPeer {
        1 => some .pod_selector,
        2 => some .namespace_selector,
        3 => some .ip_block,
    }
    /// `networking/v1 IPBlock`.
    IpBlock {
        1 => to .cidr: shared,
        2 => push .except: shared,
    }
    /// `rbac/v1 Role` and `ClusterRole`; only the latter has a third field.
    Role {
        1 => to .metadata,
        2 => push .rules,
        3 => some .aggregation_rule,
    }
    /// `rbac/v1 AggregationRule`.
    AggregationRule {
        1 => push .cluster_role_selectors,
    }
    /// `rbac/v1 PolicyRule`.
    PolicyRule {
        1 => push .verbs: shared,
        2 => push .api_groups: shared,
        3 => push .resources: shared,
        4 => push .resource_names: shared,
        5 => push .non_resource_urls: shared,
    }
    /// `rbac/v1 RoleBinding` and `ClusterRoleBinding`.
    Binding {
        1 => to .metadata,
        2 => push .subjects,
        3 => to .role_ref,
    }
    /// `rbac/v1 RoleRef`.
    RoleRef {
        2 => to .kind: shared,
        3 => to .name: shared,
    }
    /// `rbac/v1 Subject`.
    Subject {
        1 => to .kind: shared,
        3 => to .name: shared,
        4 => to .namespace: shared,
    }
    /// `admissionregistration/v1 WebhookClientConfig`.
    ClientConfig {
        1 => some .service,
    }
    /// `admissionregistration/v1 ServiceReference`.
    ServiceReference {
        1 => to .namespace: shared,
        2 => to .name: shared,
    }
    /// `admissionregistration/v1 MatchCondition`.
    MatchCondition {
        1 => to .name: shared,
    }
    /// `apiextensions/v1 CustomResourceDefinition`.
    CustomResourceDefinition {
        1 => to .metadata,
        2 => to .spec,
    }
    /// `apiextensions/v1 CustomResourceDefinitionSpec`.
    CustomResourceDefinitionSpec {
        1 => to .group: shared,
        3 => to .names,
    }
    /// `apiextensions/v1 CustomResourceDefinitionNames`.
    CustomResourceNames {
        1 => to .plural: shared,
        4 => to .kind: shared,
    }
    /// `core/v1 PersistentVolume`.
    PersistentVolume {
        1 => to .metadata,
        2 => to .spec,
    }
    /// `core/v1 ObjectReference`.
    ClaimReference {
        2 => to .namespace: shared,
        3 => to .name: shared,
    }
    /// `core/v1 FlexPersistentVolumeSource`.
    FlexVolume {
        1 => to .driver: shared,
    }
    /// `certificates/v1 CertificateSigningRequest`.
    CertificateSigningRequest {
        1 => to .metadata,
        2 => to .spec,
        3 => to .status,
    }
    /// `certificates/v1 CertificateSigningRequestStatus`.
    RequestStatus {
        1 => push .conditions,
    }
    /// `certificates/v1 CertificateSigningRequestCondition`.
    RequestCondition {
        1 => to .type_: shared,
    }
    /// `admissionregistration/v1 ValidatingAdmissionPolicy`.
    ValidatingAdmissionPolicy {
        1 => to .metadata,
        2 => to .spec,
        3 => to .status,
    }
    /// `admissionregistration/v1 ValidatingAdmissionPolicySpec`.
    AdmissionPolicySpec {
        1 => some .param_kind,
        2 => some .match_constraints,
        3 => push .validations,
        4 => some .failure_policy: shared,
        6 => push .match_conditions,
    }
    /// `admissionregistration/v1 ParamKind`.
    ParamKind {
        1 => to .api_version: shared,
        2 => to .kind: shared,
    }
    /// `admissionregistration/v1 ValidatingAdmissionPolicyStatus`.
    AdmissionPolicyStatus {
        2 => some .type_checking,
    }
    /// `admissionregistration/v1 TypeChecking`.
    TypeChecking {
        1 => push .expression_warnings,
    }
    /// `admissionregistration/v1 ExpressionWarning`.
    ExpressionWarning {
        2 => to .field_ref: shared,
    }
    /// `admissionregistration/v1 ValidatingAdmissionPolicyBinding`.
    ValidatingAdmissionPolicyBinding {
        1 => to .metadata,
        2 => to .spec,
    }
    /// `admissionregistration/v1 ValidatingAdmissionPolicyBindingSpec`.
    AdmissionPolicyBindingSpec {
        1 => to .policy_name: shared,
        2 => some .param_ref,
        3 => some .match_resources,
        4 => push .validation_actions: shared,
    }
    /// `admissionregistration/v1 ParamRef`.
    ParamRef {
        1 => to .name: shared,
        2 => to .namespace: shared,
        4 => some .parameter_not_found_action: shared,
    }
}

/// `core/v1 PersistentVolumeSpec`, whose source JSON writes beside it.
impl Message<'_> for PersistentVolumeSpec {
    fn set(&mut self, field: Field<'_>) -> Result<(), Malformed> {
        match field.number {
            2 => {
                for source in field.fields()? {
                    let source = source?;
                    match source.number {
                        3 => {
                            let path = source.only(1)?.map(Field::shared).transpose()?;
                            self.host_path = Some(HostPath { path: path.unwrap_or_default() });
                        }
                        12 => source.merge(self.flex_volume.get_or_insert_default())?,
                        _ => {}
                    }
                }
            }
            4 => field.merge(self.claim_ref.get_or_insert_default())?,
            _ => {}
        }
        Ok(())
    }
}

/// `certificates/v1 CertificateSigningRequestSpec`: the request is decoded into what it asks for.
impl Message<'_> for RequestSpec {
    fn set(&mut self, field: Field<'_>) -> Result<(), Malformed> {
        match field.number {
            1 => self.request = Requested::of(field.bytes()?),
            2 => self.username = field.shared()?,
            4 => push(&mut self.groups, field.shared()?),
            7 => self.signer_name = field.shared()?,
            _ => {}
        }
        Ok(())
    }
}

/// `networking/v1 NetworkPolicyPort`.
impl Message<'_> for NetworkPolicyPort {
    fn set(&mut self, field: Field<'_>) -> Result<(), Malformed> {
        match field.number {
            2 => self.port = Some(port(field)?),
            3 => self.end_port = Some(field.int32()?),
            _ => {}
        }
        Ok(())
    }
}

/// `util/intstr IntOrString`: which of the two it is, and both.
fn port(field: Field<'_>) -> Result<Port, Malformed> {
    let (mut is_name, mut number, mut name) = (false, 0, Arc::default());
    for field in field.fields()? {
        let field = field?;
        match field.number {
            1 => is_name = field.flag()?,
            2 => number = field.int32()?,
            3 => name = field.shared()?,
            _ => {}
        }
    }
    Ok(if is_name { Port::Name(name) } else { Port::Number(number) })
}

/// `networking/v1 IngressRule`: a host, and an `IngressRuleValue` whose field JSON writes beside it.
impl Message<'_> for IngressRule {
    fn set(&mut self, field: Field<'_>) -> Result<(), Malformed> {
        if field.number == 2
            && let Some(http) = field.only(1)?
        {
            http.merge(self.http.get_or_insert_default())?;
        }
        Ok(())
    }
}

impl Object for WebhookConfiguration {
    fn read(resource: Resource, object: Fields<'_>) -> Result<Self, Malformed> {
        let mut read = WebhookConfiguration::default();
        for field in object {
            let field = field?;
            match field.number {
                1 => field.merge(&mut read.metadata)?,
                2 => read.webhooks.push(webhook(resource, field)?),
                _ => {}
            }
        }
        Ok(read)
    }
}

/// `admissionregistration/v1 ValidatingWebhook` and `MutatingWebhook`, which part after field 9.
fn webhook(resource: Resource, field: Field<'_>) -> Result<Webhook, Malformed> {
    let shift = u32::from(resource == Resource::MutatingWebhookConfigurations);
    let mut webhook = Webhook::default();
    for field in field.fields()? {
        let field = field?;
        match field.number {
            1 => webhook.name = field.shared()?,
            2 => field.merge(&mut webhook.client_config)?,
            3 => webhook.rules.push(field.message()?),
            4 => webhook.failure_policy = Some(field.shared()?),
            5 => field.merge(webhook.namespace_selector.get_or_insert_default())?,
            it if it == 10 + shift => {
                field.merge(webhook.object_selector.get_or_insert_default())?;
            }
            it if it == 11 + shift => webhook.match_conditions.push(field.message()?),
            _ => {}
        }
    }
    Ok(webhook)
}

/// `admissionregistration/v1 MatchResources`, whose rules are wrapped to name objects, which JSON writes
/// beside them.
impl Message<'_> for MatchResources {
    fn set(&mut self, field: Field<'_>) -> Result<(), Malformed> {
        match field.number {
            1 => field.merge(self.namespace_selector.get_or_insert_default())?,
            2 => field.merge(self.object_selector.get_or_insert_default())?,
            3 => push(&mut self.resource_rules, named_rule(field)?),
            4 => push(&mut self.exclude_resource_rules, named_rule(field)?),
            _ => {}
        }
        Ok(())
    }
}

/// `admissionregistration/v1 NamedRuleWithOperations`.
fn named_rule(field: Field<'_>) -> Result<WebhookRule, Malformed> {
    let (mut rule, mut names) = (WebhookRule::default(), Vec::new());
    for field in field.fields()? {
        let field = field?;
        match field.number {
            1 => names.push(field.shared()?),
            2 => field.merge(&mut rule)?,
            _ => {}
        }
    }
    rule.resource_names = names;
    Ok(rule)
}

/// `admissionregistration/v1 Validation`: the expression, of which the digest is kept.
impl Message<'_> for Validation {
    fn set(&mut self, field: Field<'_>) -> Result<(), Malformed> {
        if field.number == 1 {
            self.expression = ContentDigest::of(&field.shared()?);
        }
        Ok(())
    }
}

/// `admissionregistration/v1 RuleWithOperations`: operations, and a `Rule` whose fields JSON writes
/// beside them.
impl Message<'_> for WebhookRule {
    fn set(&mut self, field: Field<'_>) -> Result<(), Malformed> {
        match field.number {
            1 => self.operations.push(field.shared()?),
            2 => {
                for field in field.fields()? {
                    let field = field?;
                    match field.number {
                        1 => self.api_groups.push(field.shared()?),
                        2 => self.api_versions.push(field.shared()?),
                        3 => self.resources.push(field.shared()?),
                        4 => self.scope = Some(field.shared()?),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}
