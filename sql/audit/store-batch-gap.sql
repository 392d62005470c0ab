-- The store: each batch begins where the one before ended, and the last ends where the owner writes
-- next.
select expected, first_seq
from (
    select coalesce(lag(first_seq + count) over (order by first_seq), 1) as expected, first_seq
    from (
        select first_seq, count from batch
        union all
        select next_seq, 0 from ownership
    ) as written
) as pair
where first_seq <> expected
