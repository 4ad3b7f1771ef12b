//! Tells the code which CPython it is built for, and lets `cargo test` find libpython: an interpreter outside the loader's
//! path (pyenv, uv) is not found without it.
fn main() {
    pyo3_build_config::use_pyo3_cfgs(); // `cfg(Py_3_14)` and its like
    println!("cargo:rerun-if-env-changed=PYO3_BUILD_EXTENSION_MODULE");
    if std::env::var_os("PYO3_BUILD_EXTENSION_MODULE").is_none() {
        pyo3_build_config::add_libpython_rpath_link_args();
    }
}
