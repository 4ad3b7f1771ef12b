//! NEON: every 64-bit ARM processor has it.

use std::arch::aarch64::*;

use super::blocks::ByteBlock;
use crate::json::escape::{ASCII, HTML};

/// Sixteen bytes of NEON.
#[derive(Clone, Copy)]
pub struct NeonBlock(uint8x16_t);

// SAFETY of all blocks: NEON is part of aarch64; the caller says what is readable and writable.
impl ByteBlock for NeonBlock {
    const BITS: u32 = 4;

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: see above.
        Self(unsafe { vld1q_u8(from) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut u8) {
        // SAFETY: see above.
        unsafe { vst1q_u8(to, self.0) }
    }

    #[inline(always)]
    fn of_words(low: u64, high: u64) -> Self {
        // SAFETY: see above.
        Self(unsafe { vcombine_u8(vcreate_u8(low), vcreate_u8(high)) })
    }

    #[inline(always)]
    fn dirty<const ESCAPE: u8>(self) -> Self {
        // SAFETY: see above.
        unsafe {
            let is = |block, byte: u8| vceqq_u8(block, vdupq_n_u8(byte));
            let escaped = vorrq_u8(is(self.0, b'"'), is(self.0, b'\\'));
            let control = vcltq_u8(self.0, vdupq_n_u8(b' '));
            let first_dirty = if matches!(ESCAPE, ASCII | HTML) { 0x7f } else { 0x80 };
            let beyond = vcgeq_u8(self.0, vdupq_n_u8(first_dirty));
            let dirty = vorrq_u8(vorrq_u8(control, beyond), escaped);
            if ESCAPE != HTML {
                return Self(dirty);
            }
            let angles = is(vorrq_u8(self.0, vdupq_n_u8(2)), b'>');
            let others = is(vorrq_u8(self.0, vdupq_n_u8(1)), b'\'');
            Self(vorrq_u8(dirty, vorrq_u8(angles, others)))
        }
    }

    #[inline(always)]
    fn or(self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { vorrq_u8(self.0, other.0) })
    }

    #[inline(always)]
    fn is_zero(self) -> bool {
        // SAFETY: see above.
        unsafe { vmaxvq_u8(self.0) == 0 }
    }

    /// NEON has no `movemask`: the narrowing shift keeps four bits of each byte.
    #[inline(always)]
    fn mask(self) -> u64 {
        // SAFETY: see above.
        unsafe {
            let nibbles = vshrn_n_u16::<4>(vreinterpretq_u16_u8(self.0));
            vget_lane_u64::<0>(vreinterpret_u64_u8(nibbles))
        }
    }
}
