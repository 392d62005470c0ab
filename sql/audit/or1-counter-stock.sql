-- OR-1: what is set aside for counters is sold at counters, and nothing else is: neither lives from
-- the stock of the other. What a round was defined as last is what it sold.
select taken.stream_id, taken.seq, taken.round_id, name.text as window_name, taken.line
from taken
left join name on name.id = taken.window_id
left join (
    select counter_window.round_id, counter_window.window_name
    from counter_window
    join (
        select round_id, max(seq) as seq from window_defined group by round_id
    ) as newest
        on newest.round_id = counter_window.round_id and newest.seq = counter_window.seq
) as counter
    on counter.round_id = taken.round_id and counter.window_name = name.text
where (taken.line = 255) <> (counter.window_name is not null)
