-- The store: every number that stands for a name has one.
select used.id, min(used.seq) as seq
from (
    select round_id as id, seq from journal where round_id is not null
    union all select channel_id, seq from person
    union all select round_id, seq from ticket
    union all select round_id, seq from place_end
    union all select round_id, seq from claim
    union all select round_id, seq from purchase
    union all select window_id, seq from purchase
    union all select program_id, seq from purchase
    union all select channel_id, seq from purchase
) as used
left join name on name.id = used.id
where name.id is null
group by used.id
