//! Blocks of 16 code points that do not all stand for themselves, by AVX2.
//!
//! What every function here asks of its caller: see `avx2`.

use std::arch::x86_64::*;

use super::CodeUnit;
use crate::json::escape::{CLOSE_PAIRS, CLOSE_QUADS, CLOSED_QUADS, Latin1, SLIDE, UTF8, escape_wide, surrogates};

/// 16 code points of Latin-1 that all stand for themselves or take two bytes: None if there are others.
#[target_feature(enable = "avx2,popcnt")]
#[inline]
pub unsafe fn write_pairs<const ESCAPE: u8>(block: __m128i, dirty: u32, at: *mut u8) -> Option<*mut u8> {
    // SAFETY: two stores of 16 bytes, the second at most 16 behind `at`.
    unsafe {
        let fill = |byte: u8| _mm_set1_epi8(byte as i8);
        let is = |byte| _mm_cmpeq_epi8(block, fill(byte));
        // \b \t \n \f \r: a byte above 15 becomes one above 127, for which a shuffle gives 0.
        let letters = _mm_set_epi64x(i64::from_le_bytes(*b"btn\0fr\0\0"), 0);
        let letters = _mm_shuffle_epi8(letters, _mm_adds_epu8(block, fill(0x70)));
        let escaped = _mm_or_si128(_mm_or_si128(is(b'"'), is(b'\\')), _mm_cmpgt_epi8(letters, fill(0)));
        let beyond_ascii = if ESCAPE == UTF8 { _mm_movemask_epi8(block) as u32 } else { 0 };
        if _mm_movemask_epi8(escaped) as u32 | beyond_ascii != dirty {
            return None;
        }
        // First \, or 110000 and the upper two bits; then the letter, or 10 and the lower six bits.
        let lead = _mm_sub_epi8(fill(0xc2), _mm_cmpgt_epi8(block, fill(0xbf)));
        let first = _mm_blendv_epi8(_mm_blendv_epi8(block, fill(b'\\'), escaped), lead, block);
        let bit_6_beyond_ascii = _mm_srli_epi16::<1>(_mm_and_si128(block, fill(0x80)));
        let second = _mm_andnot_si128(bit_6_beyond_ascii, _mm_max_epu8(letters, block));
        let close = |pairs, mask: usize, at: *mut u8| {
            let shuffle = _mm_loadu_si128(CLOSE_PAIRS[mask].as_ptr().cast());
            _mm_storeu_si128(at.cast(), _mm_shuffle_epi8(pairs, shuffle));
            at.add(8 + mask.count_ones() as usize)
        };
        let at = close(_mm_unpacklo_epi8(first, second), dirty as usize & 0xff, at);
        Some(close(_mm_unpackhi_epi8(first, second), dirty as usize >> 8, at))
    }
}

/// Eight code points in UTF-8, none of them escaped.
#[target_feature(enable = "avx2,popcnt")]
#[inline]
pub unsafe fn write_quads(points: __m256i, at: *mut u8) -> *mut u8 {
    // SAFETY: two stores of 16 bytes, the second at most 16 behind `at`.
    unsafe {
        let fill = |value: u32| _mm256_set1_epi32(value as i32);
        let or = |a, b| _mm256_or_si256(a, b);
        // Six bits in each byte, the last byte on top.
        let top = _mm256_slli_epi32::<24>(points);
        let bits = or(
            or(
                _mm256_and_si256(top, fill(0x3f00_0000)),
                _mm256_and_si256(_mm256_slli_epi32::<10>(points), fill(0x3f_0000)),
            ),
            or(_mm256_and_si256(_mm256_srli_epi32::<4>(points), fill(0x3f00)), _mm256_srli_epi32::<18>(points)),
        );
        // How many bytes follow the lead, and the marks of a lead and what follows it.
        let above = |value: u32| _mm256_cmpgt_epi32(points, fill(value));
        let (two, three, four) = (above(0x7f), above(0x7ff), above(0xffff));
        let more = _mm256_sub_epi32(fill(0), _mm256_add_epi32(two, _mm256_add_epi32(three, four)));
        let marks = [0, 0x80c0_0000, 0x8080_e000, 0x8080_80f0_u32, 0, 0, 0, 0];
        let marks = _mm256_permutevar8x32_epi32(_mm256_loadu_si256(marks.as_ptr().cast()), more);
        let quads = _mm256_blendv_epi8(top, or(bits, marks), two);
        let mask = |lanes| _mm256_movemask_ps(_mm256_castsi256_ps(lanes)) as usize;
        let (low, high) = (mask(_mm256_slli_epi32::<31>(more)), mask(_mm256_slli_epi32::<30>(more)));
        let close = |quads, index: usize, at: *mut u8| {
            let shuffle = _mm_loadu_si128(CLOSE_QUADS[index].as_ptr().cast());
            _mm_storeu_si128(at.cast(), _mm_shuffle_epi8(quads, shuffle));
            at.add(usize::from(CLOSED_QUADS[index]))
        };
        let at = close(_mm256_castsi256_si128(quads), low & 15 | (high & 15) << 4, at);
        close(_mm256_extracti128_si256::<1>(quads), low >> 4 | high & 0xf0, at)
    }
}

/// Any 16 code points, the dirty ones one by one. `bytes` was stored already.
#[target_feature(enable = "avx2,popcnt")]
#[inline]
pub unsafe fn write_dirty<U: CodeUnit, const ESCAPE: u8>(
    block: &[U; 16],
    bytes: __m128i,
    mut dirty: u32,
    mut at: *mut u8,
) -> *mut u8 {
    let mut done = 0;
    // SAFETY: at most 12 bytes for each of 16 code points, and 16 for what is left; SLIDE has 16 from any place to 16.
    unsafe {
        while dirty != 0 {
            let index = dirty.trailing_zeros() as usize & 15;
            at = at.add(index - done);
            let point: u32 = block[index].into();
            let mut write_wide = |point| {
                let (word, len) = escape_wide::<ESCAPE>(point);
                at.cast::<[u8; 8]>().write(word.to_le_bytes());
                at = at.add(len);
            };
            if point < 0x100 {
                let escaped = &Latin1::<ESCAPE>::ESCAPES[point as usize & 0xff];
                at.cast::<[u8; 8]>().write(*escaped);
                at = at.add(usize::from(escaped[7]));
            } else if ESCAPE != UTF8 && point > 0xffff {
                surrogates(point).into_iter().for_each(write_wide);
            } else {
                write_wide(point);
            }
            done = index + 1;
            let left = _mm_shuffle_epi8(bytes, _mm_loadu_si128(SLIDE.as_ptr().add(done).cast()));
            _mm_storeu_si128(at.cast(), left);
            dirty &= dirty - 1;
        }
        at.add(16 - done)
    }
}
