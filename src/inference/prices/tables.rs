//! Stored prices, as `scripts/prices.py` wrote them.

use super::PriceList;

/// Cores that worked together.
pub(super) const AVX512_CORES: usize = 2;

pub(super) const AVX512_ALONE: PriceList = PriceList {
    transform: 5.56e-5,
    product: 1.33e-5,
    key_product: 1.58e-5,
    key_byte: 7.16e-12,
    conversion: 4.89e-6,
    pass: 1.58e-5,
    tile_product: 1.96e-6,
    tile_addition: 1.49e-6,
    tile_weight: 3.51e-6,
    panel_number: 1.19e-6,
    panel_residue: 2.31e-6,
};

pub(super) const AVX512_TOGETHER: PriceList = PriceList {
    transform: 5.57e-5,
    product: 1.29e-5,
    key_product: 1.6e-5,
    key_byte: 9.39e-12,
    conversion: 4.9e-6,
    pass: 1.68e-5,
    tile_product: 1.99e-6,
    tile_addition: 1.48e-6,
    tile_weight: 3.5e-6,
    panel_number: 1.19e-6,
    panel_residue: 2.31e-6,
};

/// Cores that worked together.
pub(super) const AVX512F_CORES: usize = 2;

pub(super) const AVX512F_ALONE: PriceList = PriceList {
    transform: 6.31e-5,
    product: 1.51e-5,
    key_product: 1.75e-5,
    key_byte: 3.28e-12,
    conversion: 5.61e-6,
    pass: 4.16e-5,
    tile_product: 5.56e-6,
    tile_addition: 1.41e-6,
    tile_weight: 3.38e-6,
    panel_number: 1.2e-6,
    panel_residue: 3.44e-6,
};

pub(super) const AVX512F_TOGETHER: PriceList = PriceList {
    transform: 6.32e-5,
    product: 1.58e-5,
    key_product: 1.75e-5,
    key_byte: 6.68e-12,
    conversion: 5.7e-6,
    pass: 3.53e-5,
    tile_product: 5.57e-6,
    tile_addition: 1.42e-6,
    tile_weight: 3.38e-6,
    panel_number: 1.19e-6,
    panel_residue: 3.44e-6,
};

/// Cores that worked together.
pub(super) const AVX2_CORES: usize = 2;

pub(super) const AVX2_ALONE: PriceList = PriceList {
    transform: 8.68e-5,
    product: 2.62e-5,
    key_product: 2.43e-5,
    key_byte: 2.59e-12,
    conversion: 9.93e-6,
    pass: 3.48e-5,
    tile_product: 1.07e-5,
    tile_addition: 1.68e-6,
    tile_weight: 4.1e-6,
    panel_number: 1.52e-6,
    panel_residue: 4.42e-6,
};

pub(super) const AVX2_TOGETHER: PriceList = PriceList {
    transform: 8.69e-5,
    product: 2.61e-5,
    key_product: 2.42e-5,
    key_byte: 3.02e-12,
    conversion: 9.91e-6,
    pass: 2.58e-5,
    tile_product: 1.07e-5,
    tile_addition: 1.69e-6,
    tile_weight: 4.03e-6,
    panel_number: 1.53e-6,
    panel_residue: 4.25e-6,
};

/// Cores that worked together.
pub(super) const PORTABLE_CORES: usize = 2;

pub(super) const PORTABLE_ALONE: PriceList = PriceList {
    transform: 3.2e-4,
    product: 1.42e-4,
    key_product: 1.24e-4,
    key_byte: 3.43e-12,
    conversion: 5.02e-5,
    pass: 3.53e-5,
    tile_product: 2.1e-4,
    tile_addition: 1.39e-5,
    tile_weight: 3.34e-5,
    panel_number: 1.22e-5,
    panel_residue: 2.02e-5,
};

pub(super) const PORTABLE_TOGETHER: PriceList = PriceList {
    transform: 3.21e-4,
    product: 1.45e-4,
    key_product: 1.23e-4,
    key_byte: 3.6e-12,
    conversion: 5.01e-5,
    pass: 2.8e-5,
    tile_product: 2.05e-4,
    tile_addition: 1.51e-5,
    tile_weight: 3.34e-5,
    panel_number: 1.23e-5,
    panel_residue: 2.02e-5,
};
