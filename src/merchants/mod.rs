//! Merchants: who takes which vouchers, and finding them.
//!
//! An operator imports the list from a file ([`csv`]) into the store, beside a running server. The
//! server keeps all of it in memory ([`Directory`]), looks every so often whether the list in the
//! store has changed ([`follow`]), and answers searches and look-ups from memory alone: spending
//! never waits for the store to know a merchant.
//!
//! Decides nothing about a voucher: whether a merchant may take one is the core's to say.

pub mod csv;
mod directory;
mod fold;
mod follow;
mod index;
mod postings;
mod samples;

#[cfg(test)]
mod tests;

pub use directory::Directory;
pub use follow::{Followed, Regions, follow};
pub use index::{Accepted, Index, Page, Query};

use openrun_core::{MerchantId, ProgramId};

/// Characters of a name at most: what a receipt and a list on a phone can show.
pub const NAME_CHARS_MAX: usize = 100;
/// Characters of a region or a category at most, as of every other name here.
pub const WORD_CHARS_MAX: usize = 64;
/// Programs that one merchant may list at most: more than any region has.
pub const PROGRAMS_MAX: usize = 64;
/// Merchants at most that are read into memory. Above it the list is refused as a whole: each takes
/// about 400 bytes, so this many take 800 MB, seven times what the largest platform has.
pub const MERCHANTS_MAX: usize = 2_000_000;
/// Characters of a search at most that are looked at: longer than any name of a shop.
pub const TEXT_CHARS_MAX: usize = 60;
/// Most merchants on a page.
pub const PAGE_MAX: usize = 100;

/// Somebody who takes vouchers as payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merchant {
    /// Its id, stable over imports.
    pub id: MerchantId,
    /// Its name, as on its sign.
    pub name: String,
    /// Where it is: one of the regions of programs.
    pub region: String,
    /// What it sells, in a word or two.
    pub category: String,
    /// The programs that it takes; none: every program of its region.
    pub programs: Vec<ProgramId>,
    /// Whether it takes vouchers now. One that does not is neither found nor paid.
    pub is_active: bool,
}

impl Merchant {
    /// Whether it takes vouchers of a program, as far as it has a say. Its region has to be one of
    /// the program's as well.
    #[must_use]
    pub fn takes(&self, program: &ProgramId) -> bool {
        self.programs.is_empty() || self.programs.contains(program)
    }

    /// Its programs in one word, as the store keeps them and as a file lists them.
    #[must_use]
    pub fn listed_programs(&self) -> String {
        let names: Vec<&str> = self.programs.iter().map(ProgramId::as_str).collect();
        names.join("|")
    }

    /// The programs of such a word.
    ///
    /// # Errors
    /// The first that is no name of a program.
    pub fn programs_of(listed: &str) -> Result<Vec<ProgramId>, String> {
        let names = listed.split('|').map(str::trim).filter(|name| !name.is_empty());
        names.map(|name| ProgramId::new(name).ok_or_else(|| name.to_owned())).collect()
    }
}
