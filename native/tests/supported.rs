//! The sentences with which the build ends on a Python that is not supported.

#[path = "../supported.rs"]
mod supported;

use supported::refuse;

#[test]
fn cpython_from_3_11_on_is_built() {
    for minor in 11..=20 {
        assert_eq!(refuse("CPython", (3, minor)), None);
    }
    assert_eq!(refuse("CPython", (4, 0)), None);
}

#[test]
fn older_python_is_refused() {
    let expected = "PyForge Web needs Python 3.11 or newer, and this is Python 3.10.";
    assert_eq!(refuse("CPython", (3, 10)).as_deref(), Some(expected));
    assert!(refuse("CPython", (2, 7)).is_some());
}

#[test]
fn other_implementations_are_refused() {
    let expected = "PyForge Web reads CPython's own objects and cannot run on PyPy: use CPython 3.11 or newer.";
    assert_eq!(refuse("PyPy", (3, 11)).as_deref(), Some(expected));
    for name in ["GraalVM", "RustPython"] {
        assert!(refuse(name, (3, 12)).is_some_and(|sentence| sentence.contains(name)));
    }
}

#[test]
fn oldest_version_is_that_of_the_package() {
    let project = include_str!("../../pyproject.toml");
    assert!(project.contains("requires-python = \">=3.11\""));
    assert!(refuse("CPython", (3, 11)).is_none() && refuse("CPython", (3, 10)).is_some());
}
