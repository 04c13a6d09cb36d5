"""A notice as an e-mail: a text part, an HTML part, and headers nobody can add to."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from html import escape

from engines.core.errors import InvalidInput
from engines.governance.notices.inbox import link_of
from engines.governance.notices.models import Notice

FOOT = "You choose on your Account page which notices come by e-mail."
HTML = (
    '<!doctype html><html lang="en"><body style="font-family:sans-serif;line-height:1.5">'
    '<p style="font-size:1.1em"><b>{title}</b></p>{text}{link}'
    '<p style="color:#666;font-size:.85em">{foot}</p></body></html>'
)


def letter(notice: Notice, delivery_id: str, sender: str, to: str, public_url: str) -> EmailMessage:
    """The message. Its Message-ID is the delivery's, the same in every try.

    Raises InvalidInput when an address or the title cannot stand in a header.
    """
    link = link_of(notice)
    address = link.address(public_url) if link else ""
    message = EmailMessage(policy=SMTP)
    try:
        _headers(message, notice, delivery_id, sender, to)
    except ValueError as error:
        raise InvalidInput(f"This cannot stand in an e-mail's header: {error}.") from error
    message.set_content(_text(notice, address), cte="quoted-printable")
    message.add_alternative(_html(notice, address), subtype="html", cte="quoted-printable")
    return message


def _headers(message: EmailMessage, notice: Notice, delivery_id: str, sender: str, to: str) -> None:
    message["From"] = Address("MLAAS", addr_spec=sender)
    message["To"] = Address(addr_spec=to)
    message["Subject"] = notice.title
    message["Date"] = notice.made_at
    message["Message-ID"] = f"<{delivery_id}@{sender.partition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answers from machines


def _text(notice: Notice, address: str) -> str:
    return "\n\n".join(filter(None, (notice.title, notice.text, address, f"-- \n{FOOT}"))) + "\n"


def _html(notice: Notice, address: str) -> str:
    lines = escape(notice.text).replace("\n", "<br>")
    shown = escape(address)
    return HTML.format(
        title=escape(notice.title),
        text=f"<p>{lines}</p>" if lines else "",
        link=f'<p><a href="{shown}">{shown}</a></p>' if address else "",
        foot=FOOT,
    )
