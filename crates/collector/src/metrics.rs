//! `/metrics` and `/flagz` of the API server. Both are asked for only when the user says so: the first
//! is some tens of megabytes on a large cluster, and either is more than most auditors may read.

use std::{collections::BTreeMap, sync::Arc};

use assay_model::{
    Cause, Gap, Labels, Resource,
    arguments::KEPT_FLAGS,
    control_plane::{
        FlagValue, Flagz, InstanceMetrics, KEPT_METRIC_LABELS, KEPT_METRICS, Metrics, Series,
    },
    node::KubeletFlags,
};
use serde::Deserialize;

use crate::{
    Connection,
    api::{Api, Ask, Failure, Meter, Refusal},
};

/// The text format, which every server has.
const TEXT: &str = "text/plain;version=0.0.4";

/// The structured forms; without one of them the answer is prose.
pub(crate) const FLAGZ: &str = "application/json;v=v1;g=config.k8s.io;as=Flagz,\
                     application/json;v=v1beta1;g=config.k8s.io;as=Flagz,\
                     application/json;v=v1alpha1;g=config.k8s.io;as=Flagz";

/// How often metrics are asked for, each time on a connection of its own: behind one address there
/// may be several servers, and each counts for itself.
const TRIES: u32 = 3;

/// A longer line is none of those that are kept.
const LONGEST_LINE: usize = 4096;

/// Asks what the servers count.
///
/// # Errors
///
/// A gap, when the first one that is asked does not answer. That a later one does not hides nothing
/// that was seen.
pub(crate) async fn metrics(
    connection: &Connection,
    api: &Api,
    meter: &Meter,
) -> Result<Metrics, Gap> {
    let ask = Ask { accept: TEXT, ..Ask::json("/metrics") };
    let mut instances: Vec<InstanceMetrics> = Vec::new();
    for turn in 0..TRIES {
        let mut reader = Reader::default();
        let mut take = |piece: &[u8]| reader.take(piece);
        let read = if turn == 0 {
            api.stream(None, ask, meter, &mut take).await
        } else {
            let Ok(client) = connection.renew().await else { break };
            api.stream(Some(&client), ask, meter, &mut take).await
        };
        match read {
            Ok(()) => {}
            Err(failure) if turn == 0 => {
                return Err(Gap::whole(Resource::Metrics, failure.cause(), failure.to_string()));
            }
            Err(_) => break,
        }
        let instance = reader.finish();
        if turn == 0 && instance.series.is_empty() {
            let message = "the answer holds none of the metrics that every API server has";
            return Err(Gap::whole(Resource::Metrics, Cause::Unavailable, message));
        }
        meter.count_objects(instance.series.len() as u64);
        if instances.iter().all(|it| it.started.to_bits() != instance.started.to_bits()) {
            instances.push(instance);
        }
    }
    instances.sort_by(|a, b| a.started.total_cmp(&b.started));
    Ok(Metrics(instances))
}

/// Takes a body in piece by piece, and keeps the series that are read.
#[derive(Default)]
struct Reader {
    /// The beginning of a line whose end has not come.
    begun: Vec<u8>,
    series: BTreeMap<(Arc<str>, Labels), f64>,
}

impl Reader {
    fn take(&mut self, piece: &[u8]) {
        let mut lines = piece.split(|it| *it == b'\n');
        let last = lines.next_back().unwrap_or_default();
        for line in lines {
            if self.begun.is_empty() {
                self.line(line);
            } else {
                self.begin(line);
                let whole = std::mem::take(&mut self.begun);
                self.line(&whole);
            }
        }
        self.begin(last);
    }

    fn begin(&mut self, line: &[u8]) {
        // One byte more than may be says that it is too long.
        let room = (LONGEST_LINE + 1).saturating_sub(self.begun.len());
        self.begun.extend_from_slice(&line[..line.len().min(room)]);
    }

    fn line(&mut self, line: &[u8]) {
        let Some(Series { name, labels, value }) =
            (line.len() <= LONGEST_LINE).then(|| series(line)).flatten()
        else {
            return;
        };
        *self.series.entry((name, labels)).or_default() += value;
    }

