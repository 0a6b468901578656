//! The server through a real socket.

mod admin;
mod answers;
mod bodies;
mod bounds;
mod connections;
mod deliveries;
mod faulty;
mod logs;
mod nested;
mod setup;
mod signatures;
