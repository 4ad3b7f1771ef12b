use pyo3::types::IntoPyDict;

use pyo3::exceptions::{PyMemoryError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString, PyTuple};

use super::buffer::INLINE;
use super::kernels::{self, CodeUnit, TextKernel, swar};
use super::text::{BaselineKernel, write_text, write_units};
use super::*;
use crate::json::escape;
use crate::json::escape::{ASCII, HTML, UTF8};
use crate::json::writer::Out;

/// What `write` puts into a buffer.
fn written(write: impl FnOnce(&mut BytesBuffer)) -> Vec<u8> {
    let mut out = BytesBuffer::new();
    write(&mut out);
    Python::attach(|py| out.finish(py).unwrap().as_bytes().to_vec())
}

fn check_mode<U: CodeUnit, const ESCAPE: u8>(units: &[U]) {
    let mut expected = Vec::new();
    escape::write_code_points::<ESCAPE>(&mut expected, units.iter().map(|&unit| unit.into()));
    // A block of its own, of the exact size: valgrind sees what is read beyond.
    let units: Box<[U]> = units.into();
    let mut texts: Vec<_> = kernels::KERNELS.iter().map(|kernel| (*kernel, Vec::new())).collect();
    texts.retain_mut(|(kernel, text)| kernels::write_by::<U, ESCAPE>(kernel, &units, text));
    texts.push(("the buffer's", written(|out| write_units::<U, ESCAPE>(&units, out))));
    for (kernel, text) in texts {
        if text != expected {
            let points: Vec<u32> = units.iter().map(|&unit| unit.into()).collect();
            panic!("{kernel}, mode {ESCAPE}: {points:x?}\n{}", String::from_utf8_lossy(&text));
        }
    }
}

/// Every way to escape, and every width that can hold these code points.
fn check(points: &[u32]) {
    fn as_units<U: CodeUnit + TryFrom<u32>>(points: &[u32]) {
        let units: Result<Vec<U>, _> = points.iter().map(|&point| U::try_from(point)).collect();
        if let Ok(units) = units {
            check_mode::<U, UTF8>(&units);
            check_mode::<U, ASCII>(&units);
            check_mode::<U, HTML>(&units);
        }
    }
    as_units::<u8>(points);
    as_units::<u16>(points);
    as_units::<u32>(points);
}

fn as_str<'py>(py: Python<'py>, points: &[u32]) -> Bound<'py, PyString> {
    let bytes: Vec<u8> = points.iter().flat_map(|point| point.to_le_bytes()).collect();
    let text = PyBytes::new(py, &bytes).call_method1("decode", ("utf-32-le", "surrogatepass")).unwrap();
    text.cast_into().unwrap()
}

const SPECIMENS: [u32; 20] = [
    0x00, 0x08, 0x0a, 0x1f, 0x22, 0x26, 0x27, 0x3c, 0x5c, 0x7f, 0x80, 0xbf, 0xc0, 0xff, 0x7ff, 0x2028, 0xd800, 0xdfff,
    0xffff, 0x10ffff,
];

#[test]
fn every_code_point_is_written_as_the_plain_loop_writes_it() {
    let all: Vec<u32> = (0..0x11_0000).collect();
    all.chunks(37).for_each(check);
    all.chunks(5 * 16).step_by(5).for_each(check);
}

#[test]
fn a_specimen_at_every_place_of_every_length() {
    for len in 0..=200 {
        check(&vec![0x61; len]);
        check(&vec![0xe9; len]);
        for place in 0..len {
            // One dirty code point, each place another; the next round of 20 lengths has all others at this place.
            let mut points = vec![0x61; len];
            points[place] = SPECIMENS[(place + len) % SPECIMENS.len()];
            check(&points);
        }
        check(&vec![SPECIMENS[len % SPECIMENS.len()]; len]);
    }
}

