//! Accuracy against latency for everything measured, beside what other systems published.

use super::cell::Cell;
use super::table::PaperTable;
use crate::report::columns::trial;
use crate::report::groups::Group;
use crate::report::measures::FEWEST_IMAGES;
use crate::report::published::Published;
use crate::report::rows::Rows;
use crate::report::security;
use crate::report::trade_off::{TradeOff, trade_offs};
use crate::report::words;

/// The table, or why there is none.
///
/// # Errors
/// As [`trade_offs`].
pub fn table(rows: &Rows, published: &[Published]) -> Result<PaperTable, String> {
    let ours = trade_offs(rows)?;
    let mut table = PaperTable::new("trade_off", "Accuracy against latency, beside published results");
    table.texts("system", "system");
    table.texts("network", "network");
    table.numbers("width", "width");
    table.texts("dataset", "data set");
    table.spreads("accuracy_percent", "accuracy (%)");
    table.texts("accuracy_of", "of");
    table.spreads("latency_seconds", "latency (s)");
    table.spreads("amortised_seconds", "per image (s)");
    table.numbers("threads", "threads");
    table.texts("clock", "seconds are");
    table.texts("security", "security");
    table.texts("front", "front");
    table.texts("hardware", "hardware");
    table.numbers("year", "year");
    table.texts("source", "source");
    for trade_off in &ours {
        measured(&mut table, rows, trade_off);
    }
    for one in published {
        table.rows.push(vec![
            Cell::text(&one.system),
            Cell::text(&one.network),
            Cell::whole(one.width.map(f64::from)),
            Cell::text(&one.dataset),
            one.accuracy_percent.map_or(Cell::Empty, |percent| Cell::Fixed(percent, 2)),
            Cell::text("published"),
            Cell::number(one.latency_seconds, 3),
            Cell::number(one.amortised_seconds, 3),
            Cell::whole(one.threads.map(f64::from)),
            Cell::text(one.clock().words()),
            Cell::Empty,
            Cell::Empty,
            Cell::text(&one.hardware),
            Cell::Fixed(f64::from(one.year), 0),
            Cell::text(&one.source),
        ]);
    }
    table.notes.push(
        "The accuracy of a configuration is that of the most images, in this layout, in another one or in the clear: what differs is noise. Neither another layout nor clear text stands for a configuration of whose own images a tenth have other classes. Published results are as their sources state them, on other machines: a wall time of many threads or of a GPU is no time of one thread. \
         `front`: secure, and no other secure configuration measured on the data set is both more accurate and faster per image; evaluations of one image and of batches are compared among themselves, whatever the number of threads."
            .to_owned(),
    );
    let without: usize = ours.iter().map(|trade_off| trade_off.without).sum();
    if without > 0 {
        let left_out = words::count(without, "timed configuration");
        table.notes.push(format!("Without an accuracy of {FEWEST_IMAGES} images or more, and not here: {left_out}."));
    }
    Ok(table)
}

fn measured(table: &mut PaperTable, rows: &Rows, trade_off: &TradeOff) {
    let groups: Vec<&Group> = trade_off.points.iter().map(|point| &point.group).collect();
    let differing = words::differing(rows, &groups, &[trial::NETWORK, trial::WIDTH, trial::THREADS]);
    for point in &trade_off.points {
        let row = point.group.first();
        let front = match (point.on_front, point.batched) {
            (false, _) => "",
            (true, false) => "one image",
            (true, true) => "batches",
        };
        let clock = if rows.text(trial::THREADS, row) == "1" { "one thread" } else { "wall time, several threads" };
        table.rows.push(vec![
            Cell::text(format!("leveled: {}", words::series(rows, &point.group, &differing))),
            Cell::text(words::network(&rows.text(trial::NETWORK, row))),
            Cell::whole(rows.number(trial::WIDTH, row)),
            Cell::text(words::dataset(&trade_off.dataset)),
            Cell::Spread(point.accuracy, 2),
            Cell::text(point.source.words()),
            Cell::Spread(point.latency, 2),
            Cell::Spread(point.per_image, 3),
            Cell::whole(rows.number(trial::THREADS, row)),
            Cell::text(clock),
            Cell::text(security::word(rows, row)),
            Cell::text(front),
            Cell::text(rows.text("processor", row)),
            Cell::text(rows.text("ended", row).get(..4).unwrap_or_default()),
            Cell::text("this report"),
        ]);
    }
}
