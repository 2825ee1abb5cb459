//! The kernels for the baseline of the target: products of 128 bits, which a processor has in scalar registers.

pub use super::generic::{
    add_assign, centered_quotients, largest_packed, negate, permute_blocks, reduce_signed, sub_assign,
};
pub use super::wide::{
    add_products, grouped_products, linear_combination, multiply_accumulate, multiply_accumulate_packed,
    multiply_assign, multiply_by_factor, multiply_packed_runs, panel_operands, panel_products, subtract_and_multiply,
    weighted_products,
};
