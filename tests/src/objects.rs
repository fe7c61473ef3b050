//! Kubernetes objects from files: lists opened, documents parted.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use serde_json::Value;

/// The objects of a file, or of the `.json`, `.yaml` and `.yml` files of a folder by name; not of its
/// subfolders. Lists are opened; the items of a typed list get the kind that it implies. A document without
/// a kind, such as an answer key beside the objects, is no object and is passed over.
///
/// # Errors
///
/// A file that cannot be read or parsed.
pub fn read(path: &Path) -> Result<Vec<Value>> {
    let mut objects = Vec::new();
    for file in files(path).with_context(|| format!("could not read {}", path.display()))? {
        let documents =
            documents(&file).with_context(|| format!("could not read {}", file.display()))?;
        for document in documents {
            open(document, &mut objects);
        }
    }
    Ok(objects)
}

fn files(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path)? {
        let file = entry?.path();
        let end = file.extension().and_then(|it| it.to_str());
        if file.is_file() && matches!(end, Some("json" | "yaml" | "yml")) {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

fn documents(file: &Path) -> Result<Vec<Value>> {
    let text = fs::read_to_string(file)?;
    if file.extension().is_some_and(|it| it == "json") {
        return Ok(vec![serde_json::from_str(&text)?]);
    }
    Ok(serde_saphyr::from_multiple(&text)?)
}

fn open(mut document: Value, objects: &mut Vec<Value>) {
    let Some(kind) = document.get("kind").and_then(Value::as_str).map(str::to_owned) else {
        return;
    };
    let Some(of) = kind.strip_suffix("List").filter(|_| document.get("items").is_some()) else {
        objects.push(document);
        return;
    };
    let version = document["apiVersion"].take();
    let Value::Array(items) = document["items"].take() else { return };
    for mut item in items {
        if let Value::Object(fields) = &mut item
            && !of.is_empty()
        {
            fields.entry("kind").or_insert_with(|| of.into());
            fields.entry("apiVersion").or_insert_with(|| version.clone());
        }
        open(item, objects);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_are_opened() {
        let mut objects = Vec::new();
        open(
            json!({ "kind": "List", "apiVersion": "v1", "items": [
                { "kind": "PodList", "apiVersion": "v1", "items": [{ "metadata": { "name": "a" } }] },
                { "kind": "Addons", "metadata": { "name": "no version of its own" } },
            ] }),
            &mut objects,
        );
        open(json!({ "kind": "PodList", "apiVersion": "v1", "items": null }), &mut objects);
        open(json!({ "pods": [] }), &mut objects);
        assert_eq!(
            objects,
            [
                json!({ "kind": "Pod", "apiVersion": "v1", "metadata": { "name": "a" } }),
                json!({ "kind": "Addons", "metadata": { "name": "no version of its own" } }),
            ]
        );
    }

    #[test]
    fn a_file_may_hold_several_documents() {
        let folder = tempfile::tempdir().expect("a folder");
        let write =
            |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("written");
        write("b.yaml", "---\nkind: A\n---\n---\nkind: B\nversion: '1'\n");
        write("a.json", r#"{"kind": "C"}"#);
        write("notes.txt", "not: [an object");
        let objects = read(folder.path()).expect("read");
        assert_eq!(
            objects,
            [json!({"kind": "C"}), json!({"kind": "A"}), json!({"kind": "B", "version": "1"})]
        );
    }
}
