"""Telling people: a log always, a webhook and mail where they are configured."""

from __future__ import annotations

import json
import logging
import smtplib
import urllib.error
import urllib.request
from collections.abc import Iterable
from email.message import EmailMessage

from pipelines.logs import redact
from pipelines.settings import Settings

#: Nobody waits longer for a mail server or a webhook, seconds.
_PATIENCE = 20

logger = logging.getLogger("uroven.notify")


def notify(settings: Settings, subject: str, lines: Iterable[str]) -> list[str]:
    """Send a message by every configured way; returns the ways that worked, the log first.

    A way that fails is logged and stops nothing: the message is in the log.
    """
    text = "\n".join(lines)
    logger.warning("%s\n%s", subject, text)
    sent = ["log"]
    ways = {"webhook": (settings.webhook_url, _webhook), "mail": (settings.mail_to, _mail)}
    for name, (configured, send) in ways.items():
        if not configured:
            continue
        try:
            send(settings, subject, text)
            sent.append(name)
        except (OSError, smtplib.SMTPException, ValueError) as error:
            logger.error("сообщение не отправлено (%s): %s", name, redact(str(error), settings))
    return sent


def _webhook(settings: Settings, subject: str, text: str) -> None:
    """POST as JSON with the one key that chat services agree on."""
    secret = settings.webhook_url
    url = secret.get_secret_value() if secret else ""
    if not url.startswith(("https://", "http://")):
        raise ValueError("UROVEN_WEBHOOK_URL: нужен адрес http(s)")
    body = json.dumps({"text": f"{subject}\n{text}"}, ensure_ascii=False).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json; charset=utf-8"})
    with urllib.request.urlopen(request, timeout=_PATIENCE):
        pass


def _mail(settings: Settings, subject: str, text: str) -> None:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, settings.mail_from, settings.mail_to
    message.set_content(text)
    with smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=_PATIENCE) as server:
        if settings.smtp_starttls:
            server.starttls()
        if settings.smtp_user and settings.smtp_password:
            server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
        server.send_message(message)
