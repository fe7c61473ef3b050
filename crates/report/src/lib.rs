//! A report, written.
