//! From an experiment file to its points: the combinations of the sweep, less what is excluded, and what is included.

use super::ExperimentError;
use super::experiment_file::ExperimentFile;
use super::locate::{Step, YamlText};
use super::settings::{PartialSettings, Point, SweepAxes};

/// The points in order: combinations first, included ones last. With `include` and no axis in `yaml`, `fixed` alone is no point. `file` is
/// what `yaml` says, with what the command line gives in its place.
///
/// # Errors
/// [`ExperimentError::Setting`]: an impossible value, an entry of `exclude` that excludes nothing, or nothing to run.
pub fn points(yaml: &YamlText, file: &ExperimentFile) -> Result<Vec<Point>, ExperimentError> {
    let fixed = file.fixed.clone().unwrap_or_default();
    let sweep = file.sweep.clone().unwrap_or_default();
    let include = file.include.as_deref().unwrap_or_default();
    let exclude = file.exclude.as_deref().unwrap_or_default();
    fixed.check(yaml, &[Step::Key("fixed")])?;
    sweep.check(yaml, &fixed)?;
    check_entries(yaml, "include", include)?;
    check_entries(yaml, "exclude", exclude)?;
    let only_included =
        sweep == SweepAxes::default() && !yaml.has_entries(&[Step::Key("sweep")]) && !include.is_empty();
    let mut points = if only_included { Vec::new() } else { sweep.combinations(&fixed) };
    for (index, entry) in exclude.iter().enumerate() {
        let before = points.len();
        points.retain(|point| !entry.is_part_of(&point.settings));
        // With other values than the file's it may have nothing left to exclude.
        if points.len() == before && !yaml.has_set() {
            let problem = "no combination of the sweep is left that has these values; correct them or remove the entry";
            return Err(yaml.error(&[Step::Key("exclude"), Step::Index(index)], problem));
        }
    }
    points.extend(include.iter().enumerate().map(|(index, entry)| Point {
        settings: fixed.with(entry),
        included: Some(index),
        ..Point::default()
    }));
    if points.is_empty() {
        let problem = "every combination is excluded, so there is nothing to run; exclude less, or include something";
        return Err(yaml.error(&[Step::Key("exclude")], problem));
    }
    Ok(points)
}

fn check_entries(yaml: &YamlText, list: &str, entries: &[PartialSettings]) -> Result<(), ExperimentError> {
    entries.iter().enumerate().try_for_each(|(index, entry)| {
        let path = [Step::Key(list), Step::Index(index)];
        if *entry == PartialSettings::default() {
            return Err(yaml.error(&path, "the entry names no setting; give one or remove the entry"));
        }
        entry.check(yaml, &path)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// log N and threads of every point.
    type Sizes = Vec<(Option<u32>, Option<u32>)>;

    fn expand(text: &str) -> Result<Sizes, String> {
        let yaml = YamlText::new("e.yaml", text);
        let file = yaml.parse::<ExperimentFile>().map_err(|error| error.to_string())?;
        let points = points(&yaml, &file).map_err(|error| error.to_string())?;
        let of =
            |point: &Point| (point.settings.log_n.map(|n| n.0), point.settings.threads.and_then(|threads| threads.0));
        Ok(points.iter().map(of).collect())
    }

    const SWEEP: &str = "name: e\nfixed: {images: 1}\nsweep: {log_n: [14, 15], threads: [1, 2]}\n";

    #[test]
    fn excluded_and_included_points() {
        let points = expand(&format!("{SWEEP}exclude:\n  - {{log_n: 14, threads: 2}}\ninclude:\n  - {{log_n: 16}}\n"));
        let (n, one, two) = (Some, Some(1), Some(2));
        assert_eq!(points.unwrap(), [(n(14), one), (n(15), one), (n(15), two), (n(16), None)]);
    }

    #[test]
    fn without_axes_only_what_is_included_runs() {
        assert_eq!(expand("name: e\nfixed: {log_n: 14}\n").unwrap().len(), 1);
        let points = expand("name: e\nfixed: {log_n: 14}\ninclude:\n  - {threads: 1}\n  - {log_n: 15}\n");
        assert_eq!(points.unwrap(), [(Some(14), Some(1)), (Some(15), None)]);
    }

    #[test]
    fn a_sweep_beyond_all_bounds_is_refused_before_it_is_made() {
        let values = |from: usize| (from..from + 300).map(|value| value.to_string()).collect::<Vec<_>>().join(", ");
        let axes = ["cluster_seed", "weights_seed", "threads", "seed", "images"]
            .map(|axis| format!("{axis}: [{}]", values(1)));
        let sweep = |axes: &[String]| expand(&format!("name: e\nsweep: {{{}}}\n", axes.join(", ")));
        assert_eq!(sweep(&axes[..1]).unwrap().len(), 300);
        for many in [&axes[..2], &axes] {
            let text = sweep(many).unwrap_err();
            assert!(text.contains("key `sweep`: more than the 65536 combinations"), "{text}");
        }
    }

    #[test]
    fn entries_that_do_nothing_are_mistakes() {
        let refuse = |more: &str| expand(&format!("{SWEEP}{more}")).unwrap_err();
        let text = refuse("exclude:\n  - {log_n: 13}\n");
        assert!(text.starts_with("e.yaml, line 5, column 5, key `exclude[0]`: no combination"), "{text}");
        assert!(refuse("exclude:\n  - {}\n").contains("names no setting"));
        assert!(refuse("include:\n  - {}\n").contains("key `include[0]`: the entry names no setting"));
        assert!(refuse("exclude:\n  - {images: 1}\n").contains("every combination is excluded"));
        let text = refuse("include:\n  - {log_n: 14}\n  - {log_n: 99}\n");
        assert!(text.starts_with("e.yaml, line 6, column 13, key `include[1].log_n`: 99 is not possible"), "{text}");
        let text = refuse("include:\n  - {lgo_n: 14}\n");
        assert!(
            text.contains("line 5, column 6, key `include[0].lgo_n`: unknown key; did you mean `log_n`?"),
            "{text}"
        );
    }
}
