//! AVX2: nearly every x86-64 processor since 2013.
//!
//! A block is narrowed to bytes, stored, and looked at: mostly it is clean, and done. Otherwise all its code points are
//! written at once where they take two bytes each or stand for themselves (`write_pairs`) or are dense and beyond Latin-1
//! (`write_quads`), else one after the other (`write_dirty`). No branch depends on a single code point but in `write_dirty`.
//!
//! What every function here asks of its caller, beyond a processor with AVX2 and POPCNT: from `at` on as many bytes
//! are writable as it has code points, and `SLACK` bytes more.

use std::arch::x86_64::*;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::avx2_escapes::{write_dirty, write_pairs, write_quads};
use super::dirty_bytes::{dirty16, dirty32};
use super::sse2::Sse2Block;
use super::{CodeUnit, TextBuffer, TextKernel};
use crate::json::escape::{SLIDE, UTF8};

/// Whether the processor has what the functions below are compiled for. A flag of our own: the cold half of
/// `is_x86_feature_detected` would be in the way of every text.
static CHOSEN: AtomicBool = AtomicBool::new(false);

/// Whether this process uses AVX2.
#[inline(always)]
pub fn is_chosen() -> bool {
    CHOSEN.load(Relaxed)
}

/// Asks the processor, at import; whether this process uses AVX2 from now on.
pub fn choose() -> bool {
    let chosen = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("popcnt");
    CHOSEN.store(chosen, Relaxed);
    chosen
}

/// Whether the processor also has what came with AVX2 and the walk is compiled for.
pub fn has_companions() -> bool {
    is_x86_feature_detected!("bmi1") && is_x86_feature_detected!("bmi2") && is_x86_feature_detected!("lzcnt")
}

/// The kernel of AVX2.
pub struct Avx2;

impl TextKernel for Avx2 {
    const READS_HEADER: bool = true;

    /// One shuffle for all lengths up to 16: the 16 bytes that end with the text are moved to the front. A branch for each
    /// group of lengths is mispredicted on real keys.
    #[inline(always)]
    unsafe fn copy_short<const ESCAPE: u8>(from: *const u8, len: usize, to: *mut u8) -> bool {
        // SAFETY: the caller has the processor; 16 bytes before the end are readable; SLIDE has 16 from any place to 16.
        unsafe {
            if len > 16 {
                return Sse2Block::copy_short::<ESCAPE>(from, len, to);
            }
            let last = _mm_loadu_si128(from.add(len).sub(16).cast());
            let slide = _mm_loadu_si128(SLIDE.as_ptr().add(16 - len).cast());
            _mm_storeu_si128(to.cast(), _mm_shuffle_epi8(last, slide));
            let dirty = _mm_movemask_epi8(dirty16::<ESCAPE>(last)) as u32;
            dirty >> (16 - len) == 0
        }
    }

    #[inline(always)]
    unsafe fn copy_clean<const ESCAPE: u8>(bytes: &[u8], to: *mut u8) -> usize {
        // SAFETY: the caller's.
        unsafe { copy_clean::<ESCAPE>(bytes, to) }
    }

    #[inline(always)]
    unsafe fn write_block<U: CodeUnit, const ESCAPE: u8>(block: &[U; 16], to: *mut u8) -> *mut u8 {
        // SAFETY: the caller's.
        unsafe { write_block::<U, ESCAPE>(block, to) }
    }
}

/// Writes text of any kind as a JSON string.
///
/// # Safety
/// `is_chosen()`.
#[target_feature(enable = "avx2,popcnt")]
#[inline(never)]
pub unsafe fn write_units<U: CodeUnit, const ESCAPE: u8>(units: &[U], out: &mut impl TextBuffer) {
    // SAFETY: compiled for AVX2.
    unsafe { super::write_units::<Avx2, U, ESCAPE>(units, out, true) }
}

/// Writes more than 32 bytes of ASCII in quotes: the end, null where not all stand for themselves.
///
/// # Safety
/// `is_chosen()`; `len + 2` bytes are writable, and the slack behind them.
#[target_feature(enable = "avx2,popcnt")]
#[inline(never)]
pub unsafe fn copy_long<const ESCAPE: u8>(from: *const u8, len: usize, at: *mut u8) -> *mut u8 {
    // SAFETY: every load and store is of 32 bytes that begin at most at `len - 32`.
    unsafe {
        at.write(b'"');
        let to = at.add(1);
        let copy_32 = |place: usize| {
            debug_assert!(place + 32 <= len);
            let block = _mm256_loadu_si256(from.add(place).cast());
            _mm256_storeu_si256(to.add(place).cast(), block);
            dirty32::<ESCAPE>(block)
        };
        let mut done = 0;
        while len - done >= 128 {
            let one = _mm256_or_si256(copy_32(done), copy_32(done + 32));
            let two = _mm256_or_si256(copy_32(done + 64), copy_32(done + 96));
            let both = _mm256_or_si256(one, two);
            if _mm256_testz_si256(both, both) == 0 {
                return std::ptr::null_mut();
            }
            done += 128;
        }
        // The rest: up to 127 bytes, looked at together with clean ones before them.
        let mut dirty = copy_32(len - 32);
        while done + 32 < len {
            dirty = _mm256_or_si256(dirty, copy_32(done));
            done += 32;
        }
        if _mm256_testz_si256(dirty, dirty) == 0 {
            return std::ptr::null_mut();
        }
        to.add(len).write(b'"');
        to.add(len + 1)
    }
}

