//! F33: what the audit says of limits over two streams when the clocks of servers differ. Each test
//! has a sale in which all is well and one in which something is too much, and no more is different
//! between them than who wrote it when. As functions, for both kinds of store.

use super::sale::{Ground, LAST_TURN, Sale, time};
use std::path::Path;

/// Calls `$run!` with the name of every test of this module, so that no store leaves one out.
macro_rules! for_every_clock {
    ($run:ident) => {
        $run! {
            f33_a_clock_that_was_set_back_between_two_servers_is_no_fault_of_a_sale
            f33_a_clock_that_was_set_back_in_a_quiet_store_is_no_fault_of_a_sale
            f33_what_is_too_much_is_found_whoever_takes_over_afterwards
            f33_a_cancel_gives_back_nothing_before_it_whatever_its_clock_says
            f33_a_gift_after_the_clock_was_set_back_takes_no_room_before
            f33_two_servers_at_once_whose_clocks_differ_are_no_fault_of_a_sale
            f33_what_two_servers_at_once_give_too_much_is_found
        }
    };
}
pub(crate) use for_every_clock;

const ALL_OF_BOTH: [&str; 3] = ["or2-monthly-limit", "or2-used-after", "or2-holding-limit"];
const HOLDING: [&str; 1] = ["or2-holding-limit"];

/// Whose clock it is that shows an earlier time in the middle of a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// That of the one server there is, which cannot be.
    Its,
    /// The same, which has taken both streams anew in between.
    ItsOnceMore,
    /// That of another server.
    Another,
}

const WHOSE: [Whose; 3] = [Whose::Its, Whose::ItsOnceMore, Whose::Another];

impl Whose {
    async fn goes_on(self, sale: Sale) -> Sale {
        match self {
            Whose::Its => sale,
            Whose::ItsOnceMore => sale.taken_anew().await,
            Whose::Another => sale.taken_over().await,
        }
    }

