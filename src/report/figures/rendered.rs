//! Figures that are drawn, in both formats, before anything is written.

use std::path::{Path, PathBuf};

use super::exporter::{png, svg};
use super::plot::Drawing;
use crate::experiment::store::write_whole;
use crate::report::ReportError;

/// A figure in both formats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// File name without extension.
    pub name: String,
    /// What it shows, as a sentence.
    pub caption: String,
    /// As SVG.
    pub svg: String,
    /// As PNG.
    pub png: Vec<u8>,
}

impl Rendered {
    /// Draws a figure; what no file name should have in it, a name that rows brought along among it, is `_` in its own.
    ///
    /// # Errors
    /// [`ReportError::Draw`].
    pub fn of(name: &str, caption: impl Into<String>, drawing: &Drawing) -> Result<Self, ReportError> {
        let wrong = |reason: String| ReportError::Draw { figure: name.to_owned(), reason };
        Ok(Self {
            name: name.replace(|c: char| !(c.is_alphanumeric() || "-_.".contains(c)), "_"),
            caption: caption.into(),
            svg: svg(drawing).map_err(wrong)?,
            png: png(drawing).map_err(wrong)?,
        })
    }

    /// Writes both files into `directory` and gives the paths.
    ///
    /// # Errors
    /// What writing says.
    pub fn write(&self, directory: &Path) -> Result<[PathBuf; 2], ReportError> {
        let paths = ["svg", "png"].map(|extension| directory.join(format!("{}.{extension}", self.name)));
        write_whole(&paths[0], self.svg.as_bytes())?;
        write_whole(&paths[1], &self.png)?;
        Ok(paths)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_from_a_row_leads_into_no_other_directory() {
        let drawing = Drawing { size: (10, 10), shapes: Vec::new() };
        let name = Rendered::of("accuracy_by_latency_ci/../x y", "", &drawing).unwrap().name;
        assert_eq!(name, "accuracy_by_latency_ci_.._x_y");
    }
}
