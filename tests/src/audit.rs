//! The API server's audit log: every request it answered, as it saw them.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

/// Name of the log in the control plane's folder.
pub(crate) const LOG: &str = "audit.log";

/// One answered request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEvent {
    /// Such as `list`; `get` also for paths that are no resource.
    pub verb: String,
    /// Path with query.
    pub uri: String,
    /// Who asked, before impersonation.
    pub user: String,
    /// As whom, if impersonated.
    pub impersonated: Option<String>,
    /// Empty if the client sent none.
    pub user_agent: String,
    /// HTTP status of the answer.
    pub code: u16,
}

/// One line a request when it is answered, without those the server makes to itself.
pub(crate) fn policy() -> Value {
    json!({
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived", "ResponseStarted"],
        "rules": [{ "level": "None", "users": ["system:apiserver"] }, { "level": "Metadata" }],
    })
}

pub(crate) fn read(log: &Path) -> Result<Vec<AuditEvent>> {
    let text = std::fs::read_to_string(log)
        .with_context(|| format!("could not read {}", log.display()))?;
    // The last line may still be being written.
    let complete = text.rfind('\n').map_or("", |end| &text[..end]);
    complete.lines().map(event).collect()
}

fn event(line: &str) -> Result<AuditEvent> {
    let value: Value =
        serde_json::from_str(line).with_context(|| format!("not an audit event: {line}"))?;
    let text = |pointer| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let code = value.pointer("/responseStatus/code").and_then(Value::as_u64);
    Ok(AuditEvent {
        verb: text("/verb").context("an audit event without a verb")?,
        uri: text("/requestURI").context("an audit event without a URI")?,
        user: text("/user/username").unwrap_or_default(),
        impersonated: text("/impersonatedUser/username"),
        user_agent: text("/userAgent").unwrap_or_default(),
        code: u16::try_from(code.unwrap_or_default())?,
    })
}
