//! Seconds, memory and sizes of keys and ciphertexts.

use super::cell::Cell;
use super::lead::Lead;
use super::modulus::{add_modulus, modulus_cells};
use super::table::PaperTable;
use crate::report::columns::trial;
use crate::report::format::decimals;
use crate::report::groups::{By, by_modulus, groups};
use crate::report::measures::{latency, mean, seconds_per_image};
use crate::report::rows::Rows;

/// Columns: of `trials.csv`, heading, unit in which it is shown, decimals or significant digits.
const SECONDS: [(&str, &str); 3] = [
    (trial::KEYGEN, "key generation (s)"),
    (trial::ENCRYPTION, "encryption (s)"),
    (trial::DECRYPTION, "decryption (s)"),
];

/// Sizes: column of `trials.csv`, that of the table, heading, bytes in a unit.
const SIZES: [(&str, &str, &str, u64); 4] = [
    (trial::PEAK, "peak_memory_gib", "peak memory (GiB)", 1 << 30),
    (trial::KEYS, "key_gib", "keys (GiB)", 1 << 30),
    (trial::UPLOAD, "upload_mib", "upload (MiB)", 1 << 20),
    (trial::DOWNLOAD, "download_mib", "download (MiB)", 1 << 20),
];

/// The table, or why there is none.
///
/// # Errors
/// No trial has seconds.
pub fn table(rows: &Rows) -> Result<PaperTable, String> {
    let groups = by_modulus(rows, groups(rows, By::Speed, &[], |row| rows.number(trial::LATENCY, row).is_some()));
    if groups.is_empty() {
        return Err("no trial was encrypted, so there are no seconds and bytes".to_owned());
    }
    let mut table = PaperTable::new("cost", "Latency, memory and sizes of keys and ciphertexts");
    let lead = Lead::add(&mut table, rows, &groups, &[trial::THREADS]);
    table.numbers(trial::THREADS, "threads");
    table.spreads(trial::LATENCY, "latency (s)");
    table.numbers(trial::AMORTISED, "per image (s)");
    SECONDS.iter().for_each(|(name, title)| table.numbers(name, title));
    SIZES.iter().for_each(|(_, name, title, _)| table.numbers(name, title));
    add_modulus(&mut table);
    for group in &groups {
        let row = group.first();
        let mut cells = lead.cells(rows, group);
        cells.push(Cell::whole(rows.number(trial::THREADS, row)));
        let seconds = latency(rows, group);
        cells.push(Cell::spread(seconds, decimals(seconds.map_or(1.0, |seconds| seconds.mean))));
        cells.push(Cell::number(seconds_per_image(rows, group).map(|(seconds, _)| seconds.mean), 3));
        let mean = |column: &str| mean(rows, group, column);
        cells.extend(SECONDS.iter().map(|(column, _)| Cell::number(mean(column), 3)));
        cells.extend(
            SIZES.iter().map(|(column, _, _, unit)| Cell::number(mean(column).map(|bytes| bytes / *unit as f64), 3)),
        );
        cells.extend(modulus_cells(rows, row));
        table.rows.push(cells);
    }
    table.drop_empty_columns();
    table.notes.push(
        "Latency is the median over evaluations of the sum of the layers' seconds; with several repetitions, the mean of these medians ± one standard \
         deviation. An evaluation is of one image or of a batch, and so are encryption, decryption, upload and download; `per image` is of the \
         fullest batches."
            .to_owned(),
    );
    Ok(table)
}
