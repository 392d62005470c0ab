-- One row of stock, all in one call: what peer A does, without HTTP.
\set person random(1, 1000000000)
select buy(:person::text, '2022-07', :person::text || '-' || :client_id, 300000);
