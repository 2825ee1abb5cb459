//! The tiled layout: many images at once (method section 8).
//!
//! A plane is cut into `grid` x `grid` tiles. Slots hold tiles and images: tile (v, u) of image b sits in slot
//! `b * grid^2 + v * grid + u`. Ciphertexts hold channels and the positions inside a tile. A stride shrinks tiles and leaves their number,
//! so that no slot is a gap; once a tile is one pixel it doubles the spacing between tiles that hold one, and the others are zero.

use serde::{Deserialize, Serialize};

use super::MIN_PERIOD;
use crate::network::lowered::Shape;

/// The tiled layout of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TiledLayout {
    shape: Shape,
    /// Tiles in a row and in a column of the plane.
    grid: usize,
    /// Tiles from one that holds pixels to the next.
    spacing: usize,
    /// Rows and columns of a tile.
    tile: (usize, usize),
    /// Pixels around a tile that each tile has copies of.
    halo: usize,
}

/// Where a convolution's tap leads from a position inside a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Reach {
    /// Ciphertext that is read.
    pub ciphertext: usize,
    /// Tiles from the one that reads down to the one that is read.
    pub rows: i64,
    /// Tiles to the right.
    pub columns: i64,
}

impl TiledLayout {
    /// The layout of an image in `tiles` tiles, each with copies of `halo` pixels around it; none: the plane has no such tiles.
    pub fn image(shape: Shape, tiles: usize, halo: usize) -> Option<Self> {
        let grid = tiles.isqrt();
        let fits = grid > 0 && grid.is_power_of_two() && grid * grid == tiles;
        Self::spaced(shape, grid, 1, halo).filter(|_| fits)
    }

    /// A value of which `spacing` tiles are one apart.
    fn spaced(shape: Shape, grid: usize, spacing: usize, halo: usize) -> Option<Self> {
        let used = grid / spacing.max(1);
        let size = |pixels: usize| (used > 0 && pixels > 0 && pixels.is_multiple_of(used)).then(|| pixels / used);
        Some(Self { shape, grid, spacing, tile: (size(shape.height)?, size(shape.width)?), halo })
    }

    /// Whether one that came from elsewhere is a layout in ciphertexts of `slots` slots.
    pub(super) fn is_sound(&self, slots: usize) -> bool {
        let Self { shape, grid, spacing, halo, .. } = *self;
        let within = |size: usize| size.is_power_of_two() && size <= slots;
        within(grid)
            && within(spacing)
            && self.period() <= slots
            && halo <= shape.height.max(shape.width)
            && Self::spaced(shape, grid, spacing, halo).as_ref() == Some(self)
    }

    /// The layout of a value after a map with `stride`; none: its plane does not fill the tiles.
    pub fn strided(&self, shape: Shape, stride: usize) -> Option<Self> {
        let (rows, columns) = self.tile;
        // What a tile gives up of the stride, and what tiles further apart make of the rest.
        let within = |pixels: usize| {
            (1..=stride).rev().find(|part| stride.is_multiple_of(*part) && pixels.is_multiple_of(*part))
        };
        let (inside, other) = (within(rows)?, within(columns)?);
        let after = Self::spaced(shape, self.grid, self.spacing * (stride / inside), 0)?;
        (inside == other && after.tile == (rows / inside, columns / inside) && after.spacing <= self.grid)
            .then_some(after)
    }

    /// The layout of one value for each of `classes`, in the first tile of each image.
    pub const fn classes(&self, classes: usize) -> Self {
        Self { shape: Shape::new(classes, 1, 1), spacing: self.grid, tile: (1, 1), halo: 0, ..*self }
    }

    /// Shape of the value.
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// Tiles of an image.
    pub const fn tiles(&self) -> usize {
        self.grid * self.grid
    }

    /// Rows and columns of a tile.
    pub const fn tile(&self) -> (usize, usize) {
        self.tile
    }

    /// Slots after which plaintexts repeat: the tiles of one image, or of a few where the encoder needs more slots.
    pub const fn period(&self) -> usize {
        if self.tiles() < MIN_PERIOD { MIN_PERIOD } else { self.tiles() }
    }

    /// Positions of a tile, its halo included.
    const fn positions(&self) -> usize {
        (self.tile.0 + 2 * self.halo) * (self.tile.1 + 2 * self.halo)
    }

    /// Number of ciphertexts.
    pub const fn ciphertexts(&self) -> usize {
        self.shape.channels * self.positions()
    }

