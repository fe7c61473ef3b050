//! Prints one of the test's reports, to look at: `sample [REPORT] [FORMAT] [WIDTH] [colour] [ascii]`.

#[path = "../tests/sample/mod.rs"]
mod sample;

use assay_report::{Format, Options, render};

fn main() -> std::io::Result<()> {
    let mut options = Options::default();
    let mut format = Format::Table;
    let mut report = sample::report();
    for word in std::env::args().skip(1) {
        if let Some((_, it)) = sample::all().into_iter().find(|(name, _)| *name == word) {
            report = it;
            continue;
        }
        match word.as_str() {
            "colour" => options.colour = true,
            "ascii" => options.ascii = true,
            it => match (it.parse(), Format::parse(it)) {
                (Ok(width), _) => options.width = width,
                (_, Some(it)) => format = it,
                _ => return Err(std::io::Error::other(format!("what is {it}?"))),
            },
        }
    }
    render(format, &report, &options, &mut std::io::stdout())
}
