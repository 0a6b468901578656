//! What the drivers that keep a journal outside the process share.

pub(super) mod access;
