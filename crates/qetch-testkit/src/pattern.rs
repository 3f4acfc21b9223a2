//! Test bytes in which every place is told from every other.

/// Makes `len` bytes that depend on their position and on `seed`.
///
/// A range written in the wrong place, a hole and a mixture of two versions all show, since no 8 bytes at a
/// multiple of 8 equal those elsewhere or those of another seed, but for the odds of 64 random bits. The
/// bytes of a shorter pattern begin the longer one of the same seed.
#[must_use]
pub fn pattern(len: usize, seed: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(len.next_multiple_of(8));
    let start = scramble(seed);
    let mut block = 0_u64;
    while bytes.len() < len {
        bytes.extend_from_slice(&scramble(start.wrapping_add(block)).to_le_bytes());
        block = block.wrapping_add(1);
    }
    bytes.truncate(len);
    bytes
}

/// The mixing step of splitmix64: one to one, so that two positions never share a value.
fn scramble(value: u64) -> u64 {
    let value = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::pattern;

    #[test]
    fn the_same_arguments_make_the_same_bytes() {
        assert_eq!(pattern(1_001, 7), pattern(1_001, 7));
        assert_ne!(pattern(1_001, 7), pattern(1_001, 8));
    }

    #[test]
    fn lengths_are_exact_and_short_ones_begin_long_ones() {
        let long = pattern(100, 3);
        for len in 0..=100 {
            let short = pattern(len, 3);
            assert_eq!(short.len(), len);
            assert_eq!(short[..], long[..len]);
        }
    }

    #[test]
    fn no_block_repeats_within_a_seed_or_between_seeds() {
        let mut blocks = HashSet::new();
        for seed in 0..4 {
            for block in pattern(1 << 18, seed).chunks(8) {
                assert!(blocks.insert(block.to_vec()), "seed {seed} repeats {block:?}");
            }
        }
    }
}
