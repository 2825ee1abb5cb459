//! Dates of records, in UTC.

use std::time::{SystemTime, UNIX_EPOCH};

/// A moment in UTC, to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UtcTime {
    /// Seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
    pub unix_seconds: u64,
}

impl UtcTime {
    /// The present, by the system's clock.
    #[must_use]
    pub fn now() -> Self {
        let unix_seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs());
        Self { unix_seconds }
    }

    /// Year, month and day of the proleptic Gregorian calendar.
    ///
    /// Counts in years that begin on the first of March, so that the leap day is the last of its year; an era is 400 of them.
    #[must_use]
    pub const fn date(self) -> (u64, u64, u64) {
        let days = self.unix_seconds / 86_400 + 719_468;
        let era = days / 146_097;
        let day_of_era = days % 146_097;
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
        (year, month, day)
    }

    /// Hour, minute and second.
    #[must_use]
    pub const fn time(self) -> (u64, u64, u64) {
        let seconds = self.unix_seconds % 86_400;
        (seconds / 3_600, seconds / 60 % 60, seconds % 60)
    }

    /// RFC 3339, such as `2026-02-03T04:05:06Z`.
    #[must_use]
    pub fn rfc3339(self) -> String {
        let ((year, month, day), (hour, minute, second)) = (self.date(), self.time());
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }

    /// For file names: `20260203-040506`.
    #[must_use]
    pub fn compact(self) -> String {
        let ((year, month, day), (hour, minute, second)) = (self.date(), self.time());
        format!("{year:04}{month:02}{day:02}-{hour:02}{minute:02}{second:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments() {
        for (unix_seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_767_225_600, "2026-01-01T00:00:00Z"),
        ] {
            assert_eq!(UtcTime { unix_seconds }.rfc3339(), text);
        }
        assert_eq!(UtcTime { unix_seconds: 1_709_251_199 }.compact(), "20240229-235959");
    }
}
