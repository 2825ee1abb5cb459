//! Precision through the depth of the network.

use super::palette::GREY;
use super::plot::{Axis, Chart, ChartPoint, Form, Marker, ROW, Scale, Series, Sign};
use crate::report::ReportError;
use crate::report::columns::{SPEED_ONLY, trial};
use crate::report::groups::{By, Group, groups};
use crate::report::rows::Rows;
use crate::report::table::Table;
use crate::report::words;

/// Most configurations in one figure: each has two lines.
const MOST: usize = 4;

/// Most figures of one network.
const FIGURES: usize = 3;

/// A configuration with what was found of its layers.
struct Probed {
    group: Group,
    network: String,
    simulated: bool,
    /// Names of the layers.
    names: Vec<String>,
    /// Bits of the value in the middle.
    median: Vec<Option<f64>>,
    /// Bits of the worst value.
    worst: Vec<Option<f64>>,
}

impl Probed {
    fn of(
        rows: &Rows,
        group: &Group,
        layers_of: &dyn Fn(usize) -> Result<Table, ReportError>,
    ) -> Result<Option<Self>, ReportError> {
        // What encryption gave, where there is both.
        let simulated = |row: usize| rows.text(trial::BACKEND, row) == "simulated";
        let known = group.rows.iter().copied().filter(|row| is_probed(rows, *row));
        let Some(row) = known.min_by_key(|row| simulated(*row)) else { return Ok(None) };
        let layers = layers_of(row)?;
        let found = Self {
            group: group.clone(),
            network: words::network_on_dataset(rows, row),
            simulated: simulated(row),
            names: layers.text("name")?,
            median: layers.numbers(MEDIAN)?,
            worst: layers.numbers("precision_bits_min")?,
        };
        Ok(found.median.iter().any(Option::is_some).then_some(found))
    }

    /// Two lines in one colour.
    fn series(&self, name: String, place: usize) -> [Series; 2] {
        let points = |bits: &[Option<f64>]| {
            let point =
                |(layer, bits): (usize, &Option<f64>)| Some(ChartPoint { x: (*bits)?, y: layer as f64, bar: None });
            bits.iter().enumerate().filter_map(point).collect()
        };
        let marker = Marker::of_series(place);
        [
            Series { name: String::new(), points: points(&self.worst), marker: marker.hollow() },
            Series { name, points: points(&self.median), marker },
        ]
    }
}

/// Column of the value in the middle, of trials and of layers.
const MEDIAN: &str = "precision_bits_median";

/// Whether the layers of a trial were compared with clear text.
#[must_use]
pub fn is_probed(rows: &Rows, row: usize) -> bool {
    rows.number(MEDIAN, row).is_some()
}

/// The charts, a few configurations each, and how many configurations are in none; no chart: no layer was probed, or none has
/// a row.
///
/// # Errors
/// [`ReportError::Column`].
pub fn precision_by_layer(
    rows: &Rows,
    layers_of: &dyn Fn(usize) -> Result<Table, ReportError>,
) -> Result<(Vec<Chart>, usize), ReportError> {
    let mut panels: Vec<Vec<Probed>> = Vec::new();
    for group in groups(rows, By::Answer, &[], |row| is_probed(rows, row)) {
        let Some(probed) = Probed::of(rows, &group, layers_of)? else { continue };
        // Without fusing a network has more layers, and an axis of its own.
        let same = |panel: &&mut Vec<Probed>| panel[0].network == probed.network && panel[0].names == probed.names;
        match panels.iter_mut().find(same) {
            Some(panel) => panel.push(probed),
            None => panels.push(vec![probed]),
        }
    }
    let all = || panels.iter().flatten();
    let (mut charts, mut left_out): (Vec<Chart>, usize) = (Vec::new(), 0);
    for panel in &panels {
        left_out += panel.len().saturating_sub(MOST * FIGURES);
        let network = &panel[0].network;
        let of_network: Vec<&Group> = all().filter(|one| one.network == *network).map(|one| &one.group).collect();
        let without = [&[trial::NETWORK, trial::DATASET, trial::WIDTH][..], &SPEED_ONLY].concat();
        let differing = words::differing(rows, &of_network, &without);
        for chunk in panel.chunks(MOST).take(FIGURES) {
            charts.push(chart(rows, chunk, &differing, charts.len()));
        }
    }
    Ok((charts, left_out))
}

