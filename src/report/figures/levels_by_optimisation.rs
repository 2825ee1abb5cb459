//! Levels with every optimisation, and what each of them saves: stacked bars.

use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, DrawingBackend, Rectangle};
use plotters::style::text_anchor::{HPos, VPos};
use plotters::style::{Color, RGBColor, WHITE};

use super::canvas::Canvas;
use super::exporter::Figure;
use super::palette::{BLUE, GREEN, INK, ORANGE, PURPLE, SKY, VERMILLION};
use super::plot::{
    ABOVE, Axis, BELOW, Drawn, Frame, Legend, Sign, anchored, headings, headings_width, label_room, write,
};
use crate::report::columns::{SIZES, trial};
use crate::report::groups::{By, groups};
use crate::report::rows::Rows;
use crate::report::words;

/// Which optimisations are on, in the order in which they are switched off.
type Switches = [bool; 3];

/// Setting, what it saves, and its values that mean on; a setting that is not there is on.
const SWITCHES: [(&str, &str, &[&str]); 3] = [
    (trial::TOWER_REUSE, "saved by tower reuse", &["", "true", "on"]),
    (trial::ACTIVATION_FORM, "saved by weight redistribution", &["", "square", "monic"]),
    (trial::NODE_FUSING, "saved by node fusing", &["", "true", "on"]),
];

/// Everything on, then one after the other off.
const PATH: [Switches; 4] = [[true, true, true], [false, true, true], [false, false, true], [false, false, false]];

/// A bar: segments from bottom to top.
#[derive(Debug, Clone, PartialEq)]
struct Bar {
    name: String,
    segments: Vec<(String, f64)>,
}

/// The figure.
#[derive(Debug, Clone, PartialEq)]
pub struct LevelsByOptimisation {
    bars: Vec<Bar>,
}

/// Colours on which white is easier to read than black.
const DARK: [RGBColor; 3] = [BLUE, GREEN, VERMILLION];

/// What the first segment is.
const BASE: &str = "with every optimisation";

impl LevelsByOptimisation {
    /// The figure, or why there is none.
    ///
    /// # Errors
    /// No network has levels with everything on and with something off.
    pub fn of(rows: &Rows) -> Result<Self, String> {
        let names = SWITCHES.map(|(name, _, _)| name);
        let without = [
            &names[..],
            &SIZES,
            &[trial::CLUSTERS, trial::CLUSTER_MODE, trial::CLUSTER_METHOD, trial::ENSEMBLE, trial::BATCH, trial::LOG_N],
        ]
        .concat();
        let kept = groups(rows, By::Answer, &without, |row| rows.number(trial::LEVELS, row).is_some());
        let mut bars: Vec<Bar> = Vec::new();
        for group in &kept {
            let on = |row: usize| SWITCHES.map(|(name, _, values)| values.contains(&rows.text(name, row)));
            let levels = |wanted: Switches| {
                let row = group.rows.iter().find(|row| on(**row) == wanted)?;
                rows.number(trial::LEVELS, *row)
            };
            let known: Vec<(usize, f64)> =
                PATH.iter().enumerate().filter_map(|(step, wanted)| Some((step, levels(*wanted)?))).collect();
            if known.len() < 2 || known[0].0 != 0 {
                continue;
            }
            let mut segments = vec![(BASE.to_owned(), known[0].1)];
            for pair in known.windows(2) {
                let saved: Vec<&str> = SWITCHES[pair[0].0..pair[1].0].iter().map(|(_, words, _)| *words).collect();
                segments.push((saved.join(" and ").replace(" and saved by", " and"), pair[1].1 - pair[0].1));
            }
            let row = group.first();
            let name = format!("{} w{}", words::network(rows.text(trial::NETWORK, row)), rows.text(trial::WIDTH, row));
            if bars.iter().all(|bar| bar.name != name) {
                bars.push(Bar { name, segments });
            }
        }
        if bars.is_empty() {
            let wanted = names.map(|name| format!("`{name}`")).join(", ");
            return Err(format!("no network has its levels with {wanted} on and, one after the other, off"));
        }
        Ok(Self { bars })
    }

    /// Names of segments in order, with their colours.
    fn kinds(&self) -> Vec<(&str, RGBColor)> {
        const COLOURS: [RGBColor; 6] = [BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION];
        let mut kinds: Vec<&str> = Vec::new();
        for (name, _) in self.bars.iter().flat_map(|bar| &bar.segments) {
            if !kinds.contains(&name.as_str()) {
                kinds.push(name);
            }
        }
        kinds.into_iter().zip(COLOURS.into_iter().cycle()).collect()
    }

