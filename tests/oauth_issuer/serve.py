"""A small observation portal: django-oauth-toolkit for the tokens, and the profile that the archive asks for.

It runs in an environment of its own (deploy/local/issuer-requirements.txt). `/control/` is what the tests drive it by.
"""

import os
import sys
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

os.environ["DJANGO_SETTINGS_MODULE"] = "issuer_settings"
sys.path.insert(0, str(Path(__file__).resolve().parent))


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the standard library
        pass


def main() -> None:
    django.setup()
    call_command("migrate", verbosity=0)
    from people import register_archive  # noqa: PLC0415 - its models need the apps to be loaded

    register_archive()
    port = int(os.environ["ISSUER_PORT"])
    make_server("127.0.0.1", port, get_wsgi_application(), server_class=Server, handler_class=Quiet).serve_forever()


if __name__ == "__main__":
    main()
