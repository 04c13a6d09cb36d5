"""The e-mail server: encrypted before anything is said, and its refusals in our words."""

import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage

from engines.core.errors import BackendUnavailable, InvalidInput, MlaasError
from engines.core.notice_settings import Smtp
from engines.core.secrets import Secrets
from engines.governance.notices.networks import in_words

REFUSED_FOR_GOOD = 500  # replies from here on will be the same next time, RFC 5321


def send(settings: Smtp, secrets: Secrets, message: EmailMessage, seconds: float) -> None:
    """Hand the message to the server; it has it when this returns.

    Raises InvalidInput when the server refuses it for good, else BackendUnavailable, NotFound or
    NotReady (the password).
    """
    password = secrets.get(settings.password) if settings.user else ""
    try:
        server = _connected(settings, seconds)
        try:
            if settings.user:
                server.login(settings.user, password)
            server.send_message(message)
            with suppress(smtplib.SMTPException, OSError):  # the message is theirs already
                server.quit()
        finally:
            server.close()
    except (smtplib.SMTPException, OSError) as error:
        raise _translated(error, settings) from error


def _connected(settings: Smtp, seconds: float) -> smtplib.SMTP:
    here = settings.sender.partition("@")[2]  # how we greet; asking the system may take long
    if settings.security == "tls":
        return smtplib.SMTP_SSL(
            settings.host, settings.port, here, timeout=seconds, context=trusting(settings.ca_file)
        )
    server = smtplib.SMTP(settings.host, settings.port, here, timeout=seconds)
    if settings.security == "starttls":
        try:
            server.starttls(context=trusting(settings.ca_file))
        except BaseException:
            server.close()
            raise
    return server


def trusting(ca_file: object) -> ssl.SSLContext:
    """A context that checks certificates and names, with these certificates believed as well."""
    context = ssl.create_default_context()
    if ca_file:
        context.load_verify_locations(str(ca_file))
    return context


def _translated(error: Exception, settings: Smtp) -> MlaasError:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, reply = next(iter(error.recipients.values()))
        return _refusal("The e-mail server refuses the address", code, reply)
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return BackendUnavailable("The e-mail server refuses the name or the password.")
    if isinstance(error, smtplib.SMTPDataError):
        return _refusal("The e-mail server refuses the message", *error.args)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return BackendUnavailable(
            f"The e-mail server does not offer what is asked of it: {error}",
            hint="See notices.smtp.security.",
        )
    if isinstance(error, smtplib.SMTPResponseException):
        return BackendUnavailable(f"The e-mail server says {error.smtp_code} {_said(error)}.")
    where = f"{settings.host}:{settings.port}"
    return BackendUnavailable(f"The e-mail server {where} cannot be used: {in_words(error)}.")


def _refusal(what: str, code: int, reply: bytes | str) -> MlaasError:
    kind = InvalidInput if code >= REFUSED_FOR_GOOD else BackendUnavailable
    return kind(f"{what}: {code} {_words(reply)}.")


def _said(error: smtplib.SMTPResponseException) -> str:
    return _words(error.smtp_error)


def _words(reply: bytes | str) -> str:
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    return " ".join(text.split())[:200].rstrip(".")
