//! A cluster, or files, read into a snapshot.
