-- OR-9: whoever sells without a pass is a counter that the program's rules named before the sale.
select purchase.stream_id, purchase.seq, purchase.round_id, channel.text as channel
from purchase
left join name as program on program.id = purchase.program_id
left join name as channel on channel.id = purchase.channel_id
left join (
    select program_name, channel, min(seq) as seq
    from counter_defined group by program_name, channel
) as named
    on named.program_name = program.text and named.channel = channel.text
where purchase.line = 255 and (named.seq is null or named.seq > purchase.seq)
