//! What can go wrong, by class: each can be switched off by name, and a seed says which are on and
//! how strong.

use std::fmt;
use std::str::FromStr;

/// A class of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Fault {
    /// The whole process dies between two steps, and starts again.
    Crash,
    /// Single actors die: a round, a person, the till.
    Deaths,
    /// Batches that are lost, or written without an answer, or later than their answer.
    Store,
    /// The store is away for a while.
    Away,
    /// Another process takes over, and a writer that was deposed goes on writing.
    Zombies,
    /// The rail declines, loses requests and answers, garbles, takes another amount.
    Rail,
    /// The rail approves late, after it had said that it knows no such order.
    Late,
    /// The rail is slow and answers nothing for a while.
    Brownout,
    /// The rail takes money that it had sworn never to take.
    Liar,
    /// People's requests and answers are lost.
    Network,
    /// Operators pause, resume, close and change the inlet.
    Staff,
    /// Rules change, also to smaller limits, also from a date ahead.
    Rules,
}

/// Every class, in the order of their declaration.
pub const FAULTS: [Fault; 12] = [
    Fault::Crash,
    Fault::Deaths,
    Fault::Store,
    Fault::Away,
    Fault::Zombies,
    Fault::Rail,
    Fault::Late,
    Fault::Brownout,
    Fault::Liar,
    Fault::Network,
    Fault::Staff,
    Fault::Rules,
];

impl Fault {
    /// Its name on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Fault::Crash => "crash",
            Fault::Deaths => "deaths",
            Fault::Store => "store",
            Fault::Away => "away",
            Fault::Zombies => "zombies",
            Fault::Rail => "rail",
            Fault::Late => "late",
            Fault::Brownout => "brownout",
            Fault::Liar => "liar",
            Fault::Network => "network",
            Fault::Staff => "staff",
            Fault::Rules => "rules",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Fault, String> {
        let found = FAULTS.into_iter().find(|fault| fault.word() == text);
        found.ok_or_else(|| {
            let known: Vec<&str> = FAULTS.iter().map(|fault| fault.word()).collect();
            format!("no fault is called so; known are {}", known.join(", "))
        })
    }
}

/// How strong each class is: in thousandths of the cases where it could strike; 0 is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Strengths([u16; FAULTS.len()]);

impl Strengths {
    /// How strong a class is.
    #[must_use]
    pub fn of(&self, fault: Fault) -> u32 {
        u32::from(self.0[fault as usize])
    }

    /// Whether a class is on.
    #[must_use]
    pub fn has(&self, fault: Fault) -> bool {
        self.of(fault) > 0
    }

    /// Sets a class; 0 switches it off.
    pub fn set(&mut self, fault: Fault, per_mille: u16) {
        self.0[fault as usize] = per_mille;
    }
}

/// A bug put in on purpose, to see whether it is found. Only where the feature `failpoints` is on
/// can one be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plant {
    /// The store lets a deposed writer write.
    FenceOff,
    /// Answers go before what they say is written.
    ReplyBeforeCommit,
    /// A clock releases a hold whose payment was sent.
    ReleaseOnTimeout,
    /// Nobody's limits are looked at.
    LimitsOff,
    /// A hold that comes to nothing is released twice.
    DoubleRelease,
    /// A person who is read back from the store has forgotten the keys.
    ForgetKey,
    /// After a doubt the store is only read: nothing bars what it may still write.
    ReplayFromBareSelect,
    /// A round that is read back goes on from the last number that the store knows.
    NumberTwice,
    /// Nobody looks whether the receiver of a gift may hold it.
    GiftRoomOff,
    /// What cancels gave back of a month counts twice.
    AllowanceTwice,
    /// A spend or a gift counts only once it is written.
    MoveLate,
    /// What a move takes out of a voucher is room to buy before it is written.
    FreedEarly,
    /// Answers about vouchers go before what they say is written.
    MoveBeforeCommit,
    /// Each call that asks for money back bears a name of its own.
    PaybackTwice,
    /// A person who is read back from the store has forgotten the keys of moves.
    ForgetMoves,
}

/// Every planted bug.
#[cfg(feature = "failpoints")]
pub const PLANTS: [Plant; 15] = [
    Plant::FenceOff,
    Plant::ReplyBeforeCommit,
    Plant::ReleaseOnTimeout,
    Plant::LimitsOff,
    Plant::DoubleRelease,
    Plant::ForgetKey,
    Plant::ReplayFromBareSelect,
    Plant::NumberTwice,
    Plant::GiftRoomOff,
    Plant::AllowanceTwice,
    Plant::MoveLate,
    Plant::FreedEarly,
    Plant::MoveBeforeCommit,
    Plant::PaybackTwice,
    Plant::ForgetMoves,
];

#[cfg(feature = "failpoints")]
impl Plant {
    /// Its name on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Plant::FenceOff => "fence-off",
            Plant::ReplyBeforeCommit => "reply-before-commit",
            Plant::ReleaseOnTimeout => "release-on-timeout",
            Plant::LimitsOff => "limits-off",
            Plant::DoubleRelease => "double-release",
            Plant::ForgetKey => "forget-key",
            Plant::ReplayFromBareSelect => "replay-from-bare-select",
            Plant::NumberTwice => "number-twice",
            Plant::GiftRoomOff => "gift-room-off",
            Plant::AllowanceTwice => "allowance-twice",
            Plant::MoveLate => "move-late",
            Plant::FreedEarly => "freed-early",
            Plant::MoveBeforeCommit => "move-before-commit",
            Plant::PaybackTwice => "payback-twice",
            Plant::ForgetMoves => "forget-moves",
        }
    }
}

#[cfg(feature = "failpoints")]
impl FromStr for Plant {
    type Err = String;

    fn from_str(text: &str) -> Result<Plant, String> {
        let found = PLANTS.into_iter().find(|plant| plant.word() == text);
        found.ok_or_else(|| {
            let known: Vec<&str> = PLANTS.iter().map(|plant| plant.word()).collect();
            format!("no planted bug is called so; known are {}", known.join(", "))
        })
    }
}
