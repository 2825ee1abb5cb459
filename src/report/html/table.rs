//! Tables that a click sorts.

use maud::{Markup, html};

use crate::report::paper::{Cell, PaperTable};
use crate::report::text_table::{Align, TextTable};

/// Most rows of a table on the page; the CSV beside it has all.
pub const MOST: usize = 2000;

/// A column's heading and whether it holds numbers.
type Heading<'a> = (&'a str, bool);

fn sortable(id: &str, headings: &[Heading<'_>], rows: Vec<Markup>) -> Markup {
    let more = rows.len() > MOST;
    html! {
        div.scroll {
            table.sortable id=(id) {
                thead { tr {
                    @for (title, numbers) in headings {
                        th scope="col" class=[numbers.then_some("number")] { button type="button" { (title) } }
                    }
                } }
                tbody { @for row in rows.into_iter().take(MOST) { (row) } }
            }
        }
        @if more {
            p.note { "The first " (MOST) " rows; the CSV file has all." }
        }
    }
}

/// A table of the report with its notes.
pub fn paper_table(table: &PaperTable) -> Markup {
    let headings: Vec<Heading<'_>> =
        table.columns.iter().map(|column| (column.title.as_str(), column.numbers)).collect();
    let cell = |cell: &Cell, numbers: bool| {
        html! { td class=[numbers.then_some("number")] data-value=[cell.value()] { (cell.shown(" ± ")) } }
    };
    let row = |row: &Vec<Cell>| {
        html! { tr { @for (one, (_, numbers)) in row.iter().zip(&headings) { (cell(one, *numbers)) } } }
    };
    html! {
        h3 id={ "about-" (table.name) } { (table.title) }
        (sortable(table.name, &headings, table.rows.iter().map(row).collect()))
        @for note in &table.notes { p.note { (note) } }
    }
}

/// A table of texts.
pub fn text_table(id: &str, table: &TextTable) -> Markup {
    let headings: Vec<Heading<'_>> = table.columns().map(|(title, align)| (title, align == Align::Right)).collect();
    let row = |row: &[String]| {
        html! { tr { @for (cell, (_, numbers)) in row.iter().zip(&headings) {
            td class=[numbers.then_some("number")] data-value=[numbers.then_some(cell)] { (cell) }
        } } }
    };
    sortable(id, &headings, table.rows().map(row).collect())
}
