"""Carries notices out: one pass sends everything that is due, one message after the other."""

import logging
from datetime import UTC, datetime

from engines.core.database import Database
from engines.core.errors import BackendUnavailable, InvalidInput, MlaasError
from engines.core.models import AppUser
from engines.core.secrets import Secrets
from engines.core.settings import Settings
from engines.governance.notices import outbox, smtp, webhook
from engines.governance.notices.deadline import within
from engines.governance.notices.letter import letter
from engines.governance.notices.models import Channel, Notice, NoticeDelivery

log = logging.getLogger(__name__)


class Courier:
    """Sends from one process's main thread; several couriers on one database share the work."""

    def __init__(self, db: Database, settings: Settings, secrets: Secrets) -> None:
        self._db, self._secrets = db, secrets
        self._settings, self._public_url = settings.notices, settings.public_url

    def carry(self, at_most: int = 100) -> int:
        """Try everything that is due, at most so many messages; how many were tried.

        Raises BackendUnavailable when the database does not answer.
        """
        while outbox.sort_out(self._db, self._settings) == outbox.AT_ONCE:
            pass
        for tried in range(at_most):
            delivery = outbox.claim(self._db, self._settings)
            if delivery is None:
                return tried
            self._try(delivery)
        return at_most

    def _try(self, delivery: NoticeDelivery) -> None:
        failure = outbox.interrupted(delivery, self._settings) or self._failure(delivery)
        about = {"delivery": delivery.id, "channel": delivery.channel, "tries": delivery.tries}
        if failure is None:
            outbox.sent(self._db, delivery)
            log.info("A notice is sent", extra=about)
        elif outbox.not_sent(self._db, delivery, failure, self._settings):
            log.error("A notice is given up: %s", failure, extra=about)
        else:
            log.warning("A notice has to wait: %s", failure, extra=about)

    def _failure(self, delivery: NoticeDelivery) -> MlaasError | None:
        """Send it; why it could not be sent, None when it was."""
        with self._db.read() as session:
            notice = session.get_one(Notice, delivery.notice_id)
            person = session.get(AppUser, delivery.target)
        try:
            with within(self._settings.seconds_per_try):
                self._send(delivery, notice, person)
        except MlaasError as error:
            return error
        except TimeoutError as error:
            return BackendUnavailable(f"The receiver gave {error}.")
        except Exception:
            # One message that cannot be made must not keep the others from leaving.
            log.exception("A notice could not be sent", extra={"delivery": delivery.id})
            return BackendUnavailable("Sending failed for a reason that is in the log.")
        return None

    def _send(self, delivery: NoticeDelivery, notice: Notice, person: AppUser | None) -> None:
        if delivery.channel == Channel.EMAIL:
            self._send_email(delivery, notice, person)
        else:
            self._send_webhook(delivery, notice)

    def _send_email(self, delivery: NoticeDelivery, notice: Notice, person: AppUser | None) -> None:
        settings = self._settings.smtp
        if person is None or not person.email or person.disabled_at:
            raise InvalidInput("This person has no e-mail address any more, or is disabled.")
        if not settings.host:
            raise InvalidInput("No e-mail server is set any more.")
        message = letter(notice, delivery.id, settings.sender, person.email, self._public_url)
        smtp.send(settings, self._secrets, message, self._settings.seconds_per_try)

    def _send_webhook(self, delivery: NoticeDelivery, notice: Notice) -> None:
        hook = self._settings.webhooks.get(delivery.target)
        if hook is None:
            raise InvalidInput(f"No webhook “{delivery.target}” is set any more.")
        secret = self._secrets.get(hook.secret)
        content = webhook.body(notice, delivery.id, self._public_url)
        at = int(datetime.now(UTC).timestamp())
        webhook.send(hook, secret, delivery.id, content, at, self._settings.seconds_per_try)
