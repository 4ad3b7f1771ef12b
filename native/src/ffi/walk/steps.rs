//! The loop of the walk: items of the innermost container until it ends, another opens inside it, or somebody else is asked.

use std::marker::PhantomData;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use super::super::layouts::TextEntries;
use super::super::{list_item, tuple_item};
use super::frame_stack::{FrameKind, FrameStack, OpenFrame};
use super::pen::Pen;
use super::{ValueWriter, WalkFault, WalkTarget};
use crate::error::MAX_DEPTH;
use crate::kinds::Form;
use crate::open_containers::WalkStep;

/// Why the items of a container are not written further.
enum Pause {
    /// It has ended: its last bracket is written.
    Ended,
    /// The next value is no scalar.
    Value(*mut ffi::PyObject),
    /// A value was written, and Python code may have run.
    Asked,
}

/// A walk while it runs. Everything here but the writer and the stack stays in registers: `run` and all that it calls is
/// one function, and what is outside of it gets copies.
pub(super) struct ContainerWalk<'a, 'py, W: ValueWriter<'py>, T: WalkTarget> {
    pen: Pen,
    inner: OpenFrame,
    stack: &'a mut FrameStack<'py>,
    writer: &'a mut W,
    limit: usize,
    py: Python<'py>,
    target: PhantomData<T>,
}

