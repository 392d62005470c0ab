-- The store: the order of everything counts 1, 2, 3, ... over all tables, without a gap and without
-- a repeat, up to the number that the owner writes next.
select before, seq
from (
    select coalesce(lag(seq) over (order by seq), 0) as before, seq
    from (
        select seq from everything
        union all
        select next_seq from ownership
    ) as numbered
) as pair
where seq <> before + 1
