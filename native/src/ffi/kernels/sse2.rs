//! SSE2: every x86-64 processor has it.

use std::arch::x86_64::*;

use super::blocks::ByteBlock;
use super::dirty_bytes::dirty16;

/// Sixteen bytes of SSE2.
#[derive(Clone, Copy)]
pub struct Sse2Block(__m128i);

// SAFETY of all blocks: SSE2 is part of x86-64; the caller says what is readable and writable.
impl ByteBlock for Sse2Block {
    const BITS: u32 = 1;

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm_loadu_si128(from.cast()) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut u8) {
        // SAFETY: see above.
        unsafe { _mm_storeu_si128(to.cast(), self.0) }
    }

    #[inline(always)]
    fn of_words(low: u64, high: u64) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm_set_epi64x(high as i64, low as i64) })
    }

    #[inline(always)]
    fn dirty<const ESCAPE: u8>(self) -> Self {
        // SAFETY: see above.
        Self(unsafe { dirty16::<ESCAPE>(self.0) })
    }

    #[inline(always)]
    fn or(self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm_or_si128(self.0, other.0) })
    }

    #[inline(always)]
    fn is_zero(self) -> bool {
        self.mask() == 0
    }

    #[inline(always)]
    fn mask(self) -> u64 {
        // SAFETY: see above.
        unsafe { _mm_movemask_epi8(self.0) as u32 as u64 }
    }
}
