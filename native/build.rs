//! Tells the code which CPython it is built for, and lets `cargo test` find libpython: an interpreter outside the loader's
//! path (pyenv, uv) is not found without it. On a Python that is not supported the build ends with one sentence.

mod supported;

fn main() {
    let python = pyo3_build_config::get();
    let (implementation, version) = (python.implementation().to_string(), python.version());
    if let Some(sentence) = supported::refuse(&implementation, (version.major, version.minor)) {
        // An error for cargo alone, without the backtrace of a panic.
        println!("cargo::error={sentence}");
        return;
    }
    pyo3_build_config::use_pyo3_cfgs(); // `cfg(Py_3_14)` and its like
    println!("cargo:rerun-if-env-changed=PYO3_BUILD_EXTENSION_MODULE");
    if std::env::var_os("PYO3_BUILD_EXTENSION_MODULE").is_none() {
        pyo3_build_config::add_libpython_rpath_link_args();
    }
}
