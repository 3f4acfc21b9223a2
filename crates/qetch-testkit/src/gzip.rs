//! A gzip writer that stores without compressing: a real gzip file, and no dependency for it.

/// The most a stored deflate block holds, in bytes.
const BLOCK: usize = 65_535;

/// Wraps `bytes` in one gzip member of stored blocks.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    // Magic, deflate, no flags, no time, no extra flags, unknown system.
    let mut out = vec![0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF];
    let mut rest = bytes;
    loop {
        let (block, after) = rest.split_at(rest.len().min(BLOCK));
        rest = after;
        // `split_at` keeps a block within 16 bits.
        let len = u16::try_from(block.len()).unwrap_or(u16::MAX);
        out.push(u8::from(rest.is_empty()));
        out.extend_from_slice(&len.to_le_bytes());
        out.extend_from_slice(&(!len).to_le_bytes());
        out.extend_from_slice(block);
        if rest.is_empty() {
            break;
        }
    }
    out.extend_from_slice(&crc32(bytes).to_le_bytes());
    // The length is told modulo 2^32.
    out.extend_from_slice(&((bytes.len() as u64 & 0xFFFF_FFFF) as u32).to_le_bytes());
    out
}

/// The CRC-32 of gzip and PNG.
fn crc32(bytes: &[u8]) -> u32 {
    let table: [u32; 256] = std::array::from_fn(|index| {
        (0..8).fold(index as u32, |crc, _| if crc & 1 == 1 { 0xEDB8_8320 ^ (crc >> 1) } else { crc >> 1 })
    });
    !bytes.iter().fold(u32::MAX, |crc, byte| table[((crc ^ u32::from(*byte)) & 0xFF) as usize] ^ (crc >> 8))
}

#[cfg(test)]
mod tests {
    use super::{crc32, gzip};
    use crate::pattern;

    #[test]
    fn the_checksum_is_the_standard_one() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn a_small_body_is_one_stored_block() {
        let expected = [
            &[0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF][..],
            &[1, 9, 0, 0xF6, 0xFF],
            b"123456789",
            &[0x26, 0x39, 0xF4, 0xCB, 9, 0, 0, 0],
        ]
        .concat();
        assert_eq!(gzip(b"123456789"), expected);
    }

    #[test]
    fn a_body_beyond_one_block_is_split() {
        let body = pattern(65_536, 1);
        let packed = gzip(&body);
        assert_eq!(packed[10], 0, "the first block is not the last");
        assert_eq!(packed[15..15 + 65_535], body[..65_535]);
        assert_eq!(packed[15 + 65_535..15 + 65_535 + 6], [1, 1, 0, 0xFE, 0xFF, body[65_535]]);
    }
}
