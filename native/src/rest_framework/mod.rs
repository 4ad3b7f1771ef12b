//! Rows of Django REST framework: a program says what stands where in a row, from columns, texts and related rows.

mod columns;
pub mod row_programs;
pub mod row_texts;
pub mod text_columns;
