//! Tables: amounts with their points below each other, whatever script the names are in, and the last column as it is.

use anstyle::{AnsiColor, Style};

use super::super::Ended;
use super::out::Out;
use super::text::{visible, width};

/// Where the cells of a column stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Right,
    /// By the decimal point.
    Point,
}

/// What stands in one place.
#[derive(Clone, Debug, Default)]
pub(super) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// A text of whoever.
    pub(super) fn new(text: &str) -> Self {
        Self { text: visible(text).into_owned(), style: Style::new() }
    }

    /// What may be missing: a dash then.
    pub(super) fn of(text: Option<&str>) -> Self {
        text.map_or_else(|| Self::new("-"), Self::new)
    }

    /// What may be missing: nothing then.
    pub(super) fn if_any(text: Option<&str>) -> Self {
        text.map_or_else(Self::default, Self::new)
    }

    /// The state of an account: told by its word, and by colour beside it.
    pub(super) fn status(status: &str) -> Self {
        let style = match status {
            "active" => Style::new(),
            "suspended" => AnsiColor::Yellow.on_default().bold(),
            _ => Style::new().dimmed(),
        };
        Self { style, ..Self::new(status) }
    }

    /// How wide what stands before the point is, and what stands from it on.
    fn halves(&self) -> (usize, usize) {
        self.text
            .split_once('.')
            .map_or((width(&self.text), 0), |(whole, fraction)| (width(whole), 1 + width(fraction)))
    }
}

/// A table, which may come page by page: a later page is as wide as those before it, or wider.
pub(super) struct Table {
    columns: Vec<Column>,
    has_begun: bool,
}

struct Column {
    name: &'static str,
    align: Align,
    /// By its name and its cells so far.
    width: usize,
    /// The widest half on each side of the points so far.
    halves: (usize, usize),
}

impl Table {
    /// Without rows yet.
    pub(super) fn new(columns: &[(&'static str, Align)]) -> Self {
        let columns =
            columns.iter().map(|&(name, align)| Column { name, align, width: width(name), halves: (0, 0) });
        Self { columns: columns.collect(), has_begun: false }
    }

    /// Has room for these rows.
    pub(super) fn fit(&mut self, rows: &[Vec<Cell>]) {
        for row in rows {
            for (column, cell) in self.columns.iter_mut().zip(row) {
                let (before, after) = cell.halves();
                column.halves = (column.halves.0.max(before), column.halves.1.max(after));
                let cell_width = match column.align {
                    Align::Point => column.halves.0 + column.halves.1,
                    Align::Left | Align::Right => before + after,
                };
                column.width = column.width.max(cell_width);
            }
        }
    }

    /// Prints some rows, before the first of them the names of the columns.
    ///
    /// # Errors
    /// When nobody can read them.
    pub(super) fn print(&mut self, out: &mut Out, rows: &[Vec<Cell>]) -> Result<(), Ended> {
        if rows.is_empty() {
            return Ok(());
        }
        self.fit(rows);
        if !self.has_begun {
            self.has_begun = true;
            let names: Vec<_> = self
                .columns
                .iter()
                .map(|it| Cell { text: it.name.to_owned(), style: Style::new().bold() })
                .collect();
            let line = self.line(out, &names, true);
            out.line(line)?;
        }
        for row in rows {
            let line = self.line(out, row, false);
            out.line(line)?;
        }
        Ok(())
    }

    fn line(&self, out: &Out, row: &[Cell], is_head: bool) -> String {
        let mut line = String::new();
        let mut blanks = 0;
        for (column, cell) in self.columns.iter().zip(row) {
            let taken = width(&cell.text);
            let room = column.width.saturating_sub(taken);
            let before = match column.align {
                Align::Left => 0,
                Align::Point if !is_head && !cell.text.is_empty() => {
                    room.saturating_sub(column.halves.1.saturating_sub(cell.halves().1))
                }
                Align::Right | Align::Point => room,
            };
            // Blanks are only written before something, so that no line ends in them.
            blanks += before;
            if !cell.text.is_empty() {
                line.extend(std::iter::repeat_n(' ', blanks));
                line.push_str(&out.styled(cell.style, &cell.text));
                blanks = 0;
            }
            blanks += room - before + 2;
        }
        line
    }
}

/// Names and values below each other.
///
/// # Errors
/// When nobody can read them.
pub(super) fn facts(out: &mut Out, facts: &[(&str, String)]) -> Result<(), Ended> {
    let widest = facts.iter().map(|it| it.0.len()).max().unwrap_or(0);
    facts.iter().try_for_each(|(name, value)| out.line(format_args!("  {name:widest$}  {value}")))
}

/// Amounts with their currency, to stand below each other by their points; a dash for one that may not be seen.
pub(super) fn amounts(amounts: &[Option<&str>], currency: &str) -> Vec<String> {
    let cells: Vec<_> = amounts.iter().map(|it| Cell::of(*it)).collect();
    let (mut before, mut after) = (0, 0);
    for (whole, fraction) in cells.iter().map(Cell::halves) {
        (before, after) = (before.max(whole), after.max(fraction));
    }
    let line = |cell: &Cell, is_there: bool| {
        let (whole, fraction) = cell.halves();
        let (left, right) = (" ".repeat(before - whole), " ".repeat(after - fraction));
        let currency = if is_there { visible(currency) } else { "".into() };
        format!("{left}{}{right} {currency}", cell.text).trim_end().to_owned()
    };
    cells.iter().zip(amounts).map(|(cell, amount)| line(cell, amount.is_some())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(table: &mut Table, rows: &[&[&str]]) -> Vec<String> {
        let rows: Vec<Vec<_>> = rows.iter().map(|row| row.iter().map(|it| Cell::new(it)).collect()).collect();
        table.fit(&rows);
        let out = Out::new();
        rows.iter().map(|it| table.line(&out, it, false)).collect()
    }

    #[test]
    fn amounts_stand_by_their_points_and_names_by_their_width() {
        let mut table = Table::new(&[
            ("NAME", Align::Left),
            ("AMOUNT", Align::Point),
            ("COUNT", Align::Right),
            ("REFERENCE", Align::Left),
        ]);
        let rows: &[&[&str]] = &[
            &["Ann", "-60.00", "1", "x"],
            &["株式会社", "0.0075", "1000000", ""],
            &["", "-", "", "blank before"],
            &["e\u{301}", "12345.50", "2", ""],
        ];
        assert_eq!(
            lines(&mut table, rows),
            [
                "Ann         -60.00          1  x",
                "株式会社      0.0075  1000000",
                "              -                blank before",
                "e\u{301}         12345.50          2",
            ]
        );
    }

    #[test]
    fn the_facts_of_an_account_have_their_points_below_each_other() {
        let facts = amounts(&[Some("-5.00"), Some("0.125"), None], "EUR");
        assert_eq!(facts, ["-5.00  EUR", " 0.125 EUR", " -"]);
    }
}
