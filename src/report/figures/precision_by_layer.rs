//! Precision through the depth of the network.

use super::plot::{Axis, Chart, ChartPoint, Series};
use crate::report::ReportError;
use crate::report::columns::trial;
use crate::report::groups::{By, Group, groups};
use crate::report::rows::Rows;
use crate::report::table::Table;
use crate::report::words;

/// Most configurations in one figure: each has two lines.
const MOST: usize = 4;

/// The charts, a few configurations each; empty: no layer was probed.
///
/// # Errors
/// [`ReportError::Column`].
pub fn precision_by_layer(
    rows: &Rows,
    layers_of: &dyn Fn(usize) -> Result<Table, ReportError>,
) -> Result<Vec<Chart>, ReportError> {
    let probed = groups(rows, By::Answer, &[], |row| rows.number("precision_bits_median", row).is_some());
    let all: Vec<&Group> = probed.iter().collect();
    let mut networks: Vec<String> = all.iter().map(|group| words::network_on_dataset(rows, group.first())).collect();
    networks.dedup();
    let mut charts: Vec<Chart> = Vec::new();
    for network in &networks {
        let here: Vec<&Group> =
            all.iter().copied().filter(|group| words::network_on_dataset(rows, group.first()) == *network).collect();
        let differing = words::differing(rows, &here, &[trial::NETWORK, trial::DATASET, trial::WIDTH]);
        let chunks = here.chunks(MOST).take(3);
        for chunk in chunks {
            // The legend says what differs here, the subtitle what sets this chart apart from its neighbours.
            let (varies, shared): (Vec<&str>, Vec<&str>) = {
                let inside = words::differing(rows, chunk, &[]);
                differing.iter().partition(|name| inside.contains(name))
            };
            let apart = chunk.first().map(|group| words::settings(rows, group, &shared)).unwrap_or_default();
            if let Some(chart) = chart(rows, chunk, &varies, network, &apart, charts.len(), layers_of)? {
                charts.push(chart);
            }
        }
    }
    Ok(charts)
}

fn chart(
    rows: &Rows,
    groups: &[&Group],
    differing: &[&str],
    network: &str,
    apart: &str,
    number: usize,
    layers_of: &dyn Fn(usize) -> Result<Table, ReportError>,
) -> Result<Option<Chart>, ReportError> {
    let mut names: Vec<String> = Vec::new();
    let mut series = Vec::new();
    for group in groups {
        // What encryption gave, where there is both.
        let known = group.rows.iter().filter(|row| rows.number("precision_bits_median", **row).is_some());
        let Some(row) = known.min_by_key(|row| rows.text(trial::BACKEND, **row) == "simulated") else { continue };
        let layers = layers_of(*row)?;
        let found = layers.text("name")?;
        if names.is_empty() {
            names.clone_from(&found);
        }
        let word = words::series(rows, group, differing);
        let backend = rows.text(trial::BACKEND, *row);
        for (column, what) in [("precision_bits_median", "median value"), ("precision_bits_min", "worst value")] {
            let bits = layers.numbers(column)?;
            let points = bits.iter().zip(&found).filter_map(|(bits, name)| {
                let place = names.iter().position(|known| known == name)?;
                Some(ChartPoint { x: (*bits)?, y: place as f64, bar: None })
            });
            let points: Vec<ChartPoint> = points.collect();
            if !points.is_empty() {
                let name = if groups.len() == 1 { what.to_owned() } else { format!("{word}: {what}") };
                let name = if backend == "simulated" { format!("{name} (simulated)") } else { name };
                series.push(Series { name, points });
            }
        }
    }
    if series.is_empty() {
        return Ok(None);
    }
    let values: Vec<f64> = series.iter().flat_map(|series| &series.points).map(|point| point.x).collect();
    let ending = if number == 0 { String::new() } else { format!("_{}", number + 1) };
    let separator = if apart.is_empty() { "" } else { "; " };
    Ok(Some(Chart {
        name: format!("precision_by_layer{ending}"),
        title: format!("Precision through the depth: {network}"),
        subtitle: format!(
            "bits below the largest activation of the layer over the images, on one image{separator}{apart}"
        ),
        x: Axis::from_zero("precision (bits)", values),
        frame: (420, 40 + 21 * names.len() as u32),
        y: Axis::names("", &names).reversed(),
        series,
        references: Vec::new(),
    }))
}
