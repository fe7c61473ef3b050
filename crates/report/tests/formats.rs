//! What each format writes, of reports made by hand.

mod sample;

use std::{collections::BTreeSet, fs, path::PathBuf, sync::Arc};

use assay_model::{Outcome, Report};
use assay_report::{Format, Options, render};
use insta::assert_snapshot;
use unicode_width::UnicodeWidthStr;

fn written(format: Format, report: &Report, options: Options) -> String {
    let mut out = Vec::new();
    render(format, report, &options, &mut out).expect("a Vec takes anything");
    String::from_utf8(out).expect("every format is UTF-8")
}

fn at(width: u16) -> Options {
    Options { width, ..Options::default() }
}

/// The text as it stands on the screen.
fn without_colour(text: &str) -> String {
    let mut pieces = text.split("\x1b[");
    let mut shown = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (parameters, rest) = piece.split_once('m').expect("only colours are set");
        assert!(parameters.chars().all(|it| it.is_ascii_digit() || it == ';'), "{parameters:?}");
        shown.push_str(rest);
    }
    shown
}

#[test]
fn table_at_80_columns() {
    assert_snapshot!(written(Format::Table, &sample::report(), at(80)));
}

#[test]
fn table_at_200_columns() {
    assert_snapshot!(written(Format::Table, &sample::report(), at(200)));
}

#[test]
fn table_at_40_columns() {
    assert_snapshot!(written(Format::Table, &sample::report(), at(40)));
}

#[test]
fn table_in_ascii() {
    let ascii = Options { ascii: true, ..at(80) };
    assert_snapshot!(written(Format::Table, &sample::report(), ascii));
}

#[test]
fn table_in_colour() {
    for (width, name) in [(80, "table_in_colour_at_80"), (200, "table_in_colour_at_200")] {
        let colour = Options { colour: true, ..at(width) };
        let text = written(Format::Table, &sample::report(), colour);
        assert_snapshot!(name, text.replace('\x1b', "ESC"));
    }
}

#[test]
fn table_of_odd_reports() {
    for (name, report) in sample::all().into_iter().skip(2) {
        assert_snapshot!(format!("table_{name}"), written(Format::Table, &report, at(80)));
    }
}

#[test]
fn wide() {
    assert_snapshot!("wide_at_80", written(Format::Wide, &sample::report(), at(80)));
    assert_snapshot!("wide_at_200", written(Format::Wide, &sample::report(), at(200)));
    assert_snapshot!("wide_hostile", written(Format::Wide, &sample::hostile(), at(80)));
}

#[test]
fn json() {
    assert_snapshot!(written(Format::Json, &sample::small(), at(80)));
}

#[test]
fn junit() {
    assert_snapshot!(written(Format::JUnit, &sample::report(), at(80)));
}

#[test]
fn junit_of_odd_reports() {
    assert_snapshot!("junit_hostile", written(Format::JUnit, &sample::hostile(), at(80)));
    assert_snapshot!("junit_empty", written(Format::JUnit, &sample::empty(), at(80)));
}

#[test]
fn summary() {
    assert_snapshot!(written(Format::Summary, &sample::report(), at(80)));
    assert_snapshot!("summary_empty", written(Format::Summary, &sample::empty(), at(80)));
}

#[test]
fn a_summary_fits_a_termination_message() {
    for (name, mut report) in sample::all() {
        let checks = report.checks.clone();
        for _ in 0..5 {
            let text = written(Format::Summary, &report, at(80));
            assert!(text.is_ascii() && text.len() <= assay_report::summary::MOST, "{name}: {text}");
            report.checks.extend(std::iter::repeat_n(&checks, 10).flatten().cloned());
        }
        let cut = written(Format::Summary, &report, at(80));
        let much = checks.iter().any(|it| matches!(it.outcome, Outcome::Fail | Outcome::Unknown));
        assert_eq!(cut.ends_with(" more, which the whole report names\n"), much, "{name}: {cut}");
    }
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    /// Around each width at which a layout changes, and some far from all of them.
    const WIDTHS: [u16; 22] = [
        0,
        39,
        40,
        41,
        44,
        50,
        57,
        63,
        64,
        65,
        72,
        79,
        80,
        81,
        99,
        100,
        110,
        119,
        120,
        200,
        1000,
        u16::MAX,
    ];
    for (name, report) in sample::all() {
        for width in WIDTHS {
            for format in [Format::Table, Format::Wide] {
                let most = usize::from(width.max(Options::NARROWEST));
                for line in written(format, &report, at(width)).lines() {
                    let columns = line.width();
                    assert!(columns <= most, "{name} at {width} has {columns}: {line:?}");
                    assert_eq!(line, line.trim_end(), "{name} at {width}");
                }
            }
        }
    }
}

