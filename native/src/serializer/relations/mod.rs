//! Rows with objects and lists in them: the layout of a row, the queries of its relations, and the rows of each parent.

mod grouping;
mod layout;
mod level;
mod outputs;
mod rows;
mod steps;
mod write_outputs;

pub use layout::RowLayout;
pub use level::{NestedRows, RelatedRows};
pub use outputs::{FileUrlText, LinkText, MadeValues, ValueLabels};
