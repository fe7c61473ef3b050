//! An inventory, judged.
