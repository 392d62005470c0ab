-- The store: a deposed owner writes nothing, so epochs only grow along the order of a stream, up to
-- that of its owner.
select stream_id, first_seq, epoch, before
from (
    select stream_id, first_seq, epoch,
        lag(epoch) over (partition by stream_id order by first_seq) as before
    from (
        select stream_id, first_seq, epoch from batch
        union all
        select id, next_seq, epoch from stream
    ) as written
) as pair
where epoch < before
