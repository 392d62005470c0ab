-- The store: the order of each stream counts 1, 2, 3, ... over all tables, without a gap and
-- without a repeat, up to the number that the owner writes next.
select stream_id, before, seq
from (
    select stream_id, seq,
        coalesce(lag(seq) over (partition by stream_id order by seq), 0) as before
    from (
        select stream_id, seq from everything
        union all
        select id, next_seq from stream
    ) as numbered
) as pair
where seq <> before + 1
