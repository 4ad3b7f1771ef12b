//! The open containers of a walk as plain words, and which of them are held by references.

use std::ptr;

use pyo3::ffi;
use pyo3::prelude::*;

use super::super::DictCursor;
use super::super::layouts::dict_size;
use crate::open_containers::OpenContainer;

/// Which container it is, and how it is read.
///
/// A whole word: the padding behind a byte was copied through memory, a fifth of citm_catalog.json's time.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum FrameKind {
    List,
    Tuple,
    Dict,
    /// The items of a subclass of list or tuple: a list of ours.
    Items,
    /// The pairs of a subclass of dict: a list of ours.
    Pairs,
}

/// An open container and how far the walk is in it.
#[derive(Clone, Copy)]
pub(super) struct OpenFrame {
    pub object: *mut ffi::PyObject,
    /// The subclass's instance, of which `object` are the items; else null.
    pub source: *mut ffi::PyObject,
    /// Where in the table of a dict.
    pub position: ffi::Py_ssize_t,
    /// How many items were given.
    pub given: usize,
    /// The size of a dict when it was opened.
    pub size: usize,
    pub kind: FrameKind,
}

impl OpenFrame {
    fn new(object: *mut ffi::PyObject, source: *mut ffi::PyObject, size: usize, kind: FrameKind) -> Self {
        Self { object, source, position: 0, given: 0, size, kind }
    }

    /// A borrowed exact list, tuple or dict, not begun; None for any other object.
    ///
    /// # Safety
    /// `object` is alive.
    #[inline(always)]
    pub unsafe fn of_object(object: *mut ffi::PyObject) -> Option<Self> {
        // SAFETY: the caller's; each size is read as that of its type.
        unsafe {
            let class = ffi::Py_TYPE(object);
            let (size, kind) = if class == &raw mut ffi::PyDict_Type {
                (dict_size(object), FrameKind::Dict)
            } else if class == &raw mut ffi::PyList_Type {
                (ffi::PyList_GET_SIZE(object) as usize, FrameKind::List)
            } else if class == &raw mut ffi::PyTuple_Type {
                (ffi::PyTuple_GET_SIZE(object) as usize, FrameKind::Tuple)
            } else {
                return None;
            };
            Some(Self { object, source: ptr::null_mut(), position: 0, given: 0, size, kind })
        }
    }

    /// Takes over the references of a container that is not begun.
    pub fn of_container(container: OpenContainer<'_>) -> Self {
        let null = ptr::null_mut();
        match container {
            OpenContainer::List(list, _) => Self::new(list.into_ptr(), null, 0, FrameKind::List),
            OpenContainer::Tuple(tuple, _) => Self::new(tuple.into_ptr(), null, 0, FrameKind::Tuple),
            OpenContainer::Dict(dict, cursor) => Self::new(dict.into_ptr(), null, cursor.size, FrameKind::Dict),
            OpenContainer::Items { source, items, .. } => {
                Self::new(items.into_ptr(), source.into_ptr(), 0, FrameKind::Items)
            }
            OpenContainer::Pairs { source, pairs, .. } => {
                Self::new(pairs.into_ptr(), source.into_ptr(), 0, FrameKind::Pairs)
            }
        }
    }

    #[inline(always)]
    pub fn is_dict(&self) -> bool {
        self.kind == FrameKind::Dict
    }

    /// Whether it is a dict of another size than when it was opened.
    ///
    /// # Safety
    /// The container is alive.
    #[inline(always)]
    pub unsafe fn has_changed(&self) -> bool {
        // SAFETY: the caller's.
        self.is_dict() && unsafe { dict_size(self.object) } != self.size
    }

