//! Lines of a terminal: measured, coloured, cleaned, and never wider than the page.

use std::io::{self, Write};

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, presets};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::{Options, clean::clean};

/// Spaces between columns of a table.
const DISTANCE: usize = 2;

/// What a piece of text is, hence how it is coloured; the words say the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Strong,
    Faint,
    Critical,
    Bad,
    Warn,
    Unsure,
    Good,
}

impl Tone {
    /// SGR parameters of the 16 colours that every terminal has, so that its theme holds.
    const fn sgr(self) -> Option<&'static str> {
        match self {
            Tone::Plain => None,
            Tone::Strong => Some("1"),
            Tone::Faint => Some("2"),
            Tone::Critical => Some("1;31"),
            Tone::Bad => Some("31"),
            Tone::Warn => Some("33"),
            Tone::Unsure => Some("35"),
            Tone::Good => Some("32"),
        }
    }
}

/// A line that is being made: clean pieces of text, each with its tone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line {
    pieces: Vec<(Tone, String)>,
    width: usize,
    ascii: bool,
}

impl Line {
    /// Adds text.
    pub(crate) fn text(mut self, tone: Tone, text: &str) -> Self {
        let text = clean(text, self.ascii).into_owned();
        self.width += text.width();
        self.pieces.push((tone, text));
        self
    }

    /// Adds spaces up to this column, at least one unless the line is empty.
    pub(crate) fn to(self, column: usize) -> Self {
        let spaces = column.saturating_sub(self.width).max(usize::from(self.width > 0));
        self.text(Tone::Plain, &" ".repeat(spaces))
    }

    /// Adds text that ends at this column.
    pub(crate) fn right(self, tone: Tone, text: &str, column: usize) -> Self {
        let start = column.saturating_sub(clean(text, self.ascii).width());
        self.to(start).text(tone, text)
    }

