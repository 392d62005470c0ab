//! What the peer server and the load generator share: people, their tokens, the closed loop and
//! the open one, and the shop that one of the peers is.
//!
//! Nothing here knows how openrun is built; it speaks HTTP and reads the development keys of
//! channels.

pub mod classic;
pub mod closed_loop;
pub mod open_loop;
pub mod people;
pub mod wire;
