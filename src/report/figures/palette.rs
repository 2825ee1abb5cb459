//! Colours that people with any colour vision tell apart (Okabe and Ito 2008), and greys.

use plotters::style::RGBColor;

/// Blue: the main quantity.
pub const BLUE: RGBColor = RGBColor(0, 114, 178);
/// Vermillion: what is set against it.
pub const VERMILLION: RGBColor = RGBColor(213, 94, 0);
/// Bluish green.
pub const GREEN: RGBColor = RGBColor(0, 158, 115);
/// Reddish purple.
pub const PURPLE: RGBColor = RGBColor(204, 121, 167);
/// Orange.
pub const ORANGE: RGBColor = RGBColor(230, 159, 0);
/// Sky blue.
pub const SKY: RGBColor = RGBColor(86, 180, 233);
/// Text.
pub const INK: RGBColor = RGBColor(34, 34, 34);
/// Axes and connecting lines.
pub const GREY: RGBColor = RGBColor(120, 120, 120);
/// Grid.
pub const GRID: RGBColor = RGBColor(225, 225, 225);
