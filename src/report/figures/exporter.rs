//! One drawing, two formats.

use plotters::coord::Shift;
use plotters::prelude::{
    BitMapBackend, Circle, DrawingArea, DrawingBackend, IntoDrawingArea, PathElement, Polygon, Rectangle, SVGBackend,
    Text, WHITE,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontTransform, IntoFont, RGBColor, ShapeStyle, TextStyle};

use super::font::{FAMILY, registered};
use super::plot::{Anchor, Drawing, Label, Point, Shape};

/// Pixels per unit of a figure in a PNG.
pub const PNG_SCALE: u32 = 2;

/// Pixels of a format.
#[derive(Debug, Clone, Copy)]
struct Pixels {
    /// In a unit.
    scale: u32,
    /// By which text must go down, for each of its height: the drawing library sets it too high in bitmaps, and only there.
    drop: f64,
}

/// As SVG.
///
/// # Errors
/// What the drawing library says.
pub fn svg(drawing: &Drawing) -> Result<String, String> {
    let mut text = String::new();
    draw(drawing, SVGBackend::with_string(&mut text, drawing.size), Pixels { scale: 1, drop: 0.0 })?;
    Ok(text)
}

/// As PNG.
///
/// # Errors
/// What the drawing library says.
pub fn png(drawing: &Drawing) -> Result<Vec<u8>, String> {
    let (width, height) = (drawing.size.0 * PNG_SCALE, drawing.size.1 * PNG_SCALE);
    let mut pixels = vec![0; 3 * width as usize * height as usize];
    let canvas = BitMapBackend::with_buffer(&mut pixels, (width, height));
    draw(drawing, canvas, Pixels { scale: PNG_SCALE, drop: 0.15 })?;
    let image =
        image::RgbImage::from_raw(width, height, pixels).ok_or("the picture has another size than its pixels")?;
    let mut encoded = std::io::Cursor::new(Vec::new());
    image.write_to(&mut encoded, image::ImageFormat::Png).map_err(|error| error.to_string())?;
    Ok(encoded.into_inner())
}

fn draw<DB: DrawingBackend>(drawing: &Drawing, canvas: DB, pixels: Pixels) -> Result<(), String> {
    if !registered() {
        return Err("the embedded font is damaged".to_owned());
    }
    let area = canvas.into_drawing_area();
    area.fill(&WHITE).map_err(|error| error.to_string())?;
    drawing.shapes.iter().try_for_each(|shape| pixels.draw(&area, shape)).map_err(|error| error.to_string())?;
    area.present().map_err(|error| error.to_string())
}

impl Pixels {
    fn draw<DB: DrawingBackend>(
        self,
        area: &DrawingArea<DB, Shift>,
        shape: &Shape,
    ) -> Result<(), plotters::drawing::DrawingAreaErrorKind<DB::ErrorType>> {
        let all = |points: &[Point]| points.iter().map(|point| self.at(*point)).collect::<Vec<_>>();
        match shape {
            Shape::Path(points, colour, width) => {
                area.draw(&PathElement::new(all(points), self.stroke(*colour, *width)))
            }
            Shape::Area(corners, colour) => {
                area.draw(&Rectangle::new(corners.map(|corner| self.at(corner)), colour.filled()))
            }
            Shape::Polygon(corners, colour) => area.draw(&Polygon::new(all(corners), colour.filled())),
            Shape::Disc(centre, radius, colour) => {
                area.draw(&Circle::new(self.at(*centre), radius * self.scale, colour.filled()))
            }
            Shape::Text(at, label) => {
                let style = self.style(label);
                let down = style.font.get_transform().transform(0, (self.drop * style.font.get_size()).round() as i32);
                let (x, y) = self.at(*at);
                area.draw(&Text::new(label.text.clone(), (x + down.0, y + down.1), style))
            }
        }
    }

    fn at(self, (x, y): Point) -> (i32, i32) {
        let pixel = |units: f64| (units * f64::from(self.scale)).round() as i32;
        (pixel(x), pixel(y))
    }

    fn stroke(self, colour: RGBColor, width: u32) -> ShapeStyle {
        ShapeStyle { color: colour.to_rgba(), filled: false, stroke_width: width * self.scale }
    }

    fn style(self, label: &Label) -> TextStyle<'static> {
        let turned = if label.upright { FontTransform::Rotate270 } else { FontTransform::None };
        let position = match label.anchor {
            Anchor::Corner => Pos::new(HPos::Left, VPos::Top),
            Anchor::Top => Pos::new(HPos::Center, VPos::Top),
            Anchor::Left => Pos::new(HPos::Left, VPos::Center),
            Anchor::Right => Pos::new(HPos::Right, VPos::Center),
            Anchor::Centre => Pos::new(HPos::Center, VPos::Center),
        };
        let font = (FAMILY, label.size * self.scale).into_font().transform(turned);
        TextStyle { color: label.colour.to_backend_color(), ..TextStyle::from(font).pos(position) }
    }
}
