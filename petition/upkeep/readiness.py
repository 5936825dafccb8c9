"""Whether the platform can do its work: the database answers with the right schema and mail moves."""

from __future__ import annotations

from datetime import datetime

from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from petition.config import data_folder
from petition.db import db
from petition.outbox.models import OutboxMail

STUCK = 3600  # seconds a due mail may wait before somebody should look


def schema_is_current() -> bool:
    """Whether every migration of this version has run."""
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(data_folder("migrations")))
    wanted = ScriptDirectory.from_config(settings).get_current_head()
    return MigrationContext.configure(db.session.connection()).get_current_revision() == wanted


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
