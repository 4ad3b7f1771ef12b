//! Lets the targets find libpython, as native/build.rs does for the tests.
fn main() {
    pyo3_build_config::add_libpython_rpath_link_args();
}
