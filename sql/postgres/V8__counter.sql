-- Counters: windows whose stock is set aside for bank tellers, who sell it on paper, without a line.
-- Rows are as before. A purchase over the counter has the line 255, which no round has, and its
-- serial number where others have the number of their place, so that purchase_pass_used_once keeps
-- a serial number from being given twice.

-- Windows that are sold at the counter, by each definition of their round.
create view counter_window (seq, round_id, window_name) as
select journal.seq, journal.round_id, part.value ->> 'id'
from journal, json_array_elements(journal.body -> 'spec' -> 'windows') as part (value)
where journal.kind = 'round_defined' and part.value ->> 'sold_at' = 'counter';

-- Who may sell at the counter, by each version of the rules of a program.
create view counter_defined (seq, program_name, channel) as
select journal.seq, journal.body -> 'program' ->> 'id', counter.channel
from journal, json_array_elements(journal.body -> 'program' -> 'versions') as version (value),
    json_array_elements_text(version.value -> 'counters') as counter (channel)
where journal.kind = 'program_changed';

-- Every move of money, as before, and what a counter sells:
--   issue    rail and subsidy -> person      what was paid and what the issuer adds becomes a balance
--            counter and subsidy -> bearer   the same for paper: the teller has the money, and nobody
--                                            can tell in whose hand the paper is
create or replace view posting (stream_id, seq, account, voucher, person, amount) as
select stream_id, seq, case line when 255 then 'counter' else 'rail' end, id, person, -price
from purchase
union all
select stream_id, seq, 'subsidy', id, person, -subsidy from purchase
union all
select stream_id, seq, case line when 255 then 'bearer' else 'person' end, id, person, amount
from purchase
union all
select stream_id, seq, 'person', voucher, person, -amount
from voucher_move where kind in ('spent', 'payback_sent', 'gifted', 'expired')
union all
select stream_id, seq, 'merchant', voucher, person, amount from voucher_move where kind = 'spent'
union all
select stream_id, seq, 'issuer', voucher, person, amount
from voucher_move where kind in ('payback_sent', 'expired')
union all
select stream_id, seq, 'issuer', voucher, person, -amount
from voucher_move where kind in ('paid_back', 'payback_refused')
union all
select stream_id, seq, 'rail', voucher, person, price from voucher_move where kind = 'paid_back'
union all
select stream_id, seq, 'subsidy', voucher, person, subsidy
from voucher_move where kind = 'paid_back'
union all
select stream_id, seq, 'person', voucher, person, amount
from voucher_move where kind = 'payback_refused'
union all
select stream_id, seq, 'person', id, receiver, price + subsidy
from voucher_move where kind = 'gifted';

-- All that moves what a person holds of a program, as before. Paper is not held by anybody that is
-- known: it counts when it is bought, and no more.
create or replace view holding_moved (stream_id, seq, at, person, program_id, delta) as
select stream_id, seq, at, person, program_id, delta from limit_moved
union all
select stream_id, seq, at, person, program_id, -amount from purchase where line = 255
union all
select stream_id, seq, decided_at, person, -stream_id, -amount
from voucher_move where kind in ('spent', 'paid_back', 'gifted', 'expired')
union all
select stream_id, seq, at, receiver, -stream_id, amount from voucher_move where kind = 'gifted';

grant select on counter_window, counter_defined to openrun_reader;
