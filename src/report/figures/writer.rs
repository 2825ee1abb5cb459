//! The figures that rows have the data for.

use polars::prelude::DataFrame;

use super::accuracy_by_latency::AccuracyByLatency;
use super::against::{CLUSTERS, ENSEMBLE};
use super::layers::heading;
use super::level_and_scale::{COLUMNS, level_and_scale};
use super::levels_by_optimisation::LevelsByOptimisation;
use super::lines::{Against, Quantity};
use super::plot::Drawing;
use super::precision_by_layer::{is_probed, precision_by_layer};
use super::rendered::Rendered;
use super::seconds_by_layer::seconds_by_layer;
use crate::experiment::records::LayerRow;
use crate::report::ReportError;
use crate::report::columns::trial;
use crate::report::groups::{By, Group, groups};
use crate::report::left_out::LeftOut;
use crate::report::measures::timed;
use crate::report::published::Published;
use crate::report::row_tables::RowTables;
use crate::report::rows::Rows;
use crate::report::trade_off::{TradeOff, no_points, trade_offs};
use crate::report::words;

/// Most trials that have figures of their own.
const OWN: usize = 6;

/// Figures, and why others are not there.
#[derive(Debug, Default)]
struct Gallery {
    figures: Vec<Rendered>,
    left_out: Vec<LeftOut>,
}

impl Gallery {
    fn miss(&mut self, what: &str, why: impl Into<String>) {
        self.left_out.push(LeftOut { what: format!("figure {what}"), why: why.into() });
    }

    /// Figures for which a table of another version has no column are left out, and the others drawn.
    fn unless_a_column_lacks(&mut self, what: &str, drawn: Result<(), ReportError>) -> Result<(), ReportError> {
        match drawn {
            Err(error @ ReportError::Column { .. }) => {
                self.miss(what, error.to_string());
                Ok(())
            }
            other => other,
        }
    }

    fn draw(&mut self, name: &str, caption: impl Into<String>, drawing: &Drawing) -> Result<(), ReportError> {
        self.figures.push(Rendered::of(name, caption, drawing)?);
        Ok(())
    }

    fn against(&mut self, rows: &Rows, axis: Against, quantity: Quantity) -> Result<(), ReportError> {
        match axis.charts(rows, quantity) {
            Ok((charts, missing)) => {
                for chart in charts {
                    self.draw(&chart.name, sentences(&chart.title, &chart.subtitle), &chart.drawing())?;
                }
                missing.iter().for_each(|name| self.miss(name, axis.missing(quantity)));
            }
            Err(why) => self.miss(&format!("{}_by_{}", quantity.word(), axis.word), why),
        }
        Ok(())
    }

    fn levels(&mut self, rows: &Rows) -> Result<(), ReportError> {
        match LevelsByOptimisation::of(rows) {
            Ok(figure) => {
                let caption = "Levels with every optimisation, and what each of them saves when they are switched off one after the other.";
                self.draw("levels_by_optimisation", caption, &figure.drawing())?;
            }
            Err(why) => self.miss("levels_by_optimisation", why),
        }
        Ok(())
    }

    fn trade_offs(&mut self, rows: &Rows, published: &[Published]) -> Result<(), ReportError> {
        let all = trade_offs(rows).unwrap_or_else(|why| {
            self.miss("accuracy_by_latency", why);
            Vec::new()
        });
        let (without, drawn): (Vec<&TradeOff>, Vec<&TradeOff>) = all.iter().partition(|it| it.points.is_empty());
        for trade_off in without {
            self.miss(&AccuracyByLatency::file_name(&trade_off.dataset), no_points());
        }
        for trade_off in drawn {
            let figure = AccuracyByLatency::of(rows, trade_off, published);
            self.draw(&figure.name, figure.caption(), &figure.drawing())?;
        }
        Ok(())
    }

    fn precision(&mut self, rows: &Rows, layers: &RowTables<LayerRow>) -> Result<(), ReportError> {
        let (charts, without) = precision_by_layer(rows, &|row| layers.of(rows, row))?;
        if charts.is_empty() {
            let probed = (0..rows.len()).any(|row| is_probed(rows, row));
            let why = if probed { "no rows of layers (layers.csv)" } else { "no trial was probed (`probe: true`)" };
            self.miss("precision_by_layer", why);
        }
        for chart in charts {
            let caption = format!("{}: {}.", chart.title, chart.subtitle);
            self.draw(&chart.name, caption, &chart.drawing())?;
        }
        if without > 0 {
            let why = format!("{} more than a report shows", words::count(without, "configuration"));
            self.miss("precision_by_layer", why + FEWER);
        }
        Ok(())
    }

