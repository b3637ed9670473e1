"""What only Ceph's gateway can show: uploads by form, and a store that tells of new objects. `make test-ceph`."""

import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config
from django.utils import timezone

from archive.domain import broker
from archive.models import Frame, ReceivedObject
from deploy.local.ceph import ceph
from deploy.local.ports import PortBlock
from deploy.local.supervisor import Supervisor
from deploy.local.testing import S3Server, silent
from deploy.local.venvs import ROOT
from ingest.intake import the_inspector
from ingest.taking import take_in
from tests.flows.web_server import web_server
from tests.processes import until, worker
from tests.synthetic import write_frame

pytestmark = pytest.mark.ceph

NAME = "lsc1m005-fa15-20250309-0004-e00.fits"
BUCKET = "photons"


@pytest.fixture(scope="session")
def ports() -> Iterator[PortBlock]:
    block = PortBlock()
    yield block
    block.release()


@pytest.fixture(scope="session")
def gateway(ports) -> Iterator[S3Server]:
    """Ceph's S3 gateway, with a bucket that keeps versions."""
    folder = Path(tempfile.mkdtemp(prefix="ceph-", dir=ROOT / "var" / "test"))
    secret = secrets.token_hex(16)
    provision = ceph(folder / "ceph", monitor_port=ports.take(), gateway_port=ports.take(), secret=secret)
    (folder / "ceph").mkdir()
    supervisor = Supervisor(logs=folder / "log", say=silent, remove_at_end=folder)
    try:
        supervisor.start(list(provision.services))
        settings = provision.settings
        server = S3Server(
            settings["S3_ENDPOINT_URL"],
            settings["AWS_ACCESS_KEY_ID"],
            secret,
            region=settings["AWS_DEFAULT_REGION"],
            bucket=BUCKET,
        )
        server.make_bucket()
        yield server
    finally:
        supervisor.stop()


@pytest.fixture
def store(use_store, gateway):
    return use_store(type="s3", **_settings_of(gateway), takes_forms=True)


def _settings_of(gateway: S3Server) -> dict[str, Any]:
    return {
        "bucket": gateway.bucket,
        "endpoint_url": gateway.endpoint_url,
        "region": gateway.region,
        "addressing_style": "path",
        "access_key": gateway.access_key,
        "secret_key": gateway.secret_key,
    }


def environment_of(gateway: S3Server) -> dict[str, str]:
    """Settings of the archive's processes."""
    return {
        "BUCKET": gateway.bucket,
        "S3_ENDPOINT_URL": gateway.endpoint_url,
        "AWS_ACCESS_KEY_ID": gateway.access_key,
        "AWS_SECRET_ACCESS_KEY": gateway.secret_key,
        "AWS_DEFAULT_REGION": gateway.region,
        "OBJECT_EVENTS_QUEUE": "ceph-object-events",
        "OBJECT_EVENTS_SECRET": "s3cret",
    }


def client_of(gateway: S3Server, service: Any) -> Any:
    return boto3.session.Session().client(
        service,
        endpoint_url=gateway.endpoint_url,
        region_name=gateway.region,
        aws_access_key_id=gateway.access_key,
        aws_secret_access_key=gateway.secret_key,
        config=Config(s3={"addressing_style": "path"}, request_checksum_calculation="when_required"),
    )


def notify(gateway: S3Server, *, name: str, attributes: dict[str, str]) -> None:
    """Let the bucket tell of new objects, and of nothing else than this topic."""
    topics = client_of(gateway, "sns")
    # A password in an address is taken over https only, which a proxy in front would say.
    topics.meta.events.register(
        "before-sign.sns.CreateTopic", lambda request, **_: request.headers.add_header("X-Forwarded-Proto", "https")
    )
    arn = topics.create_topic(Name=name, Attributes=attributes)["TopicArn"]
    told = {"Id": name, "TopicArn": arn, "Events": ["s3:ObjectCreated:*"]}
    client_of(gateway, "s3").put_bucket_notification_configuration(
        Bucket=gateway.bucket, NotificationConfiguration={"TopicConfigurations": [told]}
    )


@pytest.mark.django_db
def test_a_file_goes_by_a_form_and_by_no_form_of_another_size(store, api, admin, tmp_path):
    content = write_frame(tmp_path / NAME).read_bytes()
    ticket = api(admin).post("/uploads/", {"object_name": NAME, "size": len(content)}, format="json").json()
    form = ticket["post"]
    other = requests.post(form["url"], data=form["fields"], files={"file": content + b"x"}, timeout=30)
    assert other.status_code in {400, 403}
    assert list(store.listing()) == []
    sent = requests.post(form["url"], data=form["fields"], files={"file": content}, timeout=30)
    assert sent.status_code in {200, 204}
    assert api(admin).post(ticket["complete"], {}, format="json").status_code == 202
    for row in ReceivedObject.objects.all():
        take_in(row.pk, store=store, inspector=the_inspector(), now=timezone.now())
    assert Frame.objects.get().basename == NAME.removesuffix(".fits")
    the_inspector().close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["0005-e00.fits", "0006-e00 a+b%20c.fits"])
def test_ceph_tells_by_rabbitmq(store, gateway, tmp_path, services, settings, name):
    environment = environment_of(gateway)
    settings.OBJECT_EVENTS_QUEUE = environment["OBJECT_EVENTS_QUEUE"]
    with broker.connect() as connection:  # before the worker does it: Ceph speaks only to an exchange that is there
        broker.object_events_queue()(connection.default_channel).declare()
    with worker(**environment):
        attributes = {
            "push-endpoint": services.settings["QUEUE_BROKER_URL"].rstrip("/"),
            "amqp-exchange": environment["OBJECT_EVENTS_QUEUE"],
            "amqp-ack-level": "broker",
        }
        notify(gateway, name="by-rabbitmq", attributes=attributes)
        put(gateway, f"data/lsc1m005-fa15-20250309-{name}", tmp_path)
        until(lambda: ReceivedObject.objects.filter(state="taken").exists(), what="the object taken in")
    assert Frame.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_ceph_tells_by_http(store, gateway, tmp_path, ports):
    environment = environment_of(gateway)
    port = ports.take()
    with web_server(port, **environment), worker(**environment):
        endpoint = f"http://archive:s3cret@127.0.0.1:{port}/object-events/"
        notify(gateway, name="by-http", attributes={"push-endpoint": endpoint})
        put(gateway, "data/lsc1m005-fa15-20250309-0007-e00.fits", tmp_path)
        until(lambda: ReceivedObject.objects.filter(state="taken").exists(), what="the object taken in")
    assert Frame.objects.count() == 1


def put(gateway: S3Server, key: str, folder: Path) -> None:
    content = write_frame(folder / "sent.fits", seed=sum(key.encode())).read_bytes()
    client_of(gateway, "s3").put_object(Bucket=gateway.bucket, Key=key, Body=content)
