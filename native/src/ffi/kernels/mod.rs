//! The text kernels: how the code points of a str become JSON text, for each family of processors.
//!
//! | kernel | processors |
//! |---|---|
//! | [`avx2`] | x86-64 since 2013, chosen once at import |
//! | [`sse2`] | every x86-64 |
//! | [`neon`] | every 64-bit ARM |
//! | [`swar`] | all others: eight bytes at a time in a general register |
//!
//! A kernel says how it copies clean text and how it writes a block of 16 code points; [`write_units`] is the loop around
//! it. The plain loop, `json::escape::write_code_points`, is what the tests compare them with. Nothing here knows Python.

#[cfg(target_arch = "x86_64")]
pub mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx2_escapes;
pub mod blocks;
#[cfg(target_arch = "x86_64")]
mod dirty_bytes;
#[cfg(target_arch = "aarch64")]
pub mod neon;
#[cfg(target_arch = "x86_64")]
pub mod sse2;
pub mod swar;

/// A code point as CPython stores it.
pub trait CodeUnit: Copy + From<u8> + Into<u32> {}
impl CodeUnit for u8 {}
impl CodeUnit for u16 {}
impl CodeUnit for u32 {}

/// How many bytes a kernel may write beyond the room that it was given: one block of 16 code points takes at most 16 x 12
/// bytes, and its last store reaches 16 further.
pub const SLACK: usize = 256;

/// A buffer that kernels write to through pointers.
pub trait TextBuffer {
    /// The place of the next byte, and the end of the room. `SLACK` bytes behind that end are writable too.
    fn room(&mut self) -> (*mut u8, *mut u8);
    /// Takes what was written up to `end`.
    ///
    /// # Safety
    /// `end` lies between the place of the next byte and the end of the slack, and all before it is written.
    unsafe fn take(&mut self, end: *mut u8);
    /// Makes room for that many bytes more; false without memory.
    fn make_room(&mut self, additional: usize) -> bool;
}

/// What a family of processors does with text.
pub trait TextKernel {
    /// Whether up to 16 bytes before a text may be read, as a str's header allows; see `copy_short`.
    const READS_HEADER: bool = false;

    /// Copies up to 32 bytes and tells whether all stand for themselves. What is written beyond them is rubbish.
    ///
    /// # Safety
    /// The processor has this kernel's instructions. 34 bytes are writable. Where `READS_HEADER`, 16 bytes before the end
    /// of the text are readable, however short it is.
    unsafe fn copy_short<const ESCAPE: u8>(from: *const u8, len: usize, to: *mut u8) -> bool;

    /// Copies bytes until a block of them is not clean; how many were copied. What is written beyond is rubbish.
    ///
    /// # Safety
    /// The processor has this kernel's instructions; `bytes.len()` bytes are writable.
    unsafe fn copy_clean<const ESCAPE: u8>(bytes: &[u8], to: *mut u8) -> usize;

    /// Writes 16 code points and returns the end of their text.
    ///
    /// # Safety
    /// The processor has this kernel's instructions; `SLACK` bytes are writable.
    unsafe fn write_block<U: CodeUnit, const ESCAPE: u8>(block: &[U; 16], to: *mut u8) -> *mut u8;
}

/// Writes text of any width as a JSON string, or the rest of one (`from_start` is false) with its last quote.
///
/// # Safety
/// The processor has the kernel's instructions.
#[inline(always)] // into a function that is compiled for them
pub unsafe fn write_units<K: TextKernel, U: CodeUnit, const ESCAPE: u8>(
    mut rest: &[U],
    out: &mut impl TextBuffer,
    from_start: bool,
) {
    // Room that is not used is never touched, and given back in the end.
    let likely = if size_of::<U>() == 1 { rest.len() + rest.len() / 8 } else { 3 * rest.len() };
    if !out.make_room(likely + 2) {
        return;
    }
    // SAFETY: `limit - at > rest.len()` whenever a block begins, with one byte for the closing quote. A block may pass
    // `limit`, but not the slack behind it: at most 16 x 12 bytes, and 16 that are written over later.
    unsafe {
        let (mut at, mut limit) = out.room();
        at.write(b'"');
        at = at.add(usize::from(from_start));
        if size_of::<U>() == 1 {
            let clean = K::copy_clean::<ESCAPE>(as_bytes(rest), at);
            (at, rest) = (at.add(clean), &rest[clean..]);
        }
        let mut padded = [U::from(b' '); 16];
        while !rest.is_empty() {
            let (block, count) = match rest.first_chunk() {
                Some(block) => (block, 16),
                None => {
                    padded[..rest.len()].copy_from_slice(rest);
                    (&padded, rest.len())
                }
            };
            let end = K::write_block::<U, ESCAPE>(block, at);
            let was_clean = end == at.add(16);
            at = end.sub(16 - count); // without the padding
            debug_assert!(at <= limit.add(SLACK - 16));
            rest = &rest[count..];
            if limit.offset_from(at) <= rest.len() as isize {
                out.take(at);
                if !out.make_room(2 * rest.len() + 1) {
                    return;
                }
                (at, limit) = out.room();
            }
            if size_of::<U>() == 1 && (was_clean || rest.len() < 16) {
                let clean = K::copy_clean::<ESCAPE>(as_bytes(rest), at);
                (at, rest) = (at.add(clean), &rest[clean..]);
            }
        }
        at.write(b'"');
        out.take(at.add(1));
    }
}

