//! Mailboxes of openrun: who owns what, who waits for whom. Decisions are in `openrun-core`, IO is
//! at the edge.
//!
//! ```text
//!   edge ──► Engine ──► Person (one per buyer) ──► Round (one per sale) ──► Committer ──► store
//!               │                                    ▲   ▲                     ▲
//!               ├──► Queue (8 shards a round) ───────┘   │                     │
//!               │        └──────── joins, claims ────────┼─────────────────────┘
//!               └──► Guardian ── starts and rebuilds ────┘
//! ```
//!
//! Messages flow one way. Nobody waits inside a mailbox: answers come through channels, after the
//! commit. A person reserves the limit first, the round then decides the stock, the committer makes
//! it durable, and only then is the answer let go. Readers (where am I, the watermark) touch no
//! mailbox at all.
//!
//! What becomes of vouchers needs no round: a person writes it to a stream of its own, asks another
//! person for room when it is a gift, and leaves it to `Paybacks` to ask the rail for money back.
//!
//! Absent on purpose: locks around state, a bound that is not named, a message type that a caller
//! can see, SQL, HTTP.

pub mod clock;
mod committer;
mod documents;
mod doubts;
mod draw_secrets;
mod engine;
#[cfg(feature = "failpoints")]
pub mod failpoints;
#[cfg(not(feature = "failpoints"))]
mod failpoints;
mod figures;
mod guardian;
pub mod handle;
mod load;
mod lobby;
mod paybacks;
mod people;
mod permits;
mod person;
mod queue;
pub mod rail;
mod requests;
mod round;
mod shared;
pub mod store;
mod supervision;
mod suspensions;
mod threads;
mod till;

pub use clock::{Clock, SystemClock};
pub use documents::{Rendered, Turning};
pub use draw_secrets::{DrawSecrets, RoundSecret};
pub use engine::{Engine, StandStill};
pub use queue::ActorDescription;
pub use rail::{AtOnce, InstantRail, PayBy, Rail};
pub use requests::{
    CancelRequest, Entrance, GiftRequest, InletPatch, Join, Joined, Moved, PurchaseRequest,
    Purchased, Put, RefundRequest, Refused, Seen, SpendRequest, Staff, StartError, Wish,
};
pub use shared::{Place, RoundRef};
pub use store::{Batch, Chunks, CommitError, DueVouchers, LogPlace, Ownership, Store, StoreError};
pub use threads::name_this;