    /// The ciphertext of a position inside a tile, or up to the halo beside it.
    pub const fn ciphertext(&self, channel: usize, row: i64, column: i64) -> usize {
        let width = self.tile.1 + 2 * self.halo;
        let (row, column) = ((row + self.halo as i64) as usize, (column + self.halo as i64) as usize);
        channel * self.positions() + row * width + column
    }

    /// Ciphertext and first slot of a value.
    pub const fn position(&self, channel: usize, row: usize, column: usize) -> (usize, usize) {
        let (rows, columns) = self.tile;
        let slot = (row / rows * self.grid + column / columns) * self.spacing;
        (self.ciphertext(channel, (row % rows) as i64, (column % columns) as i64), slot)
    }

    /// Where a map reads channel `channel` for the pixel at `row`, `column` inside a tile, both counted from the tile's first and
    /// possibly beside it.
    pub fn reach(&self, channel: usize, row: i64, column: i64) -> Reach {
        let (rows, columns, halo) = (self.tile.0 as i64, self.tile.1 as i64, self.halo as i64);
        let inside = |at: i64, size: i64| (-halo..size + halo).contains(&at);
        if inside(row, rows) && inside(column, columns) {
            return Reach { ciphertext: self.ciphertext(channel, row, column), rows: 0, columns: 0 };
        }
        let spacing = self.spacing as i64;
        Reach {
            ciphertext: self.ciphertext(channel, row.rem_euclid(rows), column.rem_euclid(columns)),
            rows: row.div_euclid(rows) * spacing,
            columns: column.div_euclid(columns) * spacing,
        }
    }

    /// Slots from a tile to the one `rows` below and `columns` to the right.
    pub const fn step(&self, rows: i64, columns: i64) -> i64 {
        rows * self.grid as i64 + columns
    }

    /// Whether the tile at `row`, `column` of the grid holds pixels.
    const fn holds(&self, row: usize, column: usize) -> bool {
        row.is_multiple_of(self.spacing) && column.is_multiple_of(self.spacing)
    }

    /// What a rotated source must be multiplied by, tile by tile, so that tiles of `output` read the tile `rows` below and `columns` to
    /// the right of them where there is one, and the others read nothing. None: by nothing, since what they would read is zero.
    pub fn mask(&self, output: &Self, rows: i64, columns: i64) -> Option<Vec<f64>> {
        let (grid, tiles) = (self.grid as i64, self.tiles() as i64);
        let mut needed = false;
        let mask = |tile: i64| {
            let (row, column) = (tile / grid, tile % grid);
            let inside = (0..grid).contains(&(row + rows)) && (0..grid).contains(&(column + columns));
            let keeps = inside && output.holds(row as usize, column as usize);
            let read = (tile + self.step(rows, columns)).rem_euclid(tiles) as usize;
            needed |= !keeps && self.holds(read / self.grid, read % self.grid);
            f64::from(u8::from(keeps))
        };
        let mask: Vec<f64> = (0..tiles).map(mask).collect();
        needed.then(|| self.repeated(mask))
    }

    /// Tiles that hold pixels in a row, and in a column.
    pub const fn used(&self) -> usize {
        self.grid / self.spacing
    }

    /// Slots from the first tile to the one `rows` below and `columns` to the right, counting tiles that hold pixels.
    pub const fn tile_step(&self, rows: usize, columns: usize) -> i64 {
        self.step((rows * self.spacing) as i64, (columns * self.spacing) as i64)
    }

    /// Rotations after each of which a ciphertext is added to itself: in the end the first tile of each square of `side` times `side` tiles,
    /// a power of two, holds the sum over the square.
    pub fn sums(&self, side: usize) -> Vec<i64> {
        let doublings = || (0..).map(|k| self.spacing << k).take_while(|step| *step < self.spacing * side);
        doublings().chain(doublings().map(|step| step * self.grid)).map(|step| step as i64).collect()
    }

    /// One period of each ciphertext's slots, filled with row-major values, the halo too; what is beside a plane is zero.
    pub fn scatter(&self, values: &[f64]) -> Vec<Vec<f64>> {
        let Shape { channels, height, width } = self.shape;
        let ((rows, columns), halo) = (self.tile, self.halo as i64);
        let mut slots = vec![vec![0.0; self.tiles()]; self.ciphertexts()];
        for channel in 0..channels {
            let Some(plane) = values.get(channel * height * width..(channel + 1) * height * width) else { break };
            for (tile_row, tile_column) in (0..height / rows).flat_map(|v| (0..width / columns).map(move |u| (v, u))) {
                let slot = (tile_row * self.grid + tile_column) * self.spacing;
                for row in -halo..rows as i64 + halo {
                    for column in -halo..columns as i64 + halo {
                        let (y, x) = ((tile_row * rows) as i64 + row, (tile_column * columns) as i64 + column);
                        if (0..height as i64).contains(&y) && (0..width as i64).contains(&x) {
                            slots[self.ciphertext(channel, row, column)][slot] = plane[y as usize * width + x as usize];
                        }
                    }
                }
            }
        }
        slots.into_iter().map(|tiles| self.repeated(tiles)).collect()
    }

