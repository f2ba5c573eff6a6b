"""The role that runs typed SQL, as statements for an administrator of the server.

Framework-free: the embedded server runs them in single-user mode, `manage.py sql_role` on others.
"""

ROLE = "embedsite_sql"
VERSION = "2"  # of what is below: another one makes it run again
CONNECTIONS = 8

# Functions that a read-only role could still do harm or look around with.
DANGEROUS = (
    "set_config|lo_.*|loread|lowrite|pg_(try_)?advisory_.*|pg_notify|pg_sleep.*|pg_read_.*|pg_ls_.*"
    "|pg_stat_file|pg_stat_get_activity|pg_stat_get_backend_.*|pg_lock_status|pg_show_all_settings"
    "|pg_export_snapshot|pg_cancel_backend|pg_terminate_backend|pg_log_backend_memory_contexts"
    "|pg_get_backend_memory_contexts|pg_logical_.*|query_to_.*|cursor_to_.*|table_to_.*"
    "|schema_to_.*|database_to_.*|ts_stat|txid_current.*|pg_current_xact_id.*|setval|nextval"
    "|repeat|lpad|rpad|array_fill"
)


def role(password: str) -> list[str]:
    """Make or mend the role: it logs in, has few connections, and only reads."""
    settings = {
        "default_transaction_read_only": "on",
        "statement_timeout": "1s",
        "idle_in_transaction_session_timeout": "5s",
        "temp_file_limit": "64MB",
    }
    quoted = password.replace("'", "''")
    options = (
        f"LOGIN NOINHERIT NOCREATEDB NOCREATEROLE CONNECTION LIMIT {CONNECTIONS} "
        f"PASSWORD '{quoted}'"
    )
    return [
        f"DO $do$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{ROLE}') "
        f"THEN CREATE ROLE {ROLE}; END IF; END $do$;",
        f"ALTER ROLE {ROLE} {options};",
        *(f"ALTER ROLE {ROLE} SET {name} = '{value}';" for name, value in settings.items()),
    ]


def closed(owner: str) -> list[str]:
    """In one database: the dangerous functions are for its owner's role alone. Superusers only."""
    each = (
        "SELECT oid FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace "  # noqa: S608
        f"AND prokind = 'f' AND proname ~ '^({DANGEROUS})$'"
    )
    return [
        f"DO $do$ DECLARE one regprocedure; BEGIN FOR one IN {each} LOOP "
        "EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', one); "
        f"EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', one, '{owner}'); "
        "END LOOP; END $do$;"
    ]
