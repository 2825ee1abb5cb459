//! Residues at rest in as many bits as their prime has.

/// Values in a group that fills whole words of 32 bits at any number of bits.
const GROUP: usize = 32;

/// Bytes that `count` values of `bits` bits take; `count` is a multiple of 32.
pub const fn packed_bytes(count: usize, bits: u32) -> usize {
    count / GROUP * bits as usize * 4
}

/// Appends values below 2^bits, `bits` from 1 to 64, the lowest bits first; their number is a multiple of 32.
pub fn pack(values: &[u64], bits: u32, out: &mut Vec<u8>) {
    let (mut held, mut count) = (0u128, 0);
    for value in values {
        held |= u128::from(*value) << count;
        count += bits;
        while count >= 32 {
            out.extend((held as u32).to_le_bytes());
            held >>= 32;
            count -= 32;
        }
    }
}

/// The values that [`pack`] wrote into `bytes`, as many as `out` has room for; the largest of them.
pub fn unpack(bytes: &[u8], bits: u32, out: &mut [u64]) -> u64 {
    let mut words = bytes.as_chunks::<4>().0.iter().map(|word| u128::from(u32::from_le_bytes(*word)));
    let mask = u64::MAX >> (64 - bits);
    let (mut held, mut count, mut largest) = (0u128, 0, 0);
    for value in out {
        while count < bits {
            held |= words.next().unwrap_or(0) << count;
            count += 32;
        }
        *value = held as u64 & mask;
        held >>= bits;
        count -= bits;
        largest = largest.max(*value);
    }
    largest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn values_come_back(bits in 1u32..=64, groups in 1usize..4, seed: u64) {
            let mut state = seed;
            let values: Vec<u64> = (0..32 * groups).map(|_| {
                state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(seed | 1);
                (state ^ state >> 29) >> (64 - bits)
            }).collect();
            let mut bytes = Vec::new();
            pack(&values, bits, &mut bytes);
            prop_assert_eq!(bytes.len(), packed_bytes(values.len(), bits));
            let mut back = vec![0; values.len()];
            prop_assert_eq!(unpack(&bytes, bits, &mut back), values.iter().copied().max().unwrap());
            prop_assert_eq!(back, values);
        }
    }
}
