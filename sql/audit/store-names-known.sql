-- The store: every number that stands for a name has one, and every stream that is written to is
-- there. The stream of a program's vouchers has the negative of the program's number.
select used.id, min(used.stream_id) as stream_id, min(used.seq) as seq
from (
    select round_id as id, stream_id, seq from journal where round_id is not null
    union all select channel_id, 0, seq from person
    union all select round_id, stream_id, seq from ticket
    union all select round_id, stream_id, seq from place_end
    union all select round_id, stream_id, seq from claim
    union all select round_id, stream_id, seq from hold
    union all select window_id, stream_id, seq from hold
    union all select program_id, stream_id, seq from hold
    union all select channel_id, stream_id, seq from hold
    union all select round_id, stream_id, seq from payment_step
    union all select round_id, stream_id, seq from purchase
    union all select window_id, stream_id, seq from purchase
    union all select program_id, stream_id, seq from purchase
    union all select channel_id, stream_id, seq from purchase
    union all select round_id, stream_id, seq from voucher_move where round_id is not null
    union all select abs(id), id, next_seq from stream where id <> 0
) as used
left join name on name.id = used.id
where name.id is null
group by used.id
union all
select used.stream_id, used.stream_id, min(used.seq)
from everything as used
left join stream on stream.id = used.stream_id
where stream.id is null
group by used.stream_id
