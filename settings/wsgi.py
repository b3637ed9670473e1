"""Entry of gunicorn: answers."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
application = get_wsgi_application()

from settings import urls  # noqa: E402, F401 - all that answers: else whoever asks first would wait for it

# What was loaded up to here stays for good. To go through it again and again for garbage would make every twentieth
# answer take three times as long as the others.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 50)
