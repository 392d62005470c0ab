-- OR-7: what a person paid and what the issuer added make the face value, to the won.
select seq, amount, price, subsidy
from purchase
where price + subsidy <> amount or price < 0 or subsidy < 0 or amount <= 0