    fn finish(mut self) -> InstanceMetrics {
        let last = std::mem::take(&mut self.begun);
        self.line(&last);
        let series = self.series.into_iter();
        let series = series.map(|((name, labels), value)| Series { name, labels, value });
        let mut instance = InstanceMetrics { started: 0.0, series: series.collect() };
        instance.series.retain(|it| {
            let is_start = &*it.name == "process_start_time_seconds";
            if is_start {
                instance.started = it.value;
            }
            !is_start
        });
        instance
    }
}

/// A line such as `name{label="value"} 1`, if it is one of a metric that is kept.
fn series(line: &[u8]) -> Option<Series> {
    let line = std::str::from_utf8(line).ok()?;
    let end = line.find(['{', ' '])?;
    let (name, rest) = line.split_at(end);
    if !KEPT_METRICS.contains(&name) {
        return None;
    }
    let mut labels = Labels::new();
    let rest = match rest.strip_prefix('{') {
        None => rest,
        Some(mut rest) => loop {
            rest = rest.trim_start_matches([',', ' ']);
            if let Some(rest) = rest.strip_prefix('}') {
                break rest;
            }
            let (label, quoted) = rest.split_once("=\"")?;
            let (value, after) = unquoted(quoted)?;
            if KEPT_METRIC_LABELS.contains(&label) {
                labels.insert(label.into(), value.into());
            }
            rest = after;
        },
    };
    let value = rest.split_ascii_whitespace().next()?.parse().ok()?;
    Some(Series { name: name.into(), labels, value })
}