#[test]
fn texts_of_all_kinds_and_their_str() {
    let kinds: [&[u32]; 8] = [
        &[0x61, 0x62, 0x20, 0x7a],
        &[0x22, 0x5c, 0x0a, 0x09, 0x61],
        &[0x00, 0x01, 0x1f, 0x7f, 0x3c, 0x3e, 0x26, 0x27],
        &[0x80, 0xa0, 0xe9, 0xff, 0xbf, 0xc0],
        &[0x65e5, 0x672c, 0x3002, 0xffff, 0x800],
        &[0x2028, 0x2029, 0x7ff, 0x20ac, 0x100],
        &[0xd800, 0xdbff, 0xdc00, 0xdfff, 0xe000, 0xd7ff],
        &[0x1_0000, 0x1_f600, 0x10_ffff],
    ];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    Python::attach(|py| {
        let dumps = py.import("json").unwrap().getattr("dumps").unwrap();
        for _ in 0..3_000 {
            let (rare, dense) = (kinds[random(8)], kinds[random(8)]);
            let (one_in, longest) = (1 + random(40), 2 << random(10));
            let points: Vec<u32> = (0..random(longest))
                .map(|_| if random(one_in) == 0 { rare[random(rare.len())] } else { dense[random(dense.len())] })
                .collect();
            check(&points);
            let text = as_str(py, &points);
            let found = written(|out| write_text::<ASCII>(&text, out));
            let expected: String = dumps.call1((&text,)).unwrap().extract().unwrap();
            assert_eq!(String::from_utf8(found).unwrap(), expected);
        }
    });
}

#[test]
fn the_content_of_a_subclass_is_read() {
    Python::attach(|py| {
        let code =
            c"type('Loud', (str,), {'__str__': lambda self: 'x', '__len__': lambda self: 1})('caf\\u00e9 \\u65e5')";
        let text = py.eval(code, None, None).unwrap().cast_into::<PyString>().unwrap();
        assert_eq!(written(|out| write_text::<UTF8>(&text, out)), "\"café 日\"".as_bytes());
    });
}

#[test]
fn a_buffer_grows_across_every_limit() {
    for size in (0..80).chain(INLINE - 40..INLINE + 40).chain([4 * INLINE, 9 * INLINE]) {
        let bytes: Vec<u8> = (0..size).map(|place| place as u8).collect();
        assert_eq!(written(|out| bytes.iter().for_each(|&byte| out.push(byte))), bytes);
        assert_eq!(written(|out| out.extend(&bytes)), bytes);
        for segment in [1, 2, 3, 5, 8, 13, 16, 31, 32, 33, 100] {
            assert_eq!(written(|out| bytes.chunks(segment).for_each(|segment| out.extend(segment))), bytes);
        }
        for before in [0, INLINE / 2, INLINE - 1] {
            // One that grows in the middle of a text, by the factor of six.
            let found = written(|out| {
                out.extend(&vec![b' '; before]);
                write_units::<u8, UTF8>(&vec![1; size], out);
            });
            assert_eq!(found.len(), before + 6 * size + 2);
        }
    }
}

#[test]
fn a_finished_buffer_begins_anew() {
    Python::attach(|py| {
        let mut out = BytesBuffer::new();
        for size in [5, 10 * INLINE, INLINE, 3] {
            out.extend(&vec![b'x'; size]);
            out.push(b'y');
            let found = out.finish(py).unwrap();
            assert_eq!(found.as_bytes(), [&vec![b'x'; size][..], b"y"].concat());
            assert_eq!(out.len(), 0);
        }
    });
}

#[test]
fn without_memory_it_forgets_and_says_so_at_the_end() {
    Python::attach(|py| {
        for before in [0, 10 * INLINE] {
            let mut out = BytesBuffer::new();
            out.extend(&vec![b'x'; before]);
            assert!(!out.reserve(isize::MAX as usize));
            assert!(!PyErr::occurred(py));
            out.push(b'x');
            out.extend(b"more");
            write_text::<UTF8>(&PyString::new(py, "short"), &mut out);
            write_text::<UTF8>(&PyString::new(py, &"é".repeat(5000)), &mut out);
            assert!(out.failed());
            assert_eq!(out.len(), 0);
            assert!(out.finish(py).unwrap_err().is_instance_of::<PyMemoryError>(py));
        }
    });
}

#[test]
fn items_are_read_inside_the_bounds_alone() {
    Python::attach(|py| {
        let list = PyList::new(py, [1, 2]).unwrap();
        assert_eq!(list_item(&list, 1).unwrap().extract::<i32>().unwrap(), 2);
        list.del_item(0).unwrap();
        assert!(list_item(&list, 1).is_none());
        let tuple = PyTuple::new(py, [1]).unwrap();
        assert_eq!(tuple_item(&tuple, 0).unwrap().extract::<i32>().unwrap(), 1);
        assert!(tuple_item(&tuple, 1).is_none());
    });
}

#[test]
fn a_dict_that_changes_is_noticed() {
    Python::attach(|py| {
        let dict = [("a", 1), ("b", 2)].into_py_dict(py).unwrap();
        let mut cursor = DictCursor::new(&dict);
        assert!(cursor.next(&dict).unwrap().is_some());
        assert!(cursor.next(&dict).unwrap().is_some());
        assert!(cursor.next(&dict).unwrap().is_none());
        let mut cursor = DictCursor::new(&dict);
        assert!(cursor.next(&dict).unwrap().is_some());
        dict.set_item("c", 3).unwrap();
        assert!(cursor.next(&dict).is_err());
    });
}

