//! `write_text KERNEL COUNT`: writes a text of so many code points with a kernel, or with the plain loop. Its instructions are
//! counted by `python -m tests.kernels`.

use pyforge_text_kernels::json::escape::{UTF8, write_code_points};
use pyforge_text_kernels::kernels::write_by;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, kernel, count] = &arguments[..] else {
        return eprintln!("write_text KERNEL COUNT");
    };
    let count = count.parse().unwrap_or(0);
    let text: Vec<u8> =
        b"A title of an article, with a \"quoted\" word. ".iter().copied().cycle().take(count).collect();
    let mut out = Vec::with_capacity(8 * count + 1000);
    if kernel == "plain" {
        write_code_points::<UTF8>(&mut out, text.iter().map(|&byte| byte.into()));
    } else if !write_by::<u8, UTF8>(kernel, &text, &mut out) {
        eprintln!("this processor has no {kernel}");
    }
    std::process::exit(i32::from(out.len() < count));
}
