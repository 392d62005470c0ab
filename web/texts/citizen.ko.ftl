# What people see on their phone. One message a line; `page-*` at the end are the server's own.

name = openrun
