-- The store: in each stream each batch begins where the one before ended, and the last ends where
-- the owner writes next.
select stream_id, expected, first_seq
from (
    select stream_id, first_seq,
        coalesce(
            lag(first_seq + count) over (partition by stream_id order by first_seq, count desc), 1
        ) as expected
    from (
        select stream_id, first_seq, count from batch
        union all
        select id, next_seq, 0 from stream
    ) as written
) as pair
where first_seq <> expected
