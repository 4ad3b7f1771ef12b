//! What native calls cost: counted always, timed and grouped only while a collector listens.
//!
//! Each module reads those below it alone: `reading`, `meter`, `counters`, `recorder`, `totals`, `call`.

pub mod call;
pub mod counters;
pub mod meter;
pub mod reading;
pub mod recorder;
pub mod totals;
