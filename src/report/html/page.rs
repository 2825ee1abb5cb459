//! The page of a report.

use std::path::PathBuf;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::provenance::provenance;
use super::table::{MOST, paper_table, text_table};
use crate::experiment::clock::UtcTime;
use crate::report::ReportError;
use crate::report::figures::Rendered;
use crate::report::left_out::LeftOut;
use crate::report::rows::has_trials;
use crate::report::summary::Report;
use crate::report::tables;

/// Looks of the page.
const STYLE: &str = include_str!("page.css");

/// Sorting of tables.
const SCRIPT: &str = include_str!("page.js");

/// Nothing may be fetched, whatever stands in the page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

/// The page: tables, figures, trials, provenance; all of it inline.
///
/// # Errors
/// A damaged table.
pub fn page(directories: &[PathBuf], report: &Report) -> Result<String, ReportError> {
    let name = |directory: &PathBuf| {
        let absolute = std::path::absolute(directory).unwrap_or_else(|_| directory.clone());
        absolute.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    };
    let names: Vec<String> = directories.iter().map(name).collect();
    let mut trials = Vec::new();
    for (number, directory) in directories.iter().enumerate().filter(|(_, directory)| has_trials(directory)) {
        let table = tables::trials(directory)?;
        // One more than the page shows, so that it says that there are more.
        let summary = tables::summary_table(&tables::summary(&table.head(MOST + 1))?).without_empty_columns();
        trials.push((format!("trials-{number}"), &names[number], table.len(), summary));
    }
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "leveled: " (names.join(", ")) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { "leveled: " (names.join(", ")) }
                p.note { "Made from recorded rows alone by leveled " (env!("CARGO_PKG_VERSION")) ", " (UtcTime::now().rfc3339()) "." }
                nav {
                    @if !report.tables.is_empty() { a href="#tables" { "Tables" } }
                    @if !report.figures.is_empty() { a href="#figures" { "Figures" } }
                    a href="#trials" { "Trials" }
                    a href="#provenance" { "Provenance" }
                }
                @if !report.tables.is_empty() {
                    h2 id="tables" { "Tables" }
                    @for table in &report.tables { (paper_table(table)) }
                }
                @if !report.figures.is_empty() {
                    h2 id="figures" { "Figures" }
                    @for one in &report.figures { (figure(one)) }
                }
                (left_out(&report.left_out))
                h2 id="trials" { "Trials" }
                @for (id, name, count, table) in &trials {
                    p { (name) ": " (count) " trial(s)" }
                    (text_table(id, table))
                }
                h2 id="provenance" { "Provenance" }
                @for (directory, name) in directories.iter().zip(&names) {
                    @if directories.len() > 1 { h3 { (name) } }
                    (provenance(directory))
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    Ok(markup.into_string())
}

fn figure(figure: &Rendered) -> Markup {
    html! {
        figure id={ "figure-" (figure.name) } {
            (PreEscaped(scalable(&figure.svg)))
            figcaption { b { (figure.name) } ". " (figure.caption) }
        }
    }
}

/// An SVG that a narrow window makes smaller. Its text is escaped already.
fn scalable(svg: &str) -> String {
    svg.replacen("<svg ", "<svg role=\"img\" ", 1)
}

fn left_out(left_out: &[LeftOut]) -> Markup {
    html! {
        @if !left_out.is_empty() {
            h2 id="left-out" { "Left out" }
            ul { @for LeftOut { what, why } in left_out { li { (what) ": " (why) } } }
        }
    }
}
