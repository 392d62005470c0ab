-- OR-9: a pass buys once. It is good again only when what was held with it came to nothing before.
select stream_id, seq, round_id, line, number, before, before_voided
from (
    select taken.stream_id, taken.seq, taken.round_id, taken.line, taken.number,
        lag(taken.seq) over pass as before,
        lag(hold_voided.seq) over pass as before_voided
    from taken left join hold_voided on hold_voided.id = taken.id
    window pass as (
        partition by taken.round_id, taken.line, taken.number order by taken.seq
    )
) as pair
where before is not null and (before_voided is null or before_voided > seq)
