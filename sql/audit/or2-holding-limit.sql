-- OR-2: no person ever holds more than the most generous rules of the program ever allowed. What is
-- held until a rail has answered counts, and so does what was given to them; what they spent, gave,
-- were paid back or let expire does not count any more. Purchases and the moves of vouchers are in
-- two streams: they follow each other by time, and what makes room comes first.
select stream_id, seq, program_id, holding, holding_limit
from (
    select holding_moved.stream_id, holding_moved.seq, holding_moved.program_id,
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
