//! Memory for limbs and keys, in large pieces on huge pages where the system has them.

use std::ops::{Deref, DerefMut};

use memmap2::MmapMut;

/// Size and alignment of a huge page on common systems.
const HUGE_PAGE: usize = 2 << 20;
/// Limbs that one piece of the pool serves, within the limits below.
const LIMBS: usize = 64;
const LARGEST: usize = 32 << 20;
/// Bytes between limbs: sums of products walk through tens of limbs at once, and what lies at distances of a power of two shares a few
/// places of every cache. A page and two lines: apart from each other in the cache of a core as in the inner one.
const STAGGER: usize = 4096 + 128;
/// Bytes of a limb from which on they are apart.
const LEAST_STAGGERED: usize = 32 << 10;

/// Zeros at first; given back when dropped.
#[derive(Debug)]
pub enum Pages {
    /// Whole huge pages, aligned.
    Mapped {
        /// The mapping, a page longer than asked for.
        map: MmapMut,
        /// Where the aligned part starts.
        start: usize,
        /// Its length in bytes.
        bytes: usize,
    },
    /// A small piece, or one that could not be mapped.
    Heap(Vec<u64>),
}

impl Pages {
    /// `words` zeros.
    pub fn zeros(words: usize) -> Self {
        let bytes = 8 * words;
        if bytes < HUGE_PAGE {
            return Self::Heap(vec![0; words]);
        }
        // Without address space the global allocator reports the failure in its own way.
        let Ok(map) = MmapMut::map_anon(bytes + HUGE_PAGE) else { return Self::Heap(vec![0; words]) };
        #[cfg(target_os = "linux")]
        // Without huge pages everything works, a little slower.
        let _ = map.advise(memmap2::Advice::HugePage);
        let start = map.as_ptr().align_offset(HUGE_PAGE).min(HUGE_PAGE);
        Self::Mapped { map, start, bytes }
    }
}

impl Deref for Pages {
    type Target = [u64];
    fn deref(&self) -> &[u64] {
        match self {
            Self::Mapped { map, start, bytes } => bytemuck::cast_slice(&map[*start..*start + *bytes]),
            Self::Heap(words) => words,
        }
    }
}

impl DerefMut for Pages {
    fn deref_mut(&mut self) -> &mut [u64] {
        match self {
            Self::Mapped { map, start, bytes } => bytemuck::cast_slice_mut(&mut map[*start..*start + *bytes]),
            Self::Heap(words) => words,
        }
    }
}

/// Bytes that a limb of `n` words takes.
pub const fn limb_bytes(n: usize) -> usize {
    8 * n + if 8 * n < LEAST_STAGGERED { 0 } else { STAGGER }
}

/// Bytes of a piece for limbs of `n` words: whole huge pages. The rest of one that is touched is in memory, too.
fn piece_bytes(n: usize) -> usize {
    (limb_bytes(n) * LIMBS).min(LARGEST).max(limb_bytes(n)).next_multiple_of(HUGE_PAGE)
}

/// Zeros for one or more limbs of `n` words, to the end of the program: the pool of limbs keeps them.
pub fn limbs(n: usize) -> impl Iterator<Item = &'static mut [u64]> {
    let step = limb_bytes(n) / 8;
    let pages: &'static mut Pages = Box::leak(Box::new(Pages::zeros(piece_bytes(n) / 8)));
    pages.chunks_exact_mut(step).map(move |piece| &mut piece[..n])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_hold_aligned_limbs_of_zeros() {
        for log_n in [4, 12, 15, 18, 23] {
            let limbs: Vec<_> = limbs(1 << log_n).collect();
            assert!(!limbs.is_empty());
            for limb in &limbs {
                assert_eq!((limb.len(), limb.as_ptr() as usize % 64), (1 << log_n, 0));
                assert!(limb.iter().step_by(511).all(|w| *w == 0));
            }
        }
    }

    #[test]
    fn pieces_are_whole_huge_pages_and_lose_little() {
        for log_n in 4..=20 {
            let (limb, bytes) = (limb_bytes(1 << log_n), piece_bytes(1 << log_n));
            assert_eq!(bytes % HUGE_PAGE, 0);
            // A few of the largest rings' limbs are much of a piece.
            let share = (bytes % limb) as f64 / bytes as f64;
            assert!(share < if log_n <= 17 { 0.05 } else { 0.25 }, "N = 2^{log_n}: {share}");
        }
    }

    #[test]
    fn large_pages_are_aligned_and_writable() {
        let mut pages = Pages::zeros((HUGE_PAGE >> 3) + 5);
        assert_eq!((pages.len(), pages.as_ptr() as usize % HUGE_PAGE), ((HUGE_PAGE >> 3) + 5, 0));
        pages.fill(3);
        assert!(pages.iter().all(|w| *w == 3));
    }
}
