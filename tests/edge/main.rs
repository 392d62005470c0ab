//! What stands between the server and the people who wait: a cache (the documented `nginx.conf`)
//! and the documented client; who abuses the wire between them; and what the guide for operators
//! prints. Needs nginx, node, Python and slowhttptest, which `tests/run` sees to.

#[path = "../support/mod.rs"]
mod support;

mod cache;
mod client;
mod guide;
mod nginx;
mod slow;
mod smuggling;