    fn legend(&self) -> Legend {
        let mut legend = Legend::default();
        // The key has the order of the bar: from top to bottom.
        for (name, colour) in self.kinds().into_iter().rev() {
            legend.push(Sign::Area(colour), name);
        }
        legend
    }

    fn axes(&self) -> (Axis, Axis) {
        let names: Vec<String> = self.bars.iter().map(|bar| bar.name.clone()).collect();
        let totals = self.bars.iter().map(|bar| bar.segments.iter().map(|(_, levels)| levels).sum());
        (Axis::names("network and width", &names), Axis::from_zero("levels (rescales)", totals))
    }

    const fn frame(&self) -> (i32, i32) {
        (120 * if self.bars.len() < 3 { 3 } else { self.bars.len() as i32 }, 320)
    }

    fn draw_all<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>, canvas: Canvas) -> Drawn
    where
        DB::ErrorType: 'static,
    {
        headings(area, TITLE, SUBTITLE, canvas)?;
        let (x, y) = self.axes();
        let corner = (canvas.offset(label_room(&y) as i32), canvas.offset(ABOVE as i32));
        let size = (canvas.offset(self.frame().0), canvas.offset(self.frame().1));
        let frame = Frame { x: &x, y: &y, corner, size, canvas };
        frame.draw(area)?;
        let kinds = self.kinds();
        for (place, bar) in self.bars.iter().enumerate() {
            let mut below = 0.0;
            for (name, levels) in &bar.segments {
                let colour = kinds.iter().find(|(kind, _)| kind == name).map_or(INK, |(_, colour)| *colour);
                let ends = (frame.at(place as f64 - 0.3, below), frame.at(place as f64 + 0.3, below + levels));
                if let (Some(low), Some(high)) = ends {
                    area.draw(&Rectangle::new([(low.0, high.1), (high.0, low.1)], colour.filled()))?;
                    if low.1 - high.1 >= canvas.offset(14) {
                        let ink = if DARK.contains(&colour) { WHITE } else { INK };
                        let style = anchored(canvas.coloured_text(12, ink), HPos::Center, VPos::Center);
                        write(area, &format!("{levels:.0}"), (low.0.midpoint(high.0), low.1.midpoint(high.1)), style)?;
                    }
                }
                below += levels;
            }
            if let Some(top) = frame.at(place as f64, below) {
                let style = anchored(canvas.text(12), HPos::Center, VPos::Bottom);
                write(area, &format!("{below:.0}"), (top.0, top.1 - canvas.offset(3)), style)?;
            }
        }
        self.legend().draw(area, (corner.0 + size.0 + canvas.offset(14), corner.1), canvas)
    }
}

/// Heading.
const TITLE: &str = "Levels, and what each optimisation saves";

/// What one must know.
const SUBTITLE: &str =
    "optimisations switched off one after the other, from the bottom to the top; the number above is without any";

impl Figure for LevelsByOptimisation {
    fn name(&self) -> &'static str {
        "levels_by_optimisation"
    }

    fn size(&self) -> (u32, u32) {
        let width = label_room(&self.axes().1) + self.frame().0 as u32 + 14 + self.legend().width();
        (width.max(headings_width(TITLE, SUBTITLE)), ABOVE + self.frame().1 as u32 + BELOW)
    }

    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>, canvas: Canvas) -> Result<(), String>
    where
        DB::ErrorType: 'static,
    {
        self.draw_all(area, canvas).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::rows::tests::rows;

    #[test]
    fn segments_are_differences_along_the_path() {
        let header = "trial_id,status,network,width,node_fusing,activation_form,tower_reuse,levels_used\n";
        let trials = rows(&format!(
            "{header}a,ok,resnet20,16,true,square,true,20\nb,ok,resnet20,16,true,square,false,39\nc,ok,resnet20,16,true,full,false,58\n\
             d,ok,resnet20,16,false,full,false,77\ne,ok,resnet18,64,true,square,true,18\nf,ok,resnet18,64,true,full,false,50\n"
        ));
        let figure = LevelsByOptimisation::of(&trials).unwrap();
        let levels = |bar: usize| figure.bars[bar].segments.iter().map(|(_, levels)| *levels).collect::<Vec<_>>();
        assert_eq!((levels(0), levels(1)), (vec![20.0, 19.0, 19.0, 19.0], vec![18.0, 32.0]));
        assert_eq!(figure.bars[1].segments[1].0, "saved by tower reuse and weight redistribution");
        let trials = rows(&format!("{header}a,ok,resnet20,16,true,square,true,20\n"));
        assert!(LevelsByOptimisation::of(&trials).unwrap_err().contains("`tower_reuse`"));
    }
}
