-- OR-2: no person ever holds more than the most generous rules of the program ever allowed. What is
-- held until a rail has answered counts. Nothing is spent or refunded in this store yet.
select stream_id, seq, program_id, holding, holding_limit
from (
    select limit_moved.stream_id, limit_moved.seq, limit_moved.program_id,
        sum(limit_moved.delta) over (
            partition by limit_moved.person, limit_moved.program_id
            order by limit_moved.seq rows unbounded preceding
        ) as holding,
        allowed.holding_limit
    from limit_moved
    join name on name.id = limit_moved.program_id
    join (
        select program_name, max(holding_limit) as holding_limit
        from holding_limit_defined group by program_name
    ) as allowed on allowed.program_name = name.text
) as running
where holding > holding_limit
