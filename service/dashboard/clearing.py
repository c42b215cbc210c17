"""The form by which a person clears an alarm, with the reason that everybody will read."""

from __future__ import annotations

from flask import redirect, request, url_for
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response as AnyResponse

from experiments.errors import NotAllowed
from service.dashboard.guard import scope, session, signed_in
from service.dashboard.origin import refuse_foreign
from service.use_cases import clearing, sessions
from service.use_cases.credentials import Role


def may_clear() -> bool:
    """Whether whoever is signed in may clear an alarm."""
    found = session()
    return found is not None and found.holder.role.carries(Role.EDITOR)


@signed_in
def clear(key: str) -> AnyResponse:
    """Clears the alarm of an experiment, and shows its page again.

    Raises:
        Forbidden: The form is not one of this session's.
        NotAllowed: The session's key may only read.
        NotFound: There is no such experiment.
        Conflict: No alarm stands.
        InvalidInput: The reason says nothing, or is too long.
    """
    refuse_foreign(request)
    found = session()
    if found is None or not sessions.is_form_token(found, request.form.get("token", "")):
        raise Forbidden("This form is of another session. Reload the page and try again.")
    if not may_clear():
        raise NotAllowed("It takes a key with the role editor to clear an alarm; yours may read only.")
    clearing.clear(scope(), key, request.form.get("reason", ""))
    return redirect(url_for("dashboard.experiment", key=key) + "#checks", 303)
