//! On which terms a route answers: who may call, what it reads, and with which codes it may refuse.
//!
//! Words for the document; the checks themselves are in [`super::call`].

use super::call::{IDEMPOTENCY_KEY, IF_MATCH, PASS, TICKET};
use openrun_actors::Entrance;
use openrun_core::Feature;

/// Who may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Anybody.
    Anyone,
    /// A person with a token of their channel.
    Person,
    /// Whoever shows a ticket.
    Ticket,
    /// Staff with a token, in any role.
    Viewer,
    /// Staff in the role of an operator.
    Operator,
    /// Staff in the role of an approver: the second person.
    Approver,
}

/// On which terms a route answers.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// Who may call.
    pub who: Who,
    /// Headers beside the token, each with whether it is required.
    pub headers: &'static [(&'static str, bool)],
    /// Whether it reads a body.
    pub has_body: bool,
    /// Further codes of refusals.
    pub may: &'static [&'static str],
    /// What it is a part of, when that can be switched off for a time.
    pub feature: Option<Feature>,
    /// Where it goes: when there is no room, it is refused before anything of it is read.
    pub entrance: Option<Entrance>,
    /// Whether it is between the pages and this server alone: it stands in no document.
    pub is_unwritten: bool,
}

impl Terms {
    const fn of(who: Who) -> Terms {
        Terms {
            who,
            headers: &[],
            has_body: false,
            may: &[],
            feature: None,
            entrance: None,
            is_unwritten: false,
        }
    }

    /// It reads a body.
    #[must_use]
    pub const fn body(self) -> Terms {
        Terms { has_body: true, ..self }
    }

    /// It may also refuse with these codes.
    #[must_use]
    pub const fn may(self, may: &'static [&'static str]) -> Terms {
        Terms { may, ..self }
    }

    /// It is between the pages and this server alone.
    #[must_use]
    pub const fn unwritten(self) -> Terms {
        Terms { is_unwritten: true, ..self }
    }

    /// It is refused while this is switched off for everything.
    #[must_use]
    pub const fn part_of(self, feature: Feature) -> Terms {
        Terms { feature: Some(feature), ..self }
    }

    /// It is refused at once when there is no room where it goes.
    #[must_use]
    pub const fn through(self, entrance: Entrance) -> Terms {
        Terms { entrance: Some(entrance), ..self }
    }

    /// It reads these headers too.
    #[must_use]
    pub const fn headers(self, headers: &'static [(&'static str, bool)]) -> Terms {
        Terms { headers, ..self }
    }

    /// All codes that it may refuse with.
    #[must_use]
    pub fn codes(&self) -> Vec<&'static str> {
        let by_who: &[&str] = match self.who {
            Who::Anyone => &[],
            Who::Person => &["unauthenticated"],
            Who::Ticket => &["ticket-invalid"],
            Who::Viewer => &["unauthenticated", "forbidden"],
            Who::Operator | Who::Approver => &["unauthenticated", "forbidden", "version-changed"],
        };
        let by_body: &[&str] = match self.has_body {
            true => &["malformed", "body-too-large", "unsupported-media-type"],
            false => &[],
        };
        let by_feature: &[&str] = if self.feature.is_some() { &["suspended"] } else { &[] };
        [by_feature, by_who, by_body, self.may].concat()
    }
}

/// Anybody may call.
pub const ANYONE: Terms = Terms::of(Who::Anyone);
/// A person's token is needed.
pub const PERSON: Terms = Terms::of(Who::Person);
/// Signing up, which can be switched off for a time.
pub const SIGN_UP: Terms = PERSON.body().part_of(Feature::SignUp).through(Entrance::SignUp);
/// A ticket is needed, and nothing else.
pub const SHOWN_TICKET: Terms = Terms::of(Who::Ticket).headers(&[(TICKET, true)]);
/// Joining: a ticket may come along.
pub const JOINING: Terms =
    Terms::of(Who::Person).headers(&[(TICKET, false)]).through(Entrance::Line);
/// Buying. The pass is not required: a counter has none.
pub const BUYING: Terms =
    PERSON.headers(&[(PASS, false), (IDEMPOTENCY_KEY, true)]).body().through(Entrance::Sale);
/// Paying with a voucher.
pub const SPENDING: Terms = Terms::of(Who::Person).headers(&[(IDEMPOTENCY_KEY, true)]).body();
/// Having a voucher paid back: there need not be a body.
pub const PAYING_BACK: Terms = Terms::of(Who::Person).headers(&[(IDEMPOTENCY_KEY, true)]);
/// Searching for merchants, which can be switched off for a time.
pub const SEARCHING: Terms = ANYONE.part_of(Feature::MerchantSearch);
/// A staff token is needed.
pub const VIEWER: Terms = Terms::of(Who::Viewer);
/// A staff token of an operator is needed, and there is no body.
pub const OPERATOR_ALONE: Terms = Terms::of(Who::Operator).headers(&[(IF_MATCH, false)]);
/// A staff token of an approver is needed.
pub const APPROVER: Terms = Terms::of(Who::Approver).headers(&[(IF_MATCH, false)]).body();
/// A staff token of an operator is needed.
pub const OPERATOR: Terms = OPERATOR_ALONE.body();
