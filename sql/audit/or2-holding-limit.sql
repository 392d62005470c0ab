-- OR-2: no person ever holds more than the most generous rules of the program ever allowed. What is
-- held until a rail has answered counts, and so does what was given to them; what they spent, gave,
-- were paid back or let expire does not count any more. Purchases and the moves of vouchers are in
-- two streams: they follow each other by time, and what makes room comes first.
--
-- The clock of one server never goes back, that of the next may be up to a day behind. So whoever
-- holds too much by time is looked at once more: in each stream by seq, and of the other one with all
-- that makes room and may have come before, for it was written under an older take-over, and without
-- what takes room and may have come after.
with suspect as (
    select distinct person, program_id, holding_limit
    from (
        select holding_moved.person, holding_moved.program_id,
            sum(holding_moved.delta) over (
                partition by holding_moved.person, holding_moved.program_id
                order by holding_moved.at,
                    case when holding_moved.delta < 0 then 0 else 1 end,
                    holding_moved.stream_id, holding_moved.seq
                rows unbounded preceding
            ) as holding,
            allowed.holding_limit
        from holding_moved
        join name on name.id = holding_moved.program_id
        join (
            select program_name, max(holding_limit) as holding_limit
            from holding_limit_defined group by program_name
        ) as allowed on allowed.program_name = name.text
    ) as running
    where holding > holding_limit
),
moved as (
    select suspect.person, suspect.program_id, suspect.holding_limit,
        holding_moved.stream_id, holding_moved.seq, holding_moved.at, holding_moved.delta, (
            select stream.epoch - batch.epoch
            from batch join stream on stream.id = batch.stream_id
            where batch.stream_id = holding_moved.stream_id
                and batch.first_seq <= holding_moved.seq
            order by batch.first_seq desc limit 1
        ) as taken_over
    from suspect
    join holding_moved on holding_moved.person = suspect.person
        and holding_moved.program_id = suspect.program_id
)
select stream_id, seq, program_id, holding, holding_limit
from (
    select taken.stream_id, taken.seq, taken.program_id, taken.holding_limit, (
        select sum(moved.delta) from moved
        where moved.person = taken.person and moved.program_id = taken.program_id
            and case
                when moved.stream_id = taken.stream_id then moved.seq <= taken.seq
                when moved.delta < 0 then moved.at <= taken.at
                    or (moved.taken_over > taken.taken_over
                        and moved.at <= taken.at + 86400000)
                else moved.at <= taken.at
                    and (moved.taken_over >= taken.taken_over
                        or moved.at < taken.at - 86400000)
            end
    ) as holding
    from moved as taken where taken.delta > 0
) as least
where holding > holding_limit
