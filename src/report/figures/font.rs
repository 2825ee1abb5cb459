//! The font that all figures share.

use std::sync::OnceLock;

use plotters::style::{FontStyle, IntoFont, register_font};

/// DejaVu Sans, cut down to what figures need; licence beside the file.
const FONT: &[u8] = include_bytes!("../fonts/DejaVuSans-subset.ttf");

/// Name under which the font is known to the drawing library, and to viewers of an SVG that have it not.
pub const FAMILY: &str = "sans-serif";

/// Whether the font is known to the drawing library; registers it at the first use.
pub fn registered() -> bool {
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
