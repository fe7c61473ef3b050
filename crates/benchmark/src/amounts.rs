//! What containers ask for and are held to: what was written, and what the namespace's defaults make
//! of it.

use assay_model::{
    Map, PodSpec,
    namespace::{LimitRange, LimitRangeItem},
    pod::{Quantity, Resources},
};

/// Amounts by resource name.
pub(crate) type Amounts = Map<Quantity>;

/// Whether there is an amount of the resource that is not zero.
pub(crate) fn counts(amounts: &Amounts, resource: &str) -> bool {
    amounts.get(resource).is_some_and(|it| !it.is_zero())
}

/// What a limit range has for each container.
fn of_containers(range: &LimitRange) -> impl Iterator<Item = &LimitRangeItem> {
    range.spec.limits.iter().filter(|it| &*it.type_ == "Container")
}

/// Whether a limit range gives a limit of the resource to containers that have none: its maximum,
/// where it has no default.
pub(crate) fn gives_limit(range: &LimitRange, resource: &str) -> bool {
    of_containers(range).any(|it| [&it.default, &it.max].iter().any(|it| counts(it, resource)))
}

/// Whether a limit range gives a request of the resource to containers that have none. Where it has
/// no default of the request, that of the limit is one, and then its minimum.
pub(crate) fn gives_request(range: &LimitRange, resource: &str) -> bool {
    let defaults = |it: &LimitRangeItem| {
        [&it.default_request, &it.default, &it.max, &it.min].iter().any(|it| counts(it, resource))
    };
    of_containers(range).any(defaults)
}

/// The resources that decide the quality of service.
const DECISIVE: [&str; 2] = ["cpu", "memory"];

/// How the kubelet treats a pod when its node runs short.
///
/// Source: `k8s.io/kubernetes/pkg/apis/core/v1/helper/qos`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QualityOfService {
    /// Asks for nothing and is bounded by nothing: killed first.
    BestEffort,
    /// Neither of the others.
    Burstable,
    /// Has what it asks for, and no more: killed last.
    Guaranteed,
}

/// The quality of service of pods of this spec. What the pod as a whole has decides; else what its
/// containers and init containers have.
pub(crate) fn quality_of_service(spec: &PodSpec) -> QualityOfService {
    let of_pod =
        spec.resources.as_ref().filter(|it| !it.requests.is_empty() || !it.limits.is_empty());
    let containers = || spec.init_containers.iter().chain(&spec.containers);
    let all = || -> Vec<Option<&Resources>> {
        match of_pod {
            Some(it) => vec![Some(it)],
            None => containers().map(|it| it.resources.as_ref()).collect(),
        }
    };
    if !all().into_iter().flatten().any(has_any) {
        QualityOfService::BestEffort
    } else if all().into_iter().all(|it| it.is_some_and(is_fixed)) {
        QualityOfService::Guaranteed
    } else {
        QualityOfService::Burstable
    }
}

fn has_any(resources: &Resources) -> bool {
    DECISIVE.iter().any(|it| counts(&resources.requests, it) || counts(&resources.limits, it))
}

/// Whether there is a limit of each, and no request that differs from it.
fn is_fixed(resources: &Resources) -> bool {
    DECISIVE.iter().all(|it| {
        let limit = resources.limits.get(*it).filter(|it| !it.is_zero());
        let request = resources.requests.get(*it);
        limit.is_some_and(|limit| request.is_none_or(|request| request.equals(limit)))
    })
}

/// Whether a limit range gives containers a request or a limit: who has a limit has a request.
pub(crate) fn fills_in(range: &LimitRange) -> bool {
    DECISIVE.iter().any(|it| gives_request(range, it))
}
