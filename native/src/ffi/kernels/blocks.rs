//! The kernels that look at 16 bytes at a time: one loop, and a vector of each family below it.

use super::{CodeUnit, TextKernel, copy_ends};
use crate::json::escape::{Latin1, UTF8, escape_wide, surrogates};

/// Sixteen bytes in a register of a family of processors.
pub trait ByteBlock: Copy {
    /// How many bits the mask has for each byte.
    const BITS: u32;
    /// Reads 16 bytes.
    ///
    /// # Safety
    /// They are readable.
    unsafe fn load(from: *const u8) -> Self;
    /// Writes 16 bytes.
    ///
    /// # Safety
    /// They are writable.
    unsafe fn store(self, to: *mut u8);
    /// The bytes of two little-endian words.
    fn of_words(low: u64, high: u64) -> Self;
    /// The bytes that do not stand for themselves, all bits set.
    fn dirty<const ESCAPE: u8>(self) -> Self;
    /// The bits of both.
    fn or(self, other: Self) -> Self;
    /// Whether no bit is set.
    fn is_zero(self) -> bool;
    /// One of `BITS` bits for each byte of a result of `dirty`.
    fn mask(self) -> u64;
}

impl<B: ByteBlock> TextKernel for B {
    #[inline(always)]
    unsafe fn copy_short<const ESCAPE: u8>(from: *const u8, len: usize, to: *mut u8) -> bool {
        // SAFETY: both ends lie inside the text.
        unsafe {
            let (low, high) = match len {
                16.. => {
                    let (first, last) = (B::load(from), B::load(from.add(len - 16)));
                    first.store(to);
                    last.store(to.add(len - 16));
                    return first.dirty::<ESCAPE>().or(last.dirty::<ESCAPE>()).is_zero();
                }
                8.. => copy_ends::<u64>(from, len, to),
                4.. => {
                    let (first, last) = copy_ends::<u32>(from, len, to);
                    let both = u64::from(first) | u64::from(last) << 32;
                    (both, both)
                }
                2.. => {
                    let (first, last) = copy_ends::<u16>(from, len, to);
                    let both = u64::from(first) << 16 | u64::from(last) | 0x2020_2020_0000_0000; // a zero byte is dirty
                    (both, both)
                }
                1 => {
                    to.write(from.read());
                    let padded = u64::from(from.read()) | 0x2020_2020_2020_2000;
                    (padded, padded)
                }
                0 => return true,
            };
            B::of_words(low, high).dirty::<ESCAPE>().is_zero()
        }
    }

    #[inline(always)]
    unsafe fn copy_clean<const ESCAPE: u8>(bytes: &[u8], to: *mut u8) -> usize {
        let (from, len) = (bytes.as_ptr(), bytes.len());
        // SAFETY: every block begins at most 16 bytes before the end.
        unsafe {
            let copy = |place: usize| {
                debug_assert!(place + 16 <= len);
                let block = B::load(from.add(place));
                block.store(to.add(place));
                block.dirty::<ESCAPE>()
            };
            let mut done = 0;
            while len - done >= 64 {
                let (one, two) = (copy(done).or(copy(done + 16)), copy(done + 32).or(copy(done + 48)));
                if !one.or(two).is_zero() {
                    return done;
                }
                done += 64;
            }
            while len - done >= 16 {
                if !copy(done).is_zero() {
                    return done;
                }
                done += 16;
            }
            if Self::copy_short::<ESCAPE>(from.add(done), len - done, to.add(done)) { len } else { done }
        }
    }

    #[inline(always)]
    unsafe fn write_block<U: CodeUnit, const ESCAPE: u8>(block: &[U; 16], to: *mut u8) -> *mut u8 {
        // Clean code points are below 0xff, which is dirty. Compilers make vectors of this line by themselves.
        let mut bytes = [0; 32];
        for (byte, &unit) in bytes.iter_mut().zip(block) {
            *byte = unit.into().min(0xff) as u8;
        }
        // SAFETY: the array has 32 bytes; the caller has room.
        unsafe {
            let narrow = B::load(bytes.as_ptr());
            narrow.store(to);
            let dirty = narrow.dirty::<ESCAPE>();
            if dirty.is_zero() {
                return to.add(16);
            }
            write_dirty::<U, ESCAPE>(block, &bytes, dirty.mask(), B::BITS, to)
        }
    }
}

/// Writes 16 code points, the dirty ones one by one. `bytes` has the clean ones, and 16 more that count for nothing.
///
/// # Safety
/// `SLACK` bytes are writable; the first 16 of `bytes` are written there already.
#[inline(never)]
unsafe fn write_dirty<U: CodeUnit, const ESCAPE: u8>(
    block: &[U; 16],
    bytes: &[u8; 32],
    mut dirty: u64,
    bits: u32,
    mut to: *mut u8,
) -> *mut u8 {
    let byte_mask = (1 << bits) - 1;
    let mut done = 0;
    // SAFETY: at most 12 bytes for each of 16 code points, and 16 for what is left.
    unsafe {
        while dirty != 0 {
            let index = (dirty.trailing_zeros() / bits) as usize & 15;
            to = to.add(index - done);
            let point: u32 = block[index].into();
            let mut write_wide = |point| {
                let (word, len) = escape_wide::<ESCAPE>(point);
                to.cast::<[u8; 8]>().write(word.to_le_bytes());
                to = to.add(len);
            };
            if point < 0x100 {
                let escaped = &Latin1::<ESCAPE>::ESCAPES[point as usize & 0xff];
                to.cast::<[u8; 8]>().write(*escaped);
                to = to.add(usize::from(escaped[7]));
            } else if ESCAPE != UTF8 && point > 0xffff {
                surrogates(point).into_iter().for_each(write_wide);
            } else {
                write_wide(point);
            }
            done = index + 1;
            to.cast::<[u8; 16]>().write(bytes.as_ptr().add(done).cast::<[u8; 16]>().read());
            dirty &= !(byte_mask << (index as u32 * bits));
        }
        to.add(16 - done)
    }
}