// SAFETY of all blocks: what is read is held by its container, and all containers by theirs or, once Python code ran, by
// the stack. A list is read inside its bounds, which are read anew after Python code ran. What is written is one item
// at most between two calls of `settle`. The processor is the caller's.
impl<'a, 'py, W: ValueWriter<'py>, T: WalkTarget> ContainerWalk<'a, 'py, W, T> {
    #[inline(always)]
    pub fn new(py: Python<'py>, writer: &'a mut W, stack: &'a mut FrameStack<'py>, root: OpenFrame) -> Self {
        let (pen, limit) = (Pen::lower(writer.out()), writer.limit());
        Self { pen, inner: root, stack, writer, limit, py, target: PhantomData }
    }

    /// Writes the root and all below it; the innermost container where it failed.
    #[inline(always)]
    pub unsafe fn run(mut self) -> Result<(), (WalkFault, OpenFrame)> {
        // SAFETY: see above.
        unsafe {
            let ended = self.write_all();
            self.pen.lift(self.writer.out());
            ended.map_err(|fault| (fault, self.inner))
        }
    }

    #[inline(always)]
    unsafe fn write_all(&mut self) -> Result<(), WalkFault> {
        // SAFETY: see above.
        unsafe {
            loop {
                let pause = match self.inner.kind {
                    FrameKind::Dict => self.write_entries()?,
                    FrameKind::Pairs => self.write_pair()?,
                    FrameKind::List | FrameKind::Tuple | FrameKind::Items => {
                        let mut frame = self.inner;
                        let pause = self.write_items(&mut frame);
                        self.inner = frame;
                        pause
                    }
                };
                match pause {
                    Pause::Value(value) => self.open_value(value)?,
                    Pause::Asked => {}
                    Pause::Ended => {
                        if self.close_container()? {
                            return Ok(());
                        }
                    }
                }
            }
        }
    }

    /// Writes items of a list or tuple.
    #[inline(always)]
    unsafe fn write_items(&mut self, frame: &mut OpenFrame) -> Pause {
        // SAFETY: see above.
        unsafe {
            let (items, len) = if frame.kind == FrameKind::Tuple {
                let tuple = frame.object.cast::<ffi::PyTupleObject>();
                ((&raw const (*tuple).ob_item).cast(), ffi::PyTuple_GET_SIZE(frame.object))
            } else {
                let list = frame.object.cast::<ffi::PyListObject>();
                ((*list).ob_item.cast_const(), ffi::PyList_GET_SIZE(frame.object))
            };
            let mut index = frame.given;
            while index < len as usize {
                let item: *mut ffi::PyObject = *items.add(index);
                if item.is_null() {
                    break; // C code still fills the list
                }
                if index > 0 {
                    self.pen.separator(W::Form::ITEM);
                }
                index += 1;
                if !self.pen.scalar::<W::Form, T>(self.py, self.writer.out(), item) {
                    frame.given = index;
                    return Pause::Value(item);
                }
                self.pen.settle(self.writer.out());
            }
            frame.given = index;
            self.pen.byte(b']');
        }
        Pause::Ended
    }

    /// Writes entries of a dict.
    #[inline(always)]
    unsafe fn write_entries(&mut self) -> Result<Pause, WalkFault> {
        // SAFETY: see above. The table is the dict's until Python code runs, which ends this function.
        unsafe {
            let mut frame = self.inner;
            let entries = TextEntries::of(frame.object, T::LAYOUTS_KNOWN);
            while let Some([key, value]) = entries.next(frame.object, &mut frame.position) {
                if frame.given == frame.size {
                    self.inner = frame;
                    return Err(WalkFault::Changed); // keys were taken out and put in: a callback could feed the walk for ever
                }
                if frame.given > 0 {
                    self.pen.separator(W::Form::ITEM);
                }
                frame.given += 1;
                if ffi::Py_TYPE(key) != &raw mut ffi::PyUnicode_Type {
                    self.inner = frame;
                    let value = Bound::from_borrowed_ptr(self.py, value);
                    return self.write_odd_entry(Bound::from_borrowed_ptr(self.py, key), value);
                }
                self.pen.text::<W::Form, T>(self.py, self.writer.out(), key);
                self.pen.separator(W::Form::KEY);
                if !self.pen.scalar::<W::Form, T>(self.py, self.writer.out(), value) {
                    self.inner = frame;
                    return Ok(Pause::Value(value));
                }
                self.pen.settle(self.writer.out());
            }
            self.inner = frame;
            self.pen.byte(b'}');
        }
        Ok(Pause::Ended)
    }

    /// Writes an entry whose key is no exact str.
    #[inline(always)]
    unsafe fn write_odd_entry(&mut self, key: Bound<'py, PyAny>, value: Bound<'py, PyAny>) -> Result<Pause, WalkFault> {
        // SAFETY: see above; the value is held here, where the key's own code may take it out of the dict.
        unsafe {
            self.stack.secure(&self.inner);
            self.pen.lift(self.writer.out());
            let written = self.writer.write_other_key(key, self.stack.depth());
            self.pen = Pen::lower(self.writer.out());
            if !written {
                return Err(WalkFault::Rejected);
            }
            self.pen.separator(W::Form::KEY);
            if self.inner.has_changed() {
                return Err(WalkFault::Changed);
            }
            self.ask(value)?;
        }
        Ok(Pause::Asked)
    }

    /// Writes the next pair of a dict's subclass.
    #[inline(always)]
    unsafe fn write_pair(&mut self) -> Result<Pause, WalkFault> {
        // SAFETY: see above.
        unsafe {
            let pairs: Bound<'py, PyList> = Bound::from_borrowed_ptr(self.py, self.inner.object).cast_into_unchecked();
            let Some(pair) = list_item(&pairs, self.inner.given) else {
                self.pen.byte(b'}');
                return Ok(Pause::Ended);
            };
            if self.inner.given > 0 {
                self.pen.separator(W::Form::ITEM);
            }
            self.inner.given += 1;
            let both = pair.cast::<PyTuple>().ok().filter(|pair| pair.len() == 2);
            match both.and_then(|pair| tuple_item(pair, 0).zip(tuple_item(pair, 1))) {
                Some((key, value)) => self.write_odd_entry(key, value),
                None => Err(WalkFault::NotPairs),
            }
        }
    }

    /// Opens a container, or asks the writer for the value.
    #[inline(always)]
    unsafe fn open_value(&mut self, mut value: *mut ffi::PyObject) -> Result<(), WalkFault> {
        // SAFETY: see above.
        unsafe {
            loop {
                let Some(mut frame) = OpenFrame::of_object(value) else {
                    return self.ask(Bound::from_borrowed_ptr(self.py, value));
                };
                let depth = self.stack.depth();
                if frame.size == 0 {
                    if depth >= MAX_DEPTH {
                        return Err(WalkFault::TooDeep);
                    }
                    self.pen.separator(if frame.is_dict() { b"{}" } else { b"[]" });
                    self.pen.settle(self.writer.out());
                    return Ok(());
                }
                self.pen.byte(if frame.is_dict() { b'{' } else { b'[' });
                self.pen.settle(self.writer.out());
                if frame.is_dict() || depth >= self.limit {
                    self.stack.push(self.inner);
                    self.inner = frame;
                    return if depth >= self.limit { self.go_deeper() } else { Ok(()) };
                }
                // Most lists hold scalars alone, and are written without becoming the innermost container.
                match self.write_items(&mut frame) {
                    Pause::Value(item) => {
                        self.stack.push(self.inner);
                        self.inner = frame;
                        value = item;
                    }
                    Pause::Ended | Pause::Asked => {
                        self.pen.settle(self.writer.out());
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Asks whether so many containers may be open.
    #[inline(always)]
    unsafe fn go_deeper(&mut self) -> Result<(), WalkFault> {
        let may_go = ask_for_depth(self.writer, self.stack, self.inner);
        self.limit = self.writer.limit();
        if may_go { Ok(()) } else { Err(WalkFault::Noted) }
    }

    /// Has the writer write a value, and makes what it opens the innermost container. Python code may run.
    #[inline(always)]
    unsafe fn ask(&mut self, value: Bound<'py, PyAny>) -> Result<(), WalkFault> {
        // SAFETY: see above.
        unsafe {
            let asked = ask_writer(self.writer, self.stack, self.pen, self.inner, value);
            (self.pen, self.inner) = (asked.pen, asked.inner);
            if asked.failed {
                return Err(WalkFault::Rejected);
            }
            if asked.opened && self.stack.depth() > self.limit {
                return self.go_deeper();
            }
            // What has opened was measured just now; what has not may have changed.
            if self.inner.has_changed() { Err(WalkFault::Changed) } else { Ok(()) }
        }
    }

    /// Goes on in the container around the one that has ended; true where there is none.
    #[inline(always)]
    unsafe fn close_container(&mut self) -> Result<bool, WalkFault> {
        // SAFETY: see above; the release of a container may run Python code.
        unsafe {
            self.pen.settle(self.writer.out());
            self.stack.release(&self.inner);
            let Some(outer) = self.stack.pop() else {
                return Ok(true);
            };
            self.inner = outer;
            if self.inner.has_changed() { Err(WalkFault::Changed) } else { Ok(false) }
        }
    }
}

/// What came of a question to the writer.
struct Asked {
    pen: Pen,
    inner: OpenFrame,
    opened: bool,
    failed: bool,
}

/// See `ContainerWalk::ask`.
#[inline(never)]
unsafe fn ask_writer<'py, W: ValueWriter<'py>>(
    writer: &mut W,
    stack: &mut FrameStack<'py>,
    pen: Pen,
    mut inner: OpenFrame,
    value: Bound<'py, PyAny>,
) -> Asked {
    stack.secure(&inner);
    // SAFETY: the caller's pen.
    unsafe { pen.lift(writer.out()) };
    let step = writer.write_other(value, stack.depth());
    let pen = Pen::lower(writer.out());
    let (mut opened, failed) = (false, matches!(step, WalkStep::Failed));
    if let WalkStep::Open(container) = step {
        stack.push(inner);
        inner = OpenFrame::of_container(container.into());
        stack.secured_inner();
        opened = true;
    }
    Asked { pen, inner, opened, failed }
}

#[cold]
#[inline(never)]
fn ask_for_depth<'py, W: ValueWriter<'py>>(writer: &mut W, stack: &FrameStack<'py>, inner: OpenFrame) -> bool {
    writer.may_go_deeper(&stack.containers(&inner))
}
