//! Secrets by name and type.
//!
//! A list of Secrets, and one of their metadata alone, both carry values: the latter in annotations
//! that hold copies. A table does not, if it is asked for without its objects; but then it does not
//! tell namespaces either, so each is listed by itself.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

/// A table or nothing: there is no form to fall back on that would carry no value.
pub(crate) const ACCEPT: &str = "application/json;as=Table;v=v1;g=meta.k8s.io";

/// What is added to the query, for rows without their objects.
pub(crate) const QUERY: &str = "&includeObject=None";

/// The table of one namespace, as the list that it is of; `None` when the body is no such table.
pub(crate) fn as_list(body: &[u8], namespace: &str) -> Option<Bytes> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Table {
        kind: String,
        #[serde(default)]
        metadata: serde_json::Map<String, Value>,
        column_definitions: Vec<Column>,
        #[serde(default)]
        rows: Option<Vec<Row>>,
    }
    #[derive(Deserialize)]
    struct Column {
        name: String,
    }
    #[derive(Deserialize)]
    struct Row {
        cells: Vec<Value>,
    }
    let table: Table = serde_json::from_slice(body).ok().filter(|it: &Table| it.kind == "Table")?;
    let column = |name| table.column_definitions.iter().position(|it| it.name == name);
    let (name, type_) = (column("Name")?, column("Type")?);
    let row = |it: Row| {
        let (name, type_) = (it.cells.get(name)?.as_str()?, it.cells.get(type_)?.as_str()?);
        Some(json!({ "metadata": { "namespace": namespace, "name": name }, "type": type_ }))
    };
    let items: Option<Vec<Value>> = table.rows.unwrap_or_default().into_iter().map(row).collect();
    Some(json!({ "metadata": table.metadata, "items": items? }).to_string().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_the_list_that_it_is_of() {
        let table = r#"{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"continue":"next"},
            "columnDefinitions":[{"name":"Name"},{"name":"Type"},{"name":"Data"},{"name":"Age"}],
            "rows":[{"cells":["a","Opaque",2,"5d"],"object":null}]}"#;
        let list = as_list(table.as_bytes(), "shop").expect("a table");
        let list: Value = serde_json::from_slice(&list).expect("JSON");
        assert_eq!(list["metadata"]["continue"], "next");
        assert_eq!(
            list["items"],
            json!([{"metadata": {"namespace": "shop", "name": "a"}, "type": "Opaque"}])
        );
        for other in [
            r#"{"kind":"SecretList","items":[]}"#,
            "",
            r#"{"kind":"Table","columnDefinitions":[]}"#,
        ] {
            assert_eq!(as_list(other.as_bytes(), "shop"), None, "{other}");
        }
    }
}
