//! The whole service: from the platform's socket through handlers to the platform's API, and through crashes.

mod away;
mod clock;
mod container;
mod disk;
mod ends;
mod examples;
mod interrupted;
mod kill;
mod lines;
mod log;
mod metrics;
mod nginx;
mod operators;
mod order;
mod outcomes;
mod overload;
mod power;
mod progress;
mod readers;
mod replicas;
mod replies;
mod running;
mod shutdown;
mod speaking;
mod storage;
mod upgrade;
