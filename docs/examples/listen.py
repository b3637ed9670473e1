"""Print each new FITS frame as it comes: a subscriber of the archive's RabbitMQ exchange.

    pip install kombu
    python listen.py amqp://user:password@host:port//

A queue of your own keeps what arrives while you are away; take another name than "example-listener" for yours. A
message may come twice, after a fault: then it carries the same message id.
"""

import contextlib
import sys
from typing import Any

from kombu import Connection, Consumer, Exchange, Message, Queue

EXCHANGE = Exchange("archived_fits", type="fanout", durable=True)
QUEUE = Queue("example-listener", exchange=EXCHANGE, durable=True)


def show(body: dict[str, Any], message: Message) -> None:
    print(message.properties["message_id"], body["frameid"], body["filename"], body.get("OBJECT", ""), flush=True)
    message.ack()


def main(url: str) -> None:
    with Connection(url) as connection, Consumer(connection, queues=[QUEUE], callbacks=[show], accept=["json"]):
        print("listening; Ctrl-C ends", file=sys.stderr, flush=True)
        while True:
            connection.drain_events()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with contextlib.suppress(KeyboardInterrupt):
        main(sys.argv[1])
