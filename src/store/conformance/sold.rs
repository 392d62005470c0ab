//! What every store must say of what a round has sold.

use super::{Owner, all};
use crate::store::sample;
use openrun_actors::store::{Batch, Store};
use openrun_core::payment::VoidReason;
use openrun_core::settlement::Settlement;
use openrun_core::{ChannelId, Event, Purchase, RoundId, Timestamp, Won};
use std::sync::Arc;

/// The last millisecond of 14 July 2022 in Seoul.
const LAST_OF_THE_DAY: Timestamp = Timestamp(1_657_810_799_999);

/// Only what was issued counts, on the day on which it was, whenever it was held; other rounds stay
/// out.
pub(crate) async fn what_a_round_sold_is_added_up_by_day_channel_and_window(store: Arc<dyn Store>) {
    assert_eq!(all(store.sold_of(&sample::round())).await, []);
    let mut owner = Owner::of(store.clone()).await;
    let there = RoundId::new("elsewhere").expect("a slug");
    let other = ChannelId::new("tmoney-pay").expect("a slug");
    let sold = |number: u64| sample::issued(sample::purchase(number));
    let through_other = Purchase { channel: other, ..sample::purchase(4) };
    let second = Purchase { window: sample::window("second"), ..sample::purchase(5) };
    let elsewhere = Purchase { round: there.clone(), ..sample::purchase(6) };
    let first_day = vec![
        sample::held(sample::purchase(1)),
        sold(2),
        sample::held(sample::purchase(3)),
        sample::voided(3, "first", VoidReason::Declined),
        sample::issued(through_other),
        sample::issued(elsewhere),
    ];
    write_at(&mut owner, LAST_OF_THE_DAY, first_day).await;
    let next_day = vec![sold(1), sold(7), sample::issued(second)];
    write_at(&mut owner, LAST_OF_THE_DAY.plus_millis(1), next_day).await;

    let mut settlement = Settlement::default();
    all(store.sold_of(&sample::round())).await.into_iter().for_each(|sold| settlement.sell(sold));
    let rows = settlement.rows().map(|((day, channel, window), sums)| {
        let (amount, price) = (sums.amount, sums.price);
        format!("{} {channel} {window} {} {amount} {price}", day.day, sums.purchases)
    });
    let want = [
        "14 seoul-pay first 1 100000 93000",
        "14 tmoney-pay first 1 100000 93000",
        "15 seoul-pay first 2 200000 186000",
        "15 seoul-pay second 1 100000 93000",
    ];
    assert_eq!(rows.collect::<Vec<_>>(), want);
    assert_eq!(settlement.total().subsidy, Won(35_000));
    assert_eq!(all(store.sold_of(&there)).await.len(), 1);
}

async fn write_at(owner: &mut Owner, at: Timestamp, events: Vec<Event>) {
    let count = events.len() as u64;
    let events = events.into_iter().map(|event| (at, event)).collect();
    let batch = Batch { events, ..owner.batch(Vec::new()) };
    owner.store.commit(batch).await.expect("writes");
    owner.ownership.next_seq += count;
}
