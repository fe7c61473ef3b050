//! The configuration file: what is platform, what is allowed, what is declared.
//!
//! ```yaml
//! platform-namespaces: [monitoring, "ops-*"]
//! allow:
//!   - check: cluster-admin-binding
//!     subjects: ["Group:sre-breakglass"]
//!     reason: break-glass, reviewed each quarter
//! allowed-registries: [registry.example, "ghcr.io/our-org"]
//! declared:
//!   registry-scanning: true
//! ```

use std::{collections::BTreeMap, path::Path};

use anyhow::Context as _;
use assay_benchmark::{
    Settings, checks,
    settings::{Allow, Declaration},
};
use assay_model::rbac::Subject;
use miette::{LabeledSpan, NamedSource, miette};
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::exit::Failure;

/// The file as written.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
struct Config {
    platform_namespaces: Vec<Spanned<String>>,
    allow: Vec<AllowEntry>,
    allowed_registries: Option<Vec<Spanned<String>>>,
    declared: BTreeMap<String, Spanned<bool>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct AllowEntry {
    /// Id or code of a check; every check on subjects when absent.
    check: Option<Spanned<String>>,
    /// `Group:NAME`, `User:NAME`, `ServiceAccount:NAMESPACE/NAME`.
    subjects: Vec<Spanned<String>>,
    /// Why; an exception that nobody can explain is none.
    reason: Spanned<String>,
}

/// Reads the settings of a configuration file.
///
/// # Errors
///
/// When the file cannot be read, is no YAML of this shape, or names a check, a subject or a
/// declaration that does not exist; each points into the file.
pub(crate) fn read(path: &Path) -> Result<Settings, Failure> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the configuration file {}", path.display()))
        .map_err(Failure::usage)?;
    parse(&text, &path.display().to_string()).map_err(Failure::pointed)
}

fn parse(text: &str, name: &str) -> Result<Settings, miette::Report> {
    if text.trim().is_empty() {
        return Ok(Settings::default());
    }
    let config: Config = serde_saphyr::from_str(text).map_err(|error| {
        serde_saphyr::miette::to_miette_report(error.without_snippet(), text, name)
    })?;
    let point = |at: serde_saphyr::Location, what: String, help: String| {
        let span = at.span();
        let (from, length) = (span.byte_offset().unwrap_or(0), span.byte_len().unwrap_or(0));
        let index = |it: u64| usize::try_from(it).unwrap_or(0);
        let label = LabeledSpan::at(index(from)..index(from + length.max(1)), "here");
        miette!(labels = vec![label], help = help, "{what}")
            .with_source_code(NamedSource::new(name, text.to_owned()))
    };

    let mut settings = Settings::default();
    for pattern in &config.platform_namespaces {
        let (name, wild) =
            (pattern.value.trim_end_matches('*'), pattern.value.matches('*').count());
        if pattern.value.is_empty() || wild > 1 || name.contains('*') {
            let what = format!("`{}` is no namespace pattern", pattern.value);
            let help = "write a name, or a beginning and one `*`: `ops-*`".to_owned();
            return Err(point(pattern.referenced, what, help));
        }
        settings.platform_namespaces.push(pattern.value.clone());
    }
    for entry in config.allow {
        let mut check = None;
        if let Some(named) = &entry.check {
            let Some(found) = checks::find(&named.value) else {
                let what = format!("there is no check `{}`", named.value);
                let help = "`kubectl assay list checks` shows them".to_owned();
                return Err(point(named.referenced, what, help));
            };
            check = Some(found.id.to_owned());
        }
        if entry.reason.value.trim().is_empty() {
            let help = "say why these subjects may hold it".to_owned();
            return Err(point(
                entry.reason.referenced,
                "an exception without a reason".into(),
                help,
            ));
        }
        for subject in entry.subjects {
            let Some(parsed) = parse_subject(&subject.value) else {
                let what = format!("`{}` is no subject", subject.value);
                let help =
                    "write Group:NAME, User:NAME or ServiceAccount:NAMESPACE/NAME".to_owned();
                return Err(point(subject.referenced, what, help));
            };
            settings.allow.push(Allow { check: check.clone(), subject: parsed });
        }
    }
    for allowed in config.allowed_registries.iter().flatten() {
        if allowed.value.is_empty() || allowed.value.contains(['*', '@', ' ']) {
            let what = format!("`{}` is no registry", allowed.value);
            let help =
                "write a registry, with the beginning of a path or without: `ghcr.io/our-org`";
            return Err(point(allowed.referenced, what, help.to_owned()));
        }
    }
    let registries = config.allowed_registries;
    settings.allowed_registries =
        registries.map(|it| it.into_iter().map(|allowed| allowed.value).collect());
    for (key, declared) in &config.declared {
        let Some((_, declaration)) = Declaration::ALL.into_iter().find(|(name, _)| name == key)
        else {
            let known: Vec<&str> = Declaration::ALL.into_iter().map(|(name, _)| name).collect();
            let what = format!("nothing can be declared as `{key}`");
            return Err(point(declared.referenced, what, format!("known: {}", known.join(", "))));
        };
        if declared.value {
            settings.declared.insert(declaration);
        }
    }
    Ok(settings)
}

