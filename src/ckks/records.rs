//! Ciphertexts as bytes, in as many bits as their primes have.
//!
//! A record is the scale, the number of limbs, the form (0: both parts, 1: the seed of the second), the seed if there is one, and the
//! limbs. All numbers are little-endian.

use rayon::prelude::*;

use super::ciphertext::Ciphertext;
use super::encryption::SeededCiphertext;
use super::error::CkksError;
use super::keys::{limb_bytes, prime_bits};
use super::parameters::Parameters;
use crate::ring::sampling::Seed;
use crate::ring::{Limb, Polynomial};
use crate::wire::bits;

/// Scale, limbs, form.
const START_BYTES: usize = 16;

/// Bytes of a seed.
const SEED_BYTES: usize = 32;

/// Both parts.
const FULL: u32 = 0;

/// The first part, and the seed of the second.
const SEEDED: u32 = 1;

fn refuse<T>(reason: String) -> Result<T, CkksError> {
    Err(CkksError::Ciphertext { reason })
}

fn part_bytes(parameters: &Parameters, limbs: usize) -> usize {
    (0..limbs).map(|prime| limb_bytes(parameters, prime)).sum()
}

fn start(scale: f64, limbs: usize, form: u32) -> Vec<u8> {
    [&scale.to_le_bytes()[..], &(limbs as u32).to_le_bytes(), &form.to_le_bytes()].concat()
}

/// Scale and limbs of a record of this form that is as long as it says, and what follows its start.
fn read_start<'b>(
    parameters: &Parameters,
    bytes: &'b [u8],
    (form, what): (u32, &str),
    length: impl Fn(usize) -> usize,
) -> Result<(f64, usize, &'b [u8]), CkksError> {
    let Some((start, rest)) = bytes.split_first_chunk::<START_BYTES>() else {
        return refuse(format!("{} bytes are none", bytes.len()));
    };
    let number = |at: usize| u32::from_le_bytes(std::array::from_fn(|i| start[at + i]));
    let scale = f64::from_le_bytes(std::array::from_fn(|i| start[i]));
    let (limbs, most) = (number(8) as usize, parameters.max_limbs());
    if number(12) != form {
        return refuse(format!("it is not {what}"));
    }
    if !(1..=most).contains(&limbs) {
        return refuse(format!("it has {limbs} limbs, the chain has 1 to {most}"));
    }
    if !(scale.is_finite() && scale > 0.0) {
        return refuse(format!("its scale is {scale}"));
    }
    if bytes.len() != length(limbs) {
        return refuse(format!("it has {} bytes instead of {}", bytes.len(), length(limbs)));
    }
    Ok((scale, limbs, rest))
}

fn write_part(parameters: &Parameters, part: &Polynomial, out: &mut Vec<u8>) {
    let packed = |(prime, limb): (usize, &Limb)| {
        let mut bytes = Vec::with_capacity(limb_bytes(parameters, prime));
        bits::pack(limb, prime_bits(parameters, prime), &mut bytes);
        bytes
    };
    let packed: Vec<Vec<u8>> = part.limbs.par_iter().enumerate().map(packed).collect();
    packed.iter().for_each(|bytes| out.extend(bytes));
}

fn read_part(parameters: &Parameters, limbs: usize, bytes: &[u8]) -> Result<Polynomial, CkksError> {
    let mut rest = bytes;
    let pieces: Vec<&[u8]> = (0..limbs)
        .map(|prime| {
            let (own, after) = rest.split_at(limb_bytes(parameters, prime));
            rest = after;
            own
        })
        .collect();
    let limb = |(prime, bytes): (usize, &&[u8])| {
        let mut limb = Limb::scratch(parameters.n());
        let q = parameters.prime(prime);
        if bits::unpack(bytes, prime_bits(parameters, prime), &mut limb) >= q {
            return refuse(format!("limb {prime} has a residue that is not below its prime {q}"));
        }
        Ok(limb)
    };
    Ok(pieces.par_iter().enumerate().map(limb).collect::<Result<Vec<Limb>, _>>()?.into_iter().collect())
}

impl Ciphertext {
    /// Bytes of the record of a ciphertext of `limbs` limbs.
    pub fn record_bytes(parameters: &Parameters, limbs: usize) -> usize {
        START_BYTES + 2 * part_bytes(parameters, limbs)
    }

    /// Its record; it must be a ciphertext of these parameters.
    pub fn to_record(&self, parameters: &Parameters) -> Vec<u8> {
        let mut bytes = start(self.scale, self.limbs(), FULL);
        write_part(parameters, &self.c0, &mut bytes);
        write_part(parameters, &self.c1, &mut bytes);
        bytes
    }

    /// The ciphertext of a record.
    ///
    /// # Errors
    /// [`CkksError::Ciphertext`] for bytes that are none of these parameters.
    pub fn from_record(parameters: &Parameters, bytes: &[u8]) -> Result<Self, CkksError> {
        let length = |limbs| Self::record_bytes(parameters, limbs);
        let (scale, limbs, rest) = read_start(parameters, bytes, (FULL, "a whole ciphertext"), length)?;
        let (c0, c1) = rest.split_at(part_bytes(parameters, limbs));
        Ok(Self { c0: read_part(parameters, limbs, c0)?, c1: read_part(parameters, limbs, c1)?, scale })
    }
}

impl SeededCiphertext {
    /// Bytes of the record of a ciphertext of `limbs` limbs.
    pub fn record_bytes(parameters: &Parameters, limbs: usize) -> usize {
        START_BYTES + SEED_BYTES + part_bytes(parameters, limbs)
    }

    /// Its record.
    pub fn to_record(&self) -> Vec<u8> {
        let mut bytes = start(self.scale, self.c0.len(), SEEDED);
        bytes.extend(self.seed.as_bytes());
        write_part(&self.parameters, &self.c0, &mut bytes);
        bytes
    }

    /// The ciphertext of a record.
    ///
    /// # Errors
    /// [`CkksError::Ciphertext`] for bytes that are none of these parameters.
    pub fn from_record(parameters: &Parameters, bytes: &[u8]) -> Result<Self, CkksError> {
        let length = |limbs| Self::record_bytes(parameters, limbs);
        let (scale, limbs, rest) = read_start(parameters, bytes, (SEEDED, "a ciphertext with a seed"), length)?;
        let Some((seed, part)) = rest.split_first_chunk::<SEED_BYTES>() else {
            return refuse("it has no seed".into());
        };
        let c0 = read_part(parameters, limbs, part)?;
        Ok(Self { parameters: parameters.clone(), c0, seed: Seed::from_bytes(*seed), scale })
    }
}
