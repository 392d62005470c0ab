//! Exit codes, and faults that end a command: one line with cause and cure, and a code.

use crate::config::ConfigError;
use crate::store::OpenError;
use crate::trust::KeysError;
use std::fmt;
use std::process::ExitCode;

/// How a command ends. The numbers are part of the command line's contract; usage faults are 2,
/// answered by the parser itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// It could not be done.
    Failure,
    /// An invariant is broken.
    InvariantBroken,
    /// A rehearsal missed its thresholds, or a machine is not enough for a sale.
    ThresholdMissed,
    /// Something that this depends on is down.
    DependencyDown,
    /// The settings or keys are wrong.
    BadConfig,
}

impl Exit {
    /// The number that the system sees.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failure => 1,
            Exit::InvariantBroken => 3,
            Exit::ThresholdMissed => 4,
            Exit::DependencyDown => 69,
            Exit::BadConfig => 78,
        }
    }

    /// The end that a rehearsal's own code stands for.
    #[must_use]
    pub fn of_rehearsal(code: i32) -> Exit {
        match code {
            0 => Exit::Done,
            3 => Exit::InvariantBroken,
            4 => Exit::ThresholdMissed,
            _ => Exit::Failure,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

/// Why a command could not be done.
#[derive(Debug)]
pub struct Fault {
    /// The code to end with.
    pub exit: Exit,
    line: String,
}

impl Fault {
    /// A fault in one line: what is wrong and what to do.
    pub fn new(exit: Exit, line: impl fmt::Display) -> Fault {
        Fault { exit, line: line.to_string().replace('\n', " ") }
    }

    /// A failure that is neither of the settings nor of a dependency.
    pub fn failure(line: impl fmt::Display) -> Fault {
        Fault::new(Exit::Failure, line)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

impl From<ConfigError> for Fault {
    fn from(error: ConfigError) -> Fault {
        Fault::new(Exit::BadConfig, error)
    }
}

impl From<KeysError> for Fault {
    fn from(error: KeysError) -> Fault {
        Fault::new(Exit::BadConfig, error)
    }
}

impl From<OpenError> for Fault {
    fn from(error: OpenError) -> Fault {
        let exit = match error {
            OpenError::UnknownKind { .. } => Exit::BadConfig,
            OpenError::Postgres(ref fault) if fault.is_of_settings() => Exit::BadConfig,
            _ => Exit::DependencyDown,
        };
        Fault::new(exit, error)
    }
}
