//! Which Pythons the crate is built for. `build.rs` asks it, `tests/supported.rs` tests it.

/// The oldest Python that is supported; `requires-python` in `pyproject.toml` says the same.
const OLDEST: (u8, u8) = (3, 11);

/// Return why the crate cannot be built for this Python, in one sentence; None for a CPython that is new enough.
pub fn refuse(implementation: &str, version: (u8, u8)) -> Option<String> {
    if implementation != "CPython" {
        return Some(format!(
            "PyForge Web reads CPython's own objects and cannot run on {implementation}: use CPython {}.{} or newer.",
            OLDEST.0, OLDEST.1
        ));
    }
    (version < OLDEST).then(|| {
        format!(
            "PyForge Web needs Python {}.{} or newer, and this is Python {}.{}.",
            OLDEST.0, OLDEST.1, version.0, version.1
        )
    })
}
