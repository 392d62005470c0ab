-- OR-4: one idempotency key of a person, one effect, one answer: taken once, moved a voucher once,
-- or refused once, over all programs. A purchase that was held before bears the key of its hold.
select stream_id, seq, again_in, again
from (
    select stream_id, seq,
        lead(stream_id) over (
            partition by person, idempotency_key order by stream_id, seq
        ) as again_in,
        lead(seq) over (partition by person, idempotency_key order by stream_id, seq) as again
    from (
        select person, idempotency_key, stream_id, seq from taken
        union all
        select person, idempotency_key, stream_id, seq from refusal
        union all
        select person, idempotency_key, stream_id, seq
        from voucher_move where idempotency_key is not null
    ) as answer
) as pair
where again is not null
