//! Sizes in the units of a figure, and the font that all figures share.

use std::sync::OnceLock;

use plotters::style::{FontStyle, FontTransform, IntoFont, RGBColor, TextStyle, register_font};

use super::palette::INK;

/// DejaVu Sans, cut down to what figures need; licence beside the file.
const FONT: &[u8] = include_bytes!("../fonts/DejaVuSans-subset.ttf");

/// Name under which the font is known to the drawing library, and to viewers of an SVG that have it not.
const FAMILY: &str = "sans-serif";

/// Whether the font is known to the drawing library; registers it at the first use.
fn registered() -> bool {
    static REGISTERED: OnceLock<bool> = OnceLock::new();
    *REGISTERED.get_or_init(|| {
        [FontStyle::Normal, FontStyle::Bold].into_iter().all(|style| register_font(FAMILY, style, FONT).is_ok())
    })
}

/// Units that a line of text takes from left to right.
#[must_use]
pub fn text_width(text: &str, size: u32) -> u32 {
    let measured = if registered() { (FAMILY, size).into_font().box_size(text).ok() } else { None };
    measured.map_or(text.chars().count() as u32 * size * 6 / 10, |(width, _)| width + 1)
}

/// How many pixels a unit of a figure has: 1 for SVG, more for a PNG that stays sharp in print.
#[derive(Debug, Clone, Copy)]
pub struct Canvas {
    scale: u32,
    bitmap: bool,
}

impl Canvas {
    /// A canvas for pixels or, if not `bitmap`, for an SVG.
    ///
    /// # Errors
    /// If the embedded font is damaged.
    pub fn new(scale: u32, bitmap: bool) -> Result<Self, String> {
        if registered() { Ok(Self { scale, bitmap }) } else { Err("the embedded font is damaged".to_owned()) }
    }

    /// Pixels that text of a height in pixels must go down: the drawing library sets it too high in bitmaps, and only there.
    #[must_use]
    pub fn text_drop(self, pixels: f64) -> i32 {
        if self.bitmap { (0.15 * pixels).round() as i32 } else { 0 }
    }

    /// Pixels of a length in units.
    #[must_use]
    pub fn px(self, units: u32) -> u32 {
        units * self.scale
    }

    /// Pixels of a length or offset in units.
    #[must_use]
    pub fn offset(self, units: i32) -> i32 {
        units * self.scale as i32
    }

    /// Text of a size in units.
    #[must_use]
    pub fn text(self, units: u32) -> TextStyle<'static> {
        self.coloured_text(units, INK)
    }

    /// Text of a size in units and a colour.
    #[must_use]
    pub fn coloured_text(self, units: u32, colour: RGBColor) -> TextStyle<'static> {
        let font = (FAMILY, self.px(units)).into_font().transform(FontTransform::None);
        TextStyle::from(font).with_color(colour)
    }
}

/// `TextStyle::color` lends; this gives.
trait WithColor {
    fn with_color(self, colour: RGBColor) -> Self;
}

impl WithColor for TextStyle<'static> {
    fn with_color(mut self, colour: RGBColor) -> Self {
        self.color = plotters::style::Color::to_backend_color(&colour);
        self
    }
}