#[inline(always)]
fn as_bytes<U: CodeUnit>(units: &[U]) -> &[u8] {
    // SAFETY: units are integers.
    unsafe { std::slice::from_raw_parts(units.as_ptr().cast(), size_of_val(units)) }
}

/// Copies the first and the last bytes, as many each as an `Int` has, and gives them. They may overlap.
///
/// # Safety
/// `len` bytes are readable and writable, as many as an `Int` has or more.
#[inline(always)]
pub unsafe fn copy_ends<Int: Copy>(from: *const u8, len: usize, to: *mut u8) -> (Int, Int) {
    debug_assert!(len >= size_of::<Int>());
    let last = len - size_of::<Int>();
    // SAFETY: the caller has at least so many bytes, and room for all of them.
    unsafe {
        let ends = (from.cast::<Int>().read_unaligned(), from.add(last).cast::<Int>().read_unaligned());
        to.cast::<Int>().write_unaligned(ends.0);
        to.add(last).cast::<Int>().write_unaligned(ends.1);
        ends
    }
}

/// The kernels of this architecture, the best first. A processor may lack the first.
pub const KERNELS: &[&str] = &[
    #[cfg(target_arch = "x86_64")]
    "AVX2",
    #[cfg(target_arch = "x86_64")]
    "SSE2",
    #[cfg(target_arch = "aarch64")]
    "NEON",
    "SWAR",
];

/// Writes text as a JSON string with a kernel of one's choice, for tests and benchmarks; false where this processor lacks
/// it.
pub fn write_by<U: CodeUnit, const ESCAPE: u8>(kernel: &str, units: &[U], out: &mut impl TextBuffer) -> bool {
    // SAFETY: AVX2 is there if `choose` says so; SSE2 and NEON are part of their architectures.
    unsafe {
        match kernel {
            #[cfg(target_arch = "x86_64")]
            "AVX2" if avx2::choose() => avx2::write_units::<U, ESCAPE>(units, out),
            #[cfg(target_arch = "x86_64")]
            "SSE2" => write_units::<sse2::Sse2Block, U, ESCAPE>(units, out, true),
            #[cfg(target_arch = "aarch64")]
            "NEON" => write_units::<neon::NeonBlock, U, ESCAPE>(units, out, true),
            "SWAR" => write_units::<swar::SwarBlock, U, ESCAPE>(units, out, true),
            _ => return false,
        }
    }
    true
}

/// A vector whose spare capacity is the room: tests and benchmarks write there.
impl TextBuffer for Vec<u8> {
    fn room(&mut self) -> (*mut u8, *mut u8) {
        self.reserve(SLACK);
        let room = self.capacity() - self.len() - SLACK;
        let spare: *mut u8 = self.spare_capacity_mut().as_mut_ptr().cast();
        // SAFETY: inside the spare capacity.
        (spare, unsafe { spare.add(room) })
    }

    unsafe fn take(&mut self, end: *mut u8) {
        // SAFETY: the caller has written so many bytes behind the last one.
        unsafe {
            let written = end.offset_from(self.as_ptr().add(self.len())) as usize;
            self.set_len(self.len() + written);
        }
    }

    fn make_room(&mut self, additional: usize) -> bool {
        self.reserve(additional + SLACK);
        true
    }
}
