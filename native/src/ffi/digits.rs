//! Integers in decimal digits, straight into memory.

use crate::json::number::{EIGHT_DIGITS, PAIRS, short_digits, three_digits};

/// How many bytes `write_number` writes at most: a sign, 20 digits, and 7 bytes that a last store of 8 reaches further.
pub const LONGEST: usize = 28;

/// Writes a number and gives the end of its text.
///
/// # Safety
/// `LONGEST` bytes are writable.
#[inline]
pub unsafe fn write_number(value: i64, at: *mut u8) -> *mut u8 {
    // SAFETY: a sign and 20 digits at most, the last store reaching 7 bytes further.
    unsafe {
        at.write(b'-');
        let at = at.add(usize::from(value < 0));
        let value = value.unsigned_abs();
        if value < EIGHT_DIGITS { write_word(short_digits(value as u32), at) } else { write_long_number(value, at) }
    }
}

/// Writes a number of nine digits or more.
#[inline(never)]
unsafe fn write_long_number(value: u64, at: *mut u8) -> *mut u8 {
    let (high, low) = (value / EIGHT_DIGITS, (value % EIGHT_DIGITS) as u32);
    // SAFETY: as for `write_number`.
    unsafe {
        let at = match three_digits(high) {
            Some((word, len)) => {
                at.cast::<[u8; 4]>().write(word.to_le_bytes());
                at.add(len)
            }
            None if high < EIGHT_DIGITS => write_word(short_digits(high as u32), at),
            None => {
                let at = write_word(short_digits((high / EIGHT_DIGITS) as u32), at);
                write_eight((high % EIGHT_DIGITS) as u32, at)
            }
        };
        write_eight(low, at)
    }
}

#[inline(always)]
unsafe fn write_word((word, len): (u64, usize), at: *mut u8) -> *mut u8 {
    // SAFETY: as for `write_number`.
    unsafe {
        at.cast::<[u8; 8]>().write(word.to_le_bytes());
        at.add(len)
    }
}

/// Writes eight digits, two at a time: four loads that do not wait for each other, as the products of `short_digits` do.
#[inline(always)]
unsafe fn write_eight(value: u32, at: *mut u8) -> *mut u8 {
    let (high, low) = (value / 10_000, value % 10_000);
    let pairs = [high / 100, high % 100, low / 100, low % 100].map(|number| PAIRS[number as usize % 100]);
    // SAFETY: as for `write_number`.
    unsafe {
        at.cast::<[[u8; 2]; 4]>().write(pairs);
        at.add(8)
    }
}
