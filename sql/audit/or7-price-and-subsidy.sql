-- OR-7: what a person pays and what the issuer adds make the face value, to the won.
select 'purchase' as found_in, stream_id, seq, amount, price, subsidy
from purchase
where price + subsidy <> amount or price < 0 or subsidy < 0 or amount <= 0
union all
select 'hold', stream_id, seq, amount, price, subsidy
from hold
where price + subsidy <> amount or price < 0 or subsidy < 0 or amount <= 0
