//! One drawing, two formats.

use std::path::{Path, PathBuf};

use plotters::coord::Shift;
use plotters::prelude::{BitMapBackend, DrawingArea, DrawingBackend, IntoDrawingArea, SVGBackend, WHITE};

use super::canvas::Canvas;
use super::rendered::Rendered;
use crate::report::ReportError;

/// Pixels per unit of a figure in a PNG.
const PNG_SCALE: u32 = 2;

/// Something that can be drawn on any back end.
pub trait Figure {
    /// File name without extension.
    fn name(&self) -> &str;

    /// Width and height in units; a unit is one pixel of the SVG.
    fn size(&self) -> (u32, u32);

    /// Draws on an area of that size.
    ///
    /// # Errors
    /// What the drawing library says.
    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>, canvas: Canvas) -> Result<(), String>
    where
        DB::ErrorType: 'static;
}

/// Draws a figure, writes it as SVG and as PNG into `directory` and gives the paths.
///
/// # Errors
/// [`ReportError::Draw`], and what writing says.
pub fn export(figure: &impl Figure, directory: &Path) -> Result<[PathBuf; 2], ReportError> {
    Rendered::of(figure, "")?.write(directory)
}

/// As SVG.
///
/// # Errors
/// What the drawing library says.
pub fn svg(figure: &impl Figure) -> Result<String, String> {
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, figure.size()).into_drawing_area();
        draw(figure, &area, Canvas::new(1, false)?)?;
    }
    Ok(text)
}

/// As PNG.
///
/// # Errors
/// What the drawing library says.
pub fn png(figure: &impl Figure) -> Result<Vec<u8>, String> {
    let (width, height) = figure.size();
    let (width, height) = (width * PNG_SCALE, height * PNG_SCALE);
    let mut pixels = vec![0; 3 * width as usize * height as usize];
    {
        let area = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
        draw(figure, &area, Canvas::new(PNG_SCALE, true)?)?;
    }
    let image =
        image::RgbImage::from_raw(width, height, pixels).ok_or("the picture has another size than its pixels")?;
    let mut encoded = std::io::Cursor::new(Vec::new());
    image.write_to(&mut encoded, image::ImageFormat::Png).map_err(|error| error.to_string())?;
    Ok(encoded.into_inner())
}

fn draw<DB: DrawingBackend>(figure: &impl Figure, area: &DrawingArea<DB, Shift>, canvas: Canvas) -> Result<(), String>
where
    DB::ErrorType: 'static,
{
    area.fill(&WHITE).map_err(|error| error.to_string())?;
    figure.draw(area, canvas)?;
    area.present().map_err(|error| error.to_string())
}