    /// Level and scale, and seconds, of one trial of every configuration; first of those that were encrypted.
    fn by_layer(&mut self, rows: &Rows, layers: &RowTables<LayerRow>) -> Result<(), ReportError> {
        let all = groups(rows, By::Speed, &[], |row| rows.number(trial::LEVELS, row).is_some());
        let mut shown: Vec<usize> = Vec::new();
        for group in &all {
            if let Some(row) = representative(rows, group, layers)? {
                shown.push(row);
            }
        }
        shown.sort_by_key(|row| !is_timed(rows, *row));
        if !shown.iter().any(|row| is_timed(rows, *row)) {
            self.miss("seconds_by_layer", "no trial with layers was encrypted");
        }
        if shown.len() > OWN {
            let why = format!("{} configurations; these figures are of {OWN} of them", shown.len());
            self.miss("level_and_scale, seconds_by_layer", why + FEWER);
        }
        shown.truncate(OWN);
        self.levels_by_layer(rows, &shown, layers)?;
        self.seconds_by_layer(rows, &shown, layers)
    }

    /// One figure for all trials with the same course of levels and scales.
    fn levels_by_layer(
        &mut self,
        rows: &Rows,
        shown: &[usize],
        layers: &RowTables<LayerRow>,
    ) -> Result<(), ReportError> {
        // Network, and what is drawn of its layers.
        let mut courses: Vec<(String, DataFrame, Vec<usize>)> = Vec::new();
        for row in shown {
            let course = layers.of(rows, *row)?.select(&COLUMNS)?;
            let network = words::network_on_dataset(rows, *row);
            let same =
                |(known, frame, _): &&mut (String, DataFrame, _)| *known == network && frame.equals_missing(&course);
            match courses.iter_mut().find(same) {
                Some((.., trials)) => trials.push(*row),
                None => courses.push((network, course, vec![*row])),
            }
        }
        let differ = differing(rows, shown, &[trial::THREADS]);
        let several = courses.len() > 1;
        for (.., trials) in courses {
            let title = heading(rows, &trials, &differ);
            let remark = match trials.len() {
                1 => String::new(),
                same => {
                    let among: Vec<String> = differing(rows, &trials, &[]).into_iter().map(words::name).collect();
                    let among =
                        if among.is_empty() { String::new() } else { format!(" that differ in {}", among.join(", ")) };
                    format!("; the same in {same} configurations{among}")
                }
            };
            let name = format!("level_and_scale{}", ending(rows, trials[0], several));
            let caption = format!("Level before and after each layer, and the scale after it: {title}.");
            let layers = layers.of(rows, trials[0])?;
            self.draw(&name, caption, &level_and_scale(&layers, &format!("{title}{remark}"))?)?;
        }
        Ok(())
    }

    fn seconds_by_layer(
        &mut self,
        rows: &Rows,
        shown: &[usize],
        layers: &RowTables<LayerRow>,
    ) -> Result<(), ReportError> {
        let mut differ = differing(rows, shown, &[trial::THREADS]);
        differ.push(trial::THREADS);
        for row in shown.iter().filter(|row| is_timed(rows, **row)) {
            let title = heading(rows, &[*row], &differ);
            let name = format!("seconds_by_layer{}", ending(rows, *row, shown.len() > 1));
            let caption = format!("Seconds by layer and operation, medians over evaluations: {title}.");
            self.draw(&name, caption, &seconds_by_layer(&layers.of(rows, *row)?, &title)?)?;
        }
        Ok(())
    }
}

/// What to do where a report has more than it shows.
const FEWER: &str = ", and a report of fewer directories shows others";

/// The settings in which trials differ, besides network and data set.
fn differing(rows: &Rows, trials: &[usize], without: &[&str]) -> Vec<&'static str> {
    let groups: Vec<Group> = trials.iter().map(|row| Group { rows: vec![*row] }).collect();
    let named = [&[trial::NETWORK, trial::WIDTH, trial::DATASET], without].concat();
    words::differing(rows, &groups.iter().collect::<Vec<_>>(), &named)
}

/// What the name of a trial's figure ends with.
fn ending(rows: &Rows, row: usize, several: bool) -> String {
    if several { format!("_{}", rows.text(trial::ID, row)) } else { String::new() }
}

fn is_timed(rows: &Rows, row: usize) -> bool {
    rows.number(trial::LATENCY, row).is_some()
}

