//! Strings of each width, in each form, by both writers of pure Rust, beside `json.dumps`.
#![no_main]

use _native::json::escape::{self, ASCII, HTML, UTF8};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

fn forms<U: Copy + Into<u32>>(units: &[U]) -> [[Vec<u8>; 2]; 3] {
    fn write<U: Copy + Into<u32>, const ESCAPE: u8>(units: &[U]) -> [Vec<u8>; 2] {
        let (mut plain, mut blocks) = (Vec::new(), Vec::new());
        escape::write_code_points::<ESCAPE>(&mut plain, units.iter().map(|&unit| unit.into()));
        escape::write_units::<U, ESCAPE>(&mut blocks, units);
        [plain, blocks]
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
        let bytes = written.each_ref().map(|two| two.each_ref().map(|text| PyBytes::new(py, text).unbind()));
        oracle::check(py, "check_text", (points, bytes));
    });
});
