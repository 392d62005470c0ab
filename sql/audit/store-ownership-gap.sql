-- The store: each take-over is written down, from the first or from when the store was migrated to
-- do so, without a gap and up to the last; none goes back behind the one before, in its own stream or
-- in the other; and each batch lies under the take-over whose epoch it bears.
select stream_id, epoch, case
        when before is null then 'the first is missing' else 'one before is missing'
    end as problem
from (
    select stream_id, epoch, server,
        lag(epoch) over (partition by stream_id order by epoch) as before
    from ownership
) as counted
where (before is null and epoch <> 1 and server is not null) or epoch <> before + 1
union all
select stream.id, stream.epoch, 'the last is missing'
from stream
left join ownership on ownership.stream_id = stream.id and ownership.epoch = stream.epoch
where ownership.epoch is null
union all
select stream_id, epoch, 'went back'
from (
    select ownership.stream_id, ownership.epoch, ownership.from_seq, ownership.other_seq,
        stream.next_seq, coalesce(other.next_seq, 1) as other_next_seq,
        lag(ownership.from_seq) over (
            partition by ownership.stream_id order by ownership.epoch) as from_seq_before,
        lag(ownership.other_seq) over (
            partition by ownership.stream_id order by ownership.epoch) as other_seq_before
    from ownership
    left join stream on stream.id = ownership.stream_id
    left join stream as other on other.id = -ownership.stream_id and other.id <> stream.id
) as placed
where from_seq < from_seq_before or other_seq < other_seq_before
    or next_seq is null or from_seq > next_seq or other_seq > other_next_seq
union all
select batch.stream_id, batch.epoch, 'a batch lies elsewhere'
from batch
left join (
    select stream_id, min(from_seq) as from_seq from ownership group by stream_id
) as begun on begun.stream_id = batch.stream_id
left join ownership as own on own.stream_id = batch.stream_id and own.epoch = batch.epoch
    and own.server is not null
left join ownership as later on later.stream_id = own.stream_id
    and later.epoch = own.epoch + 1
where (own.epoch is null and batch.first_seq >= begun.from_seq)
    or batch.first_seq < own.from_seq
    or batch.first_seq + batch.count > later.from_seq