#[test]
fn colour_adds_nothing_but_colour() {
    for (name, report) in sample::all() {
        for format in [Format::Table, Format::Wide] {
            let plain = written(format, &report, at(80));
            let coloured = written(format, &report, Options { colour: true, ..at(80) });
            assert_ne!(coloured, plain, "{name}");
            assert_eq!(without_colour(&coloured), plain, "{name}");
        }
    }
}

#[test]
fn ascii_is_ascii() {
    for (name, report) in sample::all() {
        for format in [Format::Table, Format::Wide] {
            let text = written(format, &report, Options { ascii: true, ..at(80) });
            assert!(text.is_ascii(), "{name}");
        }
    }
}

/// Every character of a hostile name that could do harm, and more of their kind.
#[test]
fn nothing_hostile_passes() {
    let report = sample::hostile();
    let harmful: BTreeSet<char> =
        sample::HOSTILE.chars().filter(|it| it.is_control() || *it > '\u{7e}').collect();
    assert_eq!(harmful.len(), 9);
    for format in Format::ALL {
        for width in [40, 80, 200] {
            let text = written(format, &report, at(width));
            assert!(text.contains("evil"), "{format:?} shows the name");
            let passed =
                text.chars().find(|it| *it != '\n' && (it.is_control() || harmful.contains(it)));
            assert_eq!(passed, None, "{format:?} at {width}");
        }
    }
}

/// A line break in a name must not make a line: neither a finding nor a result can be forged.
#[test]
fn a_name_cannot_forge_a_line() {
    let mut report = sample::report();
    for check in &mut report.checks {
        for finding in &mut check.findings {
            Arc::make_mut(&mut finding.object).name = "x\nDo first\nfail\r\n".to_owned();
        }
    }
    for format in [Format::Table, Format::Wide, Format::JUnit] {
        let text = written(format, &report, at(200));
        let forged =
            text.lines().filter(|it| it.trim() == "Do first" || it.trim() == "fail").count();
        assert_eq!(forged, usize::from(format == Format::Table), "{format:?}");
    }
}

#[test]
fn json_gives_every_text_back() {
    let json = written(Format::Json, &sample::hostile(), at(80));
    assert!(json.ends_with("}\n"));
    let read: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(read["scan"]["cluster"]["name"], sample::HOSTILE);
    assert_eq!(read["apiVersion"], "kube-assay/v1");
}

#[test]
fn equal_reports_give_equal_bytes() {
    for format in Format::ALL {
        let text = || written(format, &sample::report(), at(80));
        assert_eq!(text(), text());
    }
}

/// A scan that is not whole says so above its numbers' table, and again at its end.
#[test]
fn an_incomplete_scan_says_so_twice() {
    for (report, word) in [
        (sample::report(), "INCOMPLETE:"),
        (sample::nothing_judged(), "INCOMPLETE:"),
        (sample::interrupted(), "INTERRUPTED:"),
    ] {
        for format in [Format::Table, Format::Wide] {
            let text = written(format, &report, at(80));
            let places: Vec<usize> = text.match_indices(word).map(|(at, _)| at).collect();
            let matrix = text.find("Hosts ").expect("there is a matrix");
            assert!(
                matches!(places[..], [first, last] if first < matrix && matrix < last),
                "{text}"
            );
        }
    }
    assert!(!written(Format::Table, &sample::fine(), at(80)).contains("INCOMPLETE"));
}

#[test]
fn every_check_that_fails_is_on_the_page() {
    let report = sample::report();
    let page = written(Format::Table, &report, at(80));
    let wide = written(Format::Wide, &report, at(80));
    for check in &report.checks {
        if check.outcome == assay_model::Outcome::Fail {
            assert!(page.contains(check.code), "{}", check.code);
        }
        assert!(wide.contains(check.id), "{}", check.id);
    }
}

#[test]
fn a_write_that_fails_is_reported() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    for format in Format::ALL {
        let error = render(format, &sample::report(), &at(80), &mut Full).expect_err("it is full");
        assert_eq!(error.kind(), std::io::ErrorKind::StorageFull, "{format:?}");
    }
}

#[test]
fn the_published_schema_is_current() {
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../reports/schema/report-v1.json");
    let schema = serde_json::to_string_pretty(&assay_report::json::schema()).expect("JSON") + "\n";
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        fs::write(&path, &schema).expect("the schema is written");
    }
    let published = fs::read_to_string(&path).unwrap_or_default();
    assert!(published == schema, "{} is not current: run with UPDATE_SCHEMA=1", path.display());
}