    /// Columns that it takes.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    fn append(mut self, other: Line) -> Self {
        self.width += other.width;
        self.pieces.extend(other.pieces);
        self
    }
}

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Column {
    /// Text, which wraps.
    Text(&'static str),
    /// A word, which is not broken unless it is very long.
    Word(&'static str),
    /// A number, aligned at the right.
    Number(&'static str),
}

impl Column {
    const fn title(self) -> &'static str {
        match self {
            Column::Text(title) | Column::Word(title) | Column::Number(title) => title,
        }
    }
}

/// Where lines go.
pub(crate) struct Page<'w> {
    out: &'w mut dyn Write,
    /// Columns.
    pub(crate) width: usize,
    colour: bool,
    ascii: bool,
}

impl<'w> Page<'w> {
    pub(crate) fn new(out: &'w mut dyn Write, options: Options) -> Self {
        let width = usize::from(options.width.max(Options::NARROWEST));
        Page { out, width, colour: options.colour, ascii: options.ascii }
    }

    /// A line that starts with this many spaces.
    pub(crate) fn start(&self, indent: usize) -> Line {
        Line { ascii: self.ascii, ..Line::default() }.text(Tone::Plain, &" ".repeat(indent))
    }

    /// What stands for text that was left out.
    pub(crate) fn ellipsis(&self) -> &'static str {
        if self.ascii { "..." } else { "\u{2026}" }
    }

    /// Columns that a text will take.
    pub(crate) fn measure(&self, text: &str) -> usize {
        clean(text, self.ascii).width()
    }

    /// The text, with its middle left out when it takes more than `most` columns: both ends of a
    /// name tell, for the first says the family and the last the member.
    pub(crate) fn fit(&self, text: &str, most: usize) -> String {
        let text = clean(text, self.ascii);
        if text.width() <= most {
            return text.into_owned();
        }
        let room = most.saturating_sub(self.ellipsis().width());
        let head = take(text.chars(), room.div_ceil(2));
        let tail: String = take(text.chars().rev(), room / 2).chars().rev().collect();
        take(format!("{head}{}{tail}", self.ellipsis()).chars(), most)
    }

    /// Writes a line without trailing spaces, cut at the page's edge if need be.
    pub(crate) fn line(&mut self, line: &Line) -> io::Result<()> {
        let last = line.pieces.iter().rposition(|(_, it)| !it.trim_end().is_empty());
        let mut pieces = line.pieces[..last.map_or(0, |it| it + 1)].to_vec();
        if let Some((_, text)) = pieces.last_mut() {
            text.truncate(text.trim_end().len());
        }
        let cut = pieces.iter().map(|(_, it)| it.width()).sum::<usize>() > self.width;
        let end = if cut { self.ellipsis() } else { "" };
        let mut room = self.width - end.width();
        for (tone, text) in &pieces {
            let fits = take(text.chars(), room);
            room = room.saturating_sub(fits.width());
            self.piece(*tone, &fits)?;
            if fits.len() < text.len() {
                break;
            }
        }
        writeln!(self.out, "{end}")
    }

    fn piece(&mut self, tone: Tone, text: &str) -> io::Result<()> {
        match tone.sgr().filter(|_| self.colour && !text.trim().is_empty()) {
            Some(sgr) => write!(self.out, "\x1b[{sgr}m{text}\x1b[0m"),
            None => self.out.write_all(text.as_bytes()),
        }
    }

    /// Writes an empty line.
    pub(crate) fn gap(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }

    /// Writes an empty line and a heading.
    pub(crate) fn heading(&mut self, text: &str) -> io::Result<()> {
        self.gap()?;
        self.line(&self.start(0).text(Tone::Strong, text))
    }

    /// Writes `text` after `first`, which is the beginning of its first line; further lines start
    /// at the column where `first` ends, and at most `most` lines are written in all.
    pub(crate) fn paragraph(
        &mut self,
        first: Line,
        tone: Tone,
        text: &str,
        most: usize,
    ) -> io::Result<()> {
        let indent = first.width.min(self.width / 2);
        let widths = (self.width.saturating_sub(first.width), self.width - indent);
        let mut lines = self.wrap(text, widths, most).into_iter();
        let begun = first.text(tone, &lines.next().unwrap_or_default());
        self.line(&begun)?;
        lines.try_for_each(|it| self.line(&self.start(indent).text(tone, &it)))
    }

    /// Lines of at most so many columns, the first line's and the others', broken at spaces where
    /// there are some; at most `most` lines, the last of which ends in an ellipsis when there would
    /// be more. A first line that holds nothing is empty.
    pub(crate) fn wrap(
        &self,
        text: &str,
        (first, others): (usize, usize),
        most: usize,
    ) -> Vec<String> {
        let text = clean(text, self.ascii);
        let mut lines = vec![String::new()];
        let mut width = first;
        for word in text.split(' ').filter(|it| !it.is_empty()) {
            let last = lines.last_mut().expect("there is a first line");
            let between = usize::from(!last.is_empty());
            if last.width() + between + word.width() <= width {
                last.push_str(&" "[..between]);
                last.push_str(word);
                continue;
            }
            // A word that no line holds is broken, and starts where it would have stood.
            let mut rest = word;
            if last.is_empty() && word.width() > others {
                last.push_str(&take(rest.chars(), width));
                rest = &rest[last.len()..];
            }
            width = others.max(2);
            while !rest.is_empty() {
                let piece = take(rest.chars(), width);
                rest = &rest[piece.len()..];
                lines.push(piece);
            }
        }
        if lines.len() > most {
            lines.truncate(most);
            let width = if most == 1 { first } else { others };
            if let Some(last) = lines.last_mut() {
                let room = width.saturating_sub(self.ellipsis().width() + 1);
                *last = take(last.chars(), room).trim_end().to_owned() + " " + self.ellipsis();
            }
        }
        lines
    }

    /// Writes items side by side, as many to a line as fit. An item that is too wide for a line of
    /// its own is cut.
    pub(crate) fn flow(&mut self, items: Vec<Line>) -> io::Result<()> {
        const BETWEEN: usize = 3;
        let mut line: Option<Line> = None;
        for item in items {
            line = Some(match line {
                None => item,
                Some(it) if it.width + BETWEEN + item.width <= self.width => {
                    let column = it.width + BETWEEN;
                    it.to(column).append(item)
                }
                Some(it) => {
                    self.line(&it)?;
                    item
                }
            });
        }
        line.map_or(Ok(()), |it| self.line(&it))
    }

    /// Writes rows as columns that share the page's width; long cells wrap.
    pub(crate) fn table(
        &mut self,
        indent: usize,
        columns: &[Column],
        rows: &[Vec<String>],
    ) -> io::Result<()> {
        /// A word with more columns than this wraps as text does, for the others need room too.
        const WORD: u16 = 32;
        let cells = |row: &[String]| -> Vec<String> {
            row.iter().map(|it| clean(it, self.ascii).into_owned()).collect()
        };
        // Each column has its distance at the right; the last one's is trimmed.
        let room = u16::try_from(self.width + DISTANCE - indent).unwrap_or(u16::MAX);
        let mut table = Table::new();
        table
            .load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(room)
            .set_truncation_indicator(self.ellipsis())
            .set_header(columns.iter().map(|it| it.title().to_uppercase()).collect::<Vec<_>>());
        for row in rows {
            table.add_row(cells(row));
        }
        let widths = table.column_max_content_widths();
        for ((column, kind), width) in table.column_iter_mut().zip(columns).zip(widths) {
            #[expect(clippy::cast_possible_truncation, reason = "it is 2")]
            column.set_padding((0, DISTANCE as u16));
            match kind {
                Column::Number(_) => column.set_cell_alignment(CellAlignment::Right),
                Column::Word(_) if width <= WORD && self.width >= 80 => {
                    column.set_constraint(ColumnConstraint::ContentWidth);
                }
                Column::Word(_) | Column::Text(_) => {}
            }
        }
        let lines: Vec<String> = table.lines().collect();
        for (at, text) in lines.iter().enumerate() {
            let tone = if at == 0 { Tone::Faint } else { Tone::Plain };
            self.line(&self.start(indent).text(tone, text.trim_end()))?;
        }
        Ok(())
    }
}