#[test]
fn ints_are_read_up_to_64_bit() {
    Python::attach(|py| {
        let value = |code| int_value(&py.eval(code, None, None).unwrap());
        assert_eq!(value(c"2**63 - 1"), Some(i64::MAX));
        assert_eq!(value(c"-2**63"), Some(i64::MIN));
        assert_eq!(value(c"2**63"), None);
        assert_eq!(value(c"-1"), Some(-1));
        assert_eq!(value(c"True"), Some(1));
        assert_eq!(value(c"'1'"), None);
    });
}

#[test]
fn only_a_context_variable_is_asked_for_its_value() {
    Python::attach(|py| {
        let var = py.import("contextvars").unwrap().getattr("ContextVar").unwrap().call1(("name",)).unwrap();
        assert!(context_value(&var).unwrap().is_none());
        var.call_method1("set", (5,)).unwrap();
        assert_eq!(context_value(&var).unwrap().unwrap().extract::<i32>().unwrap(), 5);
        assert!(context_value(py.None().bind(py)).unwrap_err().is_instance_of::<PyTypeError>(py));
    });
}

/// Every length, and one dirty byte at every place of it.
fn check_copies<K: TextKernel, const ESCAPE: u8>(long: usize) {
    for len in 0..=long {
        for place in 0..=len {
            // 16 bytes before the text are readable, as in a str, and dirty.
            let mut bytes = vec![b'"'; 16 + len];
            bytes[16..].fill(b'a');
            if place < len {
                bytes[16 + place] = [0, b'"', b'\\', 0x1f, 0x80, 0xff][place % 6];
            }
            let text: Box<[u8]> = bytes.into();
            let text = &text[16..];
            let mut to = vec![0; len + 2 + kernels::SLACK];
            // SAFETY: every test chooses kernels of this processor; there is room.
            let clean = unsafe {
                if len <= 32 {
                    K::copy_short::<ESCAPE>(text.as_ptr(), len, to.as_mut_ptr())
                } else {
                    K::copy_clean::<ESCAPE>(text, to.as_mut_ptr()) == len
                }
            };
            assert_eq!(clean, place == len, "{len} bytes, dirty at {place}");
            if clean {
                assert_eq!(&to[..len], text);
            }
        }
    }
}

fn check_all_copies<K: TextKernel>() {
    check_copies::<K, UTF8>(200);
    check_copies::<K, ASCII>(40);
    check_copies::<K, HTML>(40);
}

#[test]
fn clean_text_is_copied_by_every_kernel() {
    check_all_copies::<BaselineKernel>();
    check_all_copies::<swar::SwarBlock>();
    #[cfg(target_arch = "x86_64")]
    if kernels::avx2::choose() {
        check_all_copies::<kernels::avx2::Avx2>();
    }
}

#[test]
fn integers_are_written_as_rust_writes_them() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let edges = (0..19).flat_map(|power| [10_i64.pow(power) - 1, 10_i64.pow(power), 10_i64.pow(power) + 1]);
    let mut numbers: Vec<i64> = edges.chain(0..20_000).chain([i64::MAX, i64::MIN, i64::MIN + 1]).collect();
    for _ in 0..200_000 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        numbers.push(state as i64 >> (state % 64));
    }
    for number in numbers.into_iter().flat_map(|number| [number, number.wrapping_neg()]) {
        assert_eq!(written(|out| out.extend_integer(number)), number.to_string().as_bytes());
    }
}

#[test]
fn objects_are_read_as_the_public_api_reads_them() {
    Python::attach(|py| {
        let known = layouts::choose_layouts(py).unwrap();
        assert_eq!(known, cfg!(not(Py_GIL_DISABLED)), "CPython has other layouts: see ffi/layouts.rs");
    });
}

#[test]
fn the_flags_of_a_str_are_read_from_its_header() {
    Python::attach(|py| {
        for points in [&[][..], &[0x61], &[0x7f; 40], &[0x80], &[0x61, 0xe9], &[0x65e5], &[0x1_f600, 0x61], &[0xd800]] {
            let text = as_str(py, points);
            let is_ascii: bool = text.call_method0("isascii").unwrap().extract().unwrap();
            assert_eq!(ascii(&text).is_some(), is_ascii);
        }
    });
}
