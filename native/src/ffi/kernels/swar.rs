//! SWAR, "SIMD within a register": eight bytes at a time in a general register, for processors without vectors that we know.

use super::blocks::ByteBlock;
use crate::json::escape::{ASCII, HTML};

/// Sixteen bytes in two general registers.
#[derive(Clone, Copy)]
pub struct SwarBlock([u64; 2]);

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x80 * ONES;
const LOW: u64 = 0x7f * ONES;

/// The high bit of each byte that does not stand for itself. Exact for each byte: sums of seven bits carry into no other.
#[inline(always)]
fn dirty_word<const ESCAPE: u8>(word: u64) -> u64 {
    let seven = word & LOW;
    let differs = |bytes: u64, byte: u8| ((bytes ^ (u64::from(byte) * ONES)) & LOW) + LOW;
    let not_control = seven + (0x80 - 0x20) * ONES;
    let mut clean = not_control & differs(seven, b'"') & differs(seven, b'\\');
    if matches!(ESCAPE, ASCII | HTML) {
        clean &= differs(seven, 0x7f);
    }
    if ESCAPE == HTML {
        clean &= differs(seven | (2 * ONES), b'>') & differs(seven | ONES, b'\'');
    }
    (word | !clean) & HIGH
}

impl ByteBlock for SwarBlock {
    const BITS: u32 = 1;

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: the caller's.
        let bytes = unsafe { from.cast::<[[u8; 8]; 2]>().read() };
        Self(bytes.map(u64::from_le_bytes))
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut u8) {
        // SAFETY: the caller's.
        unsafe { to.cast::<[[u8; 8]; 2]>().write(self.0.map(u64::to_le_bytes)) }
    }

    #[inline(always)]
    fn of_words(low: u64, high: u64) -> Self {
        Self([low, high])
    }

    #[inline(always)]
    fn dirty<const ESCAPE: u8>(self) -> Self {
        Self(self.0.map(dirty_word::<ESCAPE>))
    }

    #[inline(always)]
    fn or(self, other: Self) -> Self {
        Self([self.0[0] | other.0[0], self.0[1] | other.0[1]])
    }

    #[inline(always)]
    fn is_zero(self) -> bool {
        self.0[0] | self.0[1] == 0
    }

    /// A product collects the high bits of eight bytes in the highest byte, the first in its lowest bit.
    #[inline(always)]
    fn mask(self) -> u64 {
        let collect = |word: u64| ((word & HIGH) >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        collect(self.0[0]) | collect(self.0[1]) << 8
    }
}
