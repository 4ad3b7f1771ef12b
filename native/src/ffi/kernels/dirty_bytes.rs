//! Which bytes of a vector do not stand for themselves: 16 bytes of SSE2, 32 of AVX2.

use std::arch::x86_64::*;

use crate::json::escape::{ASCII, HTML};

macro_rules! dirty {
    ($name:ident, $vector:ty, $fill:ident, $equal:ident, $greater:ident, $or:ident) => {
        /// Marks the bytes that do not stand for themselves.
        ///
        /// # Safety
        /// The processor has the vector.
        #[inline(always)]
        pub unsafe fn $name<const ESCAPE: u8>(block: $vector) -> $vector {
            // SAFETY: the caller's processor has these instructions.
            unsafe {
                let is = |block, byte: u8| $equal(block, $fill(byte as i8));
                // Compared as signed numbers, all beyond ASCII is below the space too.
                let below = $greater($fill(b' ' as i8), block);
                let dirty = $or(below, $or(is(block, b'"'), is(block, b'\\')));
                match ESCAPE {
                    ASCII => $or(dirty, is(block, 0x7f)),
                    HTML => {
                        let html = $or(is($or(block, $fill(2)), b'>'), is($or(block, $fill(1)), b'\''));
                        $or($or(dirty, is(block, 0x7f)), html)
                    }
                    _ => dirty,
                }
            }
        }
    };
}
dirty!(dirty16, __m128i, _mm_set1_epi8, _mm_cmpeq_epi8, _mm_cmpgt_epi8, _mm_or_si128);
dirty!(dirty32, __m256i, _mm256_set1_epi8, _mm256_cmpeq_epi8, _mm256_cmpgt_epi8, _mm256_or_si256);
