-- OR-2: nobody is given more in a month than the most generous rules of the program ever allowed,
-- if every version of them had a limit.
select gift.stream_id, gift.seq, gift.month, gift.received, allowed.gift_limit
from (
    select stream_id, seq, month,
        sum(amount) over (
            partition by stream_id, receiver, month order by seq rows unbounded preceding
        ) as received
    from voucher_move where kind = 'gifted'
) as gift
join name on name.id = -gift.stream_id
join (
    select program_name, max(gift_limit) as gift_limit
    from gift_limit_defined group by program_name having count(*) = count(gift_limit)
) as allowed on allowed.program_name = name.text
where gift.received > allowed.gift_limit