/// The value of a label up to its closing quote, and what comes after.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, it)) = characters.next() {
        match it {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match characters.next()?.1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

/// Asks for the flags that the server runs with; none when it does not serve them, as before 1.36.
///
/// # Errors
///
/// A gap: refused, not answered, or not told in a form that may be relied on.
pub(crate) async fn flagz(api: &Api, meter: &Meter) -> Result<Flagz, Gap> {
    let gap = |cause, message: String| Gap::whole(Resource::Flagz, cause, message);
    let ask = Ask { accept: FLAGZ, ..Ask::json("/flagz") };
    let answer = match api.ask(ask, meter).await {
        Err(Failure::Status(Refusal { code: 404, .. })) => return Ok(Flagz::default()),
        answer => answer.map_err(|it| gap(it.cause(), it.to_string()))?,
    };
    let prose = || "the server does not tell its flags as JSON: it is older than 1.36".to_owned();
    let flagz = flags(&answer.body).ok_or_else(|| gap(Cause::Unavailable, prose()))?;
    meter.count_objects(1);
    Ok(flagz)
}

/// Every flag of the structured form, which servers and kubelets share; `None` when it is something else.
fn all_flags(body: &[u8]) -> Option<BTreeMap<String, String>> {
    #[derive(Deserialize)]
    struct Answer {
        kind: String,
        flags: BTreeMap<String, String>,
    }
    let Answer { kind, flags } = serde_json::from_slice(body).ok()?;
    (kind == "Flagz").then_some(flags)
}

/// What is kept of a kubelet's flags; `None` when it is something else.
pub(crate) fn kubelet_flags(body: &[u8]) -> Option<KubeletFlags> {
    let hostname_override = all_flags(body)?.remove("hostname-override")?.into();
    Some(KubeletFlags { hostname_override })
}

/// What is kept of an API server's flags; `None` when it is something else.
pub(crate) fn flags(body: &[u8]) -> Option<Flagz> {
    let kept = |(name, value): (String, String)| {
        let value = if KEPT_FLAGS.contains(&name.as_str()) {
            FlagValue::Kept(value.into())
        } else {
            FlagValue::Hidden
        };
        (name.into(), value)
    };
    Some(Flagz(all_flags(body)?.into_iter().map(kept).collect()))
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroUsize, time::Duration};

    use super::*;
    use crate::mock::{Reply, server};

    const ANSWER: &str = r#"# HELP apiserver_audit_event_total [ALPHA] Counter of audit events.
# TYPE apiserver_audit_event_total counter
apiserver_audit_event_total 12
apiserver_authorization_decisions_total{decision="allowed",name="rbac",type="RBAC"} 3
apiserver_request_total{code="200",resource="pods"} 7
apiserver_storage_transformation_operations_total{resource="secrets",status="OK",transformation_type="to_storage",transformer_prefix="k8s:enc:kms:v2:a\"b\\:"} 4
apiserver_storage_transformation_operations_total{resource="secrets",status="OK",transformation_type="to_storage",transformer_prefix="",from="the future"} 1e+00
apiserver_storage_transformation_operations_total{resource="secrets",status="OK",transformation_type="to_storage",transformer_prefix="",from="another"} 2
kubernetes_feature_enabled{name="A
process_start_time_seconds 1.7e+09
"#;

    fn read(text: &str, piece: usize) -> InstanceMetrics {
        let mut reader = Reader::default();
        text.as_bytes().chunks(piece).for_each(|it| reader.take(it));
        reader.finish()
    }

    #[test]
    fn the_same_is_kept_wherever_pieces_end() {
        let whole = read(ANSWER, ANSWER.len());
        assert_eq!(whole.started.to_bits(), 1.7e9_f64.to_bits());
        assert_eq!(whole.series.len(), 4, "{:?}", whole.series);
        let writes: Vec<_> = whole
            .of("apiserver_storage_transformation_operations_total")
            .map(|it| (it.label("transformer_prefix"), it.value.to_string()))
            .collect();
        assert_eq!(writes, [("", "3".to_owned()), ("k8s:enc:kms:v2:a\"b\\:", "4".to_owned())]);
        for piece in 1..90 {
            assert_eq!(read(ANSWER, piece), whole, "{piece}");
        }
        assert_eq!(read(ANSWER.trim_end(), 7), whole, "the last line may have no end");
    }

    #[test]
    fn a_line_without_end_is_not_held() {
        let mut reader = Reader::default();
        for _ in 0..100 {
            reader.take(&[b'a'; 1000]);
        }
        assert!(reader.begun.len() <= LONGEST_LINE + 1);
        reader.take(b"\napiserver_audit_event_total 1\n");
        assert_eq!(reader.finish().series.len(), 1);
    }

    #[tokio::test]
    async fn metrics_are_read_or_are_a_gap() {
        let cause = async |reply: fn() -> Reply| {
            let (client, asked) = server(move |_| reply());
            let connection = Connection::through(client.clone(), "http://127.0.0.1:1", None);
            let api = Api::of(client, Duration::from_secs(30), NonZeroUsize::MIN);
            let found = metrics(&connection, &api, &Meter::default()).await;
            assert_eq!(asked.paths()[0], "/metrics");
            found.map(|it| it.0.len()).map_err(|it| it.cause)
        };
        assert_eq!(cause(|| Reply::text(200, ANSWER)).await, Ok(1));
        assert_eq!(cause(|| Reply::status(403, "no")).await, Err(Cause::Forbidden));
        assert_eq!(cause(|| Reply::text(200, "<html>")).await, Err(Cause::Unavailable));
        assert_eq!(cause(|| Reply::cut("apiserver_audit")).await, Err(Cause::Truncated));
    }

    #[tokio::test]
    async fn flags_keep_the_values_that_are_read() {
        let text = r#"{"kind":"Flagz","apiVersion":"config.k8s.io/v1beta1","metadata":{"name":"kube-apiserver"},
            "flags":{"authorization-mode":"Node,RBAC","etcd-prefix":"CANARY"}}"#;
        let (client, _) = server(move |path| match path {
            "/flagz" => Reply::text(200, text),
            other => panic!("{other}"),
        });
        let api = Api::of(client, Duration::from_secs(30), NonZeroUsize::MIN);
        let Flagz(flags) = flagz(&api, &Meter::default()).await.expect("flags");
        assert_eq!(flags["authorization-mode"], FlagValue::Kept("Node,RBAC".into()));
        assert_eq!(flags["etcd-prefix"], FlagValue::Hidden);

        let (client, _) = server(|_| Reply::status(404, "no such path"));
        let api = Api::of(client, Duration::from_secs(30), NonZeroUsize::MIN);
        assert_eq!(flagz(&api, &Meter::default()).await, Ok(Flagz::default()));

        let (client, _) = server(|_| Reply::text(200, "\nkube-apiserver flags\n"));
        let api = Api::of(client, Duration::from_secs(30), NonZeroUsize::MIN);
        let gap = flagz(&api, &Meter::default()).await.expect_err("prose");
        assert_eq!(gap.cause, Cause::Unavailable);
    }
}
