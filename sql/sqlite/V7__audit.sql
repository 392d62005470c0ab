-- What the audit asks of moves that lie in two streams, and of paper.

-- The take-overs under which something was written, and where in their stream. Of each: how many
-- followed, the latest time that was written before it and the earliest after it. The clock of one
-- server never goes back, that of the next may be behind: it is where a time after is less.
create view taken_over (stream_id, first_seq, next_seq, followed_by, latest_before, earliest_after)
as
select batch.stream_id, min(batch.first_seq), max(batch.first_seq + batch.count),
    stream.epoch - batch.epoch,
    max(max(batch.at)) over (
        partition by batch.stream_id order by batch.epoch
        rows between unbounded preceding and 1 preceding),
    min(min(batch.at)) over (
        partition by batch.stream_id order by batch.epoch
        rows between 1 following and unbounded following)
from batch join stream on stream.id = batch.stream_id
group by batch.stream_id, batch.epoch, stream.epoch;

-- Every voucher there ever was, as before. Paper is none: nobody can tell in whose hand it is, and
-- nothing of it moves here.
drop view voucher;

create view voucher (id, program_id, person, amount, price, subsidy, from_stream, from_seq) as
select id, program_id, person, amount, price, subsidy, stream_id, seq
from purchase where line <> 255
union all
select id, -stream_id, receiver, amount, price, subsidy, stream_id, seq
from voucher_move where kind = 'gifted';

-- All that moves what a person has used of a limit, as before, and whose line it was.
drop view limit_moved;

create view limit_moved (
    stream_id, seq, person, program_id, month, delta, used_after, monthly_limit, at, line) as
select stream_id, seq, person, program_id, month, amount, used_after, monthly_limit, at, line
from hold
union all
select purchase.stream_id, purchase.seq, purchase.person, purchase.program_id, purchase.month,
    purchase.amount, purchase.used_after, purchase.monthly_limit, purchase.at, purchase.line
from purchase left join hold on hold.id = purchase.id
where hold.id is null
union all
select step.stream_id, step.seq, hold.person, hold.program_id, hold.month, -hold.amount, null, null,
    step.at, hold.line
from payment_step as step join hold on hold.id = step.id
where step.kind = 'voided';

-- What was used of a month at each of its moves, and the least that it can have been: less what
-- cancels gave back before. A cancel lies in another stream and came before if it did so by time, or
-- if the clock was set back in between: if the one comes late by what its stream showed before, or
-- the other early by what its own showed after.
create view limit_used (
    stream_id, seq, month, used, used_at_least, used_after, monthly_limit) as
with shown as materialized (
    select stream_id, first_seq, next_seq, followed_by, latest_before, earliest_after
    from taken_over
),
running as (
    select stream_id, seq, at, person, program_id, month, used_after, monthly_limit,
        sum(delta) over (
            partition by person, program_id, month order by seq rows unbounded preceding
        ) as used
    from limit_moved
)
select running.stream_id, running.seq, running.month, running.used,
    running.used - coalesce((
        select sum(returned.amount) from allowance_returned as returned
        where returned.person = running.person and returned.program_id = running.program_id
            and returned.month = running.month
            and (returned.at <= running.at or exists (
                select 1
                from shown as here
                join shown as there on here.followed_by + there.followed_by > 0
                where here.stream_id = running.stream_id
                    and here.first_seq <= running.seq and running.seq < here.next_seq
                    and there.stream_id = returned.stream_id
                    and there.first_seq <= returned.seq and returned.seq < there.next_seq
                    and (returned.at <= here.latest_before
                        or there.earliest_after <= running.at
                        or there.earliest_after <= here.latest_before)))
    ), 0),
    running.used_after, running.monthly_limit
from running;

-- All that moves what a person holds of a program, as before. `kept` is what of it counts from then
-- on: of paper nothing. It counts when it is bought, and no more.
drop view holding_moved;

create view holding_moved (stream_id, seq, at, person, program_id, delta, kept) as
select stream_id, seq, at, person, program_id, delta, case line when 255 then 0 else delta end
from limit_moved
union all
select stream_id, seq, decided_at, person, -stream_id, -amount, -amount
from voucher_move where kind in ('spent', 'paid_back', 'gifted', 'expired')
union all
select stream_id, seq, at, receiver, -stream_id, amount, amount
from voucher_move where kind = 'gifted';
