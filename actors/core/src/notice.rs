//! Notices: what the operator tells everybody who waits in a round.
//!
//! A short list, so that the document that carries it stays small. A notice ends by being withdrawn
//! or by its own time. Knows nothing of how it is shown.

use crate::program::Name;
use crate::round::Round;
use crate::{Event, Refusal, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Living notices of one round: every client that waits reads all of them each time, and nobody
/// reads a fifth. The next one is refused until one of them is withdrawn.
pub const NOTICES_MAX: usize = 4;

/// A notice: a UUIDv7 made at the edge, written as 32 digits of hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NoticeId(pub u128);

impl TryFrom<String> for NoticeId {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let id = (text.len() == 32).then(|| u128::from_str_radix(&text, 16).ok()).flatten();
        id.map(NoticeId).ok_or("a notice id is 32 digits of hexadecimal")
    }
}

impl From<NoticeId> for String {
    fn from(id: NoticeId) -> String {
        format!("{:032x}", id.0)
    }
}

/// What is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Its id.
    pub id: NoticeId,
    /// In both languages.
    pub message: Name,
    /// When it was posted.
    pub at: Timestamp,
    /// Until when it stands; until it is withdrawn when absent.
    pub until: Option<Timestamp>,
}

impl Notice {
    fn is_living(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// The notices of one round, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Notices(Vec<Arc<Notice>>);

impl Notices {
    /// Whether one more can be posted.
    ///
    /// # Errors
    /// `Malformed` when it would be over before it begins, `TooManyNotices`.
    pub fn check_post(&self, notice: &Notice) -> Result<(), Refusal> {
        if !notice.is_living(notice.at) {
            let detail = "until lies ahead".to_owned();
            return Err(Refusal::Malformed { detail });
        }
        if self.living(notice.at).len() >= NOTICES_MAX {
            return Err(Refusal::TooManyNotices);
        }
        Ok(())
    }

    /// Whether there is such a notice to be withdrawn.
    ///
    /// # Errors
    /// `NoticeNotFound`, also when its time is over.
    pub fn check_withdraw(&self, now: Timestamp, id: NoticeId) -> Result<(), Refusal> {
        let is_it = |notice: &Arc<Notice>| notice.id == id;
        self.living(now).iter().any(is_it).then_some(()).ok_or(Refusal::NoticeNotFound)
    }

    /// Those that stand at this moment, oldest first.
    #[must_use]
    pub fn living(&self, now: Timestamp) -> Vec<Arc<Notice>> {
        self.0.iter().filter(|notice| notice.is_living(now)).map(Arc::clone).collect()
    }

    /// Takes an event in.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::NoticePosted { notice, .. } => {
                // Those whose time is over go with the next one: the list never grows.
                self.0.retain(|other| other.is_living(notice.at));
                self.0.push(Arc::new(notice.clone()));
                assert!(self.0.len() <= NOTICES_MAX, "more notices than are ever decided");
            }
            Event::NoticeWithdrawn { id, .. } => self.0.retain(|notice| notice.id != *id),
            _ => {}
        }
    }
}

impl Round {
    /// What the operator tells everybody.
    #[must_use]
    pub fn notices(&self) -> &Notices {
        &self.notices
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RoundId;

    const ROUND: &str = "r1";

    fn notice(id: u128, at: i64, until: Option<i64>) -> Notice {
        let message = Name { ko: "안내".to_owned(), en: "a notice".to_owned() };
        Notice { id: NoticeId(id), message, at: Timestamp(at), until: until.map(Timestamp) }
    }

    fn post(notices: &mut Notices, notice: Notice) -> Result<(), Refusal> {
        notices.check_post(&notice)?;
        let round = RoundId::new(ROUND).expect("a slug");
        notices.apply(&Event::NoticePosted { round, notice });
        Ok(())
    }

    fn withdraw(notices: &mut Notices, now: i64, id: u128) -> Result<(), Refusal> {
        notices.check_withdraw(Timestamp(now), NoticeId(id))?;
        let round = RoundId::new(ROUND).expect("a slug");
        notices.apply(&Event::NoticeWithdrawn { round, id: NoticeId(id) });
        Ok(())
    }

    fn ids(notices: &Notices, now: i64) -> Vec<u128> {
        notices.living(Timestamp(now)).iter().map(|notice| notice.id.0).collect()
    }

    #[test]
    fn a_notice_stands_until_its_time_or_its_withdrawal() {
        let mut notices = Notices::default();
        post(&mut notices, notice(1, 0, None)).expect("there is room");
        post(&mut notices, notice(2, 10, Some(20))).expect("there is room");
        assert_eq!(ids(&notices, 19), [1, 2]);
        assert_eq!(ids(&notices, 20), [1]);
        assert_eq!(withdraw(&mut notices, 20, 2), Err(Refusal::NoticeNotFound));
        assert_eq!(withdraw(&mut notices, 20, 1), Ok(()));
        assert_eq!(withdraw(&mut notices, 20, 1), Err(Refusal::NoticeNotFound));
        assert_eq!(ids(&notices, 20), []);
    }

    #[test]
    fn there_are_never_more_than_anybody_reads() {
        let mut notices = Notices::default();
        for id in 0..NOTICES_MAX as u128 {
            post(&mut notices, notice(id, 0, Some(100))).expect("there is room");
        }
        assert_eq!(post(&mut notices, notice(9, 99, None)), Err(Refusal::TooManyNotices));
        // For years, with one that ends for each one that begins.
        for turn in 1..1_000_u32 {
            let at = i64::from(turn) * 100;
            post(&mut notices, notice(u128::from(turn), at, Some(at + 100))).expect("one is over");
        }
        assert!(notices.0.len() <= NOTICES_MAX);
    }

    #[test]
    fn what_is_over_before_it_begins_is_refused() {
        let refused = post(&mut Notices::default(), notice(1, 10, Some(10)));
        assert!(matches!(refused, Err(Refusal::Malformed { .. })));
    }
}
