//! Tables and figures from recorded rows.
