//! Stored prices, as `scripts/prices.py` wrote them.

use super::PriceList;

/// Cores that worked together.
pub(super) const AVX512_CORES: usize = 2;

pub(super) const AVX512_ALONE: PriceList = PriceList {
    transform: 6.57e-5,
    product: 1.34e-5,
    key_product: 1.25e-5,
    key_byte: 2.11e-11,
    conversion: 6.46e-6,
    pass: 2.09e-5,
    tile_product: 1.54e-6,
    tile_addition: 1.91e-6,
    tile_weight: 3.72e-6,
};

pub(super) const AVX512_TOGETHER: PriceList = PriceList {
    transform: 6.57e-5,
    product: 1.38e-5,
    key_product: 1.26e-5,
    key_byte: 2.36e-11,
    conversion: 4.92e-6,
    pass: 2.06e-5,
    tile_product: 2.02e-6,
    tile_addition: 1.42e-6,
    tile_weight: 3.48e-6,
};

/// Cores that worked together.
pub(super) const AVX512F_CORES: usize = 2;

pub(super) const AVX512F_ALONE: PriceList = PriceList {
    transform: 6.57e-5,
    product: 1.34e-5,
    key_product: 1.25e-5,
    key_byte: 2.11e-11,
    conversion: 6.46e-6,
    pass: 2.09e-5,
    tile_product: 1.54e-6,
    tile_addition: 1.91e-6,
    tile_weight: 3.72e-6,
};

pub(super) const AVX512F_TOGETHER: PriceList = PriceList {
    transform: 6.57e-5,
    product: 1.38e-5,
    key_product: 1.26e-5,
    key_byte: 2.36e-11,
    conversion: 4.92e-6,
    pass: 2.06e-5,
    tile_product: 2.02e-6,
    tile_addition: 1.42e-6,
    tile_weight: 3.48e-6,
};

/// Cores that worked together.
pub(super) const AVX2_CORES: usize = 2;

pub(super) const AVX2_ALONE: PriceList = PriceList {
    transform: 8.09e-5,
    product: 9.59e-5,
    key_product: 1.02e-4,
    key_byte: 5.63e-12,
    conversion: 3.82e-5,
    pass: 4.12e-5,
    tile_product: 1.35e-4,
    tile_addition: 3.36e-6,
    tile_weight: 7.15e-6,
};

pub(super) const AVX2_TOGETHER: PriceList = PriceList {
    transform: 8.08e-5,
    product: 9.3e-5,
    key_product: 1.02e-4,
    key_byte: 4.89e-12,
    conversion: 3.81e-5,
    pass: 3.9e-5,
    tile_product: 1.36e-4,
    tile_addition: 3.41e-6,
    tile_weight: 7.14e-6,
};

/// Cores that worked together.
pub(super) const PORTABLE_CORES: usize = 2;

pub(super) const PORTABLE_ALONE: PriceList = PriceList {
    transform: 1.07e-4,
    product: 1.9e-4,
    key_product: 2.7e-4,
    key_byte: 8.89e-11,
    conversion: 1.21e-4,
    pass: 5.73e-5,
    tile_product: 1.63e-4,
    tile_addition: 3.85e-6,
    tile_weight: 1.67e-5,
};

pub(super) const PORTABLE_TOGETHER: PriceList = PriceList {
    transform: 1.29e-4,
    product: 2.35e-4,
    key_product: 2.49e-4,
    key_byte: 3.59e-11,
    conversion: 7.97e-5,
    pass: 3.57e-5,
    tile_product: 1.36e-4,
    tile_addition: 3.39e-6,
    tile_weight: 1.81e-5,
};
