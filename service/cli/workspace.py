"""What commands share: settings, the database with the right schema, and a project, opened on demand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:  # each costs a second to import, and `keepgoing --help` needs none of them
    from service.settings import Settings
    from service.use_cases.backend import Backend
    from service.use_cases.scope import Scope

ACTOR = "cli"
DEFAULT_PROJECT = "default"
Function = TypeVar("Function", bound=Callable[..., Any])

in_project: Callable[[Function], Function] = click.option(
    "--project",
    envvar="KEEPGOING_PROJECT",
    default=DEFAULT_PROJECT,
    show_default=True,
    help="The project to work in.",
)


class Workspace:
    """The command line's surroundings.

    Args:
        read: Reads the settings of the environment.
    """

    def __init__(self, read: Callable[[], Settings]) -> None:
        self._read = read

    @cached_property
    def settings(self) -> Settings:
        """The settings of the environment."""
        return self._read()

    @cached_property
    def backend(self) -> Backend:
        """The open database; an embedded one is made or brought up to date."""
        from service.use_cases.backend import open_backend

        return open_backend(
            self.settings.database_url,
            key_cache_seconds=self.settings.key_cache_seconds,
            ruleset_poll_seconds=self.settings.ruleset_poll_seconds,
        )

    def close(self) -> None:
        """Lets go of what was opened."""
        if "backend" in self.__dict__:
            self.backend.close()

    def prepare_database(self) -> None:
        """Nothing; the database has the right schema now, and this process holds no connection to it.

        Servers fork after this: a connection must not be shared with a child.
        """
        self.backend.close()
        del self.backend

    def scope(self, project: str, *, create: bool = False) -> Scope:
        """The project of this name, acted on by the command line.

        Args:
            project: Its name.
            create: Make it when there is none.

        Raises:
            NotFound: There is none and it was not to be made.
        """
        from service.use_cases import projects
        from service.use_cases.scope import Scope

        database, now = self.backend.database, datetime.now(UTC)
        found = projects.ensure(database, project, now=now) if create else projects.named(database, project)
        return Scope(database, found, ACTOR, now)


pass_workspace = click.make_pass_decorator(Workspace)
