-- The store: rows are what the named constraints of their tables let in, also after a hand that
-- went around them, and lie in the stream of their program.
select 'purchase' as found_in, stream_id, seq
from purchase
where left_after < 0 or used_after < amount or used_after > monthly_limit
    or length(id) <> 16 or length(person) <> 16 or length(digest) <> 32
    or program_id <> stream_id
union all
select 'hold', stream_id, seq
from hold
where left_after < 0 or used_after < amount or used_after > monthly_limit
    or length(id) <> 16 or length(person) <> 16 or length(digest) <> 32
    or program_id <> stream_id
union all
select 'payment_step', stream_id, seq
from payment_step
where length(id) <> 16
    or kind not in ('payment_sent', 'cancel_sent', 'voided', 'return_sent', 'returned')
union all
select 'refusal', stream_id, seq
from refusal where length(person) <> 16 or length(digest) <> 32
union all
select 'voucher_move', stream_id, seq
from voucher_move
where balance_after < 0 or amount <= 0 or move_no < 1 or stream_id >= 0
    or length(id) <> 16 or length(voucher) <> 16 or length(person) <> 16
    or kind not in (
        'spent', 'payback_sent', 'paid_back', 'payback_refused', 'gifted', 'expired')
    or (receiver is null) = (kind = 'gifted') or (merchant is null) = (kind = 'spent')
    or (cause is null) = (kind in ('payback_sent', 'paid_back', 'payback_refused'))
union all
select 'ticket', stream_id, seq
from ticket where length(person) <> 16 or number < 1 or dead_up_to < 0
union all
select 'claim', stream_id, seq from claim where length(person) <> 16 or number < 1
union all
select 'person', 0, seq from person where length(person) <> 16
union all
select 'batch', stream_id, first_seq from batch where length(hash) <> 32 or count < 1
union all
select 'ownership', stream_id, epoch
from ownership where length(server) <> 16 or from_seq < 1 or other_seq < 1
