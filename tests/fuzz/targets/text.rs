//! Strings of each width, in each form, by every text kernel and the plain loop, beside `json.dumps`.
#![no_main]

use _native::ffi::kernels::{CodeUnit, KERNELS, write_by};
use _native::json::escape::{self, ASCII, HTML, UTF8};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

fn forms<U: CodeUnit>(units: &[U]) -> [Vec<Vec<u8>>; 3] {
    fn write<U: CodeUnit, const ESCAPE: u8>(units: &[U]) -> Vec<Vec<u8>> {
        let mut plain = Vec::new();
        escape::write_code_points::<ESCAPE>(&mut plain, units.iter().map(|&unit| unit.into()));
        // A block of its own, of the exact size: AddressSanitizer sees what is read beyond.
        let units: Box<[U]> = units.into();
        let mut texts = vec![plain];
        for kernel in KERNELS {
            let mut text = Vec::new();
            if write_by::<U, ESCAPE>(kernel, &units, &mut text) {
                texts.push(text);
            }
        }
        texts
    }
    [write::<U, UTF8>(units), write::<U, ASCII>(units), write::<U, HTML>(units)]
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((width, data)) = data.split_first() else { return };
    let wide: Vec<u16> = data.chunks_exact(2).map(|two| u16::from_le_bytes([two[0], two[1]])).collect();
    let widest: Vec<u32> = data
        .chunks_exact(3)
        .map(|three| u32::from_le_bytes([three[0], three[1], three[2] & 31, 0]))
        .map(|point| point.min(0x10ffff))
        .collect();
    let (written, points): (_, Vec<u32>) = match width % 3 {
        0 => (forms(data), data.iter().map(|&unit| unit.into()).collect()),
        1 => (forms(&wide), wide.iter().map(|&unit| unit.into()).collect()),
        _ => (forms(&widest), widest),
    };
    Python::attach(|py| {
        let bytes = written.map(|texts| texts.iter().map(|text| PyBytes::new(py, text).unbind()).collect::<Vec<_>>());
        oracle::check(py, "check_text", (points, bytes));
    });
});
