"""Whether the platform can do its work: the database answers with the right schema and mail moves."""

from __future__ import annotations

from datetime import datetime

from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from petition.config import data_folder
from petition.db import db, dispose, is_there
from petition.errors import N_, PetitionError
from petition.outbox.models import OutboxMail

DATABASE_ERRORS = (SQLAlchemyError, CommandError)  # what the database and its migrations raise
STUCK = 3600  # seconds a due mail may wait before somebody should look


class SchemaBehind(PetitionError):
    """The database has another schema than this version needs."""

    code = "schema_behind"
    status = 503
    message = N_("The database schema is not that of this version. Run `petition db upgrade` first.")


def schema_is_current() -> bool:
    """Whether every migration of this version has run."""
    if not is_there():
        return False
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(data_folder("migrations")))
    wanted = ScriptDirectory.from_config(settings).get_current_head()
    return MigrationContext.configure(db.session.connection()).get_current_revision() == wanted


def require_schema() -> None:
    """Raise SchemaBehind unless every migration of this version has run."""
    if not schema_is_current():
        raise SchemaBehind


def release() -> None:
    """Close this process's connections, before others do its work."""
    dispose()


def problems(now: datetime) -> list[str]:
    """What is wrong, as short codes: database, schema, outbox; an empty list when all is well."""
    try:
        if not schema_is_current():
            return ["schema"]
        oldest = db.session.scalar(select(func.min(OutboxMail.due_at)).where(OutboxMail.state == "queued"))
    except DBAPIError:
        db.session.rollback()
        return ["database"]
    return ["outbox"] if oldest is not None and (now - oldest).total_seconds() > STUCK else []