fn parse_subject(text: &str) -> Option<Subject> {
    let (kind, name) = text.split_once(':')?;
    let (namespace, name) = match kind {
        "User" | "Group" => ("", name),
        "ServiceAccount" => name.split_once('/')?,
        _ => return None,
    };
    let complete = !name.is_empty() && (kind != "ServiceAccount" || !namespace.is_empty());
    complete.then(|| Subject { kind: kind.into(), namespace: namespace.into(), name: name.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_point_into_the_file() {
        let cases = [
            ("allow:\n  - check: nosuch\n    subjects: []\n    reason: x\n", "no check `nosuch`"),
            ("allow:\n  - subjects: [jane]\n    reason: x\n", "`jane` is no subject"),
            ("allow:\n  - subjects: [\"User:jane\"]\n    reason: \"\"\n", "without a reason"),
            ("declared: {moon: true}\n", "declared as `moon`"),
            ("platform-namespaces: [\"*-x\"]\n", "no namespace pattern"),
            ("allowed-registries: [\"ghcr.io/*\"]\n", "`ghcr.io/*` is no registry"),
            ("platform: []\n", "platform"),
            ("allow: [", ""),
        ];
        for (text, expected) in cases {
            let report = parse(text, "assay.yaml").expect_err(text);
            let shown = format!("{report:?}");
            assert!(shown.contains(expected), "{shown}");
            assert!(shown.contains("assay.yaml"), "{shown}");
        }
    }

    #[test]
    fn settings_are_read() {
        let text = "platform-namespaces: [ops-*]\nallow:\n  - check: CLU-RBA-006\n    subjects: \
                    [\"Group:sre\", \"ServiceAccount:ci/deployer\"]\n    reason: break-glass\n\
                    declared: {registry-scanning: true, extended-support: false}\n";
        let settings = parse(text, "assay.yaml").expect("a configuration");
        assert!(settings.is_platform("ops-eu") && !settings.is_platform("shop"));
        assert_eq!(settings.allow.len(), 2);
        assert_eq!(settings.allow[0].check.as_deref(), Some("cluster-admin-binding"));
        assert_eq!(settings.allowed_registries, None);
        let text = "allowed-registries: [registry.example, ghcr.io/our-org]\n";
        let registries = parse(text, "assay.yaml").expect("a configuration").allowed_registries;
        assert_eq!(registries, Some(vec!["registry.example".into(), "ghcr.io/our-org".into()]));
        assert!(settings.declares(Declaration::RegistryScanning));
        assert!(!settings.declares(Declaration::ExtendedSupport));
    }
}
