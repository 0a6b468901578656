//! Entries as rows of a table, with two spaces between the cells: as wide as the terminal, or uncut for a program.

use std::{borrow::Cow, collections::BTreeSet};

use super::{entry::Entry, times::Times};
use crate::terminal::{self, beginning, line, shortened, width_of};

/// One row's cells, in the order of [`COLUMNS`], each of one line.
type Cells = [String; COLUMNS.len()];

struct Column {
    name: &'static str,
    /// Width of the column while its content is not known yet.
    usual: usize,
    /// Least width of the column on a narrow terminal.
    least: usize,
    /// Rank in which columns are left out on a narrow terminal: the highest first, 0 never.
    dispensable: u8,
    cut: Cut,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Cut {
    /// A column of numbers, aligned to the right and never cut.
    Number,
    Word,
    /// A column of ids, of which the beginning and the end are shown.
    Id,
    /// A column of texts, which gets the width that the others leave.
    Text,
}

const COLUMNS: [Column; 13] = [
    column("id", (6, 2), 0, Cut::Number),
    column("accepted", (19, 19), 0, Cut::Word),
    column("queue", (6, 6), 3, Cut::Word),
    column("state", (7, 7), 0, Cut::Word),
    column("attempts", (8, 3), 6, Cut::Number),
    column("kind", (11, 10), 0, Cut::Word),
    column("answers", (6, 3), 2, Cut::Number),
    column("app", (10, 6), 7, Cut::Id),
    column("account", (10, 6), 4, Cut::Id),
    column("user", (16, 8), 0, Cut::Id),
    column("message id", (20, 10), 5, Cut::Id),
    column("text", (40, 14), 0, Cut::Text),
    column("reason", (40, 14), 1, Cut::Text),
];

/// The sign for an empty cell in a pipe, where programs count cells.
const NOTHING: &str = "-";

/// The index of the column of apps, which is shown if there are several.
const APP: usize = 7;

const fn column(
    name: &'static str,
    (usual, least): (usize, usize),
    dispensable: u8,
    cut: Cut,
) -> Column {
    Column { name, usual, least, dispensable, cut }
}

/// The layout of rows.
pub(super) struct Table<'a> {
    times: &'a Times,
    /// The columns that are shown, with their widths.
    layout: Vec<(usize, usize)>,
    /// Width of the terminal; without one nothing is cut or left out, and no cell is empty.
    width: Option<usize>,
    has_year: bool,
}

impl<'a> Table<'a> {
    /// Lays the columns out for these entries, and for others if `more` may come.
    pub(super) fn new(times: &'a Times, entries: &[Entry], more: bool) -> Self {
        let width = terminal::width();
        // Only a wide terminal shows the year and the zone.
        let has_year = width.is_none_or(|width| width > 160);
        let mut table = Self { times, layout: Vec::new(), width, has_year };
        let rows: Vec<_> = entries.iter().map(|entry| table.cells(entry)).collect();
        let needs = |index: usize| {
            let Column { name, usual, least, cut, .. } = &COLUMNS[index];
            let cells = rows.iter().map(|cells| cells[index].as_str());
            let widest = cells.clone().map(width_of).max().unwrap_or(0);
            let is_one = index == APP && cells.collect::<BTreeSet<_>>().len() < 2;
            if width.is_some() && !more && (widest == 0 || is_one) {
                return None;
            }
            let natural = widest.max(name.len()).max(if more { *usual } else { 0 });
            let least = if *cut == Cut::Number { widest.max(*least) } else { natural.min(*least) };
            Some(Needs { index, natural, least })
        };
        let needs = (0..COLUMNS.len()).filter_map(needs);
        table.layout = match width {
            Some(width) => layout(width, needs.collect()),
            None => needs.map(|needs| (needs.index, needs.natural)).collect(),
        };
        table
    }

    pub(super) fn head(&self) -> String {
        self.line(&COLUMNS.each_ref().map(|column| column.name.to_owned()))
    }

    pub(super) fn row(&self, entry: &Entry) -> String {
        self.line(&self.cells(entry))
    }

    fn line(&self, cells: &Cells) -> String {
        let fitted = self.layout.iter().map(|&(index, width)| {
            let (cell, cut) = (&cells[index], COLUMNS[index].cut);
            let shown = match cut {
                _ if self.width.is_none() => Cow::Borrowed(if cell.is_empty() { NOTHING } else { cell }),
                Cut::Number if cell.parse::<u64>().is_ok() => Cow::Borrowed(cell.as_str()),
                Cut::Id => shortened(cell, width),
                Cut::Number | Cut::Word | Cut::Text => beginning(cell, width),
            };
            let space = " ".repeat(width.saturating_sub(width_of(&shown)));
            if cut == Cut::Number { space + &shown } else { shown.into_owned() + &space }
        });
        let fitted: Vec<_> = fitted.collect();
        match self.width {
            Some(width) => beginning(fitted.join(" ").trim_end(), width).into_owned(),
            None => fitted.join("  ").trim_end().to_owned(),
        }
    }

    fn cells(&self, entry: &Entry) -> Cells {
        let row = &entry.row;
        let accepted = if self.has_year {
            self.times.to_the_second(row.accepted_at)
        } else {
            self.times.without_the_year(row.accepted_at)
        };
        let cell = |text: &Option<String>| line(text.as_deref().unwrap_or_default()).into_owned();
        [
            row.id.to_string(),
            accepted,
            line(&row.queue).into_owned(),
            line(&row.state).into_owned(),
            row.attempts.to_string(),
            line(&row.kind).into_owned(),
            row.answers.map(|id| id.to_string()).unwrap_or_default(),
            cell(&row.app),
            cell(&row.account),
            cell(&row.user),
            cell(&row.message_id),
            line(&entry.words()).into_owned(),
            line(entry.reason().unwrap_or_default()).into_owned(),
        ]
    }
}

/// The natural width of a column, and its least width.
struct Needs {
    index: usize,
    natural: usize,
    least: usize,
}

/// The columns that fit, each with its width.
fn layout(width: usize, mut columns: Vec<Needs>) -> Vec<(usize, usize)> {
    // One column more for the space between two cells.
    let taken = |columns: &[Needs]| columns.iter().map(|needs| needs.least + 1).sum::<usize>();
    while taken(&columns) > width + 1 {
        let dispensable = columns.iter().map(|needs| COLUMNS[needs.index].dispensable).enumerate();
        let Some((place, 1..)) = dispensable.max_by_key(|(_, dispensable)| *dispensable) else { break };
        columns.remove(place);
    }
    let mut room = (width + 1).saturating_sub(taken(&columns));
    let mut widths: Vec<_> = columns.iter().map(|needs| (needs.index, needs.least)).collect();
    let mut has_grown = true;
    // Columns grow in turn, so that none of them takes all the width.
    while has_grown {
        has_grown = false;
        for ((index, width), Needs { natural, .. }) in widths.iter_mut().zip(&columns) {
            let share = if COLUMNS[*index].cut == Cut::Text { 3 } else { 1 };
            let more = natural.saturating_sub(*width).min(share).min(room);
            *width += more;
            room -= more;
            has_grown |= more > 0;
        }
    }
    widths
}
