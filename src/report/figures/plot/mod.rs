//! What charts are made of: axes, frame, signs, heading and key.

mod axis;
mod chart;
mod clip;
mod dash;
mod error_bar;
mod frame;
mod legend;
mod marker;
mod number;
mod sheet;
mod text;

pub use axis::{Axis, Scale};
pub use chart::{Chart, ChartPoint, Reference, Series};
pub use error_bar::{CAP, bar_ends, error_bar};
pub use frame::{Drawn, Frame, Pixel, anchored, stroke, write};
pub use legend::{Legend, Sign};
pub use marker::{Form, Marker};
pub use number::number;
pub use sheet::{ROW, Sheet};
