//! Every kind of one group, which kinds the server tells: Gatekeeper's constraints, of which each
//! template adds its own.

use assay_model::{Cause, Gap, resource::Access};

use crate::{
    api::{Api, Ask, encoded},
    discovery::{Discovery, Members, root_of},
    encoding::Encoding,
    list::{Hidden, Reading},
};

/// Lists all kinds of the group into the reading, one after another.
pub(crate) async fn read(api: &Api, discovery: &Discovery, reading: &Reading, page_size: u32) {
    let resource = reading.resource();
    let Access::Group(group) = resource.access() else { return };
    let hide = |cause, why: String| reading.hide(Gap::whole(resource, cause, why));
    match discovery.members(group) {
        Members::Absent => {}
        Members::Untold(why) => hide(Cause::Unavailable, why),
        Members::Served(version, plurals) => {
            let root = root_of(group, version);
            for plural in plurals {
                if let Err(Hidden { cause, message }) =
                    list(api, reading, &format!("{root}/{}", encoded(plural)), page_size).await
                {
                    hide(cause, message);
                }
            }
        }
    }
}

async fn list(api: &Api, reading: &Reading, path: &str, page_size: u32) -> Result<(), Hidden> {
    let mut token: Option<String> = None;
    loop {
        let next = token.as_deref().map(|it| format!("&continue={}", encoded(it)));
        let path = format!("{path}?limit={page_size}{}", next.unwrap_or_default());
        let answer = api.ask(Ask::json(&path), &reading.meter).await?;
        let page = reading.add(Encoding::Json, &answer.body).map_err(|error| Hidden {
            cause: Cause::Unavailable,
            message: format!("{path}: {error}"),
        })?;
        token = page.token;
        if token.is_none() {
            return Ok(());
        }
    }
}
