-- OR-7: each step of a payment follows the one that it needs: nothing is sent that was not held,
-- nothing is cancelled that was not sent, only what was never sent expires, and money goes back for
-- what was voided after it was sent.
select step.kind, step.stream_id, step.seq, step.round_id
from payment_step as step
left join hold on hold.id = step.id
    and hold.stream_id = step.stream_id and hold.round_id = step.round_id
left join payment_step as sent on sent.id = step.id and sent.kind = 'payment_sent'
left join hold_voided on hold_voided.id = step.id
where hold.seq is null or hold.seq > step.seq
    or (step.kind = 'payment_sent' and hold_voided.seq < step.seq)
    or (step.kind = 'cancel_sent'
        and (sent.seq is null or sent.seq > step.seq or hold_voided.seq < step.seq))
    or (step.kind = 'voided' and hold_voided.reason = 'expired' and sent.seq is not null)
    or (step.kind = 'voided' and hold_voided.reason <> 'expired'
        and (sent.seq is null or sent.seq > step.seq))
    or (step.kind in ('return_sent', 'returned')
        and (sent.seq is null or hold_voided.seq is null or hold_voided.seq > step.seq))
