//! What containers ask for and are held to: what was written, and what the namespace's defaults make
//! of it.

use std::{collections::BTreeMap, sync::Arc};

use assay_model::{
    namespace::{LimitRange, LimitRangeItem},
    pod::Quantity,
};

/// Amounts by resource name.
pub(crate) type Amounts = BTreeMap<Arc<str>, Quantity>;

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
