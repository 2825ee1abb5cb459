//! Everything that `leveled report` makes from results directories.

use std::path::{Path, PathBuf};

use super::ReportError;
use super::figures::{Rendered, figures};
use super::html;
use super::left_out::LeftOut;
use super::paper::{PaperTable, tables as paper_tables};
use super::published::published;
use super::rows::{Rows, has_trials};
use super::tables;
use super::words;
use crate::experiment::ExperimentError;
use crate::experiment::store::write_whole;

/// Folder of the figures.
const FIGURES: &str = "figures";

/// Folder of the tables.
const TABLES: &str = "tables";

/// What was made from rows.
#[derive(Debug)]
pub struct Report {
    /// The tables.
    pub tables: Vec<PaperTable>,
    /// The figures.
    pub figures: Vec<Rendered>,
    /// What the rows have no data for.
    pub left_out: Vec<LeftOut>,
}

impl Report {
    /// Makes tables and figures from the rows of results directories.
    ///
    /// # Errors
    /// A directory without results, a damaged table, or what drawing says.
    pub fn of(directories: &[PathBuf]) -> Result<Self, ReportError> {
        let rows = Rows::read(directories)?;
        let published = published()?;
        let (tables, mut left_out) = paper_tables(&rows, &published);
        left_out.extend(measured_again(rows.measured_again()));
        left_out.extend(failed(rows.failed()));
        let (figures, without) = figures(&rows, &published)?;
        left_out.extend(without);
        Ok(Self { tables, figures, left_out })
    }

    /// All in Markdown: tables, figures by their paths, what is left out.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = "# Report\n\n".to_owned();
        for table in &self.tables {
            text += &table.markdown();
            text.push('\n');
        }
        for figure in &self.figures {
            text += &format!(
                "## {}\n\n![{}]({FIGURES}/{}.svg)\n\n{}\n\n",
                figure.name, figure.name, figure.name, figure.caption
            );
        }
        if !self.left_out.is_empty() {
            text += "## Left out\n\n";
            for LeftOut { what, why } in &self.left_out {
                text += &format!("* {what}: {why}\n");
            }
        }
        text
    }

    fn write(&self, out: &Path) -> Result<Vec<PathBuf>, ReportError> {
        let mut paths = Vec::new();
        let folder = folder(out, TABLES)?;
        for table in &self.tables {
            for (extension, text) in [("csv", table.csv()?), ("md", table.markdown()), ("tex", table.latex())] {
                let path = folder.join(format!("{}.{extension}", table.name));
                write_whole(&path, text.as_bytes())?;
                paths.push(path);
            }
        }
        let folder = self::folder(out, FIGURES)?;
        for figure in &self.figures {
            paths.extend(figure.write(&folder)?);
        }
        let path = out.join("report.md");
        write_whole(&path, self.markdown().as_bytes())?;
        paths.push(path);
        Ok(paths)
    }
}

/// Failed trials have no numbers.
fn failed(trials: usize) -> Option<LeftOut> {
    (trials > 0).then(|| LeftOut {
        what: words::count(trials, "failed trial"),
        why: "the column `reason` of trials.csv says why, and `leveled run --retry-failed` runs them again".to_owned(),
    })
}

/// A trial counts once, however many directories have it.
fn measured_again(trials: usize) -> Option<LeftOut> {
    (trials > 0).then(|| LeftOut {
        what: format!("earlier measurements of {}", words::count(trials, "trial")),
        why: "several directories have them; of each trial the last attempt that came to its end counts, and of several the one that ended last".to_owned(),
    })
}

fn folder(out: &Path, name: &str) -> Result<PathBuf, ReportError> {
    let folder = out.join(name);
    std::fs::create_dir_all(&folder)
        .map_err(|source| ExperimentError::OutputNotWritable { path: folder.clone(), source })?;
    Ok(folder)
}

/// Writes the summary of a results directory and gives its paths.
///
/// # Errors
/// As [`write_report`].
pub fn write_tables(directory: &Path) -> Result<Vec<PathBuf>, ReportError> {
    Ok(tables::write_summary(&tables::trials(directory)?, directory)?.to_vec())
}

/// Writes summary, tables, figures and page of results directories into `out` and gives their paths and what was left out. The summary is
/// written where `out` is one of the directories.
///
/// # Errors
/// A directory without results, a damaged table, or what writing says.
pub fn write_report(directories: &[PathBuf], out: &Path) -> Result<(Vec<PathBuf>, Vec<LeftOut>), ReportError> {
    let mut report = Report::of(directories)?;
    let mut paths = Vec::new();
    let place = |path: &Path| path.canonicalize().ok();
    if directories.iter().any(|directory| place(directory) == place(out)) && has_trials(out) {
        paths.extend(write_tables(out)?);
    }
    paths.extend(report.write(out)?);
    let path = out.join("report.html");
    write_whole(&path, html::page(directories, &report)?.as_bytes())?;
    paths.push(path);
    report.left_out.extend(of_earlier_reports(out, &paths));
    Ok((paths, report.left_out))
}

/// Files where tables and figures are that are not among the written ones.
fn of_earlier_reports(out: &Path, written: &[PathBuf]) -> Option<LeftOut> {
    let files = [TABLES, FIGURES].iter().filter_map(|folder| std::fs::read_dir(out.join(folder)).ok()).flatten();
    let paths = files.filter_map(|file| Some(file.ok()?.path())).filter(|path| !written.contains(path));
    let mut others: Vec<String> =
        paths.filter_map(|path| Some(path.strip_prefix(out).ok()?.display().to_string())).collect();
    others.sort_unstable();
    (!others.is_empty()).then(|| LeftOut {
        what: others.join(", "),
        why: "there already, perhaps from an earlier report, and not of these rows".to_owned(),
    })
}
