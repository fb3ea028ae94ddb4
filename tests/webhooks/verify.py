"""Verifies webhooks with the package `standardwebhooks`, unmodified: one JSON object a line on standard input, with the
`secret`, the `headers` and the `body` of a request, and the time of day `at` (in seconds) at which it came. Says of each
line the type of the event that was verified, or why it was not."""

import json
import sys
from datetime import datetime, timezone
from unittest.mock import patch

import standardwebhooks
from standardwebhooks import webhooks


class Stopped(datetime):
    """The clock of whoever received it, which stands where the test has set it."""

    at = 0

    @classmethod
    def now(cls, tz=None):
        return datetime.fromtimestamp(cls.at, tz=tz or timezone.utc)


for line in sys.stdin:
    message = json.loads(line)
    Stopped.at = message["at"]
    with patch.object(webhooks, "datetime", Stopped):
        try:
            event = standardwebhooks.Webhook(message["secret"]).verify(message["body"], message["headers"])
            print(event["type"])
        except webhooks.WebhookVerificationError as error:
            print(f"not verified: {error}")
