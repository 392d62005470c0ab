-- OR-7: a hold comes to one end. It is issued after its payment was sent and as it was held, or it
-- comes to nothing, never both; each step on the way happens once; what is being cancelled is not
-- issued any more; and what comes back is what was held.
select 'issued and voided' as problem, purchase.stream_id, purchase.seq, hold_voided.seq as other
from purchase join hold_voided on hold_voided.id = purchase.id
union all
select 'a step twice', min(stream_id), min(seq), max(seq)
from payment_step
where kind in ('payment_sent', 'cancel_sent', 'voided')
group by id, kind having count(*) > 1
union all
select 'issued before it was sent', purchase.stream_id, purchase.seq, sent.seq
from purchase
join hold on hold.id = purchase.id
left join payment_step as sent on sent.id = purchase.id and sent.kind = 'payment_sent'
where sent.seq is null or sent.seq > purchase.seq or hold.seq > purchase.seq
union all
select 'issued though it was cancelled', purchase.stream_id, purchase.seq, cancel.seq
from purchase
join payment_step as cancel on cancel.id = purchase.id and cancel.kind = 'cancel_sent'
union all
select 'issued otherwise than held', purchase.stream_id, purchase.seq, hold.seq
from purchase join hold on hold.id = purchase.id
where purchase.stream_id <> hold.stream_id or purchase.round_id <> hold.round_id
    or purchase.window_id <> hold.window_id or purchase.program_id <> hold.program_id
    or purchase.person <> hold.person or purchase.channel_id <> hold.channel_id
    or purchase.amount <> hold.amount or purchase.price <> hold.price
    or purchase.subsidy <> hold.subsidy or purchase.month <> hold.month
    or purchase.line <> hold.line or purchase.number <> hold.number
    or purchase.idempotency_key <> hold.idempotency_key or purchase.digest <> hold.digest
    or purchase.decided_at <> hold.decided_at or purchase.left_after <> hold.left_after
    or purchase.used_after <> hold.used_after
    or purchase.monthly_limit <> hold.monthly_limit
union all
select 'voided otherwise than held', hold_voided.stream_id, hold_voided.seq, hold.seq
from hold_voided
join hold on hold.id = hold_voided.id
left join name on name.id = hold.window_id
where hold_voided.amount <> hold.amount or hold_voided.round_id <> hold.round_id
    or name.text is null or hold_voided.window_name <> name.text