/// A trial of a configuration that has layers: the first of those that its seconds are of, if one has them.
fn representative(rows: &Rows, group: &Group, layers: &RowTables<LayerRow>) -> Result<Option<usize>, ReportError> {
    for row in timed(rows, group).iter().chain(&group.rows) {
        if !layers.of(rows, *row)?.is_empty() {
            return Ok(Some(*row));
        }
    }
    Ok(None)
}

/// Two sentences, or the first alone if the second is empty.
fn sentences(first: &str, second: &str) -> String {
    if second.is_empty() { format!("{first}.") } else { format!("{first}. {}.", capital(second)) }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Draws every figure that the rows have the data for, and says why the others are not there.
///
/// # Errors
/// [`ReportError`]: a damaged table, or what drawing says.
pub fn figures(rows: &Rows, published: &[Published]) -> Result<(Vec<Rendered>, Vec<LeftOut>), ReportError> {
    let mut gallery = Gallery::default();
    let layers = RowTables::default();
    gallery.trade_offs(rows, published)?;
    for axis in [CLUSTERS, ENSEMBLE] {
        gallery.against(rows, axis, Quantity::Accuracy)?;
        gallery.against(rows, axis, Quantity::Latency)?;
    }
    gallery.levels(rows)?;
    let precision = gallery.precision(rows, &layers);
    gallery.unless_a_column_lacks("precision_by_layer", precision)?;
    let by_layer = gallery.by_layer(rows, &layers);
    gallery.unless_a_column_lacks("level_and_scale, seconds_by_layer", by_layer)?;
    Ok((gallery.figures, gallery.left_out))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::rows::tests::directory;

    /// Why a figure is not there; empty: it is.
    fn why(trials: &str, figure: &str) -> String {
        let directory = directory(&[("trials.csv", trials)]);
        let rows = Rows::read(&[directory.path().to_owned()]).unwrap();
        let (_, left_out) = figures(&rows, &[]).unwrap();
        left_out.into_iter().find(|one| one.what == format!("figure {figure}")).map_or_else(String::new, |one| one.why)
    }

    #[test]
    fn rows_of_layers_that_are_missing_are_no_missing_probe() {
        let precision = |bits: &str| {
            let trials = format!("trial_id,status,network,precision_bits_median\na,ok,resnet20,{bits}\n");
            why(&trials, "precision_by_layer")
        };
        assert_eq!(precision("9.5"), "no rows of layers (layers.csv)");
        assert_eq!(precision(""), "no trial was probed (`probe: true`)");
    }

    #[test]
    fn a_table_of_layers_without_a_column_leaves_its_figures_out() {
        let trials = "trial_id,status,network,levels_used,latency_seconds_median\na,ok,resnet20,20,2\n";
        let layers = "trial_id,attempt,layer,name,level_in\na,1,0,conv1,20\n";
        let directory = directory(&[("trials.csv", trials), ("layers.csv", layers)]);
        let rows = Rows::read(&[directory.path().to_owned()]).unwrap();
        let (_, left_out) = figures(&rows, &[]).unwrap();
        let told = left_out.iter().find(|one| one.what.contains("seconds_by_layer")).unwrap();
        assert!(told.why.starts_with("layers.csv has no column `"), "{}", told.why);
    }

    #[test]
    fn the_trial_with_layers_is_one_whose_seconds_count() {
        let trials = "trial_id,status,network,levels_used,seed,latency_seconds_median,latency_evaluations\n\
            a,ok,resnet20,20,1,9,1\nb,ok,resnet20,20,2,2,20\n";
        let layers = "trial_id,attempt,layer,name\na,1,0,conv1\nb,1,0,conv1\n";
        let directory = directory(&[("trials.csv", trials), ("layers.csv", layers)]);
        let rows = Rows::read(&[directory.path().to_owned()]).unwrap();
        let group = Group { rows: vec![0, 1] };
        assert_eq!(representative(&rows, &group, &RowTables::default()).unwrap(), Some(1));
    }

    #[test]
    fn a_data_set_without_a_point_is_told() {
        let trials = "trial_id,status,network,width,dataset,log_n,accuracy,accuracy_images,latency_seconds_median\n\
            a,ok,resnet20,16,cifar10,14,0.90,100,1\nb,ok,resnet20,16,cifar10,15,0.91,100,2\n\
            c,ok,resnet20,16,cifar100,15,0.6,5,2\n";
        assert_eq!(why(trials, "accuracy_by_latency_cifar10"), "");
        assert!(why(trials, "accuracy_by_latency_cifar100").contains("an accuracy of 100 images or more"));
    }
}
