//! What must be known of a database column to read the values that its driver gives.

/// What the zone of a stored datetime is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoredZone {
    /// None (`USE_TZ = False`).
    Naive,
    /// None: the offset that PostgreSQL writes is left out.
    Stripped,
    /// UTC, where the text has no offset.
    Utc,
    /// That of the offset in the text.
    Written,
}

/// What must be known of a column to read its stored form.
#[derive(Clone, Copy, Debug)]
pub struct StoredForm {
    /// The zone of a datetime.
    pub zone: StoredZone,
    /// Whether the database has checked that a text is JSON.
    pub checked: bool,
    /// Digits in all and behind the point, of a decimal that is stored as a number; zeros where it is text.
    pub digits: (u32, u32),
}
