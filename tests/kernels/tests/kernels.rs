//! Every kernel of the processor beside the plain loop.

use pyforge_text_kernels::json::escape::{ASCII, HTML, UTF8, write_code_points};
use pyforge_text_kernels::kernels::{CodeUnit, KERNELS, write_by};

fn check_units<U: CodeUnit, const ESCAPE: u8>(units: &[U]) {
    let mut expected = Vec::new();
    write_code_points::<ESCAPE>(&mut expected, units.iter().map(|&unit| unit.into()));
    let units: Box<[U]> = units.into();
    let mut count = 0;
    for kernel in KERNELS {
        let mut text = Vec::new();
        if write_by::<U, ESCAPE>(kernel, &units, &mut text) {
            let points: Vec<u32> = units.iter().map(|&unit| unit.into()).collect();
            assert_eq!(String::from_utf8_lossy(&text), String::from_utf8_lossy(&expected), "{kernel}: {points:x?}");
            count += 1;
        }
    }
    assert!(count > 0);
}

fn check(points: &[u32]) {
    fn as_units<U: CodeUnit + TryFrom<u32>>(points: &[u32]) {
        let units: Result<Vec<U>, _> = points.iter().map(|&point| U::try_from(point)).collect();
        if let Ok(units) = units {
            check_units::<U, UTF8>(&units);
            check_units::<U, ASCII>(&units);
            check_units::<U, HTML>(&units);
        }
    }
    as_units::<u8>(points);
    as_units::<u16>(points);
    as_units::<u32>(points);
}

const SPECIMENS: [u32; 20] = [
    0x00, 0x08, 0x0a, 0x1f, 0x22, 0x26, 0x27, 0x3c, 0x5c, 0x7f, 0x80, 0xbf, 0xc0, 0xff, 0x7ff, 0x2028, 0xd800, 0xdfff,
    0xffff, 0x10ffff,
];

#[test]
fn every_code_point_is_written_as_the_plain_loop_writes_it() {
    let all: Vec<u32> = (0..0x11_0000).collect();
    all.chunks(37).for_each(check);
}

#[test]
fn a_specimen_at_every_place_of_every_length() {
    for len in 0..=150 {
        check(&vec![0x61; len]);
        for place in 0..len {
            let mut points = vec![0x61; len];
            points[place] = SPECIMENS[(place + len) % SPECIMENS.len()];
            check(&points);
        }
        check(&vec![SPECIMENS[len % SPECIMENS.len()]; len]);
    }
}
