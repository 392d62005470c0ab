-- OR-7: what moves is a voucher of that person and program, bought or given before.
select voucher_move.kind, voucher_move.stream_id, voucher_move.seq
from voucher_move
left join voucher on voucher.id = voucher_move.voucher
where voucher.id is null
    or voucher.person <> voucher_move.person
    or voucher.program_id <> -voucher_move.stream_id
    or (voucher.from_stream = voucher_move.stream_id and voucher.from_seq >= voucher_move.seq)
