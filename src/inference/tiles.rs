//! The number of tiles: by predicted time, within the memory.

/// Numbers of tiles to choose from: squares of powers of two.
pub const TILES: [usize; 6] = [1, 4, 16, 64, 256, 1024];

/// What a number of tiles is predicted to take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Forecast {
    /// Peak memory.
    pub bytes: u64,
    /// Seconds of an image.
    pub seconds: f64,
}

/// Of what `with` makes for numbers of tiles the one with the least predicted seconds whose predicted memory is at most `bytes`; if there
/// is none, the one that takes the least memory.
///
/// # Errors
/// The error of `with` for the fewest tiles, if it makes nothing of any number.
pub fn fastest<P, E>(bytes: u64, with: impl Fn(usize) -> Result<(P, Forecast), E>) -> Result<P, E> {
    let [first, others @ ..] = TILES;
    // What fits comes first, by seconds; then what does not, by memory.
    let rank = |forecast: Forecast| {
        if forecast.bytes <= bytes { (false, forecast.seconds) } else { (true, forecast.bytes as f64) }
    };
    others
        .into_iter()
        .map(&with)
        .fold(with(first), |best, found| match (best, found) {
            (Ok(best), Ok(found)) if rank(found.1) < rank(best.1) => Ok(found),
            (Ok(best), _) => Ok(best),
            (Err(_), Ok(found)) => Ok(found),
            (Err(error), Err(_)) => Err(error),
        })
        .map(|(found, _)| found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fastest_that_fits_is_taken_and_else_the_smallest() {
        // More tiles: less memory, more seconds for each image; one tile is refused.
        let with = |tiles: usize| match tiles {
            1 => Err("refused"),
            _ => Ok((tiles, Forecast { bytes: (4096 / tiles) as u64, seconds: (10 + tiles.abs_diff(16)) as f64 })),
        };
        let of = |bytes| fastest(bytes, with);
        assert_eq!([of(4096), of(300), of(64), of(1)], [Ok(16), Ok(16), Ok(64), Ok(1024)]);
        assert_eq!(fastest(1, Err::<((), Forecast), _>), Err(1));
    }
}