    /// What is said of a sale in which all is well if another server went on.
    fn says<'r>(self, otherwise: &'r [&'r str]) -> &'r [&'r str] {
        if self == Whose::Another { &[] } else { otherwise }
    }
}

/// A purchase that was cancelled and one that was spent, and then one that had room thanks to both,
/// by a clock that is three hours behind.
pub(crate) async fn f33_a_clock_that_was_set_back_between_two_servers_is_no_fault_of_a_sale(
    ground: Ground,
) {
    for whose in WHOSE {
        let mut sale = Sale::open(ground).await;
        sale.buys(1, 400_000, [600_000, 400_000], time(5)).await;
        sale.cancels(1, time(6)).await;
        sale.buys(2, 100_000, [500_000, 100_000], time(6)).await;
        sale.spends(2, [100_000, 0], time(6)).await;
        let mut sale = whose.goes_on(sale).await;
        sale.buys(3, 400_000, [100_000, 500_000], time(3)).await;
        assert_eq!(sale.broken().await, whose.says(&ALL_OF_BOTH), "{whose:?}");
    }
}

/// The same when no stream shows by itself that the clock was set back: the sale was quiet before,
/// and the vouchers afterwards.
pub(crate) async fn f33_a_clock_that_was_set_back_in_a_quiet_store_is_no_fault_of_a_sale(
    ground: Ground,
) {
    for whose in WHOSE {
        let mut sale = Sale::open(ground).await;
        sale.buys(1, 300_000, [700_000, 300_000], time(1)).await;
        sale.spends(1, [300_000, 0], time(6)).await;
        let mut sale = whose.goes_on(sale).await;
        sale.buys(2, 200_000, [500_000, 500_000], time(3)).await;
        assert_eq!(sale.broken().await, whose.says(&HOLDING), "{whose:?}");

        let mut sale = Sale::open(ground).await;
        sale.buys(1, 400_000, [600_000, 400_000], time(1)).await;
        sale.cancels(1, time(6)).await;
        let mut sale = whose.goes_on(sale).await;
        sale.buys(2, 400_000, [200_000, 400_000], time(3)).await;
        assert_eq!(sale.broken().await, whose.says(&ALL_OF_BOTH), "{whose:?}");
    }
}

/// Somebody buys more than there is room for and spends it afterwards, which looks like before by a
/// clock that was set back. No take-over that follows excuses it.
pub(crate) async fn f33_what_is_too_much_is_found_whoever_takes_over_afterwards(ground: Ground) {
    for whose in WHOSE {
        let mut sale = Sale::open(ground).await;
        sale.buys(1, 400_000, [600_000, 400_000], time(5)).await;
        let mut sale = sale.taken_over().await;
        sale.buys(2, 100_000, [500_000, 500_000], time(3)).await;
        let mut sale = whose.goes_on(sale).await;
        // Of one server it is the order of times, of two that of their take-overs.
        let at = if whose == Whose::Another { time(2) } else { time(4) };
        sale.spends(2, [100_000, 0], at).await;
        assert_eq!(sale.broken().await, HOLDING, "{whose:?}");
        let sale = sale.taken_over().await;
        assert_eq!(sale.broken().await, HOLDING, "{whose:?}, and once more");
    }
}

/// As the spend before, of the month: what is cancelled later was not there to be bought with.
pub(crate) async fn f33_a_cancel_gives_back_nothing_before_it_whatever_its_clock_says(
    ground: Ground,
) {
    for whose in WHOSE {
        let mut sale = Sale::open(ground).await;
        sale.buys(1, 400_000, [600_000, 400_000], time(5)).await;
        let mut sale = sale.taken_over().await;
        sale.buys(2, 400_000, [200_000, 400_000], time(3)).await;
        let mut sale = whose.goes_on(sale).await;
        let at = if whose == Whose::Another { time(2) } else { time(4) };
        sale.cancels(1, at).await;
        let sale = sale.taken_over().await;
        assert_eq!(sale.broken().await, ALL_OF_BOTH, "{whose:?}");
    }
}

/// What was given after the clock was set back was not there when it was bought, by the time that
/// was shown before.
pub(crate) async fn f33_a_gift_after_the_clock_was_set_back_takes_no_room_before(ground: Ground) {
    for whose in WHOSE {
        let mut sale = Sale::open(ground).await;
        sale.buys(LAST_TURN, 400_000, [600_000, 400_000], time(1)).await;
        sale.buys(1, 300_000, [300_000, 300_000], time(5)).await;
        sale.spends(1, [300_000, 0], time(6)).await;
        let mut sale = whose.goes_on(sale).await;
        sale.gives([300_000, 100_000], time(3)).await;
        assert_eq!(sale.broken().await, whose.says(&HOLDING), "{whose:?}");

        // A gift before, by a clock that is ahead, did take it.
        let mut sale = Sale::open(ground).await;
        sale.buys(LAST_TURN, 400_000, [600_000, 400_000], time(1)).await;
        sale.gives([300_000, 100_000], time(6)).await;
        let mut sale = whose.goes_on(sale).await;
        sale.buys(1, 300_000, [300_000, 300_000], time(3)).await;
        sale.spends(1, [300_000, 0], time(4)).await;
        assert_eq!(sale.broken().await, HOLDING, "{whose:?}");
    }
}

/// One server has the sale and another, whose clock is ahead, the vouchers: what is bought had room
/// thanks to what was spent before, although by their clocks it was spent afterwards.
pub(crate) async fn f33_two_servers_at_once_whose_clocks_differ_are_no_fault_of_a_sale(
    ground: Ground,
) {
    for are_two in [true, false] {
        let mut sale = Sale::open(ground).await;
        if are_two {
            sale.is_shared().await;
        }
        sale.buys(1, 300_000, [700_000, 300_000], time(1)).await;
        sale.spends(1, [300_000, 0], time(5)).await;
        sale.buys(2, 200_000, [500_000, 500_000], time(2)).await;
        let broken: &[&str] = if are_two { &[] } else { &HOLDING };
        assert_eq!(sale.broken().await, broken, "{are_two}");
    }
}

/// What two servers do beside each other has no order that anybody knows, and may be too much in
/// every one.
pub(crate) async fn f33_what_two_servers_at_once_give_too_much_is_found(ground: Ground) {
    for is_spent in [false, true] {
        let mut sale = Sale::open(ground).await;
        sale.buys(LAST_TURN, 400_000, [600_000, 400_000], time(1)).await;
        sale.is_shared().await;
        sale.buys(1, 300_000, [300_000, 300_000], time(2)).await;
        if is_spent {
            // Then the gift may have come when there was room again.
            sale.spends(1, [300_000, 0], time(4)).await;
        }
        sale.gives([300_000, 100_000], time(5)).await;
        let broken: &[&str] = if is_spent { &[] } else { &HOLDING };
        assert_eq!(sale.broken().await, broken, "{is_spent}");
    }
    // What came before the one took over from the other is known to be before.
    let mut sale = Sale::open(ground).await;
    sale.buys(LAST_TURN, 400_000, [600_000, 400_000], time(1)).await;
    sale.gives([300_000, 100_000], time(5)).await;
    sale.is_shared().await;
    sale.buys(1, 300_000, [300_000, 300_000], time(2)).await;
    assert_eq!(sale.broken().await, HOLDING);
}

macro_rules! embedded {
    ($($name:ident)+) => {$(
        #[tokio::test]
        async fn $name() {
            super::$name(super::super::sale::EMBEDDED).await;
        }
    )+};
}

mod embedded {
    for_every_clock!(embedded);
}

/// As the migration leaves a store in which take-overs were not written down.
fn as_of_a_former_version(path: &Path) {
    let former = "delete from ownership;
        insert into ownership
        select stream.id, stream.epoch, null, 0, stream.next_seq, other.next_seq
        from stream join stream as other on other.id = -stream.id";
    super::plant_in(path, &["ownership"], former);
}

/// What was written before counts as of one server, and came before all that follows.
#[tokio::test]
async fn f33_a_store_of_a_former_version_is_judged_by_time_up_to_its_migration() {
    use super::sale::EMBEDDED;
    // The clock was set back before the migration: nobody can tell, and it is told.
    let mut sale = Sale::open(EMBEDDED).await;
    sale.buys(1, 300_000, [700_000, 300_000], time(1)).await;
    sale.spends(1, [300_000, 0], time(6)).await;
    let mut sale = sale.taken_over().await;
    sale.buys(2, 200_000, [500_000, 500_000], time(3)).await;
    as_of_a_former_version(sale.path());
    assert_eq!(sale.broken().await, HOLDING);

    // It was set back after it.
    for is_spent in [true, false] {
        let mut sale = Sale::open(EMBEDDED).await;
        sale.buys(1, 300_000, [700_000, 300_000], time(1)).await;
        if is_spent {
            sale.spends(1, [300_000, 0], time(6)).await;
        }
        as_of_a_former_version(sale.path());
        let mut sale = sale.taken_over().await;
        sale.buys(2, 200_000, [500_000, 500_000], time(3)).await;
        let broken: &[&str] = if is_spent { &[] } else { &HOLDING };
        assert_eq!(sale.broken().await, broken, "{is_spent}");
    }
}
