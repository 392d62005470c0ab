//! What a round has sold, added up by the store itself: the one statement that both stores
//! understand, because a million rows that only have to be added up shall not leave the store.

/// One row a day of Seoul (nine hours ahead of UTC since 1988), channel and window. `$1` is the
/// number of the round. The last two columns are the place on which the row depends.
pub const SOLD: &str = "\
    select channel_id, window_id, count(*), cast(sum(amount) as bigint),
        cast(sum(price) as bigint), cast(sum(subsidy) as bigint), min(at), max(stream_id), max(seq)
    from purchase where round_id = $1
    group by (at + 32400000) / 86400000, channel_id, window_id";
