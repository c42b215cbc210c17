"""Serves an example of docs/integrations.md really: `python -m tests.integrations.host NAME PORT`."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from tests.integrations.examples import examples

SERVERS = {
    "flask": "wsgi", "wsgi": "wsgi", "asgi": "asgi", "fastapi": "asgi", "django": "wsgi", "drf": "wsgi",
    "django_async": "asgi",
}  # fmt: skip
"""The hosts, each with the kind of server that it runs behind."""


def application(name: str) -> Any:
    """The application of an example."""
    module = ModuleType("walls")
    sys.modules["walls"] = module
    if name.startswith(("django", "drf")):
        return _django(name, module)
    exec(compile(examples()[name], f"docs/integrations.md, {name}", "exec"), module.__dict__)
    return module.__dict__["app"]


def _django(name: str, module: ModuleType) -> Any:
    """A Django application with the settings that the page tells to make."""
    import django
    from django.conf import settings
    from django.core.asgi import get_asgi_application
    from django.core.wsgi import get_wsgi_application

    settings.configure(
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF="walls",
        SECRET_KEY="only for this test",
        MIDDLEWARE=["keepgoing.integrations.django.KeepgoingMiddleware"],
        KEEPGOING={"CLIENT": "walls.client", "UNIT": "walls.account"},
        REST_FRAMEWORK={
            "EXCEPTION_HANDLER": "keepgoing.integrations.drf.exception_handler",
            "DEFAULT_AUTHENTICATION_CLASSES": [],
            "UNAUTHENTICATED_USER": None,
        },
    )
    django.setup()
    code = examples()[name.partition("_")[0]]
    exec(compile(code, f"docs/integrations.md, {name}", "exec"), module.__dict__)
    return get_asgi_application() if name.endswith("_async") else get_wsgi_application()


def serve(name: str, port: int) -> None:
    """Serves until it is killed."""
    app = application(name)
    if SERVERS[name] == "asgi":
        import uvicorn

        uvicorn.run(app, host="127.0.0.1", port=port, log_level="error")
    else:
        from werkzeug.serving import make_server

        make_server("127.0.0.1", port, app, threaded=True).serve_forever()


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
