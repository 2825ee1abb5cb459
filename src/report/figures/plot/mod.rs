//! What charts are made of: axes, frame, signs, key.

mod axis;
mod chart;
mod frame;
mod legend;
mod marker;

pub use axis::{Axis, Scale};
pub use chart::{ABOVE, BELOW, Chart, ChartPoint, Reference, Series, headings, headings_width};
pub use frame::{Drawn, Frame, Pixel, anchored, label_room, stroke, write};
pub use legend::{Legend, Sign};
pub use marker::{Form, Marker};
