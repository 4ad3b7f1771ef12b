//! The walk over exact lists, tuples and dicts: read in place, written in place.
//!
//! Nothing is counted while no Python code runs: objects are borrowed from the containers that hold them, and these from
//! theirs, up to the root, which the caller holds. Before anything is called that may run Python code, `FrameStack::secure`
//! takes a strong reference to each open container, once. Python code may then change every container: lists are measured
//! again, dicts are compared with the size that they had when they were opened.
//!
//! The pen stays in registers: one item is written without a look at the capacity, into the slack behind it if need be.
//!
//! All of it is compiled twice from this source, with and without AVX2 (`Walk::run` is inlined into both), and
//! the processor was asked once, at import.

mod frame_stack;
mod pen;
mod steps;

#[cfg(target_arch = "x86_64")]
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use pyo3::prelude::*;

use super::BytesBuffer;
use super::kernels::TextKernel;
#[cfg(target_arch = "x86_64")]
use super::kernels::avx2;
use super::text::BaselineKernel;
use crate::kinds::Form;
use crate::open_containers::{OpenContainer, WalkStep};
use frame_stack::{FrameStack, OpenFrame};
use steps::ContainerWalk;

/// What the walk asks for whatever it does not know itself. All of it may run Python code.
pub trait ValueWriter<'py> {
    /// The format of the text.
    type Form: Form;
    /// Where it goes.
    fn out(&mut self) -> &mut BytesBuffer;
    /// Writes a value, or opens it, inside of `depth` open containers.
    fn write_other(&mut self, value: Bound<'py, PyAny>, depth: usize) -> WalkStep<'py>;
    /// Writes a key that is no exact str; false when it failed.
    fn write_other_key(&mut self, key: Bound<'py, PyAny>, depth: usize) -> bool;
    /// How many containers may be open before `may_go_deeper` is asked.
    fn limit(&self) -> usize;
    /// Whether the walk goes on into the last of these containers; notes why, if it does not.
    fn may_go_deeper(&mut self, open: &[OpenContainer<'py>]) -> bool;
    /// Notes what went wrong, and in which of the open containers.
    fn note_fault(&mut self, fault: WalkFault, open: &[OpenContainer<'py>]);
}

/// What went wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum WalkFault {
    /// The writer has noted it, but not where.
    Rejected,
    /// The writer has noted all of it.
    Noted,
    /// A dict has changed.
    Changed,
    /// `items()` gave something else than pairs.
    NotPairs,
    /// One container too many.
    TooDeep,
}

/// What the walk is compiled for.
trait WalkTarget {
    /// How it writes text.
    type Kernel: TextKernel;
    /// Whether it need not ask if ints and dicts have the layouts of `layouts`.
    const LAYOUTS_KNOWN: bool;
}

/// Any processor of this architecture, any layouts.
struct AnyTarget;

impl WalkTarget for AnyTarget {
    type Kernel = BaselineKernel;
    const LAYOUTS_KNOWN: bool = false;
}

/// A processor with AVX2, and the layouts that are expected.
#[cfg(target_arch = "x86_64")]
struct Avx2Target;

#[cfg(target_arch = "x86_64")]
impl WalkTarget for Avx2Target {
    type Kernel = avx2::Avx2;
    const LAYOUTS_KNOWN: bool = true;
}

#[cfg(target_arch = "x86_64")]
static USES_AVX2: AtomicBool = AtomicBool::new(false);

/// Chooses one of the two, at import; `layouts_known` is what the comparison with the public API gave.
pub(super) fn choose_walk(layouts_known: bool) {
    #[cfg(target_arch = "x86_64")]
    USES_AVX2.store(layouts_known && avx2::is_chosen() && avx2::has_companions(), Relaxed);
    _ = layouts_known;
}

/// Writes a container, whose first bracket is written, and everything below it; false when it failed.
///
/// `depth` containers are open, this one included.
pub fn write_container<'py, W: ValueWriter<'py>>(
    py: Python<'py>,
    writer: &mut W,
    root: OpenContainer<'py>,
    depth: usize,
) -> bool {
    let root = OpenFrame::of_container(root);
    #[cfg(target_arch = "x86_64")]
    if USES_AVX2.load(Relaxed) {
        // SAFETY: this processor has what the function is compiled for.
        return unsafe { walk_avx2(py, writer, root, depth) };
    }
    walk_baseline(py, writer, root, depth)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
#[inline(never)]
unsafe fn walk_avx2<'py, W: ValueWriter<'py>>(py: Python<'py>, writer: &mut W, root: OpenFrame, depth: usize) -> bool {
    // SAFETY: compiled for AVX2.
    unsafe { walk::<W, Avx2Target>(py, writer, root, depth) }
}

#[inline(never)]
fn walk_baseline<'py, W: ValueWriter<'py>>(py: Python<'py>, writer: &mut W, root: OpenFrame, depth: usize) -> bool {
    // SAFETY: every processor of this architecture has the kernel's instructions.
    unsafe { walk::<W, AnyTarget>(py, writer, root, depth) }
}

#[inline(always)]
unsafe fn walk<'py, W: ValueWriter<'py>, T: WalkTarget>(
    py: Python<'py>,
    writer: &mut W,
    root: OpenFrame,
    depth: usize,
) -> bool {
    let mut stack = FrameStack::new(py, depth);
    // SAFETY: the caller's processor; the root is held by its frame.
    let ended = unsafe { ContainerWalk::<W, T>::new(py, writer, &mut stack, root).run() };
    match ended {
        Ok(()) => true,
        Err((fault, inner)) => {
            note_fault(writer, &mut stack, fault, inner);
            false
        }
    }
}

#[cold]
#[inline(never)]
fn note_fault<'py, W: ValueWriter<'py>>(
    writer: &mut W,
    stack: &mut FrameStack<'py>,
    fault: WalkFault,
    inner: OpenFrame,
) {
    stack.secure(&inner);
    writer.note_fault(fault, &stack.containers(&inner));
    stack.release_all(inner);
}
