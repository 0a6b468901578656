//! Sections of the configuration as the options of the modules that they are for.

mod journal;
