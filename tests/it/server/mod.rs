//! The server, tested through a real socket.

mod admin;
mod answers;
mod bodies;
mod bounds;
mod conflicts;
mod connections;
mod deliveries;
mod executable;
mod faulty;
mod logs;
mod nested;
mod setup;
mod signatures;
mod timestamps;
mod unknown_paths;