/// The characters that fit into `room` columns.
fn take(characters: impl Iterator<Item = char>, mut room: usize) -> String {
    characters
        .take_while(|it| match room.checked_sub(it.width().unwrap_or(0)) {
            Some(left) => {
                room = left;
                true
            }
            None => false,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn page(width: u16, write: impl FnOnce(&mut Page<'_>) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut Page::new(&mut out, Options { width, ..Options::default() }))
            .expect("a Vec takes anything");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn names_lose_their_middle() {
        let mut out = Vec::new();
        let page = Page::new(&mut out, Options::default());
        assert_eq!(page.fit("payments-ledger-7f9c", 20), "payments-ledger-7f9c");
        assert_eq!(page.fit("payments-ledger-7f9c", 11), "payme\u{2026}-7f9c");
        assert_eq!(page.fit("日本語日本語", 5), "日\u{2026}語");
    }

    #[test]
    fn paragraphs_hang_and_end() {
        let text = "Set runAsNonRoot on the pod and give the image a numeric user, please.";
        let shown = page(40, |page| {
            let first = page.start(2).text(Tone::Plain, "fix: ");
            page.paragraph(first, Tone::Plain, text, 2)
        });
        assert_eq!(
            shown,
            "  fix: Set runAsNonRoot on the pod and\n       give the image a numeric user, \u{2026}\n"
        );
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_the_page(
            width in 0_u16..90,
            words in proptest::collection::vec(any::<String>(), 0..12),
        ) {
            let shown = page(width, |page| {
                let line = words.iter().fold(page.start(3), |it, word| it.text(Tone::Bad, word));
                page.line(&line)?;
                page.paragraph(page.start(7), Tone::Plain, &words.join(" "), 4)?;
                page.flow(words.iter().map(|it| page.start(0).text(Tone::Plain, it)).collect())?;
                page.table(2, &[Column::Word("name"), Column::Number("count")], &[
                    vec![words.join(" "), "12".to_owned()],
                ])
            });
            let most = usize::from(width.max(Options::NARROWEST));
            for line in shown.lines() {
                prop_assert!(line.width() <= most, "{} columns: {line:?}", line.width());
            }
        }
    }
}
