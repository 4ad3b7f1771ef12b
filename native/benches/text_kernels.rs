//! Each text kernel on the same texts, and the plain loop: `benchmarks/suites/text_kernels.py` runs it.

use std::hint::black_box;
use std::time::{Duration, Instant};

use _native::ffi::kernels::{CodeUnit, KERNELS, write_by};
use _native::json::escape::{UTF8, write_code_points};

const ROUNDS: usize = 40;
const SIZE: usize = 100_000;

fn main() {
    let repeat = |text: &str| text.chars().cycle().take(SIZE).map(u32::from).collect::<Vec<u32>>();
    let latin1 = |text: &str| repeat(text).into_iter().map(|point| point as u8).collect::<Vec<u8>>();
    let wide = |text: &str| repeat(text).into_iter().map(|point| point as u16).collect::<Vec<u16>>();
    measure("ASCII", &latin1("Lorem ipsum dolor sit amet, consectetur adipiscing elit. "));
    measure("HTML full of quotes", &latin1("<a href=\"/article/7/\" class=\"link\">A title</a>\n"));
    measure("French", &latin1("Où êtes-vous passés, à l'été dernier? Déjà vu, ça alors. "));
    measure("Japanese", &wide("日本語のテキストです。これはテストです。"));
    measure("emoji", &repeat("text 😀 with 🎉 emoji "));
}

/// Prints a line for each kernel and the plain loop: the text, the kernel, nanoseconds for a code point.
fn measure<U: CodeUnit>(name: &str, units: &[U]) {
    let mut best = vec![Duration::MAX; KERNELS.len() + 1];
    let mut out = Vec::with_capacity(8 * units.len());
    for _ in 0..ROUNDS {
        for (place, kernel) in KERNELS.iter().chain([&"plain"]).enumerate() {
            out.clear();
            let start = Instant::now();
            if *kernel == "plain" {
                write_code_points::<UTF8>(&mut out, black_box(units).iter().map(|&unit| unit.into()));
            } else if !write_by::<U, UTF8>(kernel, black_box(units), &mut out) {
                continue;
            }
            best[place] = best[place].min(start.elapsed());
            black_box(&out);
        }
    }
    for (kernel, time) in KERNELS.iter().chain([&"plain"]).zip(best) {
        println!("{name}\t{kernel}\t{:.4}", time.as_nanos() as f64 / units.len() as f64);
    }
}
