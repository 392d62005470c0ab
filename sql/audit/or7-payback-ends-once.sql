-- OR-7: a voucher is paid back once: it was sent before, for the same voucher and the same won; what
-- is paid back or expired moves no more; and what is being paid back does not move until the rail
-- has said no.
select 'ended without being sent' as problem, ended.stream_id, ended.seq, sent.seq as other
from voucher_move as ended
left join voucher_move as sent on sent.id = ended.id and sent.kind = 'payback_sent'
where ended.kind in ('paid_back', 'payback_refused')
    and (sent.seq is null or sent.seq >= ended.seq or sent.stream_id <> ended.stream_id)
union all
select 'ended otherwise than sent', ended.stream_id, ended.seq, sent.seq
from voucher_move as ended
join voucher_move as sent on sent.id = ended.id and sent.kind = 'payback_sent'
where ended.kind in ('paid_back', 'payback_refused')
    and (sent.voucher <> ended.voucher or sent.person <> ended.person
        or sent.amount <> ended.amount or sent.cause <> ended.cause
        or coalesce(sent.price, -1) <> coalesce(ended.price, -1)
        or coalesce(sent.subsidy, -1) <> coalesce(ended.subsidy, -1)
        or sent.move_no + 1 <> ended.move_no)
union all
select 'ended twice', min(stream_id), min(seq), max(seq)
from voucher_move where kind in ('paid_back', 'payback_refused')
group by id having count(*) > 1
union all
select 'moved while it was being paid back', stream_id, seq, before
from (
    select stream_id, seq, kind,
        lag(kind) over (partition by voucher order by move_no) as kind_before,
        lag(seq) over (partition by voucher order by move_no) as before
    from voucher_move
) as pair
where kind_before = 'payback_sent' and kind not in ('paid_back', 'payback_refused')
union all
select 'moved after its end', stream_id, seq, before
from (
    select stream_id, seq, kind,
        lag(kind) over (partition by voucher order by move_no) as kind_before,
        lag(seq) over (partition by voucher order by move_no) as before
    from voucher_move
) as pair
where kind_before in ('paid_back', 'expired')
union all
select 'a cancel of less than all', stream_id, seq, move_no
from voucher_move where kind = 'payback_sent' and cause = 'cancel'
    and exists (
        select 1 from voucher_move as before
        where before.voucher = voucher_move.voucher and before.move_no < voucher_move.move_no
            and before.kind in ('spent', 'gifted'))
