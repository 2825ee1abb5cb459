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

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::*;
    use crate::report::figures::font::text_width;
    use crate::report::figures::palette::{GREY, GRID};
    use crate::report::figures::plot::{Axis, Chart, ChartPoint, Marker, Reference, Scale, Series};

    /// Three discs with error bars, two squares, and a line across.
    fn chart() -> Drawing {
        let series = |name: &str, place, values: &[f64], bar: f64| {
            let point = |(x, y): (usize, &f64)| ChartPoint { x: x as f64, y: *y, bar: Some((y - bar, y + bar)) };
            let points = values.iter().enumerate().map(point).collect();
            Series { name: name.to_owned(), points, marker: Marker::of_series(place) }
        };
        let chart = Chart {
            name: "chart".to_owned(),
            title: "Quantity & time".to_owned(),
            subtitle: "what one must know".to_owned(),
            x: Axis::around("time (s)", Scale::Linear, [0.0, 2.0]),
            y: Axis::around("quantity (%)", Scale::Linear, [0.0, 100.0]),
            series: vec![series("of discs", 0, &[10.0, 50.0, 90.0], 5.0), series("of squares", 1, &[30.0, 20.0], 5.0)],
            references: vec![Reference { name: "across".to_owned(), y: 70.0 }],
            remarks: Vec::new(),
            height: 300,
        };
        chart.drawing()
    }

    fn blank() -> Drawing {
        Drawing { size: chart().size, shapes: Vec::new() }
    }

    fn texts(svg: &str) -> Vec<String> {
        let parts = svg.split("<text ").skip(1).filter_map(|part| part.split('>').nth(1));
        parts.map(|text| text.trim_end_matches("</text").trim().replace("&amp;", "&")).collect()
    }

    #[test]
    fn an_svg_has_a_sign_for_every_value_and_a_name_for_every_series() {
        let svg = svg(&chart()).unwrap();
        let texts = texts(&svg);
        let told =
            ["Quantity & time", "what one must know", "time (s)", "quantity (%)", "of discs", "of squares", "across"];
        for text in told.into_iter().chain(["0.5", "1.5", "20", "80"]) {
            assert!(texts.iter().any(|known| known == text), "{text}: {texts:?}");
        }
        let count = |part: &str| svg.matches(part).count();
        // One of each sign is in the key.
        assert_eq!((count("<circle "), count("width=\"8\" height=\"8\"")), (3 + 1, 2 + 1));
        // A bar with two caps for each value.
        assert_eq!(count("stroke-width=\"1\" points"), 3 * 5 + grid(&chart()));
        let empty = super::svg(&blank()).unwrap();
        assert_eq!((self::texts(&empty), empty.matches("<circle ").count()), (Vec::new(), 0));
    }

    /// Thin lines that are no error bars: the grid, and the frame.
    fn grid(drawing: &Drawing) -> usize {
        let thin = |shape: &&Shape| matches!(shape, Shape::Path(_, GRID | GREY, 1));
        drawing.shapes.iter().filter(thin).count()
    }

    fn pixels(drawing: &Drawing) -> RgbImage {
        image::load_from_memory(&png(drawing).unwrap()).unwrap().to_rgb8()
    }

    #[test]
    fn a_png_shows_every_sign_and_every_line_of_text() {
        let drawing = chart();
        let image = pixels(&drawing);
        assert_eq!(image.dimensions(), (PNG_SCALE * drawing.size.0, PNG_SCALE * drawing.size.1));
        let at = |x: f64, y: f64| image.get_pixel((x * 2.0) as u32, (y * 2.0) as u32);
        let (mut signs, mut lines) = (0, 0);
        for shape in &drawing.shapes {
            match shape {
                Shape::Disc((x, y), _, RGBColor(red, green, blue)) => {
                    assert_eq!(at(*x, *y), &Rgb([*red, *green, *blue]));
                    signs += 1;
                }
                Shape::Text((x, y), label) if label.anchor == Anchor::Left => {
                    let (width, half) = (text_width(&label.text, label.size), f64::from(label.size) / 2.0);
                    let dark = |row: f64| (0..2 * width).any(|step| at(x + f64::from(step) / 2.0, row).0[0] < 120);
                    assert!(dark(*y) || dark(y - half / 2.0) || dark(y + half / 2.0), "{label:?}");
                    lines += 1;
                }
                _ => {}
            }
        }
        assert_eq!((signs, lines), (3 + 1, 3));
        assert!(pixels(&blank()).pixels().all(|pixel| *pixel == Rgb([255; 3])), "nothing is drawn where nothing is");
    }
}