    /// The container with references of its own, for the path of an error and the search for a cycle.
    ///
    /// # Safety
    /// The container is alive.
    unsafe fn container<'py>(&self, py: Python<'py>) -> OpenContainer<'py> {
        // SAFETY: alive, and of the type its kind says.
        unsafe {
            let object = Bound::from_borrowed_ptr(py, self.object);
            let source = || Bound::from_borrowed_ptr(py, self.source);
            let index = self.given;
            match self.kind {
                FrameKind::List => OpenContainer::List(object.cast_into_unchecked(), index),
                FrameKind::Tuple => OpenContainer::Tuple(object.cast_into_unchecked(), index),
                FrameKind::Dict => {
                    let cursor = DictCursor { position: self.position, size: self.size, given: self.given };
                    OpenContainer::Dict(object.cast_into_unchecked(), cursor)
                }
                FrameKind::Items => {
                    OpenContainer::Items { source: source(), items: object.cast_into_unchecked(), index }
                }
                FrameKind::Pairs => {
                    OpenContainer::Pairs { source: source(), pairs: object.cast_into_unchecked(), index }
                }
            }
        }
    }
}

/// The open containers around the innermost one.
pub(super) struct FrameStack<'py> {
    outer: Vec<OpenFrame>,
    /// How many of all open containers, from the root on, are held by references. Never less than one: the root's frame
    /// took over the caller's.
    secured: usize,
    /// How many containers are open when only the root is.
    first_depth: usize,
    py: Python<'py>,
}

impl<'py> FrameStack<'py> {
    pub fn new(py: Python<'py>, first_depth: usize) -> Self {
        Self { outer: Vec::new(), secured: 1, first_depth, py }
    }

    /// How many containers are open.
    #[inline(always)]
    pub fn depth(&self) -> usize {
        self.first_depth + self.outer.len()
    }

    /// Another container has become the innermost.
    #[inline(always)]
    pub fn push(&mut self, outer: OpenFrame) {
        self.outer.push(outer);
    }

    /// The container around the one that has ended.
    #[inline(always)]
    pub fn pop(&mut self) -> Option<OpenFrame> {
        self.outer.pop()
    }

    /// The innermost container came with references of its own; all others are secured.
    pub fn secured_inner(&mut self) {
        self.secured = self.outer.len() + 1;
    }

    /// Takes a reference to each open container that has none yet.
    #[inline(always)]
    pub fn secure(&mut self, inner: &OpenFrame) {
        if self.secured <= self.outer.len() {
            self.take_references(inner.object);
        }
    }

    #[inline(never)]
    fn take_references(&mut self, inner: *mut ffi::PyObject) {
        let others = self.outer[self.secured..].iter().map(|frame| frame.object);
        for object in others.chain([inner]) {
            // SAFETY: alive: no Python code has run since it was read from a container that is held. One that has a source
            // came with references.
            unsafe { ffi::Py_INCREF(object) };
        }
        self.secured = self.outer.len() + 1;
    }

    /// The innermost container has ended.
    #[inline(always)]
    pub fn release(&mut self, inner: &OpenFrame) {
        if self.secured > self.outer.len() {
            self.drop_references(inner.object, inner.source);
        }
    }

    #[inline(never)]
    fn drop_references(&mut self, object: *mut ffi::PyObject, source: *mut ffi::PyObject) {
        self.secured = self.outer.len();
        // SAFETY: our references. Python code may run here, where an object ends; all containers around it are held.
        unsafe {
            ffi::Py_DECREF(object);
            ffi::Py_XDECREF(source);
        }
    }

    /// The walk ends here: drops all references.
    pub fn release_all(&mut self, inner: OpenFrame) {
        let mut last = Some(inner);
        while let Some(frame) = last {
            self.release(&frame);
            last = self.pop();
        }
    }

    /// All open containers, with references of their own.
    pub fn containers(&self, inner: &OpenFrame) -> Vec<OpenContainer<'py>> {
        // SAFETY: alive: held, or no Python code has run since they were read from containers that are.
        self.outer.iter().chain([inner]).map(|frame| unsafe { frame.container(self.py) }).collect()
    }
}
