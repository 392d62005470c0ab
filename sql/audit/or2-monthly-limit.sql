-- OR-2: no person takes more in a month than the limit allows, over all channels and rounds of a
-- program: bought, or held until a rail has answered, less what cancels gave back before. The limit
-- is the one that it was decided under: rules change, and never what was decided before.
--
-- What a cancel gave back lies in another stream and came before if it did so by time. The clock of
-- one server never goes back, that of the next may be up to a day behind: what was given back under
-- an older take-over of its stream than this may have come before as well.
select stream_id, seq, month, used, monthly_limit
from (
    select stream_id, seq, month, monthly_limit, person, program_id, at,
        sum(delta) over (
            partition by person, program_id, month order by seq rows unbounded preceding
        ) as used
    from limit_moved
) as running
where used < 0 or (
    used > monthly_limit
    and used - coalesce((
        select sum(returned.amount) from allowance_returned as returned
        where returned.person = running.person and returned.program_id = running.program_id
            and returned.month = running.month
            and (returned.at <= running.at or (
                returned.at <= running.at + 86400000 and (
                    select stream.epoch - batch.epoch
                    from batch join stream on stream.id = batch.stream_id
                    where batch.stream_id = returned.stream_id
                        and batch.first_seq <= returned.seq
                    order by batch.first_seq desc limit 1
                ) > (
                    select stream.epoch - batch.epoch
                    from batch join stream on stream.id = batch.stream_id
                    where batch.stream_id = running.stream_id
                        and batch.first_seq <= running.seq
                    order by batch.first_seq desc limit 1
                )))
    ), 0) > monthly_limit)