fn chart(rows: &Rows, chunk: &[Probed], differing: &[&str], number: usize) -> Chart {
    // The key says what differs here, the subtitle what sets this chart apart from others.
    let groups: Vec<&Group> = chunk.iter().map(|one| &one.group).collect();
    let inside = words::differing(rows, &groups, &[]);
    let (varies, shared): (Vec<&str>, Vec<&str>) = differing.iter().partition(|name| inside.contains(name));
    let several = chunk.len() > 1;
    let mut series = Vec::new();
    for (place, probed) in chunk.iter().enumerate() {
        let word = words::series(rows, &probed.group, &varies);
        let simulated = if probed.simulated { " (simulated)" } else { "" };
        series.extend(probed.series(if several { format!("{word}{simulated}") } else { String::new() }, place));
    }
    let all_simulated = !several && chunk[0].simulated;
    let sign = if several { Marker { form: Form::Disc, colour: GREY, hollow: false } } else { Marker::of_series(0) };
    let values: Vec<f64> = series.iter().flat_map(|series| &series.points).map(|point| point.x).collect();
    let names = &chunk[0].names;
    let mut parts = vec!["bits below the largest activation of the layer over the images, on one image".to_owned()];
    parts.push(words::settings(rows, groups[0], &shared));
    parts.push(if all_simulated { "simulated".to_owned() } else { String::new() });
    parts.retain(|part| !part.is_empty());
    Chart {
        name: if number == 0 { "precision_by_layer".to_owned() } else { format!("precision_by_layer_{}", number + 1) },
        title: format!("Precision by layer: {}", chunk[0].network),
        subtitle: parts.join("; "),
        x: precision_axis(&values),
        y: Axis::names("", names).reversed(),
        series,
        references: Vec::new(),
        remarks: vec![
            (Sign::Line(sign), "median value of the layer".to_owned()),
            (Sign::BrokenLine(sign.hollow()), "worst value of the layer".to_owned()),
        ],
        height: ROW * names.len() as u32 + ROW,
    }
}

/// From zero, but for errors larger than the layer's activations, of which the bits are negative.
fn precision_axis(values: &[f64]) -> Axis {
    const TITLE: &str = "precision (bits)";
    let from_zero = values.iter().all(|bits| *bits >= 0.0);
    let values = values.iter().copied();
    if from_zero { Axis::from_zero(TITLE, values) } else { Axis::around(TITLE, Scale::Linear, values.chain([0.0])) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::records::LayerRow;
    use crate::report::rows::tests::{directory, rows};

    /// Layers of a trial: fused ones have one fewer.
    fn layers(rows: &Rows, row: usize) -> Result<Table, ReportError> {
        let mut text = "name,precision_bits_median,precision_bits_min\nconv1,9,5\n".to_owned();
        if rows.text(trial::NODE_FUSING, row) == "false" {
            text += "bn1,9,5\n";
        }
        let directory = directory(&[("layers.csv", &text)]);
        Table::read::<LayerRow>(directory.path())
    }

    #[test]
    fn a_network_is_drawn_once_with_all_its_layers() {
        let rows = rows(
            "trial_id,status,network,width,dataset,log_n,node_fusing,precision_bits_median\n\
             a,ok,resnet20,16,cifar10,15,true,9\nb,ok,resnet18,16,cifar10,15,true,9\nc,ok,resnet20,16,cifar10,16,true,9\n\
             d,ok,resnet20,16,cifar10,15,false,9\n",
        );
        let (charts, left_out) = precision_by_layer(&rows, &|row| layers(&rows, row)).unwrap();
        let lines: Vec<(usize, usize)> =
            charts.iter().map(|chart| (chart.series.len(), chart.series[0].points.len())).collect();
        assert_eq!((lines, left_out), (vec![(4, 1), (2, 1), (2, 2)], 0));
        assert!(charts[2].subtitle.ends_with("no node fusing"), "{}", charts[2].subtitle);
        assert!(charts[0].subtitle.ends_with("with node fusing"), "{}", charts[0].subtitle);
        let keys: Vec<&str> = charts[0].series.iter().map(|series| series.name.as_str()).collect();
        assert_eq!(keys, ["", "N = 2¹⁵", "", "N = 2¹⁶"], "one entry for each configuration");
        assert_eq!(charts[0].series[0].marker, charts[0].series[1].marker.hollow());
    }

    #[test]
    fn what_changes_seconds_alone_tells_no_precision_apart() {
        let rows = rows(
            "trial_id,status,network,width,dataset,log_n,threads,processor,precision_bits_median\n\
             a,ok,resnet20,16,cifar10,15,1,P,9\nb,ok,resnet20,16,cifar10,16,2,Q,9\n",
        );
        let (charts, _) = precision_by_layer(&rows, &|row| layers(&rows, row)).unwrap();
        let keys: Vec<&str> = charts[0].series.iter().map(|series| series.name.as_str()).collect();
        assert_eq!(keys, ["", "N = 2¹⁵", "", "N = 2¹⁶"]);
    }
}