/// Copies bytes until a vector of them is not clean; how many were copied. What is written beyond is rubbish.
#[target_feature(enable = "avx2,popcnt")]
#[inline]
unsafe fn copy_clean<const ESCAPE: u8>(bytes: &[u8], at: *mut u8) -> usize {
    let len = bytes.len();
    // SAFETY: every load and store is of 32 bytes that begin at most at `len - 32`.
    unsafe {
        if len < 32 {
            // Not the shuffle of `copy_short`: what stands before these bytes may be no str's header.
            return if Sse2Block::copy_short::<ESCAPE>(bytes.as_ptr(), len, at) { len } else { 0 };
        }
        let copy_32 = |place: usize| {
            debug_assert!(place + 32 <= len);
            let block = _mm256_loadu_si256(bytes.as_ptr().add(place).cast());
            _mm256_storeu_si256(at.add(place).cast(), block);
            dirty32::<ESCAPE>(block)
        };
        let is_clean = |dirty| _mm256_testz_si256(dirty, dirty) == 1;
        let mut done = 0;
        while len - done >= 64 {
            if !is_clean(_mm256_or_si256(copy_32(done), copy_32(done + 32))) {
                return done;
            }
            done += 64;
        }
        if len - done >= 32 {
            if !is_clean(copy_32(done)) {
                return done;
            }
            done += 32;
        }
        // The last ones once more, together with clean ones before them.
        if done == len || is_clean(copy_32(len - 32)) { len } else { done }
    }
}

#[target_feature(enable = "avx2,popcnt")]
#[inline]
unsafe fn write_block<U: CodeUnit, const ESCAPE: u8>(block: &[U; 16], at: *mut u8) -> *mut u8 {
    // SAFETY: all loads are inside the block; what is stored is what the functions below store.
    unsafe {
        let from = block.as_ptr().cast::<__m256i>();
        let words = match size_of::<U>() {
            1 => _mm256_setzero_si256(),
            2 => _mm256_loadu_si256(from),
            // Packed in each half of the vector: a0 b0 a1 b1. What is beyond 16 bits becomes 0xffff.
            _ => _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packus_epi32(
                _mm256_loadu_si256(from),
                _mm256_loadu_si256(from.add(1)),
            )),
        };
        let bytes = if size_of::<U>() == 1 {
            _mm_loadu_si128(from.cast())
        } else {
            // What is beyond 8 bits becomes 0xff, which is dirty.
            let words = _mm256_min_epu16(words, _mm256_set1_epi16(0xff));
            _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256::<1>(words))
        };
        _mm_storeu_si128(at.cast(), bytes);
        let dirty = _mm_movemask_epi8(dirty16::<ESCAPE>(bytes)) as u32;
        if dirty == 0 {
            return at.add(16);
        }
        if _mm256_testz_si256(words, _mm256_set1_epi16(!0xff)) == 1 {
            if let Some(end) = write_pairs::<ESCAPE>(bytes, dirty, at) {
                return end;
            }
        } else if ESCAPE == UTF8 && dirty.count_ones() > 3 {
            let is = |words, word: i16| _mm256_cmpeq_epi16(words, _mm256_set1_epi16(word));
            let hard = is(_mm256_and_si256(words, _mm256_set1_epi16(!0x7ff)), 0xd800_u16 as i16);
            let escapes = dirty & !(_mm_movemask_epi8(bytes) as u32);
            if escapes == 0 && _mm256_testz_si256(hard, hard) == 1 {
                let points = |half: usize| match size_of::<U>() {
                    2 => _mm256_cvtepu16_epi32(_mm_loadu_si128(from.cast::<__m128i>().add(half))),
                    _ => _mm256_loadu_si256(from.add(half)),
                };
                return write_quads(points(1), write_quads(points(0), at));
            }
        }
        write_dirty::<U, ESCAPE>(block, bytes, dirty, at)
    }
}