    /// The tiles of one image, repeated up to the period.
    fn repeated(&self, tiles: Vec<f64>) -> Vec<f64> {
        tiles.iter().copied().cycle().take(self.period()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_layout_of_the_method() {
        let image = TiledLayout::image(Shape::new(3, 32, 32), 64, 1).unwrap();
        assert_eq!((image.ciphertexts(), image.period(), image.tile()), (108, 64, (4, 4)));
        let first = image.strided(Shape::new(16, 32, 32), 1).unwrap();
        let second = first.strided(Shape::new(32, 16, 16), 2).unwrap();
        let third = second.strided(Shape::new(64, 8, 8), 2).unwrap();
        let sizes = [first, second, third].map(|layout| (layout.ciphertexts(), layout.tile(), layout.spacing));
        assert_eq!(sizes, [(256, (4, 4), 1), (128, (2, 2), 1), (64, (1, 1), 1)]);
        assert_eq!(third.sums(third.used()), [1, 2, 4, 8, 16, 32]);
        assert_eq!((third.classes(10).ciphertexts(), third.classes(10).position(3, 0, 0)), (10, (3, 0)));
        // Every pixel a slot: a stride leaves gaps.
        let spaced =
            TiledLayout::image(Shape::new(1, 32, 32), 1024, 0).unwrap().strided(Shape::new(1, 16, 16), 2).unwrap();
        assert_eq!(
            (spaced.spacing, spaced.position(0, 3, 5), spaced.sums(spaced.used()).len()),
            (2, (0, 6 * 32 + 10), 8)
        );
        for (shape, tiles) in [((32, 32), 32), ((32, 32), 0), ((32, 32), 4096), ((30, 32), 16), ((32, 32), 36)] {
            assert_eq!(TiledLayout::image(Shape::new(1, shape.0, shape.1), tiles, 0), None, "{shape:?} {tiles}");
        }
        // A plane that does not fill the tiles, as after a convolution without padding.
        assert_eq!(first.strided(Shape::new(16, 30, 30), 1), None);
        assert_eq!(first.strided(Shape::new(16, 16, 16), 1), None);
    }

    #[test]
    fn values_have_slots_of_their_own() {
        for (tiles, stride) in [(1, 1), (4, 2), (16, 2), (64, 2), (64, 4)] {
            let image = TiledLayout::image(Shape::new(2, 8, 8), tiles, 0).unwrap();
            let side = 8 / stride;
            let layout = image.strided(Shape::new(3, side, side), stride).unwrap();
            let values: Vec<f64> = (1..=3 * side * side).map(|value| value as f64).collect();
            let slots = layout.scatter(&values);
            let mut seen = HashSet::new();
            for (index, value) in values.iter().enumerate() {
                let (ciphertext, slot) = layout.position(index / (side * side), index / side % side, index % side);
                assert!(slot < layout.tiles() && seen.insert((ciphertext, slot)));
                assert_eq!(slots[ciphertext][slot], *value);
            }
            let copies = layout.period() / layout.tiles();
            assert_eq!(slots.iter().flatten().filter(|x| **x != 0.0).count(), copies * values.len());
        }
    }

    #[test]
    fn a_halo_holds_what_is_beside_a_tile() {
        let image = TiledLayout::image(Shape::new(1, 8, 8), 16, 1).unwrap();
        let values: Vec<f64> = (1..=64).map(f64::from).collect();
        let slots = image.scatter(&values);
        let at = |row: i64, column: i64, slot: usize| slots[image.ciphertext(0, row, column)][slot];
        assert_eq!((at(-1, -1, 0), at(0, 0, 0), at(2, 2, 0), at(-1, 2, 1)), (0.0, 1.0, 19.0, 0.0));
        assert_eq!((at(-1, -1, 5), at(2, 0, 15), at(1, 2, 15)), (10.0, 0.0, 0.0));
        assert_eq!(image.reach(0, -1, 2), Reach { ciphertext: image.ciphertext(0, -1, 2), rows: 0, columns: 0 });
        let inner = image.strided(Shape::new(1, 8, 8), 1).unwrap();
        assert_eq!(inner.reach(0, -1, 2), Reach { ciphertext: inner.ciphertext(0, 1, 0), rows: -1, columns: 1 });
    }
}
