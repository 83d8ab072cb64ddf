"""One Piccolo app for the whole product: one linear migration history."""

from pathlib import Path

from piccolo.conf.apps import AppConfig, table_finder

import jiedui_migrations

APP_CONFIG = AppConfig(
    app_name="jiedui",
    migrations_folder_path=str(Path(jiedui_migrations.__file__).parent),
    table_classes=table_finder(
        modules=[
            "jiedui.store.tables",
            "jiedui.web.tables",
            "jiedui.regions.tables",
            "jiedui.accounts.tables",
            "jiedui.audit.tables",
            "jiedui.consents.tables",
            "jiedui.jobs.tables",
            "jiedui.policies.tables",
            "jiedui.ledgers.tables",
            "jiedui.volunteers.tables",
            "jiedui.households.tables",
            "jiedui_notifications.tables",
            "jiedui.rounds.tables",
            "jiedui.plans.tables",
            "jiedui.pairs.tables",
            "jiedui.followups.tables",
        ],
        exclude_imported=True,
    ),
)
