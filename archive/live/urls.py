"""Routes of the stream process. gunicorn knows them too, to say where they are answered."""

from django.urls import path

from archive.live.sse import live_events

urlpatterns = [path("events/", live_events, name="events")]
