-- The login of the server: a member of the two group roles that `openrun migrate` made, and nothing
-- else. Run by whoever migrated, as often as one likes; a changed password is set.
\set password `cat "$OPENRUN_PASSWORD_FILE"`

select 'create role openrun login' where not exists (select from pg_roles where rolname = 'openrun')
\gexec
alter role openrun login nosuperuser nocreatedb nocreaterole noreplication nobypassrls
    password :'password';
grant openrun_writer, openrun_reader to openrun;

-- Nobody else comes in by being somebody on this server.
select format('revoke all on database %I from public', current_database())
\gexec
select format('grant connect on database %I to openrun', current_database())
\gexec
